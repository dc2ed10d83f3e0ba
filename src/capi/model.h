// What a model handle holds. States share it, so that the handle may be freed before they are.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device_rollout.h"
#include "grainspin/domain.h"
#include "grainspin/grainspin.h"
#include "grainspin/surrogate.h"
#include "grainspin/variance.h"

namespace grainspin::capi {

struct LoadedModel {
  LoadedModel(ModelSpec s) : spec(std::move(s)), judge(spec), calibrated(calibration(spec)) {}
  bool nonlocal() const { return spec.family == Family::kNonlocal; }
  bool gives_stress() const { return nonlocal() ? spec.nonlocal.stress : spec.local.stress; }
  bool gives_log_variance() const { return nonlocal() ? calibrated.has_value() : spec.local.variance; }
  int phases() const { return nonlocal() ? int(spec.nonlocal.phases.size()) : 1; }

  ModelSpec spec;
  DomainJudge judge;
  std::optional<Calibration> calibrated;  // of its own estimate of its error
  int members = 1;                        // that run
  std::unique_ptr<Surrogate> engine;
  const OnDevice* on_device = nullptr;  // the engine, where callers' arrays may lie in its GPU's memory
  Device device = Device::kCpu;
  int gpu = 0, threads = 0;
  std::uint64_t fingerprint = 0;  // of the file and of the members that run
  std::uint64_t kernels = 0;      // 0: strict; else of the kernels' name
  std::string path, description, settings;
  std::vector<std::string> slip_families;  // by phase, separated by blanks
};

grainspin_load c_load(const LoadStep& load);
// Error kArgument for marks other than 0 and 1, bytes that are not 0, numbers that are not finite.
LoadStep engine_load(const grainspin_load& load, std::int64_t step);

}  // namespace grainspin::capi

struct grainspin_model {
  std::shared_ptr<const grainspin::capi::LoadedModel> loaded;
};

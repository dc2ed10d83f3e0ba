// What `predict` is asked for, read and checked before anything is planned or computed.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/domain.h"
#include "grainspin/model.h"
#include "src/cli/phases.h"
#include "src/cli/predict_options.h"
#include "src/ranks/ranks.h"

namespace grainspin::cli {

struct PredictCase {
  Model model;
  std::vector<LoadStep> loads;  // --load, else the model's own
  std::vector<int> steps;       // to write, ascending, step 0 among them
  std::unique_ptr<FieldReader> archive;
  int from = 0;        // the archive's state that is the initial one
  PhaseMatch phases;   // of a nonlocal model
  Boundaries boundaries;
  const ModelSpec& spec() const { return model.spec; }
  const ArchiveInfo& input() const { return archive->info(); }
  bool nonlocal() const { return spec().family == Family::kNonlocal; }
};

// Throws what read_model, open_archive and read_load throw, and Error kArgument or kFormat where the parts do not go together.
PredictCase open_case(const PredictArguments& arguments, Ranks& ranks);

// The result's description: the grid and phases of `input` (the case's, or a rank's part of it), the run's steps and loads.
ArchiveInfo result_info(const PredictCase& c, const ArchiveInfo& input);

// What the result's file says of where it comes from, and remarks. `domain`: the verdict of the loads.
void describe(const PredictCase& c, const PredictArguments& arguments, const DomainJudgement& domain, WriteOptions& write);
// What changes a bit of the result, which threads and memory do not: a stopped run goes on with the same only.
// `engine`: the surrogate's description; `wanted`: the steps that come out of it.
nlohmann::json settings_of(const PredictCase& c, const PredictArguments& arguments, const std::string& engine,
                           const std::vector<std::uint8_t>& wanted);

// Whether the result has stresses.
bool writes_stress(const PredictCase& c, const PredictArguments& arguments);

// A note to stderr, once in a job.
void note(const Ranks& ranks, const std::string& text);

}  // namespace grainspin::cli

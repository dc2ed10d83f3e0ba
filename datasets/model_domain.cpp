#include "datasets/model_domain.h"

#include <map>

#include <nlohmann/json.hpp>

#include "datasets/domain.h"
#include "datasets/grid_run.h"
#include "datasets/run.h"
#include "datasets/sha256.h"

namespace grainspin {

namespace {

// Hash to file name, of a list in a provenance; empty where it has none of that form.
std::map<std::string, std::string> listed(const nlohmann::json& provenance, const char* key) {
  std::map<std::string, std::string> out;
  if (!provenance.is_object() || !provenance.contains(key) || !provenance[key].is_array()) return out;
  for (const auto& item : provenance[key])
    if (item.is_object() && item.contains("sha256") && item["sha256"].is_string())
      out[item["sha256"].get<std::string>()] =
          item.contains("file") && item["file"].is_string() ? item["file"].get<std::string>() : "an archive without a name";
  return out;
}

void add_run(const ModelSpec& spec, const std::string& path, DomainRanges& ranges) {
  if (spec.family == Family::kNonlocal) {
    SlipChoice slip;
    for (const PhaseSpec& phase : spec.nonlocal.phases) slip[phase.name] = phase.slip_families;
    std::vector<PhaseSpec> phases = spec.nonlocal.phases;
    return ranges.add(load_grid_run(path, StressData::kNone, slip, phases, false));
  }
  const Run run = load_run(path, false);
  require(run.point_group == spec.point_group, Errc::kArgument,
          path + ": crystal symmetry " + run.point_group + ", the model's is " + spec.point_group);
  ranges.add(run);
}

}  // namespace

ModelDomain domain_of_archives(const ModelSpec& spec, const std::vector<std::string>& archives, const Progress& progress) {
  const auto provenance = nlohmann::json::parse(spec.provenance, nullptr, false);
  auto training = listed(provenance, "training");
  const auto held_out = listed(provenance, "held_out");
  const bool known = !training.empty();
  ModelDomain out;
  DomainRanges ranges(domain_phases(spec));
  for (std::size_t i = 0; i < archives.size(); ++i) {
    require(!progress || progress(double(i) / double(archives.size()), archives[i]), Errc::kInterrupted, "stopped on request");
    if (known) {
      const std::string hash = sha256_of_file(archives[i]);
      if (held_out.contains(hash)) {
        ++out.held_out;
        continue;
      }
      require(training.erase(hash) == 1, Errc::kArgument,
              archives[i] + ": not among the archives that the model was trained on, or given twice (SHA-256 " + hash + ")");
    }
    add_run(spec, archives[i], ranges);
    ++out.trained;
  }
  require(!known || training.empty(), Errc::kArgument,
          training.empty() ? "" : std::to_string(training.size()) + " archives that the model was trained on are missing, the first " +
                                      training.begin()->second);
  require(out.trained > 0, Errc::kArgument, "no archive to take the domain of training from");
  out.json = ranges.json(nlohmann::json::parse(spec.domain).is_object() ? spec.domain : "{}");
  return out;
}

}  // namespace grainspin

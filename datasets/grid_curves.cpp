#include "datasets/grid_curves.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "datasets/run.h"

namespace grainspin {

namespace {

using json = nlohmann::json;

constexpr std::size_t kMost = 64;

std::set<std::int32_t> phases_of(const GridRun& run) {
  return run.phase.empty() ? std::set<std::int32_t>{0} : std::set<std::int32_t>(run.phase.begin(), run.phase.end());
}

std::vector<StressComponents> read_stress(const json& steps) {
  std::vector<StressComponents> out;
  for (const json& step : steps) out.push_back(step.get<StressComponents>());
  return out;
}

}  // namespace

bool same_load(std::vector<LoadStep> a, std::vector<LoadStep> b) {
  for (LoadStep& load : a) load = completed(load);
  for (LoadStep& load : b) load = completed(load);
  return load_difference(a, b).empty();
}

void MeanCurves::add(const GridRun& run) {
  if (run.stress.empty()) return;
  auto present = phases_of(run);
  auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) {
    return g.phases == present && same_load(run.loads, g.loads);
  });
  if (group == groups_.end()) {
    if (groups_.size() == kMost) return;
    groups_.push_back(
        {run.loads, std::move(present), std::vector<StressComponents>(run.loads.size(), StressComponents{}), 0});
    group = groups_.end() - 1;
  }
  ++group->runs;
  for (std::size_t t = 0; t < group->sum.size(); ++t) {
    const StressComponents mean = mean_stress(run.voxels(), run.stress.data() + 6 * run.voxels() * std::int64_t(t));
    for (std::size_t c = 0; c < 6; ++c) group->sum[t][c] += mean[c];
  }
}

nlohmann::json MeanCurves::json(std::span<const PhaseSpec> phases) const {
  auto out = nlohmann::json::array();
  for (const Group& g : groups_) {
    nlohmann::json entry{{"loads", nlohmann::json::array()},
                         {"phases", nlohmann::json::array()},
                         {"runs", g.runs},
                         {"stress", nlohmann::json::array()}};
    for (const LoadStep& load : g.loads) entry["loads"].push_back({{"L", load.L}, {"prescribed", load.prescribed}});
    for (const std::int32_t p : g.phases) entry["phases"].push_back(phases[std::size_t(p)].name);
    for (StressComponents step : g.sum) {
      for (double& v : step) v /= g.runs;
      entry["stress"].push_back(step);
    }
    out.push_back(entry);
  }
  return out;
}

json mean_curves(std::span<const GridRun> runs, std::span<const PhaseSpec> phases) {
  MeanCurves curves;
  for (const GridRun& run : runs) curves.add(run);
  return curves.json(phases);
}

std::vector<StressComponents> stored_curve(const std::string& domain, const std::vector<LoadStep>& own,
                                           const std::vector<LoadStep>& loads, std::vector<std::string> phases) {
  std::sort(phases.begin(), phases.end());
  const json all = json::parse(domain, nullptr, false);
  if (!all.is_object()) return {};
  try {
    for (const json& entry : all.value("mean_curves", json::array())) {
      std::vector<LoadStep> stored;
      for (const json& step : entry.at("loads"))
        stored.push_back({step.at("L").get<std::array<double, 9>>(), step.at("prescribed").get<std::array<bool, 9>>()});
      auto names = entry.at("phases").get<std::vector<std::string>>();
      std::sort(names.begin(), names.end());
      std::vector<StressComponents> stress = read_stress(entry.at("stress"));
      if (names == phases && same_load(stored, loads) && stress.size() == loads.size()) return stress;
    }
    if (all.contains("mean_curve") && same_load(own, loads)) {
      std::vector<StressComponents> stress = read_stress(all.at("mean_curve"));
      if (stress.size() == loads.size()) return stress;
    }
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, std::string("the mean curves in the model's domain: ") + e.what());
  }
  return {};
}

}  // namespace grainspin

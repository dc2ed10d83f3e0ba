#include "datasets/grid_set.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "datasets/domain.h"
#include "datasets/grid_curves.h"
#include "datasets/sha256.h"
#include "grainspin/nonlocal.h"

namespace grainspin {

namespace {

constexpr double kNoSize = 1e-12;  // a step below it has no direction

double squared_deviator(const float* s) {
  const double p = (double(s[0]) + s[1] + s[2]) / 3;
  double sum = 2 * (double(s[3]) * s[3] + double(s[4]) * s[4] + double(s[5]) * s[5]);
  for (int i = 0; i < 3; ++i) sum += (s[i] - p) * (s[i] - p);
  return sum;
}

}  // namespace

void GridScaleSums::add(const GridRun& run) {
  const std::int64_t n = run.voxels();
  for (int t = 0; t < run.steps(); ++t) {
    const double size = cell_load(run.loads[std::size_t(t)]).size;
    for (std::int64_t i = 0; i < n && size > kNoSize; ++i) {
      const float* w = &run.w[std::size_t((t * n + i) * 3)];
      rate_.add((double(w[0]) * w[0] + double(w[1]) * w[1] + double(w[2]) * w[2]) / (size * size));
    }
    if (run.stress.empty()) continue;
    const float* s = &run.stress[std::size_t(t * n * 6)];
    for (std::int64_t i = 0; i < n; ++i, s += 6) stress_.add(squared_deviator(s) / 5);
  }
}

GridScales GridScaleSums::scales() const { return {rate_.or_one(), std::sqrt(stress_.or_one())}; }

GridScales grid_scales(std::span<const GridRun> runs) {
  GridScaleSums sums;
  for (const GridRun& run : runs) sums.add(run);
  return sums.scales();
}

GridSet::GridSet(const std::vector<std::string>& archives, StressData stress, const SlipChoice& slip,
                 int held_out, std::uint64_t seed, std::vector<PhaseSpec> known, std::int64_t memory)
    : slip_(slip), phases_(std::move(known)) {
  require(!archives.empty(), Errc::kArgument, "no archive to train on");
  // Phases first: what is counted of a run's fields is counted by phase, and the fields are read once.
  if (phases_.empty())
    for (const std::string& path : archives) load_phases(path, slip_, phases_, true);
  for (const auto& [name, families] : slip_)
    require(name.empty() || std::any_of(phases_.begin(), phases_.end(),
                                        [&](const PhaseSpec& p) { return p.name == name; }),
            Errc::kArgument, "slip: no archive has a phase " + name);
  const Division division = divide(int(archives.size()), held_out, seed);
  held_out_ = division.held_out;
  const std::size_t n = archives.size(), training = n - std::size_t(held_out_);
  runs_.resize(n);
  hashes_.resize(n);
  store_.emplace(n, memory, [this, stress](std::size_t i) {
    return load_grid_run(runs_[i].path, stress, slip_, phases_, false);
  });
  std::vector<std::size_t> place(n);
  for (std::size_t i = 0; i < n; ++i) place[std::size_t(division.order[i])] = i;
  ModelSpec described;
  described.family = Family::kNonlocal;
  described.nonlocal.phases = phases_;
  DomainRanges domain(domain_phases(described));
  GridScaleSums sums;
  MeanCurves curves;
  for (std::size_t i = 0; i < n; ++i) {
    GridRun run = load_grid_run(archives[i], stress, slip_, phases_, false);
    const std::size_t at = place[i];
    runs_[at] = run.head();
    bytes_ += run.bytes();
    hashes_[at] = sha256_of_file(run.path);
    if (at < training) {
      stressed_ = stressed_ || !run.stress.empty();
      sums.add(run);
      curves.add(run);
      domain.add(run);
    }
    require(memory == 0 || run.bytes() <= memory, Errc::kMemory,
            run.path + ": its fields take " + std::to_string(run.bytes()) + " bytes, the data memory is " +
                std::to_string(memory));
    store_->put(at, std::move(run));
  }
  scales_ = sums.scales();
  nlohmann::json kept = nlohmann::json::object();
  if (nlohmann::json mean = curves.json(phases_); !mean.empty()) kept["mean_curves"] = std::move(mean);
  domain_ = domain.json(kept.dump());
}

std::int64_t GridSet::voxel_steps() const {
  std::int64_t n = 0;
  for (const GridRun& run : training()) n += run.voxel_steps();
  return n;
}

ModelSpec GridSet::spec(const NonlocalSpec& settings) const {
  ModelSpec spec;
  spec.family = Family::kNonlocal;
  spec.nonlocal = settings;
  spec.nonlocal.phases = phases_;
  spec.point_group = phases_[0].point_group;
  spec.slip_families = phases_[0].slip_families;
  spec.c_over_a = phases_[0].c_over_a;
  const auto runs = training();
  const bool one_load = std::all_of(runs.begin(), runs.end(), [&](const GridRun& run) {
    return load_difference(run.loads, runs[0].loads).empty();
  });
  if (one_load) spec.loads = runs[0].loads;
  if (settings.stress) spec.stress_scale[0] = float(scales_.stress);
  spec.domain = domain_;
  return spec;
}

GridRun GridSet::load_alike(const std::string& path) const {
  std::vector<PhaseSpec> phases = phases_;
  return load_grid_run(path, has_stress() ? StressData::kWhereKnown : StressData::kNone, slip_, phases, false);
}

}  // namespace grainspin

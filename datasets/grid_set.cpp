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

struct Mean {
  double sum = 0, n = 0;
  void add(double v) { sum += v, n += 1; }
  double or_one() const { return n > 0 && sum > 0 ? sum / n : 1; }
};

double squared_deviator(const float* s) {
  const double p = (double(s[0]) + s[1] + s[2]) / 3;
  double sum = 2 * (double(s[3]) * s[3] + double(s[4]) * s[4] + double(s[5]) * s[5]);
  for (int i = 0; i < 3; ++i) sum += (s[i] - p) * (s[i] - p);
  return sum;
}

}  // namespace

GridScales grid_scales(std::span<const GridRun> runs) {
  Mean rate, stress;
  for (const GridRun& run : runs) {
    const std::int64_t n = run.voxels();
    for (int t = 0; t < run.steps(); ++t) {
      const double size = cell_load(run.loads[std::size_t(t)]).size;
      for (std::int64_t i = 0; i < n && size > kNoSize; ++i) {
        const float* w = &run.w[std::size_t((t * n + i) * 3)];
        rate.add((double(w[0]) * w[0] + double(w[1]) * w[1] + double(w[2]) * w[2]) / (size * size));
      }
      if (run.stress.empty()) continue;
      const float* s = &run.stress[std::size_t(t * n * 6)];
      for (std::int64_t i = 0; i < n; ++i, s += 6) stress.add(squared_deviator(s) / 5);
    }
  }
  return {rate.or_one(), std::sqrt(stress.or_one())};
}

GridSet::GridSet(const std::vector<std::string>& archives, StressData stress, const SlipChoice& slip,
                 int held_out, std::uint64_t seed, std::vector<PhaseSpec> known)
    : slip_(slip), phases_(std::move(known)) {
  require(!archives.empty(), Errc::kArgument, "no archive to train on");
  const bool extend = phases_.empty();
  std::vector<GridRun> read;
  for (const std::string& path : archives)
    read.push_back(load_grid_run(path, stress, slip_, phases_, extend));
  for (const auto& [name, families] : slip_)
    require(name.empty() || std::any_of(phases_.begin(), phases_.end(),
                                        [&](const PhaseSpec& p) { return p.name == name; }),
            Errc::kArgument, "slip: no archive has a phase " + name);
  const Division division = divide(int(read.size()), held_out, seed);
  held_out_ = division.held_out;
  for (const int i : division.order) {
    runs_.push_back(std::move(read[std::size_t(i)]));
    hashes_.push_back(sha256_of_file(runs_.back().path));
  }
}

bool GridSet::has_stress() const {
  const auto runs = training();
  return std::any_of(runs.begin(), runs.end(), [](const GridRun& run) { return !run.stress.empty(); });
}

std::int64_t GridSet::voxel_steps() const {
  std::int64_t n = 0;
  for (const GridRun& run : training()) n += run.voxel_steps();
  return n;
}

std::int64_t GridSet::bytes() const {
  std::int64_t n = 0;
  for (const GridRun& run : runs_) n += run.bytes();
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
  if (settings.stress) spec.stress_scale[0] = float(grid_scales(runs).stress);
  nlohmann::json kept = nlohmann::json::object();
  if (nlohmann::json curves = mean_curves(runs, phases_); !curves.empty()) kept["mean_curves"] = std::move(curves);
  DomainRanges domain(domain_phases(spec));
  for (const GridRun& run : runs) domain.add(run);
  spec.domain = domain.json(kept.dump());
  return spec;
}

GridRun GridSet::load_alike(const std::string& path) const {
  std::vector<PhaseSpec> phases = phases_;
  return load_grid_run(path, has_stress() ? StressData::kWhereKnown : StressData::kNone, slip_, phases, false);
}

}  // namespace grainspin

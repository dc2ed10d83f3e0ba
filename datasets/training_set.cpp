#include "datasets/training_set.h"

#include <algorithm>
#include <numeric>

#include "datasets/batch.h"
#include "datasets/domain.h"
#include "datasets/normaliser.h"
#include "datasets/sha256.h"

namespace grainspin {

Division divide(int n, int held_out, std::uint64_t seed) {
  Division d;
  d.held_out = held_out >= 0 ? held_out : n < 3 ? 0 : std::max(1, (n + 4) / 9);
  require(d.held_out < n, Errc::kArgument,
          "held out: " + std::to_string(d.held_out) + " of " + std::to_string(n) +
              " runs leaves none to train on");
  d.order.resize(std::size_t(n));
  std::iota(d.order.begin(), d.order.end(), 0);
  for (int i = n - 1; i > 0; --i)  // Fisher and Yates
    std::swap(d.order[std::size_t(i)], d.order[mix(seed ^ 0x5eed, std::uint64_t(i)) % std::uint64_t(i + 1)]);
  std::sort(d.order.begin(), d.order.end() - d.held_out);
  return d;
}

TrainingSet::TrainingSet(const std::vector<std::string>& archives, bool stress, int held_out,
                         std::uint64_t seed)
    : stress_(stress) {
  require(!archives.empty(), Errc::kArgument, "no archive to train on");
  std::vector<Run> read;
  for (const std::string& path : archives) {
    read.push_back(load_run(path, stress));
    require_alike(read);  // at once: a long list is not read to its end in vain
  }
  const Division division = divide(int(read.size()), held_out, seed);
  held_out_ = division.held_out;
  for (const int i : division.order) {
    runs_.push_back(std::move(read[std::size_t(i)]));
    hashes_.push_back(sha256_of_file(runs_.back().path));
  }
}

std::int64_t TrainingSet::voxels() const {
  std::int64_t n = 0;
  for (const Run& run : training()) n += run.voxels();
  return n;
}

std::int64_t TrainingSet::bytes() const {
  std::int64_t n = 0;
  for (const Run& run : runs_) n += run.bytes();
  return n;
}

ModelSpec TrainingSet::spec(const LocalSpec& local) const {
  ModelSpec spec;
  spec.local = local;
  spec.point_group = runs_[0].point_group;
  spec.c_over_a = runs_[0].c_over_a;
  spec.loads = runs_[0].loads;
  for (LoadStep& load : spec.loads)
    for (std::size_t i = 0; i < 9; ++i)
      if (!load.prescribed[i]) load.L[i] = 0;
  set_scales(training(), spec);
  DomainRanges domain(domain_phases(spec));
  for (const Run& run : training()) domain.add(run);
  spec.domain = domain.json();
  return spec;
}

Run TrainingSet::load_alike(const std::string& path) const {
  Run run = load_run(path, stress_);
  // Only what is compared: the fields stay where they are.
  std::vector<Run> pair(2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Run& from = i == 0 ? runs_[0] : run;
    pair[i].path = from.path;
    pair[i].point_group = from.point_group;
    pair[i].c_over_a = from.c_over_a;
    pair[i].loads = from.loads;
  }
  require_alike(pair);
  return run;
}

}  // namespace grainspin

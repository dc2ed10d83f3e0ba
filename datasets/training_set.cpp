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
                         std::uint64_t seed, std::int64_t memory)
    : stress_(stress) {
  require(!archives.empty(), Errc::kArgument, "no archive to train on");
  const Division division = divide(int(archives.size()), held_out, seed);
  held_out_ = division.held_out;
  const std::size_t n = archives.size(), training = n - std::size_t(held_out_);
  runs_.resize(n);
  hashes_.resize(n);
  store_.emplace(n, memory, [this](std::size_t i) { return load_run(runs_[i].path, stress_); });
  std::vector<std::size_t> place(n);
  for (std::size_t i = 0; i < n; ++i) place[std::size_t(division.order[i])] = i;
  std::vector<Run> pair(2);
  double voxels = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Run run = load_run(archives[i], stress);
    pair[i > 0] = run.head();
    if (i > 0) require_alike(pair);  // at once: a long list is not read to its end in vain
    const std::size_t at = place[i];
    runs_[at] = run.head();
    bytes_ += run.bytes();
    largest_ = std::max(largest_, run.bytes());
    hashes_[at] = sha256_of_file(run.path);
    if (at < training) {
      scales_.add(run);
      if (!domain_) domain_.emplace(std::vector<DomainRanges::Phase>{{"", run.point_group, {}}});
      domain_->add(run);
      add_turned(run);
      voxels += double(run.voxels());
    }
    require(memory == 0 || run.bytes() <= memory, Errc::kMemory,
            run.path + ": its fields take " + std::to_string(run.bytes()) + " bytes, the data memory is " +
                std::to_string(memory));
    store_->put(at, std::move(run));
  }
  for (double& v : turned_) v /= voxels;
}

void TrainingSet::add_turned(const Run& run) {
  turned_.resize(std::size_t(run.steps()), 0);
  const std::size_t row = std::size_t(run.voxels()) * 4;
  for (std::size_t t = 0; t < turned_.size(); ++t) {
    const float* q = &run.q[(t + 1) * row];
    for (std::size_t i = 0; i < row; ++i) {
      const double d = double(q[i]) - run.q[i];
      turned_[t] += 4 * d * d;
    }
  }
}

std::int64_t TrainingSet::voxels() const {
  std::int64_t n = 0;
  for (const Run& run : training()) n += run.voxels();
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
  scales_.set(spec);
  spec.domain = domain_->json();
  return spec;
}

Run TrainingSet::load_alike(const std::string& path) const {
  Run run = load_run(path, stress_);
  const std::vector<Run> pair{runs_[0], run.head()};
  require_alike(pair);
  return run;
}

}  // namespace grainspin

// All runs of one training: which are learned from, which are set aside for early stopping.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/domain.h"
#include "datasets/normaliser.h"
#include "datasets/run.h"
#include "datasets/run_store.h"
#include "grainspin/model.h"

namespace grainspin {

// How n runs are divided: order[i] is the i-th run, the last `held_out` of them are set aside.
struct Division {
  std::vector<int> order;
  int held_out = 0;
};
// held_out: how many runs are set aside, chosen by the seed; -1: about one in nine, none of fewer than three.
// Error kArgument where none would be left.
Division divide(int n, int held_out, std::uint64_t seed);

class TrainingSet {
 public:
  // Reads all archives; Error kFormat where they do not belong together. held_out as in divide(). memory: bytes that their
  // fields may take together (run_store.h); 0: no limit.
  TrainingSet(const std::vector<std::string>& archives, bool stress, int held_out, std::uint64_t seed,
              std::int64_t memory = 0);
  TrainingSet(const TrainingSet&) = delete;
  TrainingSet& operator=(const TrainingSet&) = delete;

  // Without fields: these are fields(i), training runs first.
  std::span<const Run> training() const {
    return std::span(runs_).first(runs_.size() - std::size_t(held_out_));
  }
  std::span<const Run> held_out() const { return std::span(runs_).last(std::size_t(held_out_)); }
  RunStore<Run>::Fields fields(std::size_t i) { return store_->get(i); }
  RunStore<Run>& store() { return *store_; }
  std::int64_t voxels() const;  // of the training runs
  std::int64_t bytes() const { return bytes_; }  // of all fields
  std::int64_t largest() const { return largest_; }  // of one run's
  // The spec of a model of these runs: symmetry, load (free components 0), scales, domain.
  ModelSpec spec(const LocalSpec& local) const;
  // Reads an archive that must be of the same kind.
  Run load_alike(const std::string& path) const;
  // SHA-256 of training() and held_out(), in their order.
  const std::vector<std::string>& hashes() const { return hashes_; }
  // Mean square angle of the training runs' voxels to where they began, after each step: 4 |q - q_0|^2, rad^2.
  const std::vector<double>& turned() const { return turned_; }

 private:
  void add_turned(const Run& run);

  bool stress_;
  int held_out_ = 0;
  std::vector<Run> runs_;  // heads; those set aside last
  std::optional<RunStore<Run>> store_;
  std::int64_t bytes_ = 0, largest_ = 0;
  Scales scales_;
  std::optional<DomainRanges> domain_;
  std::vector<double> turned_;
  std::vector<std::string> hashes_;
};

}  // namespace grainspin

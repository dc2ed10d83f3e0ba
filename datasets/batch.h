// Training batches of single voxels, gathered on the fly from runs in memory: plain buffers, no Torch.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "datasets/operations.h"
#include "datasets/run.h"
#include "datasets/turning.h"
#include "grainspin/model.h"

namespace grainspin {

// Where a sample comes from, and what it is turned by.
struct Draw {
  int run = 0;
  std::int64_t voxel = 0;
  int operation = 0;
};

// Sample `i` of the endless sequence of a seed: uniform over all voxels of all runs and over
// `operations`. Stateless (SplitMix64 of seed and i), so that a resumed training draws the same.
Draw draw(std::span<const Run> runs, int operations, std::uint64_t seed, std::int64_t i);

// A uniform 64-bit number of the same kind.
std::uint64_t mix(std::uint64_t seed, std::uint64_t i);

// T steps, B samples, K taps, C channels. S = T for `neighbours` (the true orientations before each
// step), 1 otherwise (the initial ones).
struct Batch {
  int samples = 0, steps = 0, patches = 0;
  std::vector<float> x;       // [S][B][K C] normalised embeddings of the taps
  std::vector<float> own;     // [T][B][C] `own` only: normalised, of the voxel before each step
  std::vector<float> q;       // [T + 1][B][4] true orientations
  std::vector<float> w;       // [T][B][3] true increments
  std::vector<float> stress;  // [T][B][6] Pa, where the runs hold it
};

// Everything in a batch is of the turned run: taps permuted, embeddings and vectors turned.
class BatchMaker {
 public:
  // The runs are alike: as many steps as the spec has loads; `stress`: they hold stresses.
  BatchMaker(const ModelSpec& spec, bool stress, std::vector<Operation> operations, int threads);

  const std::vector<Operation>& operations() const { return operations_; }
  int threads() const { return threads_; }
  // Fills `batch` with the given draws of runs that are all there; its buffers are reused.
  using Runs = std::function<const Run&(int)>;
  void fill(const Runs& runs, std::span<const Draw> draws, Batch& batch) const;
  // The same run by run: buffers for so many samples, then those that the draws take from run `index`.
  void shape(int samples, Batch& batch) const;
  void fill(const Run& run, int index, std::span<const Draw> draws, Batch& batch) const;

 private:
  struct Entry {
    int row, column;
    float value;
  };
  // e' = (D e - mean) / scale as a sparse sum: for 4/mmm one entry a row.
  struct Turn {
    std::vector<Entry> entries;
    std::vector<int> taps;
    Turning turning;
  };
  void fill_one(const Run& run, const Draw& draw, int b, Batch& batch) const;

  LocalSpec local_;
  int channels_, steps_;
  bool stress_;
  std::vector<Operation> operations_;
  std::vector<Turn> turns_;
  std::vector<float> offset_;  // [C] -mean / scale
  int threads_;
};

// A whole run turned by an operation, for grids that are rolled out as one.
struct TurnedRun {
  Shape shape;
  Boundaries boundaries;
  std::vector<float> q;       // [T + 1][N][4]
  std::vector<float> w;       // [T][N][3]
  std::vector<float> stress;  // [T][N][6]
};
TurnedRun turn(const Run& run, const Operation& op);

}  // namespace grainspin

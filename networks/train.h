// Training of a `local` surrogate from archives. No Torch header; throws Error kDevice where the program
// was built without LibTorch.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/model.h"

namespace grainspin {

struct TrainOptions {
  std::vector<std::string> archives;    // training runs, those set aside for early stopping included
  std::vector<std::string> validation;  // scored once, at the end
  LocalSpec local;

  // The budget: exactly one is positive. An epoch is as many voxels (over all their steps) as the
  // training runs have. With `minutes` the schedule follows the clock: not repeatable bit for bit.
  double epochs = 0, minutes = 0;
  std::int64_t steps = 0;

  double teacher = 0.8;  // this part of the budget sees true orientations, the rest the model's own path
  int batch = 1024;  // voxels of an optimiser step; `neighbours` on its own path: whole grids, at least one
  double lr = 3e-3;  // AdamW, linear warm-up over 2 % of the budget, then cosine to 1 %
  double weight_decay = 0.1;
  double clip = 1;         // norm of the gradient
  double path_weight = 1;  // weight of the orientation error along the model's own path
  int held_out = -1;       // training runs set aside for early stopping; -1: about one in nine, 0: none
  int patience = 0;        // epochs without a better held-out score until it stops; 0: whole budget
  bool augment = true;     // the load's operations on grid and fields
  std::uint64_t seed = 1;
  int threads = 0;  // 0: as many as LibTorch takes
  Device device = Device::kCpu;
  int gpu = 0;
  bool bfloat16 = false;  // matrix products in bfloat16

  std::string checkpoint;  // path; empty: none
  double checkpoint_minutes = 2;
  bool resume = false;  // from `checkpoint`, which must be of the same settings and archives
  std::string command;  // for the provenance
};

// A line of the log.
struct TrainRow {
  std::int64_t step = 0;  // optimiser steps so far
  double samples = 0;     // voxels so far
  double epoch = 0;
  bool own_path = false;  // the loop is closed
  double lr = 0;
  double loss = 0;          // mean since the last row
  double held_out = 0;      // end error / persistence on the runs set aside; NaN where none
  double held_out_deg = 0;  // end error there, degrees, mean over voxels
  double seconds = 0;       // training so far, interrupted sessions included
};

// Disorientation angles in degrees, means over the voxels of one run.
struct RunScore {
  std::string path;
  std::int64_t voxels = 0;
  std::vector<double> error_deg, persistence_deg;  // [T]
  double r2_one_step = 0;                          // NaN for `initial`
  double r2_rolled = 0;
  double skill() const { return 1 - error_deg.back() / persistence_deg.back(); }
};

struct TrainReport {
  Model model;
  std::vector<TrainRow> rows;
  std::vector<RunScore> held_out, validation;
  std::vector<std::string> training_runs;
  std::vector<std::int64_t> samples_per_run;  // voxels
  std::int64_t bytes_per_sample = 0;          // of a training batch
  std::int64_t data_bytes = 0;                // fields held in memory
  std::int64_t peak_bytes = 0;                // of the process
  std::int64_t parameters = 0;
  int operations = 1;  // of the augmentation
  double seconds = 0, samples_per_second = 0;
  bool stopped_early = false;
};

// Called after every optimiser step with the part of the budget that is used; `row` is null but after an
// epoch. Returning false stops the training: a checkpoint is written and Error kInterrupted thrown.
using TrainProgress = std::function<bool(double fraction, double samples_per_second, const TrainRow* row)>;

TrainReport train(const TrainOptions& options, const TrainProgress& progress);

}  // namespace grainspin

// Training of a surrogate from archives. No Torch header; throws Error kDevice where the program
// was built without LibTorch.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datasets/grid_run.h"
#include "datasets/inheritance.h"
#include "datasets/phases.h"
#include "grainspin/core.h"
#include "grainspin/model.h"

namespace grainspin {

class Ranks;

// How the nonlocal family is trained; what both families have is in TrainOptions.
struct NonlocalRecipe {
  StressData stress = StressData::kWhereKnown;  // a stress head where some training run has F and P, always, never
  SlipChoice slip;                              // slip systems in the place of the archives' own

  int pool = 8;      // grids that are under way at a time, each with its carried state
  int grids = 1;     // of them in an optimiser step
  int chunk = 3;     // strain steps that the gradient goes through
  int longest = 13;  // ... at the end of the own path, growing evenly
  std::int64_t graph_bytes = 4'000'000'000;  // above it steps are computed again in the backward pass, not kept

  int lr_warmup = 50;     // optimiser steps from 0 to the full learning rate
  double lr_decay = 0.6;  // last part of the budget, over which it falls to 0
  double average = 0;     // decay of the weights' exponential average that is scored and kept; 0: none

  double stress_weight = 0.5;
  double stress_ramp = 0.3;  // part of the budget over which that weight grows from 0: orientations first
  double curve_weight = 5;   // of the mean stress, beside the local one and times stress_weight
  double free_weight = 3;   // of the free components of the mean velocity gradient
  // Turn by all operations of the cube with the load turned along; false: by those that leave the run's load.
  bool all_operations = true;
  double score_share = 0.1;  // held-out scoring takes about this part of the work
};

struct TrainOptions {
  std::vector<std::string> archives;    // training runs, those set aside for early stopping included
  std::vector<std::string> validation;  // scored once, at the end
  Family family = Family::kLocal;
  LocalSpec local;
  NonlocalSpec nonlocal;  // settings; phases and `stress` follow from the archives
  NonlocalRecipe recipe;

  // The budget: exactly one is positive. An epoch is as many samples as the training runs have: voxels with all
  // their steps (local), voxel-steps (nonlocal). With `minutes` the schedule follows the clock: not repeatable bit for bit.
  double epochs = 0, minutes = 0;
  std::int64_t steps = 0;

  double teacher = 0.8;  // this part of the budget sees true orientations, the rest the model's own path
  int batch = 1024;  // voxels of an optimiser step; `neighbours` on its own path: whole grids, at least one
  // Local: single voxels of a batch are computed in so many parts, which the ranks share; 0: one for each rank. Whole
  // grids, and those of the nonlocal family, are a part each.
  int parts = 0;
  // Of AdamW. Local: linear warm-up over 2 % of the budget, then cosine to 1 %. Nonlocal: see NonlocalRecipe.
  double lr = 3e-3;
  double weight_decay = 0.1;
  double beta2 = 0.999;
  double clip = 1;         // norm of the gradient
  double path_weight = 1;  // weight of the orientation error along the model's own path
  int held_out = -1;       // training runs set aside for early stopping; -1: about one in nine, 0: none
  int patience = 0;        // epochs without a better held-out score until it stops; 0: whole budget
  bool augment = true;     // the load's operations on grid and fields
  std::uint64_t seed = 1;
  std::string init;  // model file whose weights training starts from (inherit.h); empty: none
  // Bytes that the runs' fields and the batches made of them may take; what does not fit is read again from the archives
  // when it is needed, with the same results. 0: all runs are held. No less than the largest run.
  std::int64_t memory = 0;
  int threads = 0;  // 0: as many as LibTorch takes
  Device device = Device::kCpu;
  int gpu = 0;
  bool bfloat16 = false;  // matrix products of the training in bfloat16; weights, sums, loss and scores in float32

  std::string checkpoint;  // path; empty: none
  double checkpoint_minutes = 2;
  bool resume = false;  // from `checkpoint`, which must be of the same settings and archives
  std::string command;  // for the provenance
};

// Where the nonlocal family's defaults differ from the initialisers: lr, weight_decay, beta2, teacher.
TrainOptions train_defaults(Family family);

// A line of the log.
struct TrainRow {
  std::int64_t step = 0;  // optimiser steps so far
  double samples = 0;     // voxels (local) or voxel-steps (nonlocal) so far
  double epoch = 0;
  bool own_path = false;  // the loop is closed
  double lr = 0;
  double loss = 0;          // mean since the last row
  double held_out = 0;      // end error / persistence on the runs set aside; NaN where none
  double held_out_deg = 0;  // end error there, degrees, mean over voxels
  double seconds = 0;       // training so far, interrupted sessions included
  double peak_bytes = 0;    // largest memory of the process so far
  double skipped = 0;       // optimiser steps left out so far, their gradient not being finite
};

// Disorientation angles in degrees, means over the voxels of one run.
struct RunScore {
  std::string path;
  std::int64_t voxels = 0;
  std::vector<double> error_deg, persistence_deg;  // [T]
  double r2_one_step = 0;                          // NaN for `initial`
  double r2_rolled = 0;
  // Nonlocal, on the own path; NaN where the run does not tell. Stress-strain curve (von Mises stress of the mean
  // Cauchy stress): root mean square error over that of the curve. Local von Mises stress: root mean square error
  // over that of the grid's mean. Free components of the mean velocity gradient: the same of the error over s.
  double curve = NAN, local_stress = NAN, free_rms = NAN;
  double skill() const { return 1 - error_deg.back() / persistence_deg.back(); }
};

struct TrainReport {
  Model model;
  std::vector<TrainRow> rows;
  std::vector<RunScore> held_out, validation;
  Inheritance init;  // file empty: started from nothing
  std::vector<std::string> training_runs;
  std::vector<std::int64_t> samples_per_run;  // voxels (local) or voxel-steps (nonlocal)
  std::int64_t bytes_per_sample = 0;          // of a training batch
  std::int64_t data_bytes = 0;                // fields held in memory
  std::int64_t peak_bytes = 0;                // of the process
  std::int64_t parameters = 0;
  int operations = 1;  // of the augmentation
  double seconds = 0, samples_per_second = 0;
  bool stopped_early = false;
  std::int64_t skipped = 0;  // optimiser steps left out
};

// Called after every optimiser step with the part of the budget that is used; `row` is null but after an
// epoch. Returning false stops the training: a checkpoint is written and Error kInterrupted thrown.
using TrainProgress = std::function<bool(double fraction, double samples_per_second, const TrainRow* row)>;

TrainReport train(const TrainOptions& options, const TrainProgress& progress);

// One training by all ranks of a job: collective, every rank with the same options but device, GPU and threads. The ranks
// share the parts of each batch and the runs to be scored; the gradients of the parts are added in their order, so that
// weights are the same on every rank, and the same bits for every number of ranks (with the same `parts`, and threads, on
// the CPU). The report is whole on every rank; rank 0 writes the checkpoint, from which every rank resumes.
TrainReport train(const TrainOptions& options, Ranks& ranks, const TrainProgress& progress);

}  // namespace grainspin

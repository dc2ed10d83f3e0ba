// The variance head of a nonlocal model (variance.h), fitted on its frozen cell: each run is carried along on the model's own
// path, and the head learns to tell the error of every increment from the state that the cell is left in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/model.h"
#include "grainspin/variance.h"

namespace grainspin {

struct VarianceFitOptions {
  int hidden = 16;                  // 1 to 256
  int epochs = 30;                  // over the samples drawn
  std::int64_t samples = 200'000;   // voxel-steps, drawn evenly from the runs
  double lr = 3e-3;                 // of Adam, falling evenly to 0
  std::uint64_t seed = 1;
  int threads = 0;                  // of the runs; the fit has one
  Progress progress;
};

struct VarianceFit {
  Model model;  // with head and calibration
  Calibration calibration;
  std::int64_t samples = 0;
  std::size_t fitted_on = 0, calibrated_on = 0;  // archives
  // Mean of -ln of the normal density per component, sizes in parts of the step's strain: with one variance for all, and of
  // the head, on the samples.
  double constant = 0, fitted = 0;
};

// Fits on `archives` and finds the factors of Calibration on `set_aside`: runs that neither the model nor its head has learned
// from. Error kArgument for a model of the local family, where either list is empty, or for a phase of the model that no archive
// has; errors of load_grid_run. The same bits for any number of threads.
VarianceFit fit_variance(const Model& model, const std::vector<std::string>& archives, const std::vector<std::string>& set_aside,
                         const VarianceFitOptions& options);

// The factors alone, of a model that has its head, or of an ensemble whose members have theirs. Error kArgument where they have none.
// judged: for each run whose errors are taken, where they are not the model's own.
Calibration calibrate_on(const Model& model, const std::vector<std::string>& set_aside, int threads, const Progress& progress,
                         const std::vector<Model>& judged = {});

}  // namespace grainspin

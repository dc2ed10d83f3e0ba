// The mean stress-strain curve of the runs a model was trained on: the opponent that knows the material, not the
// microstructure.
#pragma once

#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/load.h"
#include "grainspin/metrics_stress.h"
#include "grainspin/model.h"

namespace grainspin::cli {

struct RunCurve {
  std::vector<LoadStep> loads;         // [T]
  std::vector<StressComponents> mean;  // [T] mean Cauchy stress, Pa: P F^T / det F of the mean P and F
};

// Archives, or folders of them (searched through, .hdf5 and .h5). Those without stress are left out. Throws Error kArgument where
// none is left.
std::vector<RunCurve> read_curves(const std::vector<std::string>& paths);

// The mean of those under the run's load (datasets/grid_curves.h, same_load), else what the model's domain holds of it;
// else empty.
std::vector<StressComponents> training_curve(const std::vector<RunCurve>& curves, const ModelSpec& spec,
                                             const ArchiveInfo& info);

}  // namespace grainspin::cli

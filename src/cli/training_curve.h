// The mean stress-strain curve of the runs a model was trained on: the opponent that knows the material, not the
// microstructure.
#pragma once

#include <string>
#include <vector>

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

// The mean of those under the same load (same components prescribed, within 2 %), else what the model's domain holds
// as "mean_curve" ([[xx, yy, zz, yz, xz, xy] a step], Pa) if its load is the same; else empty.
std::vector<StressComponents> training_curve(const std::vector<RunCurve>& curves, const ModelSpec& spec,
                                             const std::vector<LoadStep>& loads);

}  // namespace grainspin::cli

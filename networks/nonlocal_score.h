// How well a nonlocal network predicts one run.
#pragma once

#include "datasets/grid_run.h"
#include "networks/nonlocal.h"
#include "networks/train.h"

namespace grainspin {

// As score() of the local family; stress, curve and free components are of the own path. `full`: both R2; else
// they are NaN.
RunScore score(const NonlocalNetwork& network, const GridRun& run, torch::Device device, bool full);

}  // namespace grainspin

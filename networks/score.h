// How well a network predicts one run.
#pragma once

#include "datasets/run.h"
#include "networks/local.h"
#include "networks/train.h"

namespace grainspin {

// R2 of the increment vector about zero, pooled over voxels, steps and components:
// 1 - sum |w - w_true|^2 / sum |w_true|^2; `one_step` with true orientations given at each step and the
// memory carried, `rolled` along the model's own path. `full`: both R2; otherwise they are NaN.
RunScore score(LocalNetwork& network, const Embedder& embedder, const Run& run, bool full);

}  // namespace grainspin

// Scales of a training set, kept in the model file: embeddings per channel to mean 0 and deviation 1,
// increments by one root mean square for all components, stress per component.
#pragma once

#include <span>

#include "datasets/run.h"
#include "grainspin/model.h"

namespace grainspin {

// Fills input_mean, input_scale, increment_scale and, where the runs hold stress, stress_mean and
// stress_scale of `spec` from all voxels of all steps. A channel that never varies gets scale 1.
// One increment scale for the three components: the network's output then turns like a vector.
void set_scales(std::span<const Run> runs, ModelSpec& spec);

}  // namespace grainspin

// The variance head (variance.h) of one voxel: its formulas for the CPU's rows and for kernels.
#pragma once

#include <cmath>

#include "grainspin/core.h"

namespace grainspin {

// ln(1e-6 + x): of a channel's mean square, and of |v|^2 / s^2.
GRAINSPIN_HD inline float variance_log(float square) { return std::log(1e-6f + square); }

// What a step's load says of component i: E_ii and (E E)_ii of E's nine numbers.
struct VarianceLoad {
  float E[3], EE[3];
  float level;  // ln s^2, -30 where s is 0
};

// ln sigma_i^2 of o[4], v_i and |v|^2.
GRAINSPIN_HD inline float variance_component(const float* o, const VarianceLoad& load, int i, float v_i, float square) {
  const float part = square > 0 ? v_i * v_i / square : 0.0f;
  const float sum = o[0] + o[1] * load.E[i] + o[2] * load.EE[i] + o[3] * part;
  return load.level + (sum < -30.0f ? -30.0f : sum > 30.0f ? 30.0f : sum);
}

}  // namespace grainspin

// Orientations of a run followed continuously over its steps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grainspin/symmetry.h"

namespace grainspin {

// q[steps + 1][n][4] as stored, any equivalents, becomes the path of Run (run.h): q[t] is that equivalent
// q s of the stored orientation for which the increment from q[t-1] is the smallest rotation. Returns these
// increments w[steps][n][3], so that q[t] = exp(w[t-1]) q[t-1]. `groups` has one entry for each phase,
// `phase` the phase of each voxel (null: all of phase 0). Error kFormat, naming the run, for a quaternion
// whose norm is not 1 within 1e-3.
std::vector<float> follow(const std::string& name, std::span<const PointGroup* const> groups,
                          const std::int32_t* phase, std::int64_t n, int steps, std::vector<float>& q);

}  // namespace grainspin

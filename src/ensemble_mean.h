// What the members of an ensemble give, voxel by voxel, to one result. Formulas and sources: grainspin/ensemble.h. No voxel's
// result depends on another's, so any division among threads gives the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grainspin/load.h"
#include "grainspin/rollout.h"

namespace grainspin {

using Fields = std::vector<const float*>;  // one of each member, of the same field

// q[n, 4] of each -> out[n, 4]. The signs of a voxel's quaternions do not matter; the result has the first one's. Where all
// are the same bits, these.
void mean_rotations(const Fields& q, std::int64_t n, int threads, float* out);
// [count] of each -> out[count].
void mean_values(const Fields& values, std::int64_t count, int threads, float* out);
// Increments w[n, 3] (rad), logarithms [n, 3] of their variances over the square of each member's unit -> out[n, 3], over that of the
// first one's. Where all logarithms and increments are 0 (a masked voxel's), 0.
using Units = std::vector<std::array<float, 3>>;
void mixture_log_variances(const Fields& w, const Fields& log_variance, const Units& units, std::int64_t n, int threads, float* out);
// Null where the first is.
const LoadStep* mean_load(const std::vector<const LoadStep*>& loads, LoadStep& mean);

}  // namespace grainspin

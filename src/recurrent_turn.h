// A block's orientations turned by its increments; a part of recurrent_body.h and the other recurrent_<set>.cpp, which say why
// everything is static. Loops over a block's voxels that the compiler makes vectors of.
#pragma once

#include <cmath>

#include "recurrent.h"

namespace grainspin {
namespace {

constexpr float kNearSquare = 0.5f;  // square of half an increment's angle up to which the series below are exact to fp32

// next = exp(w) q, unit (orientation.h); q, next [kBlock][4], w [3][kBlock]. Bit i of the result is set where voxel i turns by
// more than 1.41 rad, which is not done here.
std::uint32_t turn(const float* w, const float* q, float* next) {
  alignas(64) float in[4][kBlock], out[4][kBlock], square[kBlock];
  for (int i = 0; i < kBlock; ++i)
    for (int c = 0; c < 4; ++c) in[c][i] = q[i * 4 + c];
  for (int i = 0; i < kBlock; ++i) {
    const float x = w[i] * 0.5f, y = w[kBlock + i] * 0.5f, z = w[2 * kBlock + i] * 0.5f, t = x * x + y * y + z * z;
    const float s = 1 - t * (1 / 6.0f) * (1 - t * (1 / 20.0f) * (1 - t * (1 / 42.0f) * (1 - t * (1 / 72.0f) * (1 - t * (1 / 110.0f)))));
    const float c = 1 - t * (1 / 2.0f) * (1 - t * (1 / 12.0f) * (1 - t * (1 / 30.0f) * (1 - t * (1 / 56.0f) * (1 - t * (1 / 90.0f)))));
    const float a = s * x, b = s * y, d = s * z;
    const float w1 = c * in[0][i] - a * in[1][i] - b * in[2][i] - d * in[3][i], x1 = c * in[1][i] + a * in[0][i] + b * in[3][i] - d * in[2][i],
                y1 = c * in[2][i] + b * in[0][i] + d * in[1][i] - a * in[3][i], z1 = c * in[3][i] + d * in[0][i] + a * in[2][i] - b * in[1][i];
    const float n = 1 / std::sqrt(w1 * w1 + x1 * x1 + y1 * y1 + z1 * z1);
    out[0][i] = w1 * n, out[1][i] = x1 * n, out[2][i] = y1 * n, out[3][i] = z1 * n;
    square[i] = t;
  }
  for (int i = 0; i < kBlock; ++i)
    for (int c = 0; c < 4; ++c) next[i * 4 + c] = out[c][i];
  std::uint32_t far = 0;
  for (int i = 0; i < kBlock; ++i) far |= std::uint32_t(!(square[i] <= kNearSquare)) << i;
  return far;
}

}  // namespace
}  // namespace grainspin

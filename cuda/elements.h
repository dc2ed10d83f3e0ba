// What one thread of a pointwise kernel does: plain functions, so that they are tested without a GPU too.
#pragma once

#include "cuda/launchers.h"
#include "grainspin/cell.h"

namespace grainspin::cuda {

// Unit u of row i.
GRAINSPIN_HD inline void cell_element(const CellStep& s, std::int64_t i, int u) {
  const int H = s.hidden;
  const std::int64_t at = i * H + u;
  if (s.cell == Cell::kLstm) {
    const float *gx = s.gx + i * 4 * H + u, *gh = s.gh + i * 4 * H + u;
    float a[4];
    for (int g = 0; g < 4; ++g) a[g] = gx[g * H] + s.bias_ih[g * H + u] + (gh[g * H] + s.bias_hh[g * H + u]);
    s.h[at] = lstm_unit(a[0], a[1], a[2], a[3], s.c[at]);
  } else {
    const float *gx = s.gx + i * 3 * H + u, *gh = s.gh + i * 3 * H + u;
    float x[3], h[3];
    for (int g = 0; g < 3; ++g) {
      x[g] = gx[g * H] + s.bias_ih[g * H + u];
      h[g] = gh[g * H] + s.bias_hh[g * H + u];
    }
    s.h[at] = gru_unit(x[0] + h[0], x[1] + h[1], x[2], h[2], s.h[at]);
  }
}

GRAINSPIN_HD inline void head_element(const HeadStep& s, std::int64_t i) {
  const bool masked = s.mask && !s.mask[voxel(s.box, s.first + i)];
  const float* y = s.y + i * s.width;
  const float* b = s.bias;
  float w[3];
  for (int k = 0; k < 3; ++k) w[k] = masked ? 0.0f : s.increment_scale[k] * (y[k] + b[k]);
  const float* p = s.q + 4 * i;
  Quat q{p[0], p[1], p[2], p[3]};
  if (!masked) q = turned(q, Vec3<float>{w[0], w[1], w[2]});
  float* out = s.q_out + 4 * i;
  out[0] = q.w, out[1] = q.x, out[2] = q.y, out[3] = q.z;
  if (s.increment)
    for (int k = 0; k < 3; ++k) s.increment[3 * i + k] = w[k];
  int at = 3;
  if (s.has_stress) {
    if (s.stress)
      for (int k = 0; k < 6; ++k)
        s.stress[6 * i + k] = masked ? 0.0f : s.stress_mean[k] + s.stress_scale[k] * (y[at + k] + b[at + k]);
    at += 6;
  }
  if (s.log_variance)
    for (int k = 0; k < 3; ++k) s.log_variance[3 * i + k] = masked ? 0.0f : y[at + k] + b[at + k];
}

}  // namespace grainspin::cuda

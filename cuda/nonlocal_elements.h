// What one thread of a kernel of the nonlocal family does: plain functions, so that they are tested without a GPU too.
// The formulas are those of grainspin/nonlocal_inline.h.
#pragma once

#include "cuda/nonlocal_launchers.h"
#include "grainspin/cell.h"
#include "grainspin/nonlocal_inline.h"

namespace grainspin::cuda {

// Numbers of Q^T e Q, and of Q p Q^T.
GRAINSPIN_HD inline void to_crystal(const Mat3<float>& R, const float* e, float* out) {
  float D[25];
  deviator_rotation(R.m, D);
  for (int b = 0; b < 5; ++b)
    out[b] = D[b] * e[0] + D[5 + b] * e[1] + D[10 + b] * e[2] + D[15 + b] * e[3] + D[20 + b] * e[4];
}
GRAINSPIN_HD inline void to_sample(const Mat3<float>& R, const float* p, float* out) {
  float D[25];
  deviator_rotation(R.m, D);
  for (int a = 0; a < 5; ++a)
    out[a] = D[5 * a] * p[0] + D[5 * a + 1] * p[1] + D[5 * a + 2] * p[2] + D[5 * a + 3] * p[3] + D[5 * a + 4] * p[4];
}

// As deviator(), tensor_of() and free_part() of nonlocal.h; axial of the antisymmetric part.
constexpr float kRoot2 = 0.70710678118654752440f, kRoot6 = 0.40824829046386301637f;  // 1/sqrt2, 1/sqrt6
GRAINSPIN_HD inline void deviator_of(const float* t, float* d) {
  d[0] = (t[0] - t[4]) * kRoot2;
  d[1] = (2 * t[8] - t[0] - t[4]) * kRoot6;
  d[2] = (t[5] + t[7]) * kRoot2;
  d[3] = (t[2] + t[6]) * kRoot2;
  d[4] = (t[1] + t[3]) * kRoot2;
}
GRAINSPIN_HD inline void tensor_from(const float* d, float* t) {
  const float a = d[0] * kRoot2, b = d[1] * kRoot6;
  t[0] = a - b, t[4] = -a - b, t[8] = 2 * b;
  t[5] = t[7] = d[2] * kRoot2;
  t[2] = t[6] = d[3] * kRoot2;
  t[1] = t[3] = d[4] * kRoot2;
}
GRAINSPIN_HD inline void axial_of(const float* t, float* w) {
  w[0] = (t[7] - t[5]) / 2, w[1] = (t[2] - t[6]) / 2, w[2] = (t[3] - t[1]) / 2;
}
GRAINSPIN_HD inline void free_part_of(const std::uint8_t* free, const float* mean, float* D) {
  tensor_from(mean, D);
  float trace = 0;
  for (int k = 0; k < 9; ++k) D[k] = free[k] ? D[k] : 0.0f;
  for (int k = 0; k < 9; k += 4) trace += D[k];
  const int count = free[0] + free[4] + free[8];
  for (int k = 0; k < 9; k += 4) D[k] -= free[k] ? trace / float(count) : 0.0f;
}
GRAINSPIN_HD inline bool any_free(const StepLoad& load) {
  bool any = false;
  for (int k = 0; k < 9; ++k) any = any || load.free[k];
  return any;
}

// Five channels of masked voxel i, polarisation m.
GRAINSPIN_HD inline void clear_element(const ClearStep& s, std::int64_t i, int m) {
  float* at = s.fields + 8 * m * s.spectrum.channel() + s.spectrum.place(s.voxels[i]);
  for (int k = 0; k < 5; ++k) at[k * s.spectrum.channel()] = 0;
}

// Frequency f. Real and imaginary parts alike: the operator is real. The transforms' factor is here.
GRAINSPIN_HD inline void green_element(const GreenStep& s, std::int64_t f) {
  const Spectrum& g = s.spectrum;
  const std::int64_t channel = g.channel(), line = f / g.half();
  const float along[3] = {g.k[0][line / g.n[1]], g.k[1][line % g.n[1]], g.k[2][f % g.half()]};
  float k[3];
  for (int a = 0; a < 3; ++a)  // selections, not an index: k stays in registers
    k[a] = (g.axis[0] == a ? along[0] : 0.0f) + (g.axis[1] == a ? along[1] : 0.0f) + (g.axis[2] == a ? along[2] : 0.0f);
  const float square = k[0] * k[0] + k[1] * k[1] + k[2] * k[2];
  const float inverse = square > 0 ? 1 / square : 0.0f, scale = 1.0f / float(g.voxels());
  for (int part = 0; part < 2; ++part) {
    float* at = s.fields + 2 * f + part;
    float p[5], e[5], w[3], pressure;
    for (int c = 0; c < 5; ++c) p[c] = at[c * channel] * scale;
    grainspin::green(k, inverse, *s.beta, p, e, w, pressure);
    for (int c = 0; c < 5; ++c) at[c * channel] = e[c];
    for (int c = 0; c < 3; ++c) at[(5 + c) * channel] = w[c];
    if (!s.pressure) continue;
    float& sum = s.pressure[2 * f + part];
    sum = (s.begins ? 0.0f : sum) + *s.weight * pressure;
  }
}

// The sum of component c of p_m, channel = 5 m + c, over the tiles from, from + by, ..., in order.
GRAINSPIN_HD inline double mean_partial(const MeanStep& s, int channel, std::int64_t from, std::int64_t by) {
  double sum = 0;
  for (std::int64_t t = from; t < s.tiles; t += by) sum += s.sums[t * 5 * s.polarisations + channel];
  return sum;
}
// D_m of the sums of its five components.
GRAINSPIN_HD inline void mean_element(const MeanStep& s, int m, const double* sums) {
  float mean[5];
  for (int c = 0; c < 5; ++c) mean[c] = float(sums[c] / double(s.voxels));
  free_part_of(s.load->free, mean, s.mean_gradient + 9 * m);
}

GRAINSPIN_HD inline void close_element(const CloseStep& s) {
  StepLoad& load = *s.load;
  for (int k = 0; k < 9; ++k) {
    float sum = 0;
    for (int m = 0; m < s.count; ++m) sum += s.free[m] * s.mean_gradient[9 * m + k];
    load.found[k] = load.size * sum;
  }
  float w[3];
  axial_of(load.found, w);
  for (int k = 0; k < 3; ++k) load.spin[k] += w[k];
}

// The sum of the free diagonal components of the listed voxels from, from + by, ..., in order.
GRAINSPIN_HD inline double stress_partial(const StressStep& s, std::int64_t from, std::int64_t by) {
  double sum = 0;
  for (std::int64_t i = from; i < s.count; i += by) {
    const float* t = s.stress + 6 * (s.voxels ? s.voxels[i] : i);
    for (int k = 0; k < 3; ++k)
      if (s.load->free[4 * k]) sum += double(t[k]);
  }
  return sum;
}
GRAINSPIN_HD inline double stress_constant(const StressStep& s, double sum) {
  const int free = s.load->free[0] + s.load->free[4] + s.load->free[8];
  return free && s.count ? -sum / (double(free) * double(s.count)) : 0.0;
}
GRAINSPIN_HD inline void stress_element(const StressStep& s, std::int64_t i) {
  float* t = s.stress + 6 * (s.voxels ? s.voxels[i] : i);
  for (int k = 0; k < 6; ++k) t[k] = s.scale * (k < 3 ? t[k] + float(s.partial[kPartials]) : t[k]);
}

// The voxel whose image voxel v of the whole is.
GRAINSPIN_HD constexpr std::int64_t mirrored(const MirrorStep& s, std::int64_t v) {
  const std::int64_t line = v / s.whole.nx;
  const int x = grainspin::mirrored(int(v % s.whole.nx) - s.layers[0], s.inside.nx);
  const int y = grainspin::mirrored(int(line % s.whole.ny) - s.layers[1], s.inside.ny);
  const int z = grainspin::mirrored(int(line / s.whole.ny) - s.layers[2], s.inside.nz);
  return (std::int64_t(z) * s.inside.ny + y) * s.inside.nx + x;
}

}  // namespace grainspin::cuda

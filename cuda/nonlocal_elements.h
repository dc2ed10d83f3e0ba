// What one thread of a kernel of the nonlocal family does: plain functions, so that they are tested without a GPU too.
// Row i of a block, or a voxel; the formulas are those of grainspin/nonlocal_inline.h.
#pragma once

#include "cuda/nonlocal_launchers.h"
#include "grainspin/cell.h"
#include "grainspin/nonlocal_inline.h"

namespace grainspin::cuda {

// Q of voxel v.
GRAINSPIN_HD inline Mat3<float> matrix_at(const float* q, std::int64_t v) {
  Mat3<float> R;
  rotation_of(q + 4 * v, R.m);
  return R;
}
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

// Row of system j of channel c.
GRAINSPIN_HD constexpr std::int64_t at(const Block& b, int i, int c, int j) {
  return (std::int64_t(c) * b.systems + j) * b.stride + i;
}

// |from| of channel c of a state into channel `to` of the magnitudes; h, which is even, as it is.
GRAINSPIN_HD inline void magnitude(const Block& b, int i, const float* from, int c, float* out, int to, bool even) {
  for (int j = 0; j < b.systems; ++j) {
    const float v = from[at(b, i, c, j)];
    out[at(b, i, to, j)] = even ? v : std::fabs(v);
  }
}

// 3 P_s : E, E in the crystal frame, for the systems of channel c of the drives and channel `to` of the magnitudes.
GRAINSPIN_HD inline void shears(const Block& b, int i, const float* E, float* drives, int c, float* magnitudes, int to) {
  for (int j = 0; j < b.systems; ++j) {
    const float* P = b.P + 5 * j;
    const float v = 3 * (P[0] * E[0] + P[1] * E[1] + P[2] * E[2] + P[3] * E[3] + P[4] * E[4]);
    drives[at(b, i, c, j)] = v;
    if (magnitudes) magnitudes[at(b, i, to, j)] = std::fabs(v);
  }
}

// Channel c of 0 .. C + H: the drive, then x, then h.
GRAINSPIN_HD inline int start_channels(const StartStep& s) { return s.magnitudes ? 1 + s.channels + s.memory : 1; }
GRAINSPIN_HD inline void start_element(const StartStep& s, int i, int c) {
  const Block& b = s.block;
  if (c == 0) {
    float E[5];
    to_crystal(matrix_at(s.q, voxel(b, i)), s.load->drive, E);
    shears(b, i, E, s.drives, 0, s.magnitudes, 0);
  } else if (c <= s.channels) {
    magnitude(b, i, s.x, c - 1, s.magnitudes, c, false);
  } else {
    magnitude(b, i, s.h, c - 1 - s.channels, s.magnitudes, c, true);
  }
}

// Channel c: e_m, then w_m, then the sums of spin and pressure, then x, then h (the last two for the gates only).
GRAINSPIN_HD inline int pass_channels(const PassStep& s) {
  return 2 * s.polarisations + 1 + (s.magnitudes ? s.channels + s.memory : 0);
}
GRAINSPIN_HD inline void pass_element(const PassStep& s, int i, int c) {
  const Block& b = s.block;
  const int M = s.polarisations, C = s.channels;
  if (c > 2 * M) {
    const int k = c - 2 * M - 1;
    if (k < C) magnitude(b, i, s.x, k, s.magnitudes, k, false);
    else magnitude(b, i, s.h, k - C, s.magnitudes, 2 * M + k, true);
    return;
  }
  const std::int64_t v = voxel(b, i), place = s.spectrum.place(v), channel = s.spectrum.channel();
  if (c < M) {
    float e[5], E[5];
    deviator_of(s.mean_gradient + 9 * c, e);
    for (int k = 0; k < 5; ++k) e[k] += s.fields[(5 * c + k) * channel + place];
    to_crystal(matrix_at(s.q, v), e, E);
    shears(b, i, E, s.drives, c, s.magnitudes, C + c);
  } else if (c < 2 * M) {
    const int m = c - M;
    float w[3], W[3];
    axial_of(s.mean_gradient + 9 * m, w);
    for (int k = 0; k < 3; ++k) w[k] += s.fields[(5 * M + 3 * m + k) * channel + place];
    const Mat3<float> R = matrix_at(s.q, v);
    for (int k = 0; k < 3; ++k) W[k] = R(0, k) * w[0] + R(1, k) * w[1] + R(2, k) * w[2];
    for (int j = 0; j < b.systems; ++j) {
      const float* a = b.a + 3 * j;
      const float t = 3 * (a[0] * W[0] + a[1] * W[1] + a[2] * W[2]);
      s.drives[at(b, i, c, j)] = t;
      if (s.magnitudes) s.magnitudes[at(b, i, C + c, j)] = std::fabs(t);
    }
  } else {
    const std::int64_t n = s.spectrum.voxels();
    for (int k = 0; k < 3; ++k) {
      float sum = s.first ? 0.0f : s.spin_sum[k * n + v];
      for (int m = 0; m < M; ++m) sum += s.spin[m] * s.fields[(5 * M + 3 * m + k) * channel + place];
      s.spin_sum[k * n + v] = sum;
    }
    if (!s.pressure_sum) return;
    float sum = s.first ? 0.0f : s.pressure_sum[v];
    for (int m = 0; m < M; ++m) sum += s.pressure[m] * s.fields[(8 * M + m) * channel + place];
    s.pressure_sum[v] = sum;
  }
}

GRAINSPIN_HD inline void gate_element(const GateStep& s, int i, int d) {
  const float shift = s.bias[d] + s.rate[d] * s.load->log_size;
  for (int j = 0; j < s.block.systems; ++j) {
    const std::int64_t e = at(s.block, i, d, j);
    s.u[e] *= sigmoid(s.gate[e] + shift);
  }
}

GRAINSPIN_HD inline void carry_element(const CarryStep& s, int i, int c) {
  for (int j = 0; j < s.block.systems; ++j) s.x[at(s.block, i, c, j)] *= s.carry[c];
}

GRAINSPIN_HD inline void polarise_element(const PolariseStep& s, int i, int m) {
  const std::int64_t v = voxel(s.block, i), place = s.spectrum.place(v), channel = s.spectrum.channel();
  float crystal[5], p[5];
  for (int k = 0; k < 5; ++k) crystal[k] = s.crystal[(5 * m + k) * std::int64_t(s.block.stride) + i];
  to_sample(matrix_at(s.q, v), crystal, p);
  for (int k = 0; k < 5; ++k) s.fields[(5 * m + k) * channel + place] = p[k];
}

// Frequency f of polarisation m. Real and imaginary parts alike: the operator is real. The transforms' factor is here.
GRAINSPIN_HD inline void green_element(const GreenStep& s, std::int64_t f, int m) {
  const Spectrum& g = s.spectrum;
  const int M = s.polarisations;
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
    for (int c = 0; c < 5; ++c) p[c] = at[(5 * m + c) * channel] * scale;
    grainspin::green(k, inverse, s.beta[m], p, e, w, pressure);
    for (int c = 0; c < 5; ++c) at[(5 * m + c) * channel] = e[c];
    for (int c = 0; c < 3; ++c) at[(5 * M + 3 * m + c) * channel] = w[c];
    if (s.pressure) at[(8 * M + m) * channel] = pressure;
  }
}

// The sum of component c of p_m, channel = 5 m + c, over the voxels from, from + by, ..., in order.
GRAINSPIN_HD inline double mean_partial(const MeanStep& s, int channel, std::int64_t from, std::int64_t by) {
  const float* field = s.fields + channel * s.spectrum.channel();
  double sum = 0;
  for (std::int64_t v = from; v < s.spectrum.voxels(); v += by) sum += double(field[s.spectrum.place(v)]);
  return sum;
}
// D_m of the sums of its five components.
GRAINSPIN_HD inline void mean_element(const MeanStep& s, int m, const double* sums) {
  float mean[5];
  for (int c = 0; c < 5; ++c) mean[c] = float(sums[c] / double(s.spectrum.voxels()));
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

GRAINSPIN_HD inline void state_element(const StateStep& s, int i, int c) {
  if (c < s.channels) magnitude(s.block, i, s.x, c, s.magnitudes, c, false);
  else magnitude(s.block, i, s.h, c - s.channels, s.magnitudes, c, true);
}

GRAINSPIN_HD inline void turn_element(const TurnStep& s, int i) {
  const std::int64_t v = voxel(s.block, i);
  const auto row = [&](int k) { return s.crystal[k * std::int64_t(s.block.stride) + i]; };
  const Mat3<float> R = matrix_at(s.q, v);
  const Vec3<float> slip = R * Vec3<float>{row(0), row(1), row(2)};
  float w[3] = {slip.x, slip.y, slip.z};
  for (int k = 0; k < 3; ++k) {
    if (s.spin_sum) w[k] += s.spin_sum[k * s.voxels + v];
    w[k] = s.load->spin[k] + s.load->size * w[k];
    s.increment[3 * v + k] = w[k];
  }
  if (s.stress) {
    const float crystal[5] = {row(3), row(4), row(5), row(6), row(7)};
    float t[5];
    to_sample(R, crystal, t);
    float T[9];
    tensor_from(t, T);
    const float pressure = s.pressure_sum ? s.pressure_sum[v] : 0.0f;
    float* out = s.stress + 6 * v;  // xx yy zz yz xz xy
    out[0] = T[0] + pressure, out[1] = T[4] + pressure, out[2] = T[8] + pressure;
    out[3] = T[5], out[4] = T[2], out[5] = T[1];
  }
  float* p = s.q + 4 * v;
  const Quat q = turned(Quat{p[0], p[1], p[2], p[3]}, Vec3<float>{w[0], w[1], w[2]});
  p[0] = q.w, p[1] = q.x, p[2] = q.y, p[3] = q.z;
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

GRAINSPIN_HD inline void memory_element(const MemoryStep& s, int i, int c) {
  const float steps = s.load->size / 0.01f;
  for (int j = 0; j < s.block.systems; ++j) {
    const std::int64_t e = at(s.block, i, c, j);
    // (1 - sigmoid(u))^t = exp(-t ln(1 + exp(u))), without overflow
    const float u = s.update[e] + s.update_bias[c];
    const float z = -std::expm1(-steps * ((u > 0 ? u : 0.0f) + std::log1p(std::exp(-std::fabs(u)))));
    s.h[e] += z * (std::tanh(s.candidate[e] + s.candidate_bias[c]) - s.h[e]);
  }
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

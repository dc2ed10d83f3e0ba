// What the launchers of the nonlocal family read and write (the cell: grainspin/nonlocal.h). Plain data, passed by
// value to kernels; part of the table's seam (launchers.h).
//
// Voxels of one phase are taken in blocks of at most Table::batch_rows. A block's state and its intermediate results
// are matrices [feature][stride], voxels fastest: a thread a voxel reads them coalesced, and cuBLAS multiplies them as
// they are. Fields that go through the FFT are [channel][spectrum.channel()] in place: real rows are padded to the
// length of their half spectrum.
#pragma once

#include <cstdint>

#include "grainspin/core.h"
#include "grainspin/grid.h"

namespace grainspin::cuda {

// A grid's half spectrum. Axes of one voxel are left out, the others stand slowest first and right-aligned (n = 1 in
// front), so that the last one, which is halved, is the fastest that has more than one voxel.
struct Spectrum {
  int n[3] = {1, 1, 1};
  int axis[3] = {2, 1, 0};         // of each: 0 x, 1 y, 2 z
  const float* k[3] = {};          // [n[d]] frequencies by index in transform order, any common unit
  GRAINSPIN_HD constexpr int half() const { return n[2] / 2 + 1; }
  GRAINSPIN_HD constexpr std::int64_t frequencies() const { return std::int64_t(n[0]) * n[1] * half(); }
  GRAINSPIN_HD constexpr std::int64_t voxels() const { return std::int64_t(n[0]) * n[1] * n[2]; }
  GRAINSPIN_HD constexpr std::int64_t channel() const { return 2 * frequencies(); }  // floats
  // Where a voxel lies in a channel.
  GRAINSPIN_HD constexpr std::int64_t place(std::int64_t voxel) const {
    return voxel / n[2] * (2 * half()) + voxel % n[2];
  }
};

// Transforms of `forward_batch` real channels to half spectra and of `inverse_batch` back, in place, neither scaled.
struct SpectralShape {
  int n[3] = {1, 1, 1};  // as Spectrum
  int forward_batch = 1, inverse_batch = 1;
};
struct Spectral;  // plans of one SpectralShape

// Sums of the first stage of a mean: a fixed number of them, so that every run adds in one order.
constexpr int kPartials = 512;

// The load of a step, and what the model finds of it. Filled from a table by begin_step, `found` by close_load.
struct StepLoad {
  float drive[5];      // E0 (nonlocal.h: Deviator)
  float size;          // s
  float log_size;      // r
  float spin[3];       // W; after close_load of the whole mean velocity gradient
  std::uint8_t free[9];
  float found[9];      // s sum_{k,m} free[k,m] D_{k,m}
};

// n voxels of one phase with `systems` slip systems.
struct Block {
  int n = 0, stride = 0;
  std::int64_t first = 0;                // row i is voxel first + i ...
  const std::int64_t* voxels = nullptr;  // ... or, where this is set, voxels[first + i]
  int systems = 0;
  const float* P = nullptr;              // [systems, 5]
  const float* a = nullptr;              // [systems, 3]
};
GRAINSPIN_HD constexpr std::int64_t voxel(const Block& b, int i) {
  return b.voxels ? b.voxels[b.first + i] : b.first + i;
}

// The inputs of the first map of a step: 3 P_s : Q^T E0 Q, and with gates [|that|, |x|, h].
struct StartStep {
  Block block;
  int channels = 0, memory = 0;  // of x where it enters, else 0; of h
  const StepLoad* load;
  const float* q;     // [voxels, 4]
  const float* x;     // [channels systems, stride]
  const float* h;     // [memory systems, stride]
  float* drives;      // [systems, stride]
  float* magnitudes;  // [(1 + channels + memory) systems, stride] or null
};

// The inputs of a pass: [3 P_s : Q^T e_m Q, 3 a_s . Q^T w_m] with the D terms, and with gates [|x|, |these|, h].
struct PassStep {
  Block block;
  int channels = 0, polarisations = 0, memory = 0;
  bool first = false;           // pass: the sums begin
  Spectrum spectrum;
  const float* fields;          // e [5 M], w [3 M] and, with pressure, g [M] channels
  const float* mean_gradient;   // [M, 9] D_m
  const float* spin;            // [M]
  const float* pressure;        // [M] or null
  const float *q, *x, *h;
  float* drives;                // [2 M systems, stride]
  float* magnitudes;            // [(C + 2 M + H) systems, stride] or null
  float* spin_sum;              // [3, voxels] += spin_m w_m
  float* pressure_sum;          // [voxels] += pressure_m g_m, or null
};

// u = u * sigmoid(gate + bias_d + rate_d r), rows (d, system).
struct GateStep {
  Block block;
  int width = 0;
  const StepLoad* load;
  const float *bias, *rate;  // [width]
  const float* gate;         // [width systems, stride]
  float* u;                  // likewise, in place
};

// x = carry_c x
struct CarryStep {
  Block block;
  int channels = 0;
  const float* carry;
  float* x;
};

// p_m of a block into the fields: crystal components [5 M, stride] turned to the sample frame.
struct PolariseStep {
  Block block;
  int polarisations = 0;
  Spectrum spectrum;
  const float* q;
  const float* crystal;
  float* fields;  // [5 M] channels
};

// D_m = F(mean of p_m), summed in double in an order that is always the same.
struct MeanStep {
  Spectrum spectrum;
  int polarisations = 0;
  const StepLoad* load;
  const float* fields;   // p_m: [5 M] channels
  double* partial;       // [5 M, kPartials]
  float* mean_gradient;  // [M, 9]
};

// The operator on every frequency, the spectra of p_m replaced by those of e_m, w_m and g_m (or not).
struct GreenStep {
  Spectrum spectrum;
  int polarisations = 0;
  bool pressure = false;
  const float* beta;  // [M]
  float* fields;
};

// found and the whole spin of a step.
struct CloseStep {
  int count = 0;               // K M
  const float* free;           // [K M]
  const float* mean_gradient;  // [K M, 9]
  StepLoad* load;              // one
};

// [|x|, h]: what the gates of the head and the memory read.
struct StateStep {
  Block block;
  int channels = 0, memory = 0;
  const float *x, *h;
  float* magnitudes;  // [(C + H) systems, stride]
};

// Orientations turned, and stress in units of its scale, without the pressure's constant.
struct TurnStep {
  Block block;
  const StepLoad* load;
  const float* crystal;       // [3 or 8, stride]: sum_s gamma_s a_s, then sum_s tau_s P_s
  const float* spin_sum;      // [3, voxels] or null
  const float* pressure_sum;  // [voxels] or null
  std::int64_t voxels = 0;
  float* q;                   // [voxels, 4], in place
  float* increment;           // [voxels, 3]
  float* stress;              // [voxels, 6] or null
};

// stress = scale (stress + 1 pi_0), pi_0 such that the mean of the free diagonal components over the voxels that are
// not masked is zero.
struct StressStep {
  std::int64_t count = 0;                // of voxels that are not masked
  const std::int64_t* voxels = nullptr;  // [count] or null: all
  const StepLoad* load;
  float scale = 1;                       // Pa
  double* partial;                       // [kPartials + 1], the last one pi_0
  float* stress;
};

// h += z (tanh(candidate + bias) - h), z = 1 - (1 - sigmoid(update + bias))^(s / 0.01), rows (channel, system).
struct MemoryStep {
  Block block;
  int memory = 0;
  const StepLoad* load;
  const float *update_bias, *candidate_bias;  // [memory]
  const float *update, *candidate;            // [memory systems, stride]
  float* h;
};

// to[whole] = from[inside] with `layers` of mirror images beyond each face of an axis.
struct MirrorStep {
  Shape whole, inside;
  int layers[3] = {};
  const float* from;  // [inside, 4]
  float* to;          // [whole, 4]
};

}  // namespace grainspin::cuda

// What the launchers of the nonlocal family read and write (the cell: grainspin/nonlocal.h). Plain data, passed by
// value to kernels; part of the table's seam (launchers.h).
//
// Voxels of one phase are taken in tiles (nonlocal_tile.h). Fields that go through the FFT are [channel][spectrum.channel()]
// in place: real rows are padded to the length of their half spectrum. Polarisation m has channels 8 m .. 8 m + 7: p_m in the
// first five, then e_m in these and w_m in the others; behind all of them one channel of the pressure, sum_{k,m}
// pressure[k,m] g_{k,m} of a step, which stays a spectrum until the last pass.
#pragma once

#include <cstdint>

#include "cuda/nonlocal_tile.h"
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

// Transforms of `forward_batch` real channels to half spectra and of `inverse_batch` back (and of one: the pressure), in place,
// none of them scaled.
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

// One tile after another: x of the start or of a pass, then what follows it before the next transforms. Of a start the
// drive is 3 P_s : Q^T E0 Q, of a pass e_m and w_m of `fields` with the D terms.
struct SweepStep {
  Tiles tiles;
  CellShape shape;
  Spectrum spectrum;
  bool half = false;        // x and h are binary16 (half.h), else float
  bool start = false;       // else a pass
  bool first_pass = false;  // the sums of spins begin
  bool polarise = false;    // p_m into the fields, their sums over the tile
  bool end = false;         // head, memory, orientations turned, outputs
  const StepLoad* load = nullptr;
  const float* weights = nullptr;         // of the tasks
  const std::int32_t* indices = nullptr;
  const float* basis = nullptr;           // BasisPlaces
  const float* basis_on_host = nullptr;   // the same in host memory, read by the launcher
  GatedMap map, head;
  MapList polarisation;
  const float* carry = nullptr;  // [C]
  const float *update_bias = nullptr, *candidate_bias = nullptr;  // [H]
  const float* mean_gradient = nullptr;  // [M, 9] D_m of the pass
  const float* spin = nullptr;           // [M] of the pass
  void *x = nullptr, *h = nullptr;       // [tiles][C or H][N][kTile]
  float* q = nullptr;                    // [voxels, 4]
  float* fields = nullptr;
  float* spin_sum = nullptr;             // [3, voxels] += spin_m w_m; null without passes
  bool pressure = false;                 // the pressure's channel holds the step's
  double* sums = nullptr;                // [tiles, 5 M] of p_m over a tile
  float* increment = nullptr;            // [voxels, 3]
  float* stress = nullptr;               // [voxels, 6] or null: in units of its scale, without the pressure's constant
  float* scratch = nullptr;              // room for `blocks` tiles' rows in device memory; null: shared memory
  int blocks = 0;
};
// What a block has: bytes of shared memory, and how many blocks are worth having where the scratch is in device memory.
struct SweepRoom {
  std::int64_t shared_bytes = 0;
  int blocks = 0;
};

// p_m of masked voxels is 0.
struct ClearStep {
  std::int64_t n = 0;
  const std::int64_t* voxels = nullptr;  // [n]
  Spectrum spectrum;
  int polarisations = 0;
  float* fields = nullptr;
};

// D_m = F(mean of p_m), summed in double in an order that is always the same.
struct MeanStep {
  std::int64_t voxels = 0, tiles = 0;
  int polarisations = 0;
  const StepLoad* load;
  const double* sums;    // [tiles, 5 M]
  double* partial;       // [5 M, kPartials]
  float* mean_gradient;  // [M, 9]
};

// The operator on every frequency of polarisation m: p_m's spectra become those of e_m and w_m, and weight g_m is added to
// the pressure's (or begins it).
struct GreenStep {
  Spectrum spectrum;
  const float* beta;    // of m
  float* fields;        // channel 8 m
  float* pressure;      // null: not wanted
  const float* weight;  // of m
  bool begins = false;
};

// found and the whole spin of a step.
struct CloseStep {
  int count = 0;               // K M
  const float* free;           // [K M]
  const float* mean_gradient;  // [K M, 9]
  StepLoad* load;              // one
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

// The variance head (grainspin/variance.h) of a phase's voxels after a step that was closed. Numbers of a head, one behind
// another: mean [F], 1 / scale [F], V [D, F], v0 [D], U [4, D], u0 [4].
struct VarianceStep {
  Tiles tiles;
  CellShape shape;
  int features = 0;              // F = channels + the model's memory + 2
  int hidden = 0;                // D
  bool half = false;             // of x and h
  const StepLoad* load = nullptr;
  const float* numbers = nullptr;
  const void *x = nullptr, *h = nullptr;  // as SweepStep's
  const float* increment = nullptr;       // [voxels, 3]
  float* log_variance = nullptr;          // [voxels, 3]
  GRAINSPIN_HD constexpr int rows() const { return features + 4 * kTileWarps; }  // of a tile's scratch
};

// to[whole] = from[inside] with `layers` of mirror images beyond each face of an axis.
struct MirrorStep {
  Shape whole, inside;
  int layers[3] = {};
  const float* from;  // [inside, 4]
  float* to;          // [whole, 4]
};

}  // namespace grainspin::cuda

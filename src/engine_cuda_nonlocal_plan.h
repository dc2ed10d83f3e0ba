// How a nonlocal run lies in GPU memory: the periodic cell with its padding, tiles of voxels by phase, frequencies,
// and one workspace.
//
// Bytes a voxel, N = 12 systems, C = 12, H = 4, M = 4, stress: state 576 + 192 (fast: 288 + 96), fields 132 (and 264 / nx),
// orientation 16, outputs 36, spins 12, sums of tiles 5: 969 (fast: 585); 8 more where there are lists, 12 with a variance head. So 512^3 takes 130.8 GB
// (fast: 79.3 GB) and the work areas of the transforms; an H200 has 149 GB.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cuda/launchers.h"
#include "grainspin/model.h"
#include "grainspin/surrogate.h"

namespace grainspin {

// The periodic cell of a region: the region and the mirror images beyond its faces.
struct PaddedCell {
  Shape inside, whole;
  int layers[3] = {};
  bool padded() const { return !(whole == inside); }
};
PaddedCell padded_cell(const Region& region);

// Its axes in the order of a transform, k left empty.
cuda::Spectrum spectrum_of(Shape whole);
// Batches of the transforms of one polarisation, 5 channels there and 8 back: all at once on small grids; on large ones so few
// that the work area, which grows with the batch, stays near 128 MB. They divide the numbers of channels.
cuda::SpectralShape spectral_of(const cuda::Spectrum& spectrum);
// Frequencies of axis d of the spectrum in transform order, in units of 2 pi over the smallest spacing.
std::vector<float> frequencies_of(const cuda::Spectrum& spectrum, int d, const std::array<double, 3>& spacing,
                                  Frequencies kind);

// Bytes from the start of the workspace.
struct Workspace {
  std::int64_t q, x, h, fields, spin_sum, increment, stress, log_variance, voxels, sums;     // by voxel or tile
  std::int64_t scratch, loads, now, found, counter, mean_gradient, partial, k[3], transform[2];  // the rest
  std::int64_t bytes = 0;
};
// What it depends on. `counts` are voxels by phase, masked ones included, `listed` says that there are lists of them.
struct WorkspaceSize {
  std::vector<std::int64_t> counts;
  std::vector<int> systems;  // by phase
  bool listed = false, half = false;
  int steps = 0;
  std::int64_t scratch_bytes = 0;    // of the tiles' rows, where shared memory has no room for them
  std::int64_t transform_bytes = 0;  // of one work area; there are spectral_streams()
  bool variance = false;             // the model has a variance head
};
Workspace workspace_of(const NonlocalSpec& spec, const PaddedCell& cell, const WorkspaceSize& size);
// What a step must move through device memory, bytes a voxel, with `systems` slip systems and without warm-ups: by sweep the
// state once in and once out, the memory, the orientation; in a pass p out, e and w in and the spins in and out, transforms at
// one round trip an axis, the operator in and out; at the end memory, orientation and outputs. Shipped model 26.1 kB, fast 20.0 kB.
double compulsory_bytes(const NonlocalSpec& spec, int systems, bool half);
// Transforms of two polarisations run beside each other.
inline int spectral_streams(const NonlocalSpec& spec) { return spec.passes == 0 ? 0 : spec.polarisations > 1 ? 2 : 1; }

// Times that the first step is run beforehand.
inline int warmups(const NonlocalSpec& spec) { return spec.carried ? spec.warmup : 0; }

constexpr std::int64_t tiles_of(std::int64_t n) { return (n + cuda::kTile - 1) / cuda::kTile; }

// The tiles of a phase: voxels first .. first + n of the lists; x and h where its state starts (numbers).
struct PhaseTiles {
  int phase;
  std::int64_t n, first, tile, x, h;
};
struct VoxelLists {
  std::vector<PhaseTiles> phases;    // those that have voxels
  std::vector<std::int64_t> voxels;  // lists of all phases one behind another, then masked ones; empty: one phase, all in order
  std::int64_t active = 0;           // voxels that are not masked
  std::int64_t tiles = 0;
};
// Error kArgument for a phase that the model has not.
VoxelLists lists_of(const NonlocalSpec& spec, const PaddedCell& cell, const std::int32_t* phase, const std::uint8_t* mask,
                    const WorkspaceSize& size);
std::vector<std::int64_t> phase_counts(const NonlocalSpec& spec, const PaddedCell& cell, const std::int32_t* phase);

}  // namespace grainspin

// How a nonlocal run lies in GPU memory: the periodic cell with its padding, blocks of voxels by phase, frequencies,
// and one workspace.
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
// Batches of the transforms of M polarisations: all channels at once on small grids; on large ones so few that the
// work area, which grows with the batch, stays near 128 MB. They divide the numbers of channels.
cuda::SpectralShape spectral_of(const cuda::Spectrum& spectrum, int polarisations, bool pressure);
// Frequencies of axis d of the spectrum in transform order, in units of 2 pi over the smallest spacing.
std::vector<float> frequencies_of(const cuda::Spectrum& spectrum, int d, const std::array<double, 3>& spacing,
                                  Frequencies kind);

// Bytes from the start of the workspace.
struct Workspace {
  std::int64_t q, x, h, fields, spin_sum, pressure_sum, voxels;               // by voxel
  std::int64_t drives, magnitudes, u, gate, crystal;                          // by row of a block
  std::int64_t loads, now, counter, mean_gradient, partial, k[3], transform;  // the rest
  std::int64_t bytes = 0;
};
// What it depends on. `counts` are voxels by phase, masked ones included, `listed` says that there are lists of them.
struct WorkspaceSize {
  std::vector<std::int64_t> counts;
  std::vector<int> systems;  // by phase
  bool listed = false;
  int steps = 0, batch_rows = 0;
  std::int64_t transform_bytes = 0;
};
Workspace workspace_of(const NonlocalSpec& spec, const PaddedCell& cell, const WorkspaceSize& size);

// Times that the first step is run beforehand.
inline int warmups(const NonlocalSpec& spec) { return spec.carried ? spec.warmup : 0; }

// Rows of a block's matrices: a multiple of 32 (128 bytes).
constexpr std::int64_t stride_of(std::int64_t n) { return (n + 31) / 32 * 32; }
// Of all blocks of n voxels.
constexpr std::int64_t rows_of(std::int64_t n, int batch_rows) {
  return n / batch_rows * stride_of(batch_rows) + stride_of(n % batch_rows);
}

// A block of voxels of one phase: rows first .. first + n of the lists; x and h where its state starts (floats).
struct PhaseBlock {
  int phase, n;
  std::int64_t first, x, h;
};
struct Blocks {
  std::vector<PhaseBlock> blocks;
  std::vector<std::int64_t> voxels;  // lists of all phases one behind another; empty: one phase, every voxel in order
  std::int64_t active = 0;           // voxels that are not masked
};
// Error kArgument for a phase that the model has not.
Blocks blocks_of(const NonlocalSpec& spec, const PaddedCell& cell, const std::int32_t* phase, const std::uint8_t* mask,
                 const WorkspaceSize& size);
std::vector<std::int64_t> phase_counts(const NonlocalSpec& spec, const PaddedCell& cell, const std::int32_t* phase);

}  // namespace grainspin

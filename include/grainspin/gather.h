// The cube of taps around each voxel, as the dense rows that a matrix product takes.
//
//   patches[i, k, c] = field[tap(centre_i, k), c]     k = 0 .. (2r+1)^3 - 1 (order: grid.h, tap)
//
// A masked neighbour counts as the centre voxel. Any extents from 1 up, also smaller than the radius.
#pragma once

#include <cstdint>

#include "grainspin/grid.h"

namespace grainspin {

// Which voxels a cube consists of.
struct Neighbourhood {
  Shape shape;
  Boundaries boundaries;
  int radius = 1;                      // 0 .. 3
  const std::uint8_t* mask = nullptr;  // [shape]: 0 where a voxel is masked; null: none is
};

// Tap k of the cube around (x, y, z), mask included.
GRAINSPIN_HD constexpr std::int64_t tap(const Neighbourhood& hood, int x, int y, int z, int k) {
  const std::int64_t v = tap(hood.shape, hood.boundaries, x, y, z, hood.radius, k);
  if (!hood.mask || hood.mask[v]) return v;
  return (std::int64_t(z) * hood.shape.ny + y) * hood.shape.nx + x;
}

// Throws Error kShape (extents below 1) or kArgument (radius).
void check(const Neighbourhood& hood);

// field[shape, channels] -> patches[n, taps(radius), channels] for centres[n], or where centres is null
// for the voxels first .. first + n - 1. Throws Error kArgument or kShape for what makes no sense; centres are not
// checked one by one. Output beyond the caches is written past them (non-temporal stores).
void gather_patches(const Neighbourhood& hood, int channels, const float* field, std::int64_t n,
                    const std::int64_t* centres, std::int64_t first, float* patches, int threads = 1);

}  // namespace grainspin

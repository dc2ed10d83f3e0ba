// Voxel grids: extents, boundaries, and the taps of a cube of neighbours. x is the fastest index.
#pragma once

#include <array>
#include <cstdint>

#include "grainspin/core.h"

namespace grainspin {

struct Shape {
  int nx = 0, ny = 0, nz = 0;
  GRAINSPIN_HD constexpr std::int64_t voxels() const {
    return std::int64_t(nx) * ny * nz;
  }
  GRAINSPIN_HD constexpr bool operator==(const Shape& o) const {
    return nx == o.nx && ny == o.ny && nz == o.nz;
  }
};

enum class Boundary : int {
  kPeriodic = 0,
  kClamped = 1,  // the nearest voxel inside
};

struct Boundaries {
  Boundary x = Boundary::kPeriodic, y = Boundary::kPeriodic, z = Boundary::kPeriodic;
  GRAINSPIN_HD constexpr bool operator==(const Boundaries& o) const {
    return x == o.x && y == o.y && z == o.z;
  }
};

// The index i folded back onto an axis of n >= 1 voxels, for any i (also |i| > n).
GRAINSPIN_HD constexpr int fold(int i, int n, Boundary boundary) {
  if (i >= 0 && i < n) return i;
  if (boundary == Boundary::kClamped) return i < 0 ? 0 : n - 1;
  const int m = i % n;
  return m < 0 ? m + n : m;
}

// Number of taps of a cube of radius r.
GRAINSPIN_HD constexpr int taps(int radius) {
  const int side = 2 * radius + 1;
  return side * side * side;
}

// The voxel at tap k = (dz * side + dy) * side + dx (dx, dy, dz counted from -radius) of the cube
// around voxel (x, y, z). Without a mask.
GRAINSPIN_HD constexpr std::int64_t tap(Shape s, Boundaries b, int x, int y, int z, int radius,
                                        int k) {
  const int side = 2 * radius + 1;
  const int xx = fold(x + k % side - radius, s.nx, b.x);
  const int yy = fold(y + k / side % side - radius, s.ny, b.y);
  const int zz = fold(z + k / side / side - radius, s.nz, b.z);
  return (std::int64_t(zz) * s.ny + yy) * s.nx + xx;
}

}  // namespace grainspin

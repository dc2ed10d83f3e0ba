// A part of launchers.h: boxes of voxels.
#pragma once

#include <cstdint>

#include "grainspin/grid.h"

namespace grainspin::cuda {

// A box of voxels within a field, numbered x fastest.
struct SubBox {
  Shape outer;  // of the field
  int lo[3] = {};
  Shape size;
};
GRAINSPIN_HD constexpr std::int64_t voxel(const SubBox& box, std::int64_t i) {
  const int x = box.lo[0] + int(i % box.size.nx);
  const std::int64_t row = i / box.size.nx;
  const int y = box.lo[1] + int(row % box.size.ny), z = box.lo[2] + int(row / box.size.ny);
  return (std::int64_t(z) * box.outer.ny + y) * box.outer.nx + x;
}

}  // namespace grainspin::cuda

// A run of voxels in x-fastest order as boxes of the grid.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "grainspin/grid.h"

namespace grainspin {

// Calls f(lo, extent, offset) for boxes that cover voxels [begin, begin + count) in order; the box's voxels
// are [begin + offset, begin + offset + extent.voxels()). At most five boxes: parts of rows and planes at
// both ends, whole planes between.
template <class F>
void for_each_box(Shape shape, std::int64_t begin, std::int64_t count, F&& f) {
  const std::int64_t row = shape.nx, plane = row * shape.ny;
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t at = begin + done, left = count - done;
    const int x = int(at % row), y = int(at / row % shape.ny), z = int(at / plane);
    Shape extent{1, 1, 1};
    if (x != 0 || left < row) {
      extent.nx = int(std::min<std::int64_t>(row - x, left));
    } else if (y != 0 || left < plane) {
      extent.nx = shape.nx;
      extent.ny = int(std::min<std::int64_t>(shape.ny - y, left / row));
    } else {
      extent = {shape.nx, shape.ny, int(left / plane)};
    }
    f(std::array<int, 3>{x, y, z}, extent, done);
    done += extent.voxels();
  }
}

}  // namespace grainspin

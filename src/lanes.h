// A block's voxels in a region.
#pragma once

#include <algorithm>
#include <array>

#include "recurrent.h"
#include "region.h"

namespace grainspin {

// Voxels of one block: position and place in the region; lanes beyond `count` repeat the last voxel.
struct Lanes {
  int count = 0;
  std::array<std::array<int, 3>, kBlock> at;
  std::array<std::int64_t, kBlock> place;

  // Voxels first .. of a box, x fastest.
  Lanes(const Region& region, const Box& box, std::int64_t first) {
    const std::int64_t w = box.hi[0] - box.lo[0], h = box.hi[1] - box.lo[1];
    count = int(std::min<std::int64_t>(kBlock, box.voxels() - first));
    for (int i = 0; i < kBlock; ++i) {
      const std::int64_t v = first + std::min(i, count - 1);
      at[i] = {box.lo[0] + int(v % w), box.lo[1] + int(v / w % h), box.lo[2] + int(v / w / h)};
      place[i] = (std::int64_t(at[i][2]) * region.shape.ny + at[i][1]) * region.shape.nx + at[i][0];
    }
  }
};

}  // namespace grainspin

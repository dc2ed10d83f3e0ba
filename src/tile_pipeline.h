// Tiles on their way: one thread reads and writes files while others compute, with a bounded number of buffers between.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tiling.h"

namespace grainspin {

struct TileWork {
  std::vector<const Surrogate*> devices;  // take tiles from one queue, each on a thread of its own; at least one
  OrientationSource& source;
  OrientationSink& sink;
  const ReconstructOptions& options;
  const Tiling& tiling;
  int steps = 0;
  std::function<Region(const std::array<Stretch, 3>&)> region;
};

// Tiles are read in order (x fastest). With one device their results are written in that order, with several as they come;
// steps of a tile always in order. The first device runs on the calling thread. Errors of any thread end the others and are
// thrown here.
void run_tiles(const TileWork& work);

// Bytes that the buffers between the threads take for a largest region, `held` voxels with halo, `inner` without.
std::int64_t buffer_bytes(const TileBuffers& buffers, std::int64_t held, std::int64_t inner, bool masked);

}  // namespace grainspin

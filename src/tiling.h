// How a grid is cut into tiles with halos: a tensor product of cuts along the axes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grainspin/reconstruct.h"

namespace grainspin {

// One tile's stretch of one axis: asked for are [begin, begin + count), the region holds
// [region_begin, region_begin + region_count), which may reach below 0 or over the end where the axis is
// periodic.
struct Stretch {
  int begin = 0, count = 0;
  int region_begin = 0, region_count = 0;
  std::array<Edge, 2> edge{};
};

// Cuts an axis of n voxels into stretches of at most `tile`, each with `halo` voxels on either side as far
// as the axis goes. An axis that the region covers whole wraps or ends at its faces, without a halo. `part`: the
// stretches cover [first, end) of the axis only; end 0: all of it.
std::vector<Stretch> cut(int n, Boundary boundary, int tile, int halo, std::array<int, 2> part = {0, 0});

// The region of the tile made of three stretches x, y, z.
Region region_of(const std::array<Stretch, 3>& stretches);

// Between the threads of a run. outputs 0: the computing thread waits until its results are written.
struct TileBuffers {
  int inputs = 1, outputs = 0;
  int floats = 4;        // of a voxel's results
  bool initial = false;  // step 0 is written, too
};

struct Tiling {
  std::array<std::vector<Stretch>, 3> axis;  // x, y, z
  TileBuffers buffers;
  std::int64_t tiles() const {
    return std::int64_t(axis[0].size()) * std::int64_t(axis[1].size()) * std::int64_t(axis[2].size());
  }
  Shape tile;
  std::int64_t bytes = 0;  // peak of a run, all it holds at once
  double cost = 0;         // in voxel-steps of work, all devices together
};

// Region::wanted of options.wanted; throws Error kShape where that is not [steps + 1] long. Empty: all.
std::vector<std::uint8_t> wanted_steps(const ReconstructOptions& options, int steps);
// With `outputs` buffers at most, and none more than steps are wanted.
TileBuffers buffers_of(const ModelSpec& spec, const ReconstructOptions& options, int steps, bool several_tiles, int outputs);

// The cheapest tiling that stays below options.memory; options.tile fixes the edge, options.tile_shape the shape. Buffers
// for reading and writing beside the computing are left out where they would make the work much more.
// Throws Error kMemory with the least that would do.
// Several devices run at once: each takes its workspace and has a tile to go on with, and none should stand idle at the end.
Tiling choose_tiling(const Devices& devices, Shape shape, const ReconstructOptions& options);

}  // namespace grainspin

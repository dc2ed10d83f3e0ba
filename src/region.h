// Neighbours within a region (surrogate.h), and the boxes that a run over it needs step by step.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grainspin/surrogate.h"

namespace grainspin {

// Throws Error kShape unless the inner box lies in the region and wraps come in pairs.
void check(const Region& region);

// And kShape unless it is a whole grid: no cuts, all of it asked for.
void check_whole(const Region& region);
// Whether somebody reads increments, or judges by them.
inline bool reads_increment(const Region& region) { return region.fields.increment || region.judge; }

// A box [lo, hi) of voxels of a region, axes x, y, z.
struct Box {
  std::array<int, 3> lo{}, hi{};
  std::int64_t voxels() const { return std::int64_t(hi[0] - lo[0]) * (hi[1] - lo[1]) * (hi[2] - lo[2]); }
};

Box inner_box(const Region& region);
// `box` with `layers` more on each side, as far as the region goes; an axis that wraps is taken whole
// when the box grows over its end.
Box grown(const Region& region, const Box& box, int layers);

// Index tables of the cube of radius r around any voxel: along each axis what i + d folds to,
// i in [0, n), d in [-r, r]. Beyond a cut it is the last layer, whose values are worthless there.
class RegionTaps {
 public:
  RegionTaps(const Region& region, int radius);
  int radius() const { return radius_; }
  // Whether the neighbours of a voxel at x lie side by side along x, no end of the axis between them.
  bool inside(int x) const { return x >= radius_ && x + radius_ < shape_.nx; }
  // Places of the neighbours of `count` voxels (x, y, z in the region) at tap k; masked neighbours (mask
  // 0) are the centre itself. mask may be null.
  void gather(int k, int count, const std::array<int, 3>* at, const std::uint8_t* mask,
              std::int64_t* places) const;

 private:
  int radius_;
  Shape shape_;
  std::array<std::vector<int>, 3> fold_;
};

}  // namespace grainspin

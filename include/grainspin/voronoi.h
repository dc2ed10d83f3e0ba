// Periodic Voronoi polycrystals: cubic voxels, seeds uniform in the cell, each voxel of the nearest seed's
// grain (nearest image; voxel centres). The same numbers for a seed on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/orientation.h"

namespace grainspin {

enum class TextureKind : int {
  kRandom = 0,  // uniform on SO(3)
  kFibre = 1,  // the crystal direction `crystal` lies along the sample direction `sample`, turned about it at
               // random
  kCube = 2,   // crystal axes along the sample's
};

struct Texture {
  TextureKind kind = TextureKind::kRandom;
  std::array<double, 3> crystal{0, 0, 1};  // fibre: in the crystal's Cartesian frame
  std::array<double, 3> sample{0, 0, 1};
  // Scatter, rad: each component of the rotation vector that follows is normal with this deviation.
  double spread = 0;
};

// `count` orientations. Throws Error kArgument for a direction of no length or a negative spread.
std::vector<Quatd> draw_texture(const Texture& texture, std::int64_t count, std::uint64_t seed);

class Voronoi {
 public:
  // 1 <= grains <= shape.voxels(); else Error kArgument. Seeds that no voxel is nearest to are dropped,
  // which takes one pass over the grid.
  Voronoi(Shape shape, int grains, std::uint64_t seed);

  Shape shape() const { return shape_; }
  int grains() const { return int(voxels_.size()); }                   // that own voxels
  const std::vector<std::int64_t>& voxels() const { return voxels_; }  // of each grain
  // Grain ids, dense from 0, of cells [begin, begin + count) in x-fastest order.
  void grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) const;

 private:
  int nearest(double x, double y, double z, int guess) const;
  int bin_of(int axis, double at) const;

  Shape shape_;
  std::vector<std::array<double, 3>> seeds_;  // in voxels, sorted by bin
  std::vector<std::int32_t> id_;              // grain id of each seed, -1 where it owns nothing
  std::array<int, 3> bins_{};
  std::vector<std::int32_t> first_;  // [bins + 1]: seeds of each bin
  std::vector<std::int64_t> voxels_;
};

}  // namespace grainspin

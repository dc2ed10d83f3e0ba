// The periodic cell that a nonlocal run works on, cut into blocks of voxels of one phase.
//
// A plane (one z) of a field is ny rows of 2 (nx/2 + 1) floats, room for the half spectrum in place; a voxel's place
// in it is y row + x. Axes that do not close on themselves carry mirror images of their voxels beyond each face.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grainspin/surrogate.h"
#include "nonlocal_kernels.h"

namespace grainspin {

// Throws Error kArgument or kShape for a region that the nonlocal family cannot take; nothing is allocated.
void check_nonlocal(const Region& region, const ModelSpec& spec);
void check_nonlocal_grid(const Region& region, const ModelSpec& spec);  // without the loads
// The region with its mirror images.
Shape cell_shape(const Region& region);

class NonlocalCell {
 public:
  struct Block {
    std::int32_t phase, count, plane;
    bool contiguous;
    std::int64_t order, x, h;  // first of its places in order(), of its state in floats
  };

  NonlocalCell(const Region& region, const std::uint8_t* mask, const std::vector<PhaseView>& phases);

  Shape shape() const { return shape_; }
  int row() const { return 2 * (shape_.nx / 2 + 1); }
  const std::vector<Block>& blocks() const { return blocks_; }
  // Blocks [first(z), first(z + 1)) are those of plane z.
  std::int64_t first(int z) const { return first_[z]; }
  std::int64_t unmasked() const { return unmasked_; }
  std::int64_t x_floats() const { return x_floats_; }
  std::int64_t h_floats() const { return h_floats_; }
  const std::int32_t* places(const Block& b) const { return order_.data() + b.order; }
  // Masked voxels of plane z.
  std::int64_t masked_count(int z) const { return first_masked_[z + 1] - first_masked_[z]; }
  const std::int32_t* masked(int z) const { return masked_.data() + first_masked_[z]; }

  // The voxel of the region whose orientation a voxel of the cell has.
  std::int64_t source(int z, std::int32_t place) const;
  // Its voxel of the region's inner part; -1 where it is an image or lies outside of it.
  std::int64_t inner(int z, std::int32_t place) const;

  // At most so many bytes, whatever the mask.
  static std::int64_t bytes(const Region& region, int phases);
  static std::int64_t most_blocks(const Region& region, int phases);

 private:
  Region region_;
  Shape shape_;
  std::array<int, 3> layers_{};
  std::vector<Block> blocks_;
  std::vector<std::int64_t> first_, first_masked_;
  std::vector<std::int32_t> order_, masked_;
  std::int64_t x_floats_ = 0, h_floats_ = 0, unmasked_ = 0;
};

}  // namespace grainspin

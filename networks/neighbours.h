// Taps of whole boxes as index tables, and the differentiable gather over them.
#pragma once

#include <cstdint>

#include <torch/torch.h>

#include "grainspin/surrogate.h"

namespace grainspin {

struct TapTable {
  torch::Tensor index;  // [N, K] int64: the voxel at tap k of voxel n (core order, x fastest)
  // [N, K] int64: the flat (n', k) that reads voxel n through tap k, where every tap is a permutation of
  // the voxels (a periodic box without mask); undefined otherwise.
  torch::Tensor inverse;
};

// Beyond a cut lies nothing: taps there are clamped, as on a face. mask: null, or 0 where a voxel is
// masked: a masked neighbour counts as the centre voxel.
TapTable tap_table(const Region& region, int radius, const std::uint8_t* mask, torch::Device device);

// A whole grid as one region.
Region whole_box(Shape shape, Boundaries boundaries);

// e [N, C] -> [N, K C]; the gradient is a gather too where the table has an inverse.
torch::Tensor gather(const torch::Tensor& e, const TapTable& table);

}  // namespace grainspin

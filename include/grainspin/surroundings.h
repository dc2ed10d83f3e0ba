// What surrounds a voxel: numbers of the cube of kWindow^3 voxels around it (on a periodic axis wrapped, elsewhere cut at the
// face; no wider than the axis), of those of its own phase that are not masked. Grains much coarser than those trained on, sharp
// textures and fibres show in them where no single orientation is unusual.
//   resolved  mean of the largest resolved shear (domain.h: resolved_shear) under the load; NaN without a load
//   boundary  part of the pairs of a voxel and one of the 26 around it that lie across a boundary: whose embeddings (embedding.h)
//             are more than kBoundaryAngle apart. Grain size, in voxels
//   contrast  mean over these pairs of 1 - cos of the angle between the two embeddings: about 1 between grains that
//             know nothing of each other, near 0 between alike ones; NaN where the cube has fewer than kPairs of them
// Sums are of whole numbers: the same bits for any number of threads, and wherever a periodic grid is cut.
#pragma once

#include <array>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "grainspin/embedding.h"
#include "grainspin/grid.h"

namespace grainspin {

struct Surroundings {
  static constexpr int kWindow = 7, kPairs = 50;
  static constexpr double kBoundaryAngle = 10 * std::numbers::pi / 180;
  std::vector<float> resolved, boundary, contrast;  // [n]; NaN where a voxel does not count
};

// Of one phase: `P` of its slip systems and E0 as for resolved_shear (empty: NaN), its embedding. q[n,4]; phase[n] or null: all are
// of it; mask[n] (0: does not count) or null.
Surroundings surroundings(Shape shape, Boundaries boundaries, const EmbeddingSpec& embedding,
                          std::span<const std::array<double, 5>> P, const std::array<double, 5>& E0, const float* q,
                          const std::int32_t* phase, std::int32_t which, const std::uint8_t* mask, int threads);

}  // namespace grainspin

// Orbit-tied maps as the tasks that a tile's warps share (cuda/nonlocal_tile.h).
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/nonlocal_tile.h"
#include "engine_cuda_nonlocal_weights.h"
#include "nonlocal_irreps.h"

namespace grainspin {

// Collects the products of one list.
class TaskList {
 public:
  // Row out + c n + .. (+)= the map w [D, C, orbits] of rows in + c n + .., both in coordinates of `basis`.
  void map(const Tensor& w, const AdaptedBasis& basis, int in, int out, bool add);
  // Rows out .. (+)= matrix [rows, depth] times rows in ..; what is zero by symmetry (1e-9 of the largest) is left out.
  void matrix(int rows, int depth, const std::vector<double>& matrix, int in, int out);
  // Numbers and tasks behind what is there, shared out among the warps so that the last one ends early: in rows of kTaskRows
  // where that leaves no warp idle for long, else in narrow ones.
  TaskPlace pack(Packed& packed) const;
  // Multiply-adds of a voxel.
  std::int64_t work() const;

 private:
  struct Product {
    std::vector<int> in, out;
    int columns;
    bool add;
    std::vector<double> w;  // [out, in]
  };
  std::vector<Product> products_;
};

}  // namespace grainspin

// An array over a grid as its owner has it: elements of some type, any strides. Plain data, passed by value to kernels.
#pragma once

#include <cstdint>

#include "grainspin/grid.h"

namespace grainspin {

enum class Element : int { kFloat = 0, kDouble = 1, kInt32 = 2, kUint8 = 3 };  // as in grainspin.h
constexpr int bytes(Element type) { return type == Element::kDouble ? 8 : type == Element::kUint8 ? 1 : 4; }

// Component c of voxel (x,y,z) is element x*x + y*y + z*z + c*c (stride times place) from `data` on.
struct ArrayView {
  void* data = nullptr;
  Element type = Element::kFloat;
  std::int64_t x = 0, y = 0, z = 0, c = 0;  // strides in elements
  int components = 1;
  Shape shape;

  // Elements from data to voxel i, x fastest.
  GRAINSPIN_HD constexpr std::int64_t place(std::int64_t i) const {
    const std::int64_t row = i / shape.nx;
    return i % shape.nx * x + row % shape.ny * y + row / shape.ny * z;
  }
  // [z][y][x][c] without gaps.
  constexpr bool dense() const {
    return (components == 1 || c == 1) && (shape.nx == 1 || x == components) &&
           (shape.ny == 1 || y == std::int64_t(components) * shape.nx) &&
           (shape.nz == 1 || z == std::int64_t(components) * shape.nx * shape.ny);
  }
};

// The numbers of the voxel at `place`, and back.
template <class T>
GRAINSPIN_HD inline void read_numbers(const ArrayView& from, std::int64_t place, double* v) {
  for (int c = 0; c < from.components; ++c) v[c] = double(static_cast<const T*>(from.data)[place + c * from.c]);
}
template <class T, class From>
GRAINSPIN_HD inline void write_numbers(const ArrayView& to, std::int64_t place, const From* v) {
  for (int c = 0; c < to.components; ++c) static_cast<T*>(to.data)[place + c * to.c] = T(v[c]);
}

}  // namespace grainspin

// The caller's arrays: checked once, then read and written voxel by voxel.
#pragma once

#include <cstdint>

#include "capi/status.h"
#include "grainspin/grid.h"

namespace grainspin::capi {

// Where the elements of a checked array are: of voxel (x,y,z), component c at data + x*x + ...
struct View {
  void* data = nullptr;
  std::int32_t type = GRAINSPIN_FLOAT;
  std::int64_t x = 0, y = 0, z = 0, c = 0;  // strides in elements
  int components = 1;
  Shape shape;
  bool dense() const;  // [z][y][x][c] without gaps
};

// Error kArgument or kShape, naming the array, unless it is a host array of this shape and of one of the types
// (a set of bits 1 << type). A written array may not hold two elements in one place.
View checked(const grainspin_array* array, Shape shape, int components, unsigned types, bool written, const char* what);

inline constexpr unsigned kReal = 1u << GRAINSPIN_FLOAT | 1u << GRAINSPIN_DOUBLE;

// from[voxels, components] into the array, converted to its type.
void write_fields(const View& to, const float* from);
void write_bytes(const View& to, const std::uint8_t* from);
// Calls body(voxel, place in elements) for all voxels, x fastest.
template <class Body>
void each_voxel(const View& v, const Body& body) {
  std::int64_t i = 0;
  for (std::int64_t z = 0; z < v.shape.nz; ++z)
    for (std::int64_t y = 0; y < v.shape.ny; ++y)
      for (std::int64_t x = 0; x < v.shape.nx; ++x, ++i) body(i, z * v.z + y * v.y + x * v.x);
}

}  // namespace grainspin::capi

// The caller's arrays: checked once, then read and written voxel by voxel.
#pragma once

#include <cstdint>
#include <vector>

#include "capi/model.h"
#include "capi/status.h"
#include "grainspin/array_view.h"

namespace grainspin::capi {

// A checked array.
struct View : ArrayView {
  bool on_gpu = false;  // in the memory of the model's GPU: not to be touched here (device.h)
};

// Error kArgument, kShape or kDevice, naming the array, unless it is one of this shape and of one of the types (a set of
// bits 1 << type), in memory that the model can reach as its `place` says. A written array may not hold two elements in
// one place.
View checked(const LoadedModel& model, const grainspin_array* array, Shape shape, int components, unsigned types,
             bool written, const char* what);

inline constexpr unsigned kReal = 1u << GRAINSPIN_FLOAT | 1u << GRAINSPIN_DOUBLE;

// Arrays of the host. from[voxels, components] into the array, converted to its type.
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

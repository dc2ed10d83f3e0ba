#include "capi/arrays.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace grainspin::capi {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::int64_t bytes_of(std::int32_t type) {
  return type == GRAINSPIN_DOUBLE ? 8 : type == GRAINSPIN_UINT8 ? 1 : 4;
}

const char* name_of(std::int32_t type) {
  constexpr const char* kNames[] = {"float", "double", "int32", "uint8"};
  return type >= 0 && type < 4 ? kNames[type] : "of no known type";
}

// One axis of the array.
struct Axis {
  std::int64_t stride, extent;
};

// Whether every element has a place of its own: sorted by stride, each axis steps over all of the ones before it.
bool apart(std::array<Axis, 4> axes) {
  std::ranges::sort(axes, {}, &Axis::stride);
  std::int64_t reach = 0;  // of the last element so far
  for (const Axis& a : axes) {
    if (a.extent == 1) continue;
    if (a.stride <= reach) return false;
    reach += (a.extent - 1) * a.stride;
  }
  return true;
}

}  // namespace

bool View::dense() const {
  return (components == 1 || c == 1) && (shape.nx == 1 || x == components) &&
         (shape.ny == 1 || y == std::int64_t(components) * shape.nx) &&
         (shape.nz == 1 || z == std::int64_t(components) * shape.nx * shape.ny);
}

View checked(const grainspin_array* array, Shape shape, int components, unsigned types, bool written, const char* what) {
  required(array, what);
  const std::string name = what;
  const auto argument = [&](bool condition, const std::string& text) { require(condition, Errc::kArgument, name + text); };
  argument(array->data, ": its data is NULL");
  argument(array->type >= 0 && array->type < 4 && (types >> array->type & 1) != 0,
           std::string(": its elements are ") + name_of(array->type) + ", wanted " +
               (types == kReal ? "float or double" : types == 1u << GRAINSPIN_INT32 ? "int32" : "uint8"));
  argument(array->reserved == 0, ": `reserved` is not 0");
  argument(array->place == GRAINSPIN_HOST || array->place == GRAINSPIN_CUDA, ": `place` is neither HOST nor CUDA");
  require(array->place == GRAINSPIN_HOST, Errc::kDevice,
          name + ": lies in GPU memory; this version reads and writes arrays of the host");
  argument(reinterpret_cast<std::uintptr_t>(array->data) % std::uintptr_t(bytes_of(array->type)) == 0,
           ": its data is not aligned to its elements");
  const std::int64_t n = shape.voxels(), nx = shape.nx, ny = shape.ny, nz = shape.nz;
  View v{array->data, array->type, 0, 0, 0, 0, components, shape};
  switch (array->layout) {
    case GRAINSPIN_LAYOUT_VOXEL: v.c = 1, v.x = components, v.y = components * nx, v.z = components * nx * ny; break;
    case GRAINSPIN_LAYOUT_COMPONENT: v.x = 1, v.y = nx, v.z = nx * ny, v.c = n; break;
    case GRAINSPIN_LAYOUT_STRIDES:
      v.x = array->stride[0], v.y = array->stride[1], v.z = array->stride[2], v.c = array->stride[3];
      break;
    default: throw Error(Errc::kArgument, name + ": its layout " + std::to_string(array->layout) + " is not known");
  }
  const std::array<Axis, 4> axes{{{v.x, nx}, {v.y, ny}, {v.z, nz}, {v.c, components}}};
  std::int64_t last = 0;
  for (const Axis& a : axes) {
    argument(a.stride > 0 || a.extent == 1, ": a stride is not above 0");
    require(a.extent == 1 || (a.stride <= kMost / a.extent && (a.extent - 1) * a.stride <= kMost / 16 - last),
            Errc::kShape, name + ": a stride is too large");
    if (a.extent > 1) last += (a.extent - 1) * a.stride;
  }
  require(array->count > last, Errc::kShape,
          name + ": has " + std::to_string(array->count) + " elements, the layout of " + std::to_string(nx) + " x " +
              std::to_string(ny) + " x " + std::to_string(nz) + " voxels with " + std::to_string(components) +
              (components == 1 ? " component" : " components") + " needs " + std::to_string(last + 1));
  argument(!written || apart(axes), ": its strides put two elements in one place");
  return v;
}

namespace {

template <class To, class From>
void write_as(const View& to, const From* from) {
  if constexpr (std::is_same_v<To, From>)
    if (to.dense()) {
      std::memcpy(to.data, from, std::size_t(to.shape.voxels() * to.components) * sizeof(From));
      return;
    }
  auto* const data = static_cast<To*>(to.data);
  each_voxel(to, [&](std::int64_t i, std::int64_t at) {
    for (int c = 0; c < to.components; ++c) data[at + c * to.c] = To(from[i * to.components + c]);
  });
}

}  // namespace

void write_fields(const View& to, const float* from) {
  to.type == GRAINSPIN_DOUBLE ? write_as<double>(to, from) : write_as<float>(to, from);
}

void write_bytes(const View& to, const std::uint8_t* from) { write_as<std::uint8_t>(to, from); }

}  // namespace grainspin::capi

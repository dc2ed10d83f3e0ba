#include "capi/arrays.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace grainspin::capi {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

static_assert(int(Element::kFloat) == GRAINSPIN_FLOAT && int(Element::kDouble) == GRAINSPIN_DOUBLE &&
              int(Element::kInt32) == GRAINSPIN_INT32 && int(Element::kUint8) == GRAINSPIN_UINT8);

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

namespace {

// That the array's first and last element lie where its place says.
void check_place(const LoadedModel& model, const std::string& name, const View& v, std::int64_t last) {
  const auto device = [&](bool condition, const std::string& text) { require(condition, Errc::kDevice, name + text); };
  device(!v.on_gpu || model.device == Device::kCuda, ": lies in GPU memory, but the model runs on the CPU");
  if (model.device != Device::kCuda) return;
  device(!v.on_gpu || model.on_device, ": lies in GPU memory, which this engine does not take: " + model.description);
  if (!model.on_device) return;
  const Gpu& gpu = model.on_device->gpu();
  for (const std::int64_t element : {std::int64_t(0), last}) {
    const cuda::Pointer p = gpu->pointer(gpu, static_cast<const char*>(v.data) + element * bytes(v.type));
    const std::string part = element == 0 ? "" : " where it ends";
    if (v.on_gpu) {
      device(p.kind != cuda::Pointer::kHost, ": its `place` is CUDA, but it is memory of the host" + part);
      device(p.kind == cuda::Pointer::kManaged || p.gpu == model.gpu,
             ": is memory of GPU " + std::to_string(p.gpu) + part + ", the model runs on GPU " + std::to_string(model.gpu));
    } else {
      device(p.kind != cuda::Pointer::kDevice, ": its `place` is HOST, but it is memory of a GPU" + part);
    }
  }
}

}  // namespace

View checked(const LoadedModel& model, const grainspin_array* array, Shape shape, int components, unsigned types,
             bool written, const char* what) {
  required(array, what);
  const std::string name = what;
  const auto argument = [&](bool condition, const std::string& text) { require(condition, Errc::kArgument, name + text); };
  argument(array->data, ": its data is NULL");
  argument(array->type >= 0 && array->type < 4 && (types >> array->type & 1) != 0,
           std::string(": its elements are ") + name_of(array->type) + ", wanted " +
               (types == kReal ? "float or double" : types == 1u << GRAINSPIN_INT32 ? "int32" : "uint8"));
  argument(array->reserved == 0, ": `reserved` is not 0");
  argument(array->place == GRAINSPIN_HOST || array->place == GRAINSPIN_CUDA, ": `place` is neither HOST nor CUDA");
  argument(reinterpret_cast<std::uintptr_t>(array->data) % std::uintptr_t(bytes(Element(array->type))) == 0,
           ": its data is not aligned to its elements");
  const std::int64_t n = shape.voxels(), nx = shape.nx, ny = shape.ny, nz = shape.nz;
  View v{{array->data, Element(array->type), 0, 0, 0, 0, components, shape}, array->place == GRAINSPIN_CUDA};
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
  check_place(model, name, v, last);
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
  each_voxel(to, [&](std::int64_t i, std::int64_t at) { write_numbers<To>(to, at, from + i * to.components); });
}

}  // namespace

void write_fields(const View& to, const float* from) {
  to.type == Element::kDouble ? write_as<double>(to, from) : write_as<float>(to, from);
}

void write_bytes(const View& to, const std::uint8_t* from) { write_as<std::uint8_t>(to, from); }

}  // namespace grainspin::capi

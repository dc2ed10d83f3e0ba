#include "capi/device.h"

#include "backend.h"
#include "capi/orientations.h"

namespace grainspin::capi {
namespace {

constexpr int kFloat = sizeof(float);

// A dense array of floats is copied as it is.
bool plain(const View& v) { return v.type == Element::kFloat && v.dense(); }

}  // namespace

CurrentGpu::CurrentGpu(const LoadedModel& model)
    : CurrentGpu(model.on_device ? &model.on_device->gpu().table() : nullptr, model.gpu) {}

DevicePart::~DevicePart() {
  const std::lock_guard lock(model->on_device->busy());
  start = {};
  mask = {};
}

void DevicePart::forget_start() {
  const std::lock_guard lock(model->on_device->busy());
  start = {};
}

DeviceWork::DeviceWork(const LoadedModel& model, Stream stream)
    : lock_(model.on_device->busy()), gpu_(model.on_device->gpu()), stream_(stream) {
  gpu_->wait_for(gpu_, stream);
}

void DeviceWork::take(const View& from, const OrientationForm& form, const std::uint8_t* mask, bool masked_too,
                      const DeviceField& to) {
  const cuda::TakeOrientations step{from, form, mask, masked_too, to.data, to.box};
  const std::int64_t bad = gpu_->first_unsound(gpu_, step);
  if (bad >= 0) {  // its numbers, for the text
    View one = from;
    one.shape = {1, 1, 1};
    one.c = 1;
    double numbers[kMostNumbers];
    one.data = numbers;
    const int each = bytes(from.type);
    for (int c = 0; c < from.components; ++c)
      gpu_->copy(gpu_, reinterpret_cast<char*>(numbers) + c * each,
                 static_cast<const char*>(from.data) + (from.place(bad) + c * from.c) * each, each);
    gpu_->synchronise(gpu_);
    double v[kMostNumbers];
    from.type == Element::kDouble ? read_numbers<double>(one, 0, v) : read_numbers<float>(one, 0, v);
    float q[4];
    no_rotation(from.shape, bad, orientation_of(form, v, from.components, true, q));
  }
  gpu_->take_orientations(gpu_, step);
}

void DeviceWork::give(const View& to, const OrientationForm& form, const DeviceField& from) {
  if (form.representation == Representation::kQuaternionWxyz && !form.inverse) return give(to, from);
  gpu_->give_orientations(gpu_, {to, form, from.data, from.box});
}

void DeviceWork::give(const View& to, const DeviceField& from) {
  if (plain(to)) gpu_->copy_box(gpu_, to.data, from.data, from.box, to.components * kFloat);
  else gpu_->give_field(gpu_, {to, from.data, from.box});
}

template <class T>
std::vector<T> DeviceWork::marks(const View& from) {
  const std::int64_t n = from.shape.voxels();
  std::vector<T> host(static_cast<std::size_t>(n));
  const DeviceBuffer<T> dense(gpu_, n);
  gpu_->move_marks(gpu_, {from, dense.get(), false});
  gpu_->copy(gpu_, host.data(), dense.get(), n * std::int64_t(sizeof(T)));
  gpu_->synchronise(gpu_);
  return host;
}
template std::vector<std::uint8_t> DeviceWork::marks(const View&);
template std::vector<std::int32_t> DeviceWork::marks(const View&);

void DeviceWork::give(const View& to, const std::vector<std::uint8_t>& from) {
  const DeviceBuffer<std::uint8_t> dense = on_device(gpu_, from.data(), std::int64_t(from.size()));
  gpu_->move_marks(gpu_, {to, dense.get(), true});
  gpu_->synchronise(gpu_);  // `dense` ends here
}

const std::uint8_t* DeviceWork::mask(DevicePart& part, const std::uint8_t* host, std::int64_t voxels) {
  if (host && !part.mask.get()) part.mask = on_device(gpu_, host, voxels);
  return part.mask.get();
}

}  // namespace grainspin::capi

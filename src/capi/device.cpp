#include "capi/device.h"

#include "backend.h"
#include "capi/orientations.h"
#include "engine_cuda_results.h"  // verdicts_of

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
  carried = {};
  mask = {}, verdict = {}, error = {};
  phase = {};
  sums = {};
}

std::byte* DevicePart::room_for_accepted(std::int64_t bytes) {
  const std::lock_guard lock(model->on_device->busy());
  const Gpu& gpu = model->on_device->gpu();
  start = {};
  if (carried.get()) return carried.get();  // a state always carries the same number of bytes
  const cuda::DeviceInfo info = gpu->info(gpu);
  if (info.free_bytes - bytes >= info.bytes / 4) carried = {gpu, bytes};
  return carried.get();
}

DeviceWork::DeviceWork(const LoadedModel& model)
    : model_(model), lock_(model.on_device->busy()), gpu_(model.on_device->gpu()), stream_(nullptr) {}

DeviceWork::DeviceWork(const LoadedModel& model, Stream stream) : DeviceWork(model) {
  stream_ = stream;
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

void DeviceWork::give(const View& to, const DevicePart& part) {
  gpu_->move_marks(gpu_, {to, part.verdict.get(), true});
}

const std::uint8_t* DeviceWork::mask(DevicePart& part, const std::uint8_t* host, std::int64_t voxels) {
  if (host && !part.mask.get()) part.mask = on_device(gpu_, host, voxels);
  return part.mask.get();
}

const std::int32_t* DeviceWork::phase(DevicePart& part, const std::int32_t* host, std::int64_t voxels) {
  if (host && !part.phase.get()) part.phase = on_device(gpu_, host, voxels);
  return part.phase.get();
}

void DeviceWork::place(DevicePart& part, const std::vector<std::uint8_t>& verdicts) {
  const auto n = std::int64_t(verdicts.size());
  if (!part.verdict.get()) part.verdict = {gpu_, n};
  gpu_->copy(gpu_, part.verdict.get(), verdicts.data(), n);
  gpu_->synchronise(gpu_);
}

DeviceField DeviceWork::place(DevicePart& part, Shape shape, const std::vector<float>& error) {
  if (!part.error.get()) part.error = {gpu_, shape.voxels()};
  gpu_->copy(gpu_, part.error.get(), error.data(), shape.voxels() * kFloat);
  gpu_->synchronise(gpu_);
  return {part.error.get(), {shape, {}, shape}};
}

VoxelVerdicts DeviceWork::judge(DevicePart& part, const DeviceField& q, const DeviceField& increment,
                                const std::int32_t* phase, const std::uint8_t* mask) {
  const std::int64_t n = q.box.size.voxels();
  if (!part.verdict.get()) part.verdict = {gpu_, n};
  if (!part.sums.get()) part.sums = {gpu_, 1};
  gpu_->zero(gpu_, part.sums.get(), sizeof(cuda::VoxelSums));
  for (int p = 0; p < (phase ? model_.phases() : 1); ++p)
    gpu_->judge_voxels(gpu_, {n, q.box, q.data, increment.data, phase, p, mask, model_.judge.limits(std::size_t(p)),
                              part.verdict.get(), part.sums.get()});
  cuda::VoxelSums sums{};
  gpu_->copy(gpu_, &sums, part.sums.get(), sizeof sums);
  gpu_->synchronise(gpu_);
  return verdicts_of(sums);
}

std::vector<std::uint8_t> DeviceWork::verdicts(const DevicePart& part, std::int64_t voxels) {
  std::vector<std::uint8_t> host(static_cast<std::size_t>(voxels));
  gpu_->copy(gpu_, host.data(), part.verdict.get(), voxels);
  gpu_->synchronise(gpu_);
  return host;
}

}  // namespace grainspin::capi

// What runs on a GPU, for callers whose own arrays lie in that GPU's memory: fields without a way over the host.
#pragma once

#include <array>
#include <mutex>

#include "device_memory.h"
#include "grainspin/rollout.h"

namespace grainspin {

// An engine on a GPU.
class OnDevice {
 public:
  virtual ~OnDevice() = default;
  virtual const Gpu& gpu() const = 0;
  virtual std::mutex& busy() const = 0;  // held by whoever launches or allocates: there is one stream
};

// [box.outer, components] in its memory; the box is the grid.
struct DeviceField {
  float* data = nullptr;
  cuda::SubBox box;
};

// Its rollouts. Both with the engine's lock held.
class DeviceRollout : public Rollout {
 public:
  // As field(), null where that is null.
  virtual DeviceField device_field(Field field) const = 0;
  // Orientations were written to device_field(kOrientation), on the engine's stream: as set_orientation() does.
  virtual void orientation_placed() = 0;
};

// Copies of its fields on the host, each made when it is asked for first.
class HostCopies {
 public:
  HostCopies(const Gpu& gpu, std::int64_t voxels) : gpu_(gpu), voxels_(voxels) {}
  void forget() { there_ = {}; }
  void release() { forget(), copies_ = {}; }
  // With the engine's lock held; waits for the GPU.
  const float* get(Field field, const DeviceField& from) {
    const auto f = std::size_t(field);
    if (!from.data) return nullptr;
    if (there_[f]) return copies_[f].get();
    if (!copies_[f].get()) copies_[f] = {gpu_, voxels_ * components(field)};
    gpu_->copy_box(gpu_, copies_[f].get(), from.data, from.box, components(field) * int(sizeof(float)));
    gpu_->synchronise(gpu_);
    there_[f] = true;
    return copies_[f].get();
  }

 private:
  const Gpu& gpu_;
  std::int64_t voxels_;
  std::array<PinnedBuffer<float>, 4> copies_;
  std::array<bool, 4> there_{};
};

}  // namespace grainspin

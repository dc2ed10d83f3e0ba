// Arrays in the memory of the model's GPU: read and written there, in the order of the caller's stream.
#pragma once

#include <memory>
#include <mutex>

#include "capi/arrays.h"
#include "grainspin/representation.h"

namespace grainspin::capi {

// The model's GPU is the calling thread's current one while this lives; then the one that was before. A model on the CPU
// changes nothing.
class CurrentGpu {
 public:
  explicit CurrentGpu(const LoadedModel& model);
  CurrentGpu(const cuda::Table* table, int gpu) : table_(table), before_(table ? table->use(gpu) : 0) {}
  ~CurrentGpu() {
    if (table_) table_->use(before_);
  }
  CurrentGpu(const CurrentGpu&) = delete;
  CurrentGpu& operator=(const CurrentGpu&) = delete;

 private:
  const cuda::Table* table_;
  int before_;
};

// What a state of a model on a GPU keeps there beside its rollout.
struct DevicePart {
  explicit DevicePart(std::shared_ptr<const LoadedModel> m) : model(std::move(m)) {}
  ~DevicePart();
  // Room for what an accepted step carries, of this size from now on; the undeformed grid is not kept any more. Null where
  // a quarter of the GPU's memory would not stay free: it goes to the host then.
  std::byte* room_for_accepted(std::int64_t bytes);
  std::shared_ptr<const LoadedModel> model;
  DeviceBuffer<float> start;        // [voxels, 4] the undeformed grid; none of a restored state
  DeviceBuffer<std::byte> carried;  // what the accepted step carries, where it is kept here
  // [voxels], once they are asked for:
  DeviceBuffer<std::uint8_t> mask;
  DeviceBuffer<std::int32_t> phase;
  DeviceBuffer<std::uint8_t> verdict;
  DeviceBuffer<float> error;
  DeviceBuffer<cuda::VoxelSums> sums;  // [1]
};

// One call's work on arrays of its caller. The engine is this thread's meanwhile; what is launched comes after what the
// stream was given before.
class DeviceWork {
 public:
  DeviceWork(const LoadedModel& model, Stream stream);
  explicit DeviceWork(const LoadedModel& model);  // no array of the caller's is touched
  // What the stream is given from now on comes after what was launched here.
  void done() { gpu_->let_wait(gpu_, stream_); }

  // As read_orientations() and write_orientations() (orientations.h), to and from a field of the GPU; mask on the GPU.
  void take(const View& from, const OrientationForm& form, const std::uint8_t* mask, bool masked_too,
            const DeviceField& to);
  void give(const View& to, const OrientationForm& form, const DeviceField& from);
  void give(const View& to, const DeviceField& from);
  // Marks of voxels, copied to the host.
  template <class T>
  std::vector<T> marks(const View& from);
  void give(const View& to, const DevicePart& part);  // verdicts
  // host[voxels] as it lies on the GPU; null where it is null.
  const std::uint8_t* mask(DevicePart& part, const std::uint8_t* host, std::int64_t voxels);
  const std::int32_t* phase(DevicePart& part, const std::int32_t* host, std::int64_t voxels);
  // Verdicts, estimated errors of the host into the part; read when it returns.
  void place(DevicePart& part, const std::vector<std::uint8_t>& verdicts);
  DeviceField place(DevicePart& part, Shape shape, const std::vector<float>& error);
  // As DomainJudge::voxels() of [voxels] there; increment: data null for none. Verdicts into the part.
  VoxelVerdicts judge(DevicePart& part, const DeviceField& q, const DeviceField& increment, const std::int32_t* phase,
                      const std::uint8_t* mask);
  std::vector<std::uint8_t> verdicts(const DevicePart& part, std::int64_t voxels);

 private:
  const LoadedModel& model_;
  std::unique_lock<std::mutex> lock_;
  const Gpu& gpu_;
  Stream stream_;
};

}  // namespace grainspin::capi

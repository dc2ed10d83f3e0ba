// What of a local model's step goes to the host, and as what: fields, packed orientations, verdicts. Steps have places in pinned
// memory; packing and judging are launches before the copy.
#pragma once

#include <cstdint>
#include <vector>

#include "device_memory.h"
#include "grainspin/domain.h"
#include "grainspin/surrogate.h"

namespace grainspin {

// One step's fields on the GPU.
struct CudaFields {
  const float *orientation, *increment, *stress, *log_variance;
};

// Whether kernels judge as DomainJudge::grid() does: how grains stand to the load and what surrounds them is left to the CPU.
bool kernels_judge(const DomainJudge& judge);
// Counts as the CPU's judge gives them.
VoxelVerdicts verdicts_of(const cuda::VoxelSums& sums);

class CudaResults {
 public:
  // mask[region.shape] on the host, or null.
  CudaResults(const Gpu& gpu, const LocalSpec& spec, const Region& region, const std::uint8_t* mask, int places);
  static std::int64_t pinned_bytes(const LocalSpec& spec, const Region& region);  // of a place
  static std::int64_t device_bytes(const Region& region, bool masked);

  // Of a step whose fields have `box` as the region's inner part.
  void copy(int place, const cuda::SubBox& box, const CudaFields& from) const;
  // Once the GPU is done with it; valid until the next call for another step and until the place is copied to again.
  StepOutput output(int place, int step) const;

 private:
  template <class T>
  T* at(const PinnedBuffer<T>& buffer, int place, std::int64_t each) const {
    return buffer.get() ? buffer.get() + place * n_ * each : nullptr;
  }

  const Gpu& gpu_;
  std::int64_t n_;  // voxels of the inner part
  Packing packing_;
  const DomainJudge* judge_;  // null: not here
  PinnedBuffer<float> orientation_, increment_, stress_, log_variance_;
  PinnedBuffer<std::uint8_t> packed_, verdict_;
  PinnedBuffer<cuda::VoxelSums> sums_;
  // On the GPU: of the step that is being copied. 64 bits for packed orientations of any kind.
  DeviceBuffer<std::uint64_t> packing_room_;
  DeviceBuffer<std::uint8_t> judging_room_, mask_;
  DeviceBuffer<cuda::VoxelSums> summing_room_;
  mutable VoxelVerdicts verdicts_;
};

}  // namespace grainspin

// The open loop of the local family (`initial`, `own`) on a GPU in bf16, all steps in one kernel (cuda/fused_launchers.h).
#pragma once

#include <cstdint>
#include <memory>

#include "device_memory.h"
#include "grainspin/input.h"
#include "grainspin/model.h"

namespace grainspin {

class FusedOpenLoop {
 public:
  // Null where the model or the GPU is not made for it: feedback `neighbours`, two layers, a hidden size other than 32, 64, 96
  // and 128, a GPU without products of bf16 or with too little shared memory.
  static std::unique_ptr<FusedOpenLoop> make(const Gpu& gpu, const Model& model);

  // Device memory and rows of one batch: patches and their projection.
  std::int64_t batch_bytes() const;
  struct Results {
    float *orientation, *increment, *stress, *log_variance;  // [T, inside, numbers]
  };
  // Of the voxels of a box, through all steps: e[hood.shape, C] embedded initial orientations, q[inside, 4] where the paths
  // start, given[T, inside, 4] or null, all on the GPU. Asynchronous; the batch's memory must live until it is done.
  void run(const Neighbourhood& hood, const cuda::SubBox& box, const float* e, const float* q, const float* given, const std::uint8_t* mask,
           const Results& results, const DeviceBuffer<std::uint16_t>& batch) const;
  DeviceBuffer<std::uint16_t> batch() const { return {gpu_, batch_bytes() / 2}; }

 private:
  FusedOpenLoop(const Gpu& gpu, const Model& model);
  int width() const { return (taps_ * channels_ + 7) / 8 * 8; }  // of a row of patches: what tensor cores take

  const Gpu& gpu_;
  int taps_, channels_, steps_;
  cuda::FusedRun run_{};  // all that does not change from batch to batch
  DeviceBuffer<std::uint16_t> projection_, recurrent_, own_, head_;
  DeviceBuffer<float> bias_;
};

}  // namespace grainspin

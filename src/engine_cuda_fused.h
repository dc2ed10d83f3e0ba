// The local family on a GPU by fused kernels (cuda/fused_launchers.h): `initial` and `own` with one layer all steps in one kernel; else, in
// bf16 alone, one kernel a step, state in device memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "device_memory.h"
#include "grainspin/input.h"
#include "grainspin/model.h"
#include "grainspin/surrogate.h"

namespace grainspin {

class CudaFused {
 public:
  // Null where the model or the GPU is not made for it: a hidden size other than 32, 64, 96 and 128, a GPU without products of
  // bf16 or with too little shared memory for the cube.
  // kStrict: fp32, `initial` and `own` with one layer alone.
  static std::unique_ptr<CudaFused> make(const Gpu& gpu, const Model& model, Precision precision);
  bool strict() const { return strict_; }
  bool grouped() const { return model_.grouped; }  // steps by wgmma

  // All steps of a box at once. q0[hood.shape, 4]; given[T, inside, 4] or null; slot[T] where step t's results go, below 0: nowhere; all
  // on the GPU. scratch: scratch_bytes(box.size). Asynchronous. `initial` and `own` alone.
  void run(const Neighbourhood& hood, const cuda::SubBox& box, const float* q0, const float* given, const int* slot, const std::vector<int>& slots,
           const cuda::FusedResults& results, std::byte* scratch) const;
  std::int64_t scratch_bytes(Shape box) const;

  // One step of a box, which by `neighbours` is all of hood.shape: state state_bytes(box.size), not read where `fresh`; projected:
  // of project(), null by `neighbours`; q[inside, 4], by `neighbours` not results.orientation. Asynchronous.
  void step(const Neighbourhood& hood, const cuda::SubBox& box, const void* projected, void* state, bool fresh, const float* q,
            const cuda::FusedResults& results) const;
  std::int64_t state_bytes(Shape box) const;
  // `initial`, `own`: what the neighbours give a box's voxels, once.
  void project(const Neighbourhood& hood, const cuda::SubBox& box, const float* q0, void* projected) const;
  std::int64_t projected_bytes(Shape box) const;

 private:
  CudaFused(const Gpu& gpu, const Model& model, Precision precision);
  void pack_bf16(const Model& model);
  void pack_strict(const Model& model);
  bool on_chip() const { return run_warps_ > 0; }
  std::int64_t blocks(Shape box) const {
    return (strict_ ? cuda::strict_lattice(run_warps_, box) : cuda::lattice(model_.hidden, step_warps_, box)).blocks();
  }
  int at_once(Shape box) const { return int(std::min<std::int64_t>(blocks(box), strict_blocks_)); }
  cuda::StrictRun strict(const Neighbourhood& hood, const cuda::SubBox& box) const;
  int batch(Shape box) const;  // blocks of the lattice that two layers take through all steps at a time
  void project(const Neighbourhood& hood, const cuda::SubBox& box, std::int64_t first, int blocks, const float* q0, void* projected) const;
  void step(const Neighbourhood& hood, const cuda::SubBox& box, std::int64_t first, int blocks, const void* projected, void* state, bool fresh,
            const float* q, const cuda::FusedResults& results) const;

  const Gpu& gpu_;
  const bool strict_;
  int steps_, run_warps_ = 0, step_warps_ = 0, strict_blocks_ = 0;
  cuda::FusedModel model_{};
  DeviceBuffer<std::byte> projection_, layer_[cuda::kMostLayers], head_;
  DeviceBuffer<float> bias_;
};

}  // namespace grainspin

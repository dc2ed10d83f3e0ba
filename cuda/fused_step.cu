// One step of the local family in one kernel (fused_step.h).
#include "cuda/fused_device.h"

namespace grainspin::cuda {
namespace {

extern __shared__ uint4 memory[];

template <int H, bool kLstm, bool kResident, bool kGrouped = false>
__global__ void __launch_bounds__(kMostWarps * 32) step_kernel(const __grid_constant__ FusedStep s) {
  fused_step<H, kLstm, kResident, kGrouped>(s, GpuWarp(), int(blockIdx.x), int(gridDim.x), reinterpret_cast<char*>(memory));
}

using Kernel = void (*)(FusedStep);
// Hidden 96 and 128 never fit whole.
template <int H>
Kernel kernel_of(Cell cell, bool resident) {
  if constexpr (H <= 64)
    if (resident) return cell == Cell::kLstm ? step_kernel<H, true, true> : step_kernel<H, false, true>;
  return cell == Cell::kLstm ? step_kernel<H, true, false> : step_kernel<H, false, false>;
}
Kernel kernel_of(Cell cell, int hidden, bool resident) {
  switch (hidden) {
    case 32: return kernel_of<32>(cell, resident);
    case 64: return kernel_of<64>(cell, resident);
    case 96: return kernel_of<96>(cell, resident);
    case 128: return kernel_of<128>(cell, resident);
    default: return nullptr;
  }
}

__global__ void wgmma_kernel(int* there) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  *there = 1;
#else
  *there = 0;
#endif
}

// The same with wgmma.
Kernel grouped_kernel_of(Cell cell, int hidden) {
  if (hidden == 32) return cell == Cell::kLstm ? step_kernel<32, true, true, true> : step_kernel<32, false, true, true>;
  return cell == Cell::kLstm ? step_kernel<64, true, true, true> : step_kernel<64, false, true, true>;
}

}  // namespace

bool can_group(Context* context, const FusedModel& m) {
  const int warps = step_warps(context, m);
  if (!can_be_grouped(m) || warps == 0 || warps % 4 != 0 || StepMemory(m, warps, true).bytes > shared_bytes(context)) return false;
  // wgmma is of one architecture, and of code that was made for it.
  auto* const there = static_cast<int*>(context->workspace);  // cuBLAS' work area is free between its products, which are of the same stream
  wgmma_kernel<<<1, 1, 0, context->stream>>>(there);
  int found = 0;
  GRAINSPIN_CUDA(cudaMemcpyAsync(&found, there, sizeof found, cudaMemcpyDefault, context->stream));
  GRAINSPIN_CUDA(cudaStreamSynchronize(context->stream));
  return found != 0;
}

int step_warps(Context* context, const FusedModel& m) {
  if (!kernel_of(m.cell, m.hidden, false) || !has_bf16(context)) return 0;
  const int projecting = m.feedback == Feedback::kNeighbours ? kMostWarps : most_warps(context, [&](int warps) { return RunMemory(m, warps, false, true).bytes; });
  return std::min(projecting, most_warps(context, [&](int warps) { return StepMemory(m, warps, false).bytes; }));
}

void step(Context* context, const FusedStep& s) {
  if (s.blocks == 0) return;
  if (s.model.grouped)
    return launch_persistent(context, grouped_kernel_of(s.model.cell, s.model.hidden), s.warps, StepMemory(s.model, s.warps, true).bytes, s.blocks, s);
  const bool resident = s.model.hidden <= 64 && StepMemory(s.model, s.warps, true).bytes <= shared_bytes(context);
  launch_persistent(context, kernel_of(s.model.cell, s.model.hidden, resident), s.warps, StepMemory(s.model, s.warps, resident).bytes, s.blocks, s);
}

}  // namespace grainspin::cuda

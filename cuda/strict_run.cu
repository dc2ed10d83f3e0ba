// The open loop in fp32 in one kernel (strict_run.h).
#include "cuda/strict_run.h"

#include "cuda/fused_device.h"

namespace grainspin::cuda {
namespace {

extern __shared__ uint4 memory[];

template <int H, bool kLstm>
__global__ void __launch_bounds__(kMostWarps * 32) strict_kernel(const __grid_constant__ StrictRun s) {
  strict_run<H, kLstm>(s, GpuWarp(), int(blockIdx.x), int(gridDim.x), reinterpret_cast<char*>(memory));
}

using Kernel = void (*)(StrictRun);
template <int H>
Kernel kernel_of(Cell cell) {
  return cell == Cell::kLstm ? strict_kernel<H, true> : strict_kernel<H, false>;
}
Kernel kernel_of(const FusedModel& m) {
  switch (m.hidden) {
    case 32: return kernel_of<32>(m.cell);
    case 64: return kernel_of<64>(m.cell);
    case 96: return kernel_of<96>(m.cell);
    case 128: return kernel_of<128>(m.cell);
    default: return nullptr;
  }
}

}  // namespace

int strict_warps(Context* context, const FusedModel& m) {
  if (m.layers > 1 || m.feedback == Feedback::kNeighbours || !kernel_of(m) || !has_bf16(context)) return 0;  // cp.async, too, is of sm_80
  return most_warps(context, [&](int warps) { return StrictMemory(m, warps).bytes; });
}

int strict_blocks(Context* context, const FusedModel& m) {
  const int warps = strict_warps(context, m);
  return blocks_at_once(context, kernel_of(m), warps, StrictMemory(m, warps).bytes);
}

void strict_run(Context* context, const StrictRun& s) {
  if (s.blocks > 0) launch_persistent(context, kernel_of(s.model), s.warps, StrictMemory(s.model, s.warps).bytes, s.blocks, s);
}

}  // namespace grainspin::cuda

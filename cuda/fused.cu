// The open loop in one kernel (fused_run.h), and its projection alone.
#include "cuda/fused_device.h"

namespace grainspin::cuda {
namespace {

extern __shared__ uint4 memory[];

template <int H, bool kLstm, bool kResident>
__global__ void __launch_bounds__(kMostWarps * 32) run_kernel(const __grid_constant__ FusedRun s) {
  fused_run<H, kLstm, kResident>(s, GpuWarp(), int(blockIdx.x), int(gridDim.x), reinterpret_cast<char*>(memory));
}
template <int H, bool kLstm>
__global__ void __launch_bounds__(kMostWarps * 32) project_kernel(const __grid_constant__ FusedRun s) {
  fused_project<H, kLstm>(s, GpuWarp(), int(blockIdx.x), int(gridDim.x), reinterpret_cast<char*>(memory));
}

using Kernel = void (*)(FusedRun);
struct Kernels {
  Kernel resident, streamed, project;  // resident: null where the projected input of eight warps leaves no room for the weights
};
template <int H>
Kernels kernels_of(Cell cell) {
  const bool lstm = cell == Cell::kLstm;
  Kernels k{nullptr, lstm ? run_kernel<H, true, false> : run_kernel<H, false, false>, lstm ? project_kernel<H, true> : project_kernel<H, false>};
  if constexpr (H <= 64) k.resident = lstm ? run_kernel<H, true, true> : run_kernel<H, false, true>;
  return k;
}
Kernels kernels_of(Cell cell, int hidden) {
  switch (hidden) {
    case 32: return kernels_of<32>(cell);
    case 64: return kernels_of<64>(cell);
    case 96: return kernels_of<96>(cell);
    case 128: return kernels_of<128>(cell);
    default: return {};
  }
}

}  // namespace

int run_warps(Context* context, const FusedModel& m) {
  if (m.layers > 1 || m.feedback == Feedback::kNeighbours || !kernels_of(m.cell, m.hidden).streamed || !has_bf16(context)) return 0;
  return most_warps(context, [&](int warps) { return RunMemory(m, warps, false).bytes; });
}

void run(Context* context, const FusedRun& s) {
  if (s.blocks == 0) return;
  const Kernels kernels = kernels_of(s.model.cell, s.model.hidden);
  if (s.projected) {
    launch_persistent(context, kernels.project, s.warps, RunMemory(s.model, s.warps, false, true).bytes, s.blocks, s);
  } else if (s.steps > 0) {
    const bool resident = kernels.resident && RunMemory(s.model, s.warps, true).bytes <= shared_bytes(context);
    launch_persistent(context, resident ? kernels.resident : kernels.streamed, s.warps, RunMemory(s.model, s.warps, resident).bytes, s.blocks, s);
  }
}

}  // namespace grainspin::cuda

// All of the nonlocal cell between two transforms in one kernel: a block of threads a tile (nonlocal_tile_elements.h).
#include <algorithm>
#include <cstring>

#include "cuda/nonlocal_tile_elements.h"
#include "cuda/runtime.h"
#include "cuda/tile_team.h"

namespace grainspin::cuda {
namespace {

// Two blocks a processor where shared memory has room for two: at most 168 registers a thread. Where the rows are is known when
// this is compiled, so that they are read as what they are, not by generic addresses.
template <int kN, bool kHalf, bool kShared>
__global__ void __launch_bounds__(kTileThreads, 2) sweep_kernel(const __grid_constant__ SweepStep s,
                                                            const __grid_constant__ CellBasis<kN> basis) {
  extern __shared__ float4 shared[];
  float* scratch = reinterpret_cast<float*>(shared);
  if constexpr (!kShared) scratch = s.scratch + std::int64_t(blockIdx.x) * TileRows(s.shape).count * kTile;
  for (std::int64_t tile = blockIdx.x; tile < s.tiles.count(); tile += gridDim.x)
    TileSweep<kN, kHalf, GpuTeam>(s, basis, GpuTeam{}, tile, scratch).run();
}

template <int kN, bool kHalf, bool kShared>
void sweep(Context* context, const SweepStep& s, const CellBasis<kN>& basis) {
  const auto kernel = sweep_kernel<kN, kHalf, kShared>;
  const std::size_t bytes = kShared ? std::size_t(TileRows(s.shape).count) * kTile * sizeof(float) : 0;
  GRAINSPIN_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)));
  const std::int64_t most = kShared ? std::int64_t(1) << 30 : s.blocks;
  kernel<<<unsigned(std::min(s.tiles.count(), most)), kTileThreads, bytes, context->stream>>>(s, basis);
  GRAINSPIN_CUDA(cudaGetLastError());
}

template <int kN>
void sweep(Context* context, const SweepStep& s, const CellBasis<kN>& basis) {
  if (s.scratch) s.half ? sweep<kN, true, false>(context, s, basis) : sweep<kN, false, false>(context, s, basis);
  else s.half ? sweep<kN, true, true>(context, s, basis) : sweep<kN, false, true>(context, s, basis);
}

}  // namespace

SweepRoom sweep_room(Context* context) {
  int bytes = 0, processors = 0;
  GRAINSPIN_CUDA(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, context->gpu));
  GRAINSPIN_CUDA(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, context->gpu));
  return {bytes, 2 * processors};
}

void sweep_step(Context* context, const SweepStep& s) {
  if (s.tiles.n == 0) return;
  if (s.shape.systems == 12) {  // FCC, and BCC with one family: coefficients by value, in the constant bank
    CellBasis<12> basis;
    std::memcpy(basis.numbers, s.basis_on_host, sizeof basis.numbers);
    sweep(context, s, basis);
  } else {
    sweep(context, s, CellBasis<0>{s.basis});
  }
}

}  // namespace grainspin::cuda

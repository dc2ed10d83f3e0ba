// The variance head of the nonlocal family: a block of threads a tile (variance_elements.h).
#include <algorithm>

#include "cuda/runtime.h"
#include "cuda/tile_team.h"
#include "cuda/variance_elements.h"

namespace grainspin::cuda {
namespace {

template <bool kHalf>
__global__ void __launch_bounds__(kTileThreads) variance_kernel(const __grid_constant__ VarianceStep s) {
  extern __shared__ float rows[];
  for (std::int64_t tile = blockIdx.x; tile < s.tiles.count(); tile += gridDim.x)
    TileVariance<kHalf, GpuTeam>(s, GpuTeam{}, tile, rows).run();
}

}  // namespace

void variance_step(Context* context, const VarianceStep& s) {
  if (s.tiles.n == 0) return;
  const auto kernel = s.half ? variance_kernel<true> : variance_kernel<false>;
  const std::size_t bytes = std::size_t(s.rows()) * kTile * sizeof(float);  // at most 14 kB: 64 channels, 16 of memory
  kernel<<<unsigned(std::min<std::int64_t>(s.tiles.count(), 1 << 30)), kTileThreads, bytes, context->stream>>>(s);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

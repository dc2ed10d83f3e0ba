// The open loop in one kernel: projected neighbours in bf16 by cuBLAS, then all steps on chip (fused_elements.h).
#include <algorithm>
#include <string>

#include "cuda/fused_elements.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {
namespace {

struct GpuWarp {
  int at;
  __device__ int lane() const { return at; }
  __device__ float shuffle(float v, int from) const { return __shfl_sync(0xffffffffu, v, from); }
  __device__ std::uint32_t pack(float low, float high) const {
    std::uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
  }
  // One special-function operation, error below 2^-10.9 of the value (PTX ISA): less than what bf16 rounds away.
  __device__ float tanh(float x) const {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
  }
  __device__ float half_sigmoid(float half) const { return fmaf(tanh(half), 0.5f, 0.5f); }
  __device__ void mma(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t* b) const {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

// Bytes of shared memory: weights once a block, the projected input of its rows once a warp.
struct FusedMemory {
  int recurrent, own, head, bias, warp;
  GRAINSPIN_HD FusedMemory(int hidden, int own_blocks, int tiles)
      : recurrent(hidden * kSums * hidden * 2), own(own_blocks * 16 * kSums * hidden * 2), head(kMostHeads * hidden * 2),
        bias(kSums * hidden * 4), warp(2 * tiles * hidden / 8 * 32 * int(sizeof(Four))) {}
  GRAINSPIN_HD int fixed() const { return recurrent + own + head + bias; }
};

constexpr int kMostWarps = 8;

// Two tiles of sixteen rows a warp halve the reading of weights; from hidden 96 on their registers would spill.
GRAINSPIN_HD constexpr int tiles_of(int hidden) { return hidden <= 64 ? 2 : 1; }

// What binds: at hidden 64 the special functions (5 a unit of an LSTM, 3 of a GRU; 16 a clock and SM), beside them shared memory:
// a warp reads all weights for its 32 rows in every step.
template <int H, bool kLstm, bool kOwn>
__global__ void __launch_bounds__(kMostWarps * 32) fused_kernel(FusedRun s, SubBox box) {
  constexpr int kTiles = tiles_of(H);
  extern __shared__ uint4 memory[];
  const FusedMemory size(H, s.own, kTiles);
  char* const base = reinterpret_cast<char*>(memory);
  const auto stage = [&](int at, const void* from, int bytes) {
    const uint4* source = static_cast<const uint4*>(from);
    for (int i = int(threadIdx.x); i < bytes / 16; i += int(blockDim.x)) reinterpret_cast<uint4*>(base + at)[i] = source[i];
  };
  const int own_at = size.recurrent, head_at = own_at + size.own, bias_at = head_at + size.head;
  stage(0, s.recurrent, size.recurrent);
  if (size.own) stage(own_at, s.own_weight, size.own);
  stage(head_at, s.head, size.head);
  stage(bias_at, s.bias, size.bias);
  __syncthreads();
  const FusedWeights w{reinterpret_cast<const Four*>(base), reinterpret_cast<const Four*>(base + own_at),
                       reinterpret_cast<const std::uint32_t(*)[2]>(base + head_at), reinterpret_cast<const float*>(base + bias_at)};
  const int warp = int(threadIdx.x) / 32, warps = int(blockDim.x) / 32;
  Four* const rows = reinterpret_cast<Four*>(base + size.fixed() + warp * size.warp);
  const GpuWarp lanes{int(threadIdx.x) % 32};
  for (int row = (int(blockIdx.x) * warps + warp) * 16 * kTiles; row < s.n; row += int(gridDim.x) * warps * 16 * kTiles)
    fused_rows<H, kLstm, kTiles, kOwn>(s, box, w, lanes, row, rows);
}

using Kernel = void (*)(FusedRun, SubBox);

template <int H>
Kernel kernel_of(Cell cell, bool own) {
  if (cell == Cell::kLstm) return own ? fused_kernel<H, true, true> : fused_kernel<H, true, false>;
  return own ? fused_kernel<H, false, true> : fused_kernel<H, false, false>;
}
Kernel kernel_of(Cell cell, int hidden, bool own) {
  switch (hidden) {
    case 32: return kernel_of<32>(cell, own);
    case 64: return kernel_of<64>(cell, own);
    case 96: return kernel_of<96>(cell, own);
    case 128: return kernel_of<128>(cell, own);
    default: return nullptr;
  }
}

int attribute(Context* context, cudaDeviceAttr what) {
  int value = 0;
  GRAINSPIN_CUDA(cudaDeviceGetAttribute(&value, what, context->gpu));
  return value;
}

// Warps of a block, 0 where two do not fit.
int warps_of(Context* context, int hidden, int own) {
  const FusedMemory size(hidden, own, tiles_of(hidden));
  const int warps = (attribute(context, cudaDevAttrMaxSharedMemoryPerBlockOptin) - size.fixed()) / size.warp;
  return warps < 2 ? 0 : std::min(warps, kMostWarps);
}

// patches16[row, k C + c] = bf16(field[tap(row, k), c]), columns behind the last tap and rows from n on zero. As gather_kernel,
// with a place to write to for each tap.
constexpr int kGatherThreads = 128;
__global__ void gather_bf16_kernel(Neighbourhood hood, int channels, const float* __restrict__ field, Batch batch, int width,
                                   std::uint16_t* __restrict__ patches) {
  __shared__ std::int64_t source[kGatherThreads], place[kGatherThreads];
  const int K = taps(hood.radius), rest = width - K * channels;
  const std::int64_t pairs = std::int64_t(batch.rows) * K;
  for (std::int64_t first = std::int64_t(blockIdx.x) * kGatherThreads; first < pairs; first += std::int64_t(gridDim.x) * kGatherThreads) {
    const int count = int(min(std::int64_t(kGatherThreads), pairs - first));
    __syncthreads();  // the pass before may still read
    if (int(threadIdx.x) < count) {
      const std::int64_t pair = first + threadIdx.x;
      const int row = int(pair / K), k = int(pair % K);
      std::int64_t v = -1;
      if (row < batch.n) {
        const std::int64_t at = voxel(batch, row), line = at / hood.shape.nx;
        v = tap(hood, int(at % hood.shape.nx), int(line % hood.shape.ny), int(line / hood.shape.ny), k);
      }
      source[threadIdx.x] = v;
      place[threadIdx.x] = std::int64_t(row) * width + k * channels;
      if (k == K - 1)
        for (int c = 0; c < rest; ++c) patches[std::int64_t(row) * width + K * channels + c] = 0;
    }
    __syncthreads();
    int j = int(threadIdx.x) / channels, c = int(threadIdx.x) % channels;
    for (int e = int(threadIdx.x); e < count * channels; e += kGatherThreads) {
      const std::int64_t v = source[j];
      std::uint32_t bits = 0;
      if (v >= 0) bits = GpuWarp{0}.pack(field[v * channels + c], 0);
      patches[place[j] + c] = std::uint16_t(bits);
      j += kGatherThreads / channels;
      c += kGatherThreads % channels;
      if (c >= channels) c -= channels, ++j;
    }
  }
}

}  // namespace

bool can_fuse(Context* context, Cell cell, int hidden, int own) {
  return attribute(context, cudaDevAttrComputeCapabilityMajor) >= 8 && kernel_of(cell, hidden, own > 0) && warps_of(context, hidden, own) > 0;
}

void gather_bf16(Context* context, const Neighbourhood& hood, int channels, const float* field, const Batch& batch, int width,
                 std::uint16_t* patches) {
  if (batch.rows == 0) return;
  const std::int64_t pairs = std::int64_t(batch.rows) * taps(hood.radius), blocks = (pairs + kGatherThreads - 1) / kGatherThreads;
  gather_bf16_kernel<<<unsigned(std::min<std::int64_t>(blocks, 1 << 20)), kGatherThreads, 0, context->stream>>>(hood, channels, field, batch, width, patches);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void project_bf16(Context* context, int rows, int in, int out, const std::uint16_t* x, const std::uint16_t* weight, std::uint16_t* y) {
  const float one = 1, zero = 0;
  GRAINSPIN_CUDA(cublasSetMathMode(context->cublas, CUBLAS_DEFAULT_MATH));  // pedantic mode keeps the tensor cores out
  const cublasStatus_t status = cublasGemmEx(context->cublas, CUBLAS_OP_T, CUBLAS_OP_N, out, rows, in, &one, weight, CUDA_R_16BF, in, x, CUDA_R_16BF, in,
                                             &zero, y, CUDA_R_16BF, out, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
  GRAINSPIN_CUDA(cublasSetMathMode(context->cublas, CUBLAS_PEDANTIC_MATH));
  check(status, "cublasGemmEx of the neighbours' projection");
}

void fused(Context* context, const FusedRun& s, const SubBox& box) {
  if (s.n == 0 || s.steps == 0) return;
  const Kernel kernel = kernel_of(s.cell, s.hidden, s.own > 0);
  const int warps = warps_of(context, s.hidden, s.own);
  if (!kernel || warps == 0) throw Error(Errc::kInternal, "the fused open loop was asked for hidden size " + std::to_string(s.hidden));
  const FusedMemory size(s.hidden, s.own, tiles_of(s.hidden));
  const int bytes = size.fixed() + warps * size.warp;
  GRAINSPIN_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  int per_sm = 0;
  GRAINSPIN_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_sm, kernel, warps * 32, std::size_t(bytes)));
  const int rows = warps * 16 * tiles_of(s.hidden), blocks = (s.n + rows - 1) / rows;
  const int most = std::max(1, per_sm) * attribute(context, cudaDevAttrMultiProcessorCount);
  kernel<<<unsigned(std::min(blocks, most)), unsigned(warps * 32), std::size_t(bytes), context->stream>>>(s, box);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

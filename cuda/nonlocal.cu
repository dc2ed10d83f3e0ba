// The nonlocal family between its products and transforms: pointwise stages, one thread a voxel and channel
// (nonlocal_elements.h), and the stress's mean by sums in a fixed order.
#include "cuda/nonlocal_elements.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {
namespace {

constexpr int kThreads = 128;

unsigned blocks_for(std::int64_t n) {
  const std::int64_t blocks = (n + kThreads - 1) / kThreads;
  return unsigned(blocks < (1 << 20) ? blocks : 1 << 20);  // kernels stride over the rest
}

// Every stage on a block's n voxels is this: grid (voxels, channels), threads along the voxels, so that each row of
// systems is read and written coalesced. With C = 12, M = 3, H = 4 and 12 systems a pass moves 4 (144 + 2 * 72 + 264)
// bytes a voxel here, 2.2 kB, most of it out of and into L2: a block's matrices are some 40 MB.
template <class Step, class Element>
__device__ void each_row(const Step& step, Element element) {
  for (int i = int(blockIdx.x * blockDim.x + threadIdx.x); i < step.block.n; i += int(gridDim.x * blockDim.x))
    element(step, i, int(blockIdx.y));
}
__global__ void start_kernel(StartStep s) {
  each_row(s, [](const StartStep& t, int i, int c) { start_element(t, i, c); });
}
__global__ void pass_kernel(PassStep s) {
  each_row(s, [](const PassStep& t, int i, int c) { pass_element(t, i, c); });
}
__global__ void gate_kernel(GateStep s) {
  each_row(s, [](const GateStep& t, int i, int c) { gate_element(t, i, c); });
}
__global__ void carry_kernel(CarryStep s) {
  each_row(s, [](const CarryStep& t, int i, int c) { carry_element(t, i, c); });
}
__global__ void polarise_kernel(PolariseStep s) {
  each_row(s, [](const PolariseStep& t, int i, int c) { polarise_element(t, i, c); });
}
__global__ void state_kernel(StateStep s) {
  each_row(s, [](const StateStep& t, int i, int c) { state_element(t, i, c); });
}
__global__ void turn_kernel(TurnStep s) {
  each_row(s, [](const TurnStep& t, int i, int) { turn_element(t, i); });
}
__global__ void memory_kernel(MemoryStep s) {
  each_row(s, [](const MemoryStep& t, int i, int c) { memory_element(t, i, c); });
}

template <class Step>
void over_block(Context* context, void (*kernel)(Step), const Step& step, int channels) {
  if (step.block.n == 0 || channels == 0) return;
  kernel<<<dim3(blocks_for(step.block.n), unsigned(channels)), kThreads, 0, context->stream>>>(step);
  GRAINSPIN_CUDA(cudaGetLastError());
}

__global__ void begin_kernel(const StepLoad* table, int* counter, StepLoad* now) { *now = table[(*counter)++]; }
__global__ void close_kernel(CloseStep s) { close_element(s); }

// The sum of the block's threads' values, in one order; of thread 0.
__device__ double block_sum(double value) {
  __shared__ double sums[kThreads];
  sums[threadIdx.x] = value;
  for (int half = kThreads / 2; half; half /= 2) {
    __syncthreads();
    if (int(threadIdx.x) < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  return sums[0];
}

// 20 M bytes a voxel read. Nothing to do where the load leaves nothing free: D is 0 whatever the mean is.
__global__ void mean_partial_kernel(MeanStep s) {
  if (!any_free(*s.load)) return;
  const double sum = block_sum(mean_partial(s, int(blockIdx.y), std::int64_t(blockIdx.x) * kThreads + threadIdx.x,
                                            std::int64_t(gridDim.x) * kThreads));
  if (threadIdx.x == 0) s.partial[std::int64_t(blockIdx.y) * kPartials + blockIdx.x] = sum;
}
__global__ void mean_kernel(MeanStep s) {
  double sums[5] = {};
  if (any_free(*s.load))
    for (int c = 0; c < 5; ++c) {
      double mine = 0;
      for (int p = int(threadIdx.x); p < kPartials; p += kThreads)
        mine += s.partial[(5 * std::int64_t(blockIdx.x) + c) * kPartials + p];
      __syncthreads();  // the sum before may still be read
      sums[c] = block_sum(mine);
    }
  if (threadIdx.x == 0) mean_element(s, int(blockIdx.x), sums);
}

// 24 bytes a voxel read: 170 G voxels/s at 4.2 TB/s.
__global__ void stress_partial_kernel(StressStep s) {
  const double sum = block_sum(stress_partial(s, std::int64_t(blockIdx.x) * kThreads + threadIdx.x,
                                              std::int64_t(gridDim.x) * kThreads));
  if (threadIdx.x == 0) s.partial[blockIdx.x] = sum;
}
__global__ void stress_constant_kernel(StressStep s) {
  double mine = 0;
  for (int p = int(threadIdx.x); p < kPartials; p += kThreads) mine += s.partial[p];
  const double sum = block_sum(mine);
  if (threadIdx.x == 0) s.partial[kPartials] = stress_constant(s, sum);
}
__global__ void stress_kernel(StressStep s) {
  const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < s.count; i += stride)
    stress_element(s, i);
}

// 32 bytes a voxel: 130 G voxels/s at 4.2 TB/s.
__global__ void mirror_kernel(MirrorStep s) {
  const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t v = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; v < s.whole.voxels(); v += stride)
    reinterpret_cast<float4*>(s.to)[v] = reinterpret_cast<const float4*>(s.from)[mirrored(s, v)];
}

}  // namespace

void begin_step(Context* context, const StepLoad* table, int* counter, StepLoad* now) {
  begin_kernel<<<1, 1, 0, context->stream>>>(table, counter, now);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void start_step(Context* context, const StartStep& s) { over_block(context, start_kernel, s, start_channels(s)); }
void pass_step(Context* context, const PassStep& s) { over_block(context, pass_kernel, s, pass_channels(s)); }
void gate_step(Context* context, const GateStep& s) { over_block(context, gate_kernel, s, s.width); }
void carry_step(Context* context, const CarryStep& s) { over_block(context, carry_kernel, s, s.channels); }
void polarise_step(Context* context, const PolariseStep& s) {
  over_block(context, polarise_kernel, s, s.polarisations);
}
void state_step(Context* context, const StateStep& s) { over_block(context, state_kernel, s, s.channels + s.memory); }
void turn_step(Context* context, const TurnStep& s) { over_block(context, turn_kernel, s, 1); }
void memory_step(Context* context, const MemoryStep& s) { over_block(context, memory_kernel, s, s.memory); }

void close_step(Context* context, const CloseStep& s) {
  close_kernel<<<1, 1, 0, context->stream>>>(s);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void mean_step(Context* context, const MeanStep& s) {
  mean_partial_kernel<<<dim3(kPartials, unsigned(5 * s.polarisations)), kThreads, 0, context->stream>>>(s);
  mean_kernel<<<unsigned(s.polarisations), kThreads, 0, context->stream>>>(s);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void stress_step(Context* context, const StressStep& s) {
  if (s.count == 0) return;
  stress_partial_kernel<<<kPartials, kThreads, 0, context->stream>>>(s);
  stress_constant_kernel<<<1, kThreads, 0, context->stream>>>(s);
  stress_kernel<<<blocks_for(s.count), kThreads, 0, context->stream>>>(s);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void mirror_step(Context* context, const MirrorStep& s) {
  mirror_kernel<<<blocks_for(s.whole.voxels()), kThreads, 0, context->stream>>>(s);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void maps(Context* context, const Block& block, int in, int out, const float* a, const float* weight, int row_stride,
          bool accumulate, float* y) {
  if (block.n == 0) return;
  const float one = 1, zero = 0;
  // Voxels fastest is column-major [n, features]: y[n, out] = a[n, in] weight^T, weight^T[in, out] as it lies.
  GRAINSPIN_CUDA(cublasSgemm(context->cublas, CUBLAS_OP_N, CUBLAS_OP_N, block.n, out, in, &one, a, block.stride, weight,
                             row_stride, accumulate ? &one : &zero, y, block.stride));
}

}  // namespace grainspin::cuda

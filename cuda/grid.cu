// Embedding of orientations, and patches of neighbours as dense rows (gather.h).
#include "cuda/runtime.h"

namespace grainspin::cuda {
namespace {

constexpr int kThreads = 128;

// Blocks for n items: enough to fill any GPU, few enough for a grid's limit; kernels stride over the rest.
int blocks_for(std::int64_t n) {
  const std::int64_t blocks = (n + kThreads - 1) / kThreads;
  return int(blocks < (1 << 20) ? blocks : 1 << 20);
}

// out[i] = embed_input(q[i]). 16 + 4 C bytes a voxel (52 at C = 9) for some 130 operations: memory-bound,
// 80 G voxels/s at 4.2 TB/s.
__global__ void embed_kernel(InputSpec spec, std::int64_t n, std::int64_t rows, const float4* __restrict__ q,
                             float* __restrict__ out) {
  const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < rows; i += stride) {
    float e[EmbeddingSpec::kMaxSize] = {};
    if (i < n) {
      const float4 v = q[i];
      embed_input(spec, Quat{v.x, v.y, v.z, v.w}, e);
    }
    for (int c = 0; c < spec.embedding.size; ++c) out[i * spec.embedding.size + c] = e[c];
  }
}

// The voxel of tap `pair % taps` of row `pair / taps`; -1: a padding row.
__device__ std::int64_t tap_of(const Neighbourhood& hood, const Batch& batch, std::int64_t pair) {
  const int K = taps(hood.radius);
  const int row = int(pair / K), k = int(pair % K);
  if (row >= batch.n) return -1;
  const std::int64_t v = voxel(batch, row);
  const int x = int(v % hood.shape.nx);
  const std::int64_t line = v / hood.shape.nx;
  return tap(hood, x, int(line % hood.shape.ny), int(line / hood.shape.ny), k);
}

// patches[row, k, c] = field[tap(row, k), c]
//
// 4 C K bytes written a row, none of which can be saved; 4 C read, the other K-1 reads hit L1 and L2, since
// neighbouring rows share most of their cubes. r = 1, C = 9: 972 + 36 bytes, 4.2 G rows/s at 4.2 TB/s. A block looks
// up kThreads taps once into shared memory; then its threads run over the output floats in order, so writes
// coalesce, and count (tap, channel) on without a division.
__global__ void gather_kernel(Neighbourhood hood, int channels, const float* __restrict__ field, Batch batch,
                              float* __restrict__ patches) {
  __shared__ std::int64_t source[kThreads];
  const std::int64_t pairs = std::int64_t(batch.rows) * taps(hood.radius);
  for (std::int64_t first = std::int64_t(blockIdx.x) * kThreads; first < pairs;
       first += std::int64_t(gridDim.x) * kThreads) {
    const int count = int(min(std::int64_t(kThreads), pairs - first));
    __syncthreads();  // the pass before may still read
    if (int(threadIdx.x) < count) source[threadIdx.x] = tap_of(hood, batch, first + threadIdx.x);
    __syncthreads();
    float* out = patches + first * channels;
    int j = int(threadIdx.x) / channels, c = int(threadIdx.x) % channels;
    for (int e = int(threadIdx.x); e < count * channels; e += kThreads) {
      const std::int64_t v = source[j];
      out[e] = v < 0 ? 0.0f : field[v * channels + c];
      j += kThreads / channels;
      c += kThreads % channels;
      if (c >= channels) c -= channels, ++j;
    }
  }
}

// patches[row, k] = embed_input(q[tap(row, k)]): the embedded field is never stored. K times the arithmetic of
// embed_kernel (some 3500 operations a row at r = 1) for 20 bytes less memory a voxel: for scattered centres, as
// in training. Each thread embeds one tap into shared memory, from where the block writes in order.
__global__ void gather_embedded_kernel(Neighbourhood hood, InputSpec spec, const float4* __restrict__ q, Batch batch,
                                       float* __restrict__ patches) {
  extern __shared__ float staged[];  // [kThreads, size]
  const int size = spec.embedding.size;
  const std::int64_t pairs = std::int64_t(batch.rows) * taps(hood.radius);
  for (std::int64_t first = std::int64_t(blockIdx.x) * kThreads; first < pairs;
       first += std::int64_t(gridDim.x) * kThreads) {
    const int count = int(min(std::int64_t(kThreads), pairs - first));
    float e[EmbeddingSpec::kMaxSize] = {};
    if (int(threadIdx.x) < count) {
      const std::int64_t v = tap_of(hood, batch, first + threadIdx.x);
      if (v >= 0) {
        const float4 p = q[v];
        embed_input(spec, Quat{p.x, p.y, p.z, p.w}, e);
      }
    }
    __syncthreads();  // the pass before may still read
    for (int c = 0; c < size; ++c) staged[threadIdx.x * size + c] = e[c];
    __syncthreads();
    for (int i = int(threadIdx.x); i < count * size; i += kThreads) patches[first * size + i] = staged[i];
  }
}

}  // namespace

void embed(Context* context, const InputSpec& spec, std::int64_t n, std::int64_t rows, const float* q, float* out) {
  if (rows == 0) return;  // an empty launch is an error in CUDA, an empty batch is not one here
  embed_kernel<<<blocks_for(rows), kThreads, 0, context->stream>>>(spec, n, rows,
                                                                   reinterpret_cast<const float4*>(q), out);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void gather_patches(Context* context, const Neighbourhood& hood, int channels, const float* field, const Batch& batch,
                    float* patches) {
  if (batch.rows == 0) return;
  const std::int64_t pairs = std::int64_t(batch.rows) * taps(hood.radius);
  gather_kernel<<<blocks_for(pairs), kThreads, 0, context->stream>>>(hood, channels, field, batch, patches);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void gather_embedded(Context* context, const Neighbourhood& hood, const InputSpec& spec, const float* q,
                     const Batch& batch, float* patches) {
  if (batch.rows == 0) return;
  const std::int64_t pairs = std::int64_t(batch.rows) * taps(hood.radius);
  const std::size_t shared = std::size_t(kThreads) * std::size_t(spec.embedding.size) * sizeof(float);
  gather_embedded_kernel<<<blocks_for(pairs), kThreads, shared, context->stream>>>(
      hood, spec, reinterpret_cast<const float4*>(q), batch, patches);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

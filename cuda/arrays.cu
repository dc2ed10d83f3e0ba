// The caller's arrays in GPU memory, and the order of its stream and ours (array_launchers.h).
#include "cuda/array_elements.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {
namespace {

constexpr int kThreads = 128;

int blocks_for(std::int64_t n) {
  const std::int64_t blocks = (n + kThreads - 1) / kThreads;
  return int(blocks < (1 << 20) ? blocks : 1 << 20);
}

// Calls body(voxel) for all voxels of the grid.
template <class Body>
__global__ void voxels_kernel(std::int64_t n, Body body) {
  const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) body(i);
}
template <class Body>
void each_voxel(Context* context, const ArrayView& array, const Body& body) {
  const std::int64_t n = array.shape.voxels();
  voxels_kernel<<<blocks_for(n), kThreads, 0, context->stream>>>(n, body);
  GRAINSPIN_CUDA(cudaGetLastError());
}

// What a thread does, for arrays of T.
template <class T>
struct Sound {
  TakeOrientations step;
  unsigned long long* first;  // of the unsound voxels
  __device__ void operator()(std::int64_t i) const {
    if (!sound_element<T>(step, i)) atomicMin(first, static_cast<unsigned long long>(i));
  }
};
template <class T>
struct Take {
  TakeOrientations step;
  __device__ void operator()(std::int64_t i) const { take_element<T>(step, i); }
};
template <class T, class Step>
struct Give {
  Step step;
  __device__ void operator()(std::int64_t i) const { give_element<T>(step, i); }
};
template <class T>
struct Move {
  MoveMarks step;
  __device__ void operator()(std::int64_t i) const { move_element<T>(step, i); }
};

struct Pack {
  PackOrientations step;
  __device__ void operator()(std::int64_t i) const { pack_element(step, i); }
};

template <class Step>
void give(Context* context, const Step& step) {
  if (step.to.type == Element::kDouble) each_voxel(context, step.to, Give<double, Step>{step});
  else each_voxel(context, step.to, Give<float, Step>{step});
}

// Counted by the block in shared memory first, then added once.
__global__ void judge_kernel(JudgeVoxels s) {
  __shared__ unsigned count[5], largest[2];
  if (threadIdx.x < 5) count[threadIdx.x] = 0;
  if (threadIdx.x < 2) largest[threadIdx.x] = 0;
  __syncthreads();
  const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < s.n; i += stride) {
    VoxelJudgement j;
    if (!judge_element(s, i, j)) continue;
    atomicAdd(&count[0], 1u);
    if (j.verdict > 0) atomicAdd(&count[j.verdict], 1u);
    if (j.turned) atomicAdd(&count[3], 1u);
    if (j.moved) atomicAdd(&count[4], 1u);
    // Squares are not negative; what is not a number is not tracked.
    if (j.beyond > 0) atomicMax(&largest[0], __float_as_uint(j.beyond));
    if (j.increment > 0) atomicMax(&largest[1], __float_as_uint(j.increment));
  }
  __syncthreads();
  if (threadIdx.x < 5 && count[threadIdx.x]) {
    unsigned long long* const to[] = {&s.sums->voxels, &s.sums->doubtful, &s.sums->outside, &s.sums->orientation_not_fine,
                                      &s.sums->increment_not_fine};
    atomicAdd(to[threadIdx.x], static_cast<unsigned long long>(count[threadIdx.x]));
  }
  if (threadIdx.x < 2 && largest[threadIdx.x])
    atomicMax(threadIdx.x == 0 ? &s.sums->beyond : &s.sums->increment, largest[threadIdx.x]);
}

}  // namespace

int use(int gpu) noexcept {
  int before = gpu;
  if (cudaGetDevice(&before) != cudaSuccess || (before != gpu && cudaSetDevice(gpu) != cudaSuccess))
    cudaGetLastError();  // the next launch tells
  return before;
}

Pointer pointer(Context*, const void* p) {
  cudaPointerAttributes found = {};
  if (cudaPointerGetAttributes(&found, p) != cudaSuccess) {
    cudaGetLastError();
    return {};
  }
  if (found.type == cudaMemoryTypeDevice) return {Pointer::kDevice, found.device};
  if (found.type == cudaMemoryTypeManaged) return {Pointer::kManaged, found.device};
  return {};
}

void wait_for(Context* context, Stream stream) {
  GRAINSPIN_CUDA(cudaEventRecord(context->order, stream));
  GRAINSPIN_CUDA(cudaStreamWaitEvent(context->stream, context->order, 0));
}

void let_wait(Context* context, Stream stream) {
  GRAINSPIN_CUDA(cudaEventRecord(context->order, context->stream));
  GRAINSPIN_CUDA(cudaStreamWaitEvent(stream, context->order, 0));
}

std::int64_t first_unsound(Context* context, const TakeOrientations& step) {
  // cuBLAS' work area is free between its products, which are of the same stream.
  auto* const first = static_cast<unsigned long long*>(context->workspace);
  GRAINSPIN_CUDA(cudaMemsetAsync(first, 0xff, sizeof *first, context->stream));
  if (step.from.type == Element::kDouble) each_voxel(context, step.from, Sound<double>{step, first});
  else each_voxel(context, step.from, Sound<float>{step, first});
  unsigned long long found = 0;
  GRAINSPIN_CUDA(cudaMemcpyAsync(&found, first, sizeof found, cudaMemcpyDefault, context->stream));
  GRAINSPIN_CUDA(cudaStreamSynchronize(context->stream));
  return std::int64_t(found);  // all ones: -1
}

void take_orientations(Context* context, const TakeOrientations& step) {
  if (step.from.type == Element::kDouble) each_voxel(context, step.from, Take<double>{step});
  else each_voxel(context, step.from, Take<float>{step});
}

void give_orientations(Context* context, const GiveOrientations& step) { give(context, step); }
void give_field(Context* context, const GiveField& step) { give(context, step); }

void move_marks(Context* context, const MoveMarks& step) {
  if (step.array.type == Element::kUint8) each_voxel(context, step.array, Move<std::uint8_t>{step});
  else each_voxel(context, step.array, Move<std::int32_t>{step});
}

void pack_orientations(Context* context, const PackOrientations& step) {
  const std::int64_t n = step.box.size.voxels();  // 16 bytes a voxel read, 4 to 8 written
  voxels_kernel<<<blocks_for(n), kThreads, 0, context->stream>>>(n, Pack{step});
  GRAINSPIN_CUDA(cudaGetLastError());
}

void judge_voxels(Context* context, const JudgeVoxels& step) {
  const int blocks = blocks_for(step.n);  // a few waves: the counts of a block are of many voxels
  judge_kernel<<<blocks < 4096 ? blocks : 4096, kThreads, 0, context->stream>>>(step);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

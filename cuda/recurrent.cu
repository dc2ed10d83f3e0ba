// The recurrent network on one padded batch: products by cuBLAS, the rest pointwise (elements.h).
#include "cuda/elements.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {
namespace {

// One thread a unit and row. LSTM: 2 x 4 gates read, c read and written, h written: 44 bytes a unit, so
// memory-bound: at hidden 64 some 1.5 G rows/s at 4.2 TB/s when the products' output is no longer in L2.
__global__ void cell_kernel(CellStep step) {
  const int rows = int(gridDim.x * blockDim.y);
  for (int i = int(blockIdx.x * blockDim.y + threadIdx.y); i < step.n; i += rows) cell_element(step, i, threadIdx.x);
}

// One thread a row: it reads `width` products and turns one quaternion.
__global__ void heads_kernel(HeadStep step) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < step.n) head_element(step, i);
}

}  // namespace

void linear(Context* context, int rows, int in, int out, const float* x, const float* weight, int row_stride,
            bool accumulate, float* y) {
  const float one = 1, zero = 0;
  // cuBLAS is column-major: our y[rows, out] is its y^T[out, rows] = weight[in, out]^T x^T[in, rows].
  GRAINSPIN_CUDA(cublasSgemm(context->cublas, CUBLAS_OP_T, CUBLAS_OP_N, out, rows, in, &one, weight, row_stride, x, in,
                             accumulate ? &one : &zero, y, out));
}

void cell(Context* context, const CellStep& step) {
  if (step.n == 0) return;
  const dim3 block(unsigned(step.hidden), unsigned(256 / step.hidden));  // hidden is 32 to 256
  cell_kernel<<<unsigned((step.n + block.y - 1) / block.y), block, 0, context->stream>>>(step);
  GRAINSPIN_CUDA(cudaGetLastError());
}

void heads(Context* context, const HeadStep& step) {
  if (step.n == 0) return;
  constexpr int kThreads = 128;
  heads_kernel<<<unsigned((step.n + kThreads - 1) / kThreads), kThreads, 0, context->stream>>>(step);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

// Sparse regression: the Gram matrix by cuBLAS, coordinate descent by one CTA a regression.
#include "cuda/regression_elements.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {
namespace {

constexpr int kThreads = 256;

struct Cta {
  __device__ int rank() const { return int(threadIdx.x); }
  __device__ int size() const { return int(blockDim.x); }
  __device__ void sync() const { __syncthreads(); }
};

// g, b and the list stay in shared memory (20 bytes a column: 30 KB at 1521) over the whole path. A step reads one row of
// the Gram matrix, 12 KB at 1521 columns, from L2: the rows of the active columns are read again and again.
__global__ void __launch_bounds__(kThreads) descend_kernel(const DescentProblem* problems) {
  extern __shared__ double shared[];
  const DescentProblem p = problems[blockIdx.x];
  const DescentWork work{shared, shared + p.columns, reinterpret_cast<int*>(shared + 2 * p.columns),
                         reinterpret_cast<int*>(shared + 2 * p.columns) + p.columns};
  descend(p, Cta{}, work);
}

}  // namespace

void products(Context* context, const ProductStep& s) {
  if (s.rows == 0) return;
  const double one = 1;
  // cuBLAS is column-major: x is x^T[M, rows], the upper triangle its lower one, xy is (x^T y)[M, N]. FP64 has no
  // narrower products to fear, and pedantic mode would keep the tensor cores out.
  GRAINSPIN_CUDA(cublasSetMathMode(context->cublas, CUBLAS_DEFAULT_MATH));
  const cublasStatus_t gram = cublasDsyrk(context->cublas, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, s.features, s.rows, &one, s.x,
                                          s.features, &one, s.gram, s.features);
  const cublasStatus_t xy = cublasDgemm(context->cublas, CUBLAS_OP_N, CUBLAS_OP_T, s.features, s.responses, s.rows, &one, s.x,
                                        s.features, s.y, s.responses, &one, s.xy, s.features);
  GRAINSPIN_CUDA(cublasSetMathMode(context->cublas, CUBLAS_PEDANTIC_MATH));
  check(gram, "cublasDsyrk of the Gram matrix");
  check(xy, "cublasDgemm of the products with the responses");
}

void descend_step(Context* context, const DescentStep& s) {
  if (s.problems == 0) return;
  const std::int64_t bytes = descent_bytes(s.most_columns, kThreads);
  int most = 0;
  GRAINSPIN_CUDA(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, context->gpu));
  if (bytes > most)
    throw Error(Errc::kMemory, "coordinate descent on the GPU: " + std::to_string(s.most_columns) + " columns need " + std::to_string(bytes) +
                                   " bytes of shared memory, a block has " + std::to_string(most));
  GRAINSPIN_CUDA(cudaFuncSetAttribute(descend_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)));
  descend_kernel<<<unsigned(s.problems), kThreads, std::size_t(bytes), context->stream>>>(s.problem);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

// Context, memory, copies, errors.
#include <string>

#include "cuda/runtime.h"

namespace grainspin::cuda {

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw Error(status == cudaErrorMemoryAllocation ? Errc::kMemory : Errc::kDevice,
              std::string("CUDA: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ") in " + call);
}

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(status == CUBLAS_STATUS_ALLOC_FAILED ? Errc::kMemory : Errc::kDevice,
              std::string("cuBLAS: ") + cublasGetStatusString(status) + " in " + call);
}

Presence presence() {
  Presence p;
  // Without a driver the first call succeeds with version 0, the last fails.
  if (cudaDriverGetVersion(&p.driver) != cudaSuccess) p.driver = 0;
  if (cudaRuntimeGetVersion(&p.runtime) != cudaSuccess) p.runtime = 0;
  if (cudaGetDeviceCount(&p.devices) != cudaSuccess) p.devices = 0;
  cudaGetLastError();
  return p;
}

Context* create(int gpu) {
  Context* context = new Context{gpu};
  try {
    GRAINSPIN_CUDA(cudaSetDevice(gpu));
    GRAINSPIN_CUDA(cudaStreamCreateWithFlags(&context->stream, cudaStreamNonBlocking));
    context->streams[0] = context->stream;
    for (auto& event : context->marks) GRAINSPIN_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    GRAINSPIN_CUDA(cudaEventCreateWithFlags(&context->order, cudaEventDisableTiming));
    GRAINSPIN_CUDA(cublasCreate(&context->cublas));
    GRAINSPIN_CUDA(cublasSetStream(context->cublas, context->stream));
    // Workspace after stream: setting a stream resets it. Our own, so that the algorithm never depends on what
    // else was allocated.
    GRAINSPIN_CUDA(cudaMalloc(&context->workspace, kWorkspaceBytes));
    GRAINSPIN_CUDA(cublasSetWorkspace(context->cublas, context->workspace, kWorkspaceBytes));
    GRAINSPIN_CUDA(cublasSetMathMode(context->cublas, CUBLAS_PEDANTIC_MATH));  // strict fp32: no tf32
  } catch (...) {
    destroy(context);
    throw;
  }
  return context;
}

void destroy(Context* context) noexcept {
  if (!context) return;
  cudaSetDevice(context->gpu);
  for (const auto stream : context->streams)
    if (stream) cudaStreamSynchronize(stream);
  if (context->cublas) cublasDestroy(context->cublas);
  cudaFree(context->workspace);
  for (auto& event : context->marks)
    if (event) cudaEventDestroy(event);
  if (context->order) cudaEventDestroy(context->order);
  for (const auto stream : context->streams)
    if (stream) cudaStreamDestroy(stream);
  delete context;
}

DeviceInfo info(Context* context) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  cudaDeviceProp prop;
  GRAINSPIN_CUDA(cudaGetDeviceProperties(&prop, context->gpu));
  DeviceInfo result;
  std::string(prop.name).copy(result.name, sizeof(result.name) - 1);
  result.major = prop.major;
  result.minor = prop.minor;
  std::size_t free_bytes = 0, total = 0;
  GRAINSPIN_CUDA(cudaMemGetInfo(&free_bytes, &total));
  result.bytes = std::int64_t(total);
  result.free_bytes = std::int64_t(free_bytes);
  return result;
}

void* allocate(Context* context, std::int64_t bytes) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  void* p = nullptr;
  GRAINSPIN_CUDA(cudaMalloc(&p, std::size_t(bytes)));
  return p;
}

void release(Context* context, void* p) noexcept {
  cudaSetDevice(context->gpu);
  cudaFree(p);
}

void* allocate_pinned(Context* context, std::int64_t bytes) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  void* p = nullptr;
  GRAINSPIN_CUDA(cudaMallocHost(&p, std::size_t(bytes)));
  return p;
}

void release_pinned(Context* context, void* p) noexcept {
  cudaSetDevice(context->gpu);
  cudaFreeHost(p);
}

void copy(Context* context, void* dst, const void* src, std::int64_t bytes) {
  GRAINSPIN_CUDA(cudaMemcpyAsync(dst, src, std::size_t(bytes), cudaMemcpyDefault, context->stream));
}

void copy_box(Context* context, void* dst, const void* src, const SubBox& box, int bytes_each) {
  const std::size_t b = std::size_t(bytes_each);
  cudaMemcpy3DParms p = {};
  p.srcPtr = make_cudaPitchedPtr(const_cast<void*>(src), box.outer.nx * b, box.outer.nx * b, std::size_t(box.outer.ny));
  p.srcPos = make_cudaPos(box.lo[0] * b, std::size_t(box.lo[1]), std::size_t(box.lo[2]));
  p.dstPtr = make_cudaPitchedPtr(dst, box.size.nx * b, box.size.nx * b, std::size_t(box.size.ny));
  p.extent = make_cudaExtent(box.size.nx * b, std::size_t(box.size.ny), std::size_t(box.size.nz));
  p.kind = cudaMemcpyDefault;
  GRAINSPIN_CUDA(cudaMemcpy3DAsync(&p, context->stream));
}

void zero(Context* context, void* p, std::int64_t bytes) {
  GRAINSPIN_CUDA(cudaMemsetAsync(p, 0, std::size_t(bytes), context->stream));
}

void mark(Context* context, int which) { GRAINSPIN_CUDA(cudaEventRecord(context->marks[which], context->stream)); }
void wait(Context* context, int which) { GRAINSPIN_CUDA(cudaEventSynchronize(context->marks[which])); }
void synchronise(Context* context) { GRAINSPIN_CUDA(cudaStreamSynchronize(context->stream)); }

}  // namespace grainspin::cuda

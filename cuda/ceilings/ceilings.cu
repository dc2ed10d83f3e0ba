// Kernels and products that do nothing but keep one unit of the GPU busy.
#include "cuda/ceilings/ceilings.h"

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "grainspin/core.h"

namespace grainspin::cuda {
namespace {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw Error(status == cudaErrorMemoryAllocation ? Errc::kMemory : Errc::kDevice, std::string("ceilings, ") + what + ": " + cudaGetErrorString(status));
}
void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) throw Error(Errc::kDevice, std::string("ceilings, ") + what + ": " + cublasGetStatusString(status));
}

struct Bytes {
  void* data = nullptr;
  bool pinned = false;
  Bytes(std::int64_t bytes, bool host = false) : pinned(host) {
    check(host ? cudaMallocHost(&data, std::size_t(bytes)) : cudaMalloc(&data, std::size_t(bytes)), "memory");
    if (!host) check(cudaMemset(data, 0, std::size_t(bytes)), "memory");  // zeros: finite in every type
  }
  ~Bytes() { pinned ? cudaFreeHost(data) : cudaFree(data); }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
};

struct Clock {
  cudaEvent_t begin = nullptr, end = nullptr;
  Clock() {
    check(cudaEventCreate(&begin), "event");
    check(cudaEventCreate(&end), "event");
  }
  ~Clock() {
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
  }
  // Least seconds of one call, ten in a row, five times, after two to warm up.
  template <class F>
  double least(F&& f) {
    constexpr int kCalls = 10;
    f(), f();
    double least = 1e30;
    for (int r = 0; r < 5; ++r) {
      check(cudaEventRecord(begin), "event");
      for (int i = 0; i < kCalls; ++i) f();
      check(cudaEventRecord(end), "event");
      check(cudaEventSynchronize(end), "kernel");
      float ms = 0;
      check(cudaEventElapsedTime(&ms, begin, end), "event");
      least = std::min(least, ms * 1e-3 / kCalls);
    }
    return least;
  }
};

// Numbers of 0.5 to 2 of either sign, read as pairs of bf16 or as floats: products of zeros draw less power than any real one.
__global__ void fill_kernel(std::uint32_t* to, std::int64_t n) {
  const std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  std::uint32_t h = std::uint32_t(i) * 2654435761u;
  h = (h ^ h >> 15) * 2246822519u;
  to[i] = 0x3F003F00u | ((h ^ h >> 13) & 0x80FF80FFu);
}

template <int kEach>
__global__ void copy_kernel(float4* to, const float4* from, std::int64_t n) {
  const std::int64_t threads = std::int64_t(gridDim.x) * blockDim.x, first = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  for (std::int64_t i = first; i < n; i += threads * kEach) {
    float4 v[kEach];
#pragma unroll
    for (int k = 0; k < kEach; ++k)
      if (i + k * threads < n) v[k] = __ldcs(from + i + k * threads);
#pragma unroll
    for (int k = 0; k < kEach; ++k)
      if (i + k * threads < n) __stcs(to + i + k * threads, v[k]);
  }
}

enum Unit { kTanh, kExp2, kFma };
constexpr int kChains = 8, kRounds = 512;
template <Unit unit>
__global__ void unit_kernel(float* out, float a, float b) {
  float x[kChains];
#pragma unroll
  for (int k = 0; k < kChains; ++k) x[k] = a + float(threadIdx.x + k) * 1e-3f;
#pragma unroll 16
  for (int i = 0; i < kRounds; ++i)
#pragma unroll
    for (int k = 0; k < kChains; ++k) {
      if constexpr (unit == kTanh) asm volatile("tanh.approx.f32 %0, %0;" : "+f"(x[k]));
      else if constexpr (unit == kExp2) asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(x[k]));
      else x[k] = fmaf(x[k], a, b);
    }
  float sum = 0;
#pragma unroll
  for (int k = 0; k < kChains; ++k) sum += x[k];
  if (sum == 12345.0f) *out = sum;  // so that nothing is left out
}

template <Unit unit>
double unit_rate(Clock& clock, int processors, float* out) {
  const int blocks = processors * 8, threads = 256;
  return double(blocks) * threads * kChains * kRounds / clock.least([&] { unit_kernel<unit><<<blocks, threads>>>(out, 0.5f, 0.25f); });
}

// C[n, m] of a product of depth k, the best of three shapes. FLOP/s.
double product_rate(Clock& clock, cublasHandle_t cublas, cudaDataType_t type, cublasComputeType_t compute, const void* a, const void* b, float* c) {
  double best = 0;
  for (const auto& [m, n, k] : {std::tuple{8192, 8192, 8192}, {4096, 8192, 4096}, {8192, 16384, 1024}}) {
    const float one = 1, zero = 0;
    const double took = clock.least([&, m = m, n = n, k = k] {
      check(cublasGemmEx(cublas, CUBLAS_OP_T, CUBLAS_OP_N, m, n, k, &one, a, type, k, b, type, k, &zero, c, CUDA_R_32F, m, compute, CUBLAS_GEMM_DEFAULT), "product");
    });
    best = std::max(best, 2.0 * m * n * k / took);
  }
  return best;
}

Ceilings measure(int gpu) {
  check(cudaSetDevice(gpu), "GPU");
  int processors = 0;
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, gpu), "GPU");
  Ceilings c;
  Clock clock;
  {
    constexpr std::int64_t bytes = std::int64_t(1) << 30, n = bytes / 16;
    const Bytes from(bytes), to(bytes);
    auto* const t = static_cast<float4*>(to.data);
    const auto* const f = static_cast<const float4*>(from.data);
    double least = clock.least([&] { check(cudaMemcpyAsync(to.data, from.data, bytes, cudaMemcpyDeviceToDevice), "copy"); });
    least = std::min(least, clock.least([&] { copy_kernel<1><<<unsigned(n / 512), 512>>>(t, f, n); }));
    least = std::min(least, clock.least([&] { copy_kernel<4><<<unsigned(n / 4 / 512), 512>>>(t, f, n); }));
    least = std::min(least, clock.least([&] { copy_kernel<8><<<processors * 8, 256>>>(t, f, n); }));
    c.copy = 2.0 * bytes / least;
    constexpr std::int64_t some = std::int64_t(1) << 28;
    const Bytes host(some, true);
    c.to_device = double(some) / clock.least([&] { check(cudaMemcpyAsync(to.data, host.data, some, cudaMemcpyHostToDevice), "copy"); });
    c.to_host = double(some) / clock.least([&] { check(cudaMemcpyAsync(host.data, to.data, some, cudaMemcpyDeviceToHost), "copy"); });
  }
  const Bytes a(std::int64_t(8192) * 8192 * 4), b(std::int64_t(16384) * 8192 * 4), out(std::int64_t(8192) * 16384 * 4);
  for (const auto& [at, n] : {std::pair{a.data, std::int64_t(8192) * 8192}, {b.data, std::int64_t(16384) * 8192}})
    fill_kernel<<<unsigned((n + 255) / 256), 256>>>(static_cast<std::uint32_t*>(at), n);
  auto* const y = static_cast<float*>(out.data);
  c.special = std::max(unit_rate<kTanh>(clock, processors, y), unit_rate<kExp2>(clock, processors, y));
  c.fp32_products = 2 * unit_rate<kFma>(clock, processors, y);
  cublasHandle_t cublas = nullptr;
  check(cublasCreate(&cublas), "cuBLAS");
  try {
    c.bf16_products = product_rate(clock, cublas, CUDA_R_16BF, CUBLAS_COMPUTE_32F, a.data, b.data, y);
    c.tf32_products = product_rate(clock, cublas, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, a.data, b.data, y);
    c.fp32_products = std::max(c.fp32_products, product_rate(clock, cublas, CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC, a.data, b.data, y));
  } catch (...) {
    cublasDestroy(cublas);
    throw;
  }
  cublasDestroy(cublas);
  check(cudaGetLastError(), "kernel");
  return c;
}

}  // namespace
}  // namespace grainspin::cuda

extern "C" __attribute__((visibility("default"))) grainspin::cuda::Ceilings grainspin_cuda_ceilings(int gpu) {
  return grainspin::cuda::measure(gpu);
}

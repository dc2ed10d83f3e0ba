// The periodic Green operator: transforms by cuFFT, in place, batched over channels, and the operator formed on the
// fly at every frequency of the half spectrum.
#include <cufft.h>

#include <algorithm>
#include <string>

#include "cuda/nonlocal_elements.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {

// Two plans that share one work area, which belongs to the caller.
struct Spectral {
  cufftHandle forward = 0, inverse = 0;
  bool has_forward = false, has_inverse = false;
};

namespace {

void check_fft(cufftResult status, const char* call) {
  if (status == CUFFT_SUCCESS) return;
  const char* text = status == CUFFT_ALLOC_FAILED       ? "not enough memory"
                     : status == CUFFT_INVALID_SIZE     ? "an extent that it does not support"
                     : status == CUFFT_EXEC_FAILED      ? "the transform failed"
                     : status == CUFFT_SETUP_FAILED     ? "the library did not initialise"
                     : status == CUFFT_NO_WORKSPACE     ? "no work area"
                     : status == CUFFT_INVALID_DEVICE   ? "a plan of another GPU"
                     : status == CUFFT_INTERNAL_ERROR   ? "internal error"
                     : status == CUFFT_NOT_SUPPORTED    ? "not supported"
                                                        : "error";
  throw Error(status == CUFFT_ALLOC_FAILED ? Errc::kMemory : Errc::kDevice,
              std::string("cuFFT: ") + text + " (" + std::to_string(int(status)) + ") in " + call);
}

// Makes a plan in `handle` and returns the bytes of its work area, of which it has none yet.
std::int64_t make(cufftHandle& handle, bool& made, const SpectralShape& shape, bool inverse) {
  check_fft(cufftCreate(&handle), "cufftCreate");
  made = true;
  check_fft(cufftSetAutoAllocation(handle, 0), "cufftSetAutoAllocation");
  int first = 0;  // axes in front that have one voxel
  while (first < 2 && shape.n[first] == 1) ++first;
  long long n[3], real[3], complex[3], real_size = 1, complex_size = 1;
  const int rank = 3 - first;
  for (int d = 0; d < rank; ++d) {
    n[d] = real[d] = complex[d] = shape.n[first + d];
    if (d == rank - 1) complex[d] = n[d] / 2 + 1, real[d] = 2 * complex[d];
    real_size *= real[d];
    complex_size *= complex[d];
  }
  std::size_t bytes = 0;
  if (inverse)
    check_fft(cufftMakePlanMany64(handle, rank, n, complex, 1, complex_size, real, 1, real_size, CUFFT_C2R,
                                  shape.inverse_batch, &bytes), "cufftMakePlanMany64");
  else
    check_fft(cufftMakePlanMany64(handle, rank, n, real, 1, real_size, complex, 1, complex_size, CUFFT_R2C,
                                  shape.forward_batch, &bytes), "cufftMakePlanMany64");
  return std::int64_t(bytes);
}

std::int64_t make(Spectral& plans, const SpectralShape& shape) {
  const std::int64_t forward = make(plans.forward, plans.has_forward, shape, false);
  return std::max(forward, make(plans.inverse, plans.has_inverse, shape, true));
}

void drop(Spectral& plans) noexcept {
  if (plans.has_forward) cufftDestroy(plans.forward);
  if (plans.has_inverse) cufftDestroy(plans.inverse);
}

// One thread a frequency and polarisation: 40 bytes read, 64 (72 with pressure) written in place for some 150
// operations: memory-bound, 40 G frequencies/s at 4.2 TB/s, half as many as voxels.
__global__ void green_kernel(GreenStep s) {
  const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t f = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; f < s.spectrum.frequencies(); f += stride)
    green_element(s, f, int(blockIdx.y));
}

}  // namespace

std::int64_t spectral_bytes(Context* context, const SpectralShape& shape) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  struct Plans : Spectral {
    ~Plans() { drop(*this); }
  } plans;
  return make(plans, shape);
}

Spectral* spectral_create(Context* context, const SpectralShape& shape, void* work) {
  GRAINSPIN_CUDA(cudaSetDevice(context->gpu));
  Spectral* plans = new Spectral;
  try {
    make(*plans, shape);
    for (const cufftHandle handle : {plans->forward, plans->inverse}) {
      check_fft(cufftSetWorkArea(handle, work), "cufftSetWorkArea");
      check_fft(cufftSetStream(handle, context->stream), "cufftSetStream");
    }
  } catch (...) {
    spectral_destroy(context, plans);
    throw;
  }
  return plans;
}

void spectral_destroy(Context* context, Spectral* plans) noexcept {
  if (!plans) return;
  cudaSetDevice(context->gpu);
  drop(*plans);
  delete plans;
}

void forward(Context*, Spectral* plans, float* channels) {
  check_fft(cufftExecR2C(plans->forward, channels, reinterpret_cast<cufftComplex*>(channels)), "cufftExecR2C");
}

void inverse(Context*, Spectral* plans, float* channels) {
  check_fft(cufftExecC2R(plans->inverse, reinterpret_cast<cufftComplex*>(channels), channels), "cufftExecC2R");
}

void green_step(Context* context, const GreenStep& s) {
  constexpr int kThreads = 128;
  const std::int64_t blocks = (s.spectrum.frequencies() + kThreads - 1) / kThreads;
  const dim3 grid(unsigned(std::min<std::int64_t>(blocks, 1 << 20)), unsigned(s.polarisations));
  green_kernel<<<grid, kThreads, 0, context->stream>>>(s);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

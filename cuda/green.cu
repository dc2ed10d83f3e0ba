// The periodic Green operator: transforms by cuFFT, in place, batched over channels, and the operator formed on the
// fly at every frequency of the half spectrum.
//
// Spectra stay in single precision in both precisions. cuFFT's transforms in half precision take powers of two only and round
// after every stage; around transforms in single precision, half storage would cost more than it saves: of a channel 2 bytes a
// voxel less to write and 2 less to read in the tiles' kernel, but 6 more to widen and 6 more to narrow.
//
// Bytes of device memory a voxel and pass, M = 4, cuFFT at one round trip an axis: 5 M channels there 480, 8 M back 768, the
// operator 80 in, 128 out and 8 of the pressure: 1.46 kB.
#include <cufft.h>

#include <algorithm>
#include <string>

#include "cuda/nonlocal_elements.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {

// Plans that share one work area, which belongs to the caller.
struct Spectral {
  cufftHandle forward = 0, inverse = 0, single = 0;  // single: of one channel, back
  bool has_forward = false, has_inverse = false, has_single = false;
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
std::int64_t make(cufftHandle& handle, bool& made, const SpectralShape& shape, bool inverse, int batch) {
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
                                  batch, &bytes), "cufftMakePlanMany64");
  else
    check_fft(cufftMakePlanMany64(handle, rank, n, real, 1, real_size, complex, 1, complex_size, CUFFT_R2C,
                                  batch, &bytes), "cufftMakePlanMany64");
  return std::int64_t(bytes);
}

std::int64_t make(Spectral& plans, const SpectralShape& shape) {
  const std::int64_t forward = make(plans.forward, plans.has_forward, shape, false, shape.forward_batch);
  const std::int64_t inverse = make(plans.inverse, plans.has_inverse, shape, true, shape.inverse_batch);
  return std::max({forward, inverse, make(plans.single, plans.has_single, shape, true, 1)});
}

void drop(Spectral& plans) noexcept {
  if (plans.has_forward) cufftDestroy(plans.forward);
  if (plans.has_inverse) cufftDestroy(plans.inverse);
  if (plans.has_single) cufftDestroy(plans.single);
}

// One thread a frequency: 40 bytes read, 64 written in place, 16 more with pressure, for some 150 operations: memory-bound,
// 35 G frequencies/s at 4.2 TB/s, half as many as voxels.
__global__ void green_kernel(GreenStep s) {
  const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
  for (std::int64_t f = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; f < s.spectrum.frequencies(); f += stride)
    green_element(s, f);
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
    for (const cufftHandle handle : {plans->forward, plans->inverse, plans->single})
      check_fft(cufftSetWorkArea(handle, work), "cufftSetWorkArea");
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

void forward(Context* context, Spectral* plans, float* channels) {
  check_fft(cufftSetStream(plans->forward, context->stream), "cufftSetStream");
  check_fft(cufftExecR2C(plans->forward, channels, reinterpret_cast<cufftComplex*>(channels)), "cufftExecR2C");
}

void inverse(Context* context, Spectral* plans, float* channels, bool single) {
  const cufftHandle handle = single ? plans->single : plans->inverse;
  check_fft(cufftSetStream(handle, context->stream), "cufftSetStream");
  check_fft(cufftExecC2R(handle, reinterpret_cast<cufftComplex*>(channels), channels), "cufftExecC2R");
}

void green_step(Context* context, const GreenStep& s) {
  constexpr int kThreads = 128;
  const std::int64_t blocks = (s.spectrum.frequencies() + kThreads - 1) / kThreads;
  green_kernel<<<unsigned(std::min<std::int64_t>(blocks, 1 << 20)), kThreads, 0, context->stream>>>(s);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

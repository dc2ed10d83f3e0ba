// Torch's devices, threads and exceptions in the project's terms.
#pragma once

#include <exception>
#include <new>
#include <string>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "grainspin/core.h"

namespace grainspin {

// Error kDevice where there is no such GPU.
inline torch::Device torch_device(Device device, int gpu) {
  if (device == Device::kCpu) return torch::kCPU;
  require(torch::cuda::is_available(), Errc::kDevice, "LibTorch finds no CUDA device");
  require(gpu >= 0 && gpu < int(torch::cuda::device_count()), Errc::kDevice,
          "no CUDA device " + std::to_string(gpu) + ": LibTorch finds " +
              std::to_string(torch::cuda::device_count()));
  return torch::Device(torch::kCUDA, torch::DeviceIndex(gpu));
}

// 0: leaves LibTorch's own choice. Returns the number in use.
inline int set_threads(int threads) {
  if (threads > 0 && threads != at::get_num_threads()) at::set_num_threads(threads);
  return at::get_num_threads();
}

// Runs f; what Torch throws becomes an Error: out of memory kMemory, the rest kInternal.
template <class F>
void guarded(F&& f) {
  try {
    f();
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError& e) {
    throw Error(Errc::kMemory, std::string("LibTorch: ") + e.what_without_backtrace());
  } catch (const c10::Error& e) {
    throw Error(Errc::kInternal, std::string("LibTorch: ") + e.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw Error(Errc::kMemory, "out of memory");
  }
}

}  // namespace grainspin

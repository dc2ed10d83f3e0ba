// What a GPU can do at most, measured: a library of its own, opened by benchmarks alone (bench/device_ceilings.h).
#pragma once

namespace grainspin::cuda {

// Each the best of several kernels or shapes; 0 where the GPU has no such unit.
struct Ceilings {
  double copy = 0;                                         // bytes read and written a second, arrays of 1 GB
  double bf16_products = 0, tf32_products = 0, fp32_products = 0;  // FLOP/s, sums in fp32; fp32 in the multipliers of floats alone
  double special = 0;                                      // tanh.approx or ex2.approx a second
  double to_device = 0, to_host = 0;                       // bytes a second, pinned memory
};

// Throws Error kDevice, kMemory. Takes about a second.
using CeilingsFunction = Ceilings (*)(int gpu);
inline constexpr const char* kCeilingsSymbol = "grainspin_cuda_ceilings";

}  // namespace grainspin::cuda

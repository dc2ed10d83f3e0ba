// The knobs of host_cuda.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cuda/launchers.h"

namespace grainspin::testing {

// A stream of the caller's: what it was given runs when the engine waits for it.
struct HostStream {
  std::vector<std::function<void()>> given;
  int waited_for = 0, waits = 0;  // how often the engine waited for it, and was made to be waited for
};

// Memory of the caller's on a GPU. Guarded (host_cuda_array.h): not to be touched but by the launchers.
struct Lent {
  char* data;
  std::int64_t bytes;
  int gpu;
  bool managed;
};

struct HostCuda {
  cuda::Presence presence{1, 13000, 13000};
  std::int64_t free_bytes = std::int64_t(4) << 30;  // before anything is allocated
  std::int64_t reserved = 0;  // by others: not free, but the GPU's
  int version = cuda::kTableVersion;  // where the environment does not say otherwise: GRAINSPIN_HOST_CUDA_VERSION
  int batch_rows = 16;
  std::int64_t shared_bytes = 227 << 10;  // of a block
  bool tile_threads = false;              // a tile's warps are threads
  int waits = 0, synchronised = 0;        // how often the host waited for the GPU
  int graphs = 0, launches = 0, allocations = 0;  // how many were recorded, launched, made
  std::function<void()> at_product;  // called by every product of weights: to fail within a step
  std::int64_t allocated = 0;  // bytes that are not released yet
  std::int64_t to_host = 0, to_device = 0;  // bytes copied between host and device memory
  std::vector<Lent> lent;
  HostStream null_stream;
  int current = 0;             // the thread's GPU
  std::int64_t peak = 0;       // most bytes of device memory at one time since this was set to 0
};

using HostCudaFunction = HostCuda& (*)();

}  // namespace grainspin::testing

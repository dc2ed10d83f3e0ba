// The knobs of host_cuda.cpp.
#pragma once

#include <cstdint>

#include "cuda/launchers.h"

namespace grainspin::testing {

struct HostCuda {
  cuda::Presence presence{1, 13000, 13000};
  std::int64_t free_bytes = std::int64_t(4) << 30;
  int version = cuda::kTableVersion;
  int batch_rows = 16;
  int graphs = 0, launches = 0, allocations = 0;  // how many were recorded, launched, made
  std::int64_t allocated = 0;  // bytes that are not released yet
  std::int64_t peak = 0;       // most bytes of device memory at one time since this was set to 0
};

using HostCudaFunction = HostCuda& (*)();

}  // namespace grainspin::testing

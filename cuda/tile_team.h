// A block of threads as the team of one tile (nonlocal_tile_elements.h): a warp a warp, a lane a voxel.
#pragma once

#include "cuda/nonlocal_tile.h"

namespace grainspin::cuda {

constexpr int kTileThreads = kTileWarps * 32;

struct GpuTeam {
  template <class F>
  __device__ void each_warp(const F& f) const {
    f(int(threadIdx.x) / 32);
  }
  template <class F>
  __device__ void lanes(const F& f) const {
    f(int(threadIdx.x) % 32);
  }
  template <class F>
  __device__ void each(int n, const F& f) const {
    for (int i = int(threadIdx.x); i < n; i += kTileThreads) f(i);
  }
  template <class F>
  __device__ void once(const F& f) const {
    if (threadIdx.x % 32 == 0) f();
  }
  template <class F>
  __device__ double sum(const F& f) const {
    double value = f(int(threadIdx.x) % 32);
    for (int half = 16; half; half /= 2) value += __shfl_xor_sync(0xffffffffu, value, half);
    return value;
  }
  __device__ void sync() const { __syncthreads(); }
};

}  // namespace grainspin::cuda

// A warp of a GPU as the fused kernels see it (fused_parts.h), and their launches. For .cu files only.
#pragma once

#include <algorithm>

#include "cuda/fused_run.h"
#include "cuda/fused_step.h"
#include "cuda/runtime.h"

namespace grainspin::cuda {

constexpr int kMostWarps = 8;

struct GpuWarp {
  __device__ int lane() const { return int(threadIdx.x) % 32; }
  __device__ int warp() const { return int(threadIdx.x) / 32; }
  __device__ int thread() const { return int(threadIdx.x); }
  __device__ int threads() const { return int(blockDim.x); }
  __device__ void sync() const { __syncthreads(); }
  __device__ void sync_warp() const { __syncwarp(); }
  // For the compiler: loads are not moved across; a value whose origin it does not see, so that what comes of it is computed again
  // rather than kept in registers meanwhile.
  __device__ void settle() const { asm volatile("" ::: "memory"); }
  __device__ int anew(int v) const {
    asm volatile("" : "+r"(v));
    return v;
  }
  __device__ float shuffle(float v, int from) const { return __shfl_sync(0xffffffffu, v, from); }
  // 16 bytes to shared memory, there when fetched() returns.
  __device__ void fetch(void* to, const void* from) const {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(unsigned(__cvta_generic_to_shared(to))), "l"(from) : "memory");
  }
  __device__ void fetched() const { asm volatile("cp.async.wait_all;" ::: "memory"); }
  __device__ Quat orientation(const float* q, std::int64_t i) const {
    const float4 v = reinterpret_cast<const float4*>(q)[i];
    return {v.x, v.y, v.z, v.w};
  }
  __device__ void put_orientation(float* to, std::int64_t i, const Quat& q) const { reinterpret_cast<float4*>(to)[i] = make_float4(q.w, q.x, q.y, q.z); }
  __device__ std::uint32_t pack(float low, float high) const {
    std::uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
  }
  __device__ std::uint32_t pack_half(float low, float high) const {
    std::uint32_t pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
  }
  __device__ float low_half(std::uint32_t pair) const {
    float v;
    asm("{.reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, l;}" : "=f"(v) : "r"(pair));
    return v;
  }
  __device__ float high_half(std::uint32_t pair) const {
    float v;
    asm("{.reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, h;}" : "=f"(v) : "r"(pair));
    return v;
  }
  // One special-function operation, error below 2^-10.9 of the value (PTX ISA): less than what bf16 rounds away.
  __device__ float tanh(float x) const {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
  }
  __device__ float half_sigmoid(float half) const { return fmaf(tanh(half), 0.5f, 0.5f); }
  __device__ void mma(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t* b) const {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  // Products of a group of four warps (wgmma, sm_90a): sums of 64 rows and 32 columns, a warp's sixteen rows in mma's places; asynchronous
  // between groups_begin() and groups_end(). Shared memory that threads wrote is visible to them after publish() and a barrier.
  __device__ std::uint32_t shared_address(const void* p) const { return std::uint32_t(__cvta_generic_to_shared(p)); }
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  __device__ void publish() const { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
  __device__ void groups_begin() const { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
  __device__ void groups_end() const {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
  }
  // The compiler leaves these registers alone from here on, or again.
  __device__ void touch(float (&c)[4][4]) const {
    for (int g = 0; g < 4; ++g) asm volatile("" : "+f"(c[g][0]), "+f"(c[g][1]), "+f"(c[g][2]), "+f"(c[g][3])::"memory");
  }
  __device__ void group_mma(float (&c)[4][4], const std::uint32_t (&a)[4], std::uint64_t b) const {
    asm volatile(
        "{.reg .pred p; setp.eq.b32 p, 0, 0;"
        " wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15}, {%16,%17,%18,%19}, %20, p, 1, 1, 0;}"
        : "+f"(c[0][0]), "+f"(c[0][1]), "+f"(c[0][2]), "+f"(c[0][3]), "+f"(c[1][0]), "+f"(c[1][1]), "+f"(c[1][2]), "+f"(c[1][3]),
          "+f"(c[2][0]), "+f"(c[2][1]), "+f"(c[2][2]), "+f"(c[2][3]), "+f"(c[3][0]), "+f"(c[3][1]), "+f"(c[3][2]), "+f"(c[3][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
  }
#else  // never launched
  __device__ void publish() const {}
  __device__ void groups_begin() const {}
  __device__ void groups_end() const {}
  __device__ void touch(float (&)[4][4]) const {}
  __device__ void group_mma(float (&)[4][4], const std::uint32_t (&)[4], std::uint64_t) const { __trap(); }
#endif
};

inline int attribute(Context* context, cudaDeviceAttr what) {
  int value = 0;
  GRAINSPIN_CUDA(cudaDeviceGetAttribute(&value, what, context->gpu));
  return value;
}
inline bool has_bf16(Context* context) { return attribute(context, cudaDevAttrComputeCapabilityMajor) >= 8; }
inline int shared_bytes(Context* context) { return attribute(context, cudaDevAttrMaxSharedMemoryPerBlockOptin); }

// Most warps of a block, 8, 4, 2 or 1, for which bytes(warps) fit; 0: none.
template <class Bytes>
int most_warps(Context* context, const Bytes& bytes) {
  const int all = shared_bytes(context);
  for (int warps = kMostWarps; warps > 0; warps /= 2)
    if (bytes(warps) <= all) return warps;
  return 0;
}

// Blocks that the GPU runs at a time.
template <class Kernel>
int blocks_at_once(Context* context, Kernel kernel, int warps, int bytes) {
  GRAINSPIN_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  int per_sm = 0;
  GRAINSPIN_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_sm, kernel, warps * 32, std::size_t(bytes)));
  return std::max(1, per_sm) * attribute(context, cudaDevAttrMultiProcessorCount);
}

// As many blocks as the GPU runs at a time, at most `blocks`; each takes every so manieth block of the lattice.
template <class Kernel, class... Arguments>
void launch_persistent(Context* context, Kernel kernel, int warps, int bytes, int blocks, const Arguments&... arguments) {
  const int most = blocks_at_once(context, kernel, warps, bytes);
  kernel<<<unsigned(std::min(blocks, most)), unsigned(warps * 32), std::size_t(bytes), context->stream>>>(arguments...);
  GRAINSPIN_CUDA(cudaGetLastError());
}

}  // namespace grainspin::cuda

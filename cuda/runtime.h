// Errors of the CUDA runtime and of cuBLAS as Error, and what a context holds. For .cu files only.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include "cuda/launchers.h"

// GRAINSPIN_CUDA(cudaMemcpyAsync(...)); the only macro: it alone can tell the call's own text.
#define GRAINSPIN_CUDA(call) ::grainspin::cuda::check((call), #call)

namespace grainspin::cuda {

// Throw Error kMemory or kDevice with the error's name and text and the call; the runtime's error is cleared
// before, so that the next launch does not report it again.
void check(cudaError_t status, const char* call);
void check(cublasStatus_t status, const char* call);

struct Context {
  int gpu = 0;
  cudaStream_t stream = nullptr;  // the one in use
  cudaStream_t streams[3] = {};   // the context's, and those beside it where they were used (graph.cu)
  cudaEvent_t marks[2] = {}, order = nullptr;
  cublasHandle_t cublas = nullptr;
  void* workspace = nullptr;
};

constexpr std::int64_t kWorkspaceBytes = std::int64_t(32) << 20;

// memory.cu
Context* create(int gpu);
void destroy(Context*) noexcept;
Presence presence();
DeviceInfo info(Context*);
void* allocate(Context*, std::int64_t bytes);
void release(Context*, void*) noexcept;
void* allocate_pinned(Context*, std::int64_t bytes);
void release_pinned(Context*, void*) noexcept;
void copy(Context*, void* dst, const void* src, std::int64_t bytes);
void copy_box(Context*, void* dst, const void* src, const SubBox& box, int bytes_each);
void zero(Context*, void*, std::int64_t bytes);
void mark(Context*, int which);
void wait(Context*, int which);
void synchronise(Context*);

// grid.cu
void embed(Context*, const InputSpec&, std::int64_t n, std::int64_t rows, const float* q, float* out);
void gather_patches(Context*, const Neighbourhood&, int channels, const float* field, const Batch&, float* patches);
void gather_embedded(Context*, const Neighbourhood&, const InputSpec&, const float* q, const Batch&, float* patches);

// recurrent.cu
void linear(Context*, int rows, int in, int out, const float* x, const float* weight, int row_stride, bool accumulate,
            float* y);
void cell(Context*, const CellStep&);
void heads(Context*, const HeadStep&);

// fused.cu, fused_step.cu
int run_warps(Context*, const FusedModel&);
int step_warps(Context*, const FusedModel&);
bool can_group(Context*, const FusedModel&);
void run(Context*, const FusedRun&);
void step(Context*, const FusedStep&);

// strict_run.cu
int strict_warps(Context*, const FusedModel&);
int strict_blocks(Context*, const FusedModel&);
void strict_run(Context*, const StrictRun&);

// graph.cu
Graph* record(Context*, void (*work)(void*), void* with);
void launch(Context*, Graph*);
void forget(Context*, Graph*) noexcept;
void on_stream(Context*, int stream);
void follow(Context*, int stream);

// green.cu
std::int64_t spectral_bytes(Context*, const SpectralShape&);
Spectral* spectral_create(Context*, const SpectralShape&, void* work);
void spectral_destroy(Context*, Spectral*) noexcept;
void forward(Context*, Spectral*, float* channels);
void inverse(Context*, Spectral*, float* channels, bool single);
void green_step(Context*, const GreenStep&);

// nonlocal_tile.cu
SweepRoom sweep_room(Context*);
void sweep_step(Context*, const SweepStep&);

// nonlocal.cu
void begin_step(Context*, const StepLoad* table, int* counter, StepLoad* now);
void clear_step(Context*, const ClearStep&);
void mean_step(Context*, const MeanStep&);
void close_step(Context*, const CloseStep&);
void stress_step(Context*, const StressStep&);
void mirror_step(Context*, const MirrorStep&);

// variance.cu
void variance_step(Context*, const VarianceStep&);

// arrays.cu
int use(int gpu) noexcept;
Pointer pointer(Context*, const void*);
void wait_for(Context*, Stream);
void let_wait(Context*, Stream);
std::int64_t first_unsound(Context*, const TakeOrientations&);
void take_orientations(Context*, const TakeOrientations&);
void give_orientations(Context*, const GiveOrientations&);
void give_field(Context*, const GiveField&);
void move_marks(Context*, const MoveMarks&);
void judge_voxels(Context*, const JudgeVoxels&);
void pack_orientations(Context*, const PackOrientations&);

// regression.cu
void products(Context*, const ProductStep&);
void descend_step(Context*, const DescentStep&);

}  // namespace grainspin::cuda

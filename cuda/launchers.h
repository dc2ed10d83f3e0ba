// The seam between libgrainspin and libgrainspin_cuda: a table of launchers, found by its one exported name
// `grainspin_cuda_table`. Raw pointers, sizes, stream; no type of CUDA, so that any C++ compiler reads it.
//
// Pointers are memory of the context's GPU unless said otherwise. Launches are asynchronous on the context's
// stream. What fails throws Error: kMemory where the device has too little, kDevice otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/array_launchers.h"
#include "cuda/fused_launchers.h"
#include "cuda/nonlocal_launchers.h"
#include "cuda/regression_launchers.h"
#include "cuda/sub_box.h"
#include "grainspin/gather.h"
#include "grainspin/input.h"
#include "grainspin/model.h"

namespace grainspin::cuda {

// Raised with every change of this file: a library of another version is refused.
constexpr int kTableVersion = 11;

struct Context;  // a GPU, a stream on it, and what cuBLAS needs
struct Graph;    // recorded launches

struct Presence {
  int devices = 0;
  int driver = 0;   // CUDA version that the driver supports, 13000 for 13.0; 0: no driver
  int runtime = 0;  // CUDA version that the library was built with
};

struct DeviceInfo {
  char name[256] = {};
  std::int64_t bytes = 0, free_bytes = 0;
  int major = 0, minor = 0;  // compute capability
};

// Rows 0 .. n-1 of a batch of `rows`; rows from n on are padding: written as zero.
struct Batch {
  SubBox box;                             // row i is voxel(box, first + i) ...
  std::int64_t first = 0;
  const std::int64_t* centres = nullptr;  // ... or, where this is set, voxel centres[i]
  int n = 0, rows = 0;
};
GRAINSPIN_HD constexpr std::int64_t voxel(const Batch& batch, int i) {
  return batch.centres ? batch.centres[i] : voxel(batch.box, batch.first + i);
}

// One layer of a cell on n rows.
struct CellStep {
  Cell cell;
  int n, hidden;
  const float* gx;       // [n, G hidden]  W_ih x
  const float* gh;       // [n, G hidden]  W_hh h
  const float* bias_ih;  // [G hidden]
  const float* bias_hh;  // [G hidden]
  float* c;              // [n, hidden], LSTM only, in place
  float* h;              // [n, hidden], in place
};

// The heads' products turned into a step of n voxels. Outputs that are null are not written.
struct HeadStep {
  int n, width;              // numbers a row: 3, then 6 with stress, then 3 with variance
  const float* y;            // [n, width] W h, without bias
  const float* bias;         // [width]
  bool has_stress;
  float increment_scale[3];  // rad
  float stress_mean[6], stress_scale[6];  // Pa
  SubBox box;                // where the mask is looked up: row i is voxel(box, first + i)
  std::int64_t first;
  const std::uint8_t* mask;  // [box.outer] or null: a masked voxel keeps its orientation, its other outputs are 0
  const float* q;            // [n, 4] the orientation that turns
  float* q_out;              // [n, 4]
  float* increment;          // [n, 3]
  float* stress;             // [n, 6]
  float* log_variance;       // [n, 3]
};

struct Table {
  int version;     // kTableVersion, the first member for ever
  int batch_rows;  // rows of every batch: products always have this one shape, so that a voxel's result does not
                   // depend on where in a tile it lies
  std::int64_t context_bytes;  // device memory of a context

  Presence (*presence)();
  Context* (*create)(int gpu);
  void (*destroy)(Context*) noexcept;
  DeviceInfo (*info)(Context*);

  void* (*allocate)(Context*, std::int64_t bytes);
  void (*release)(Context*, void*) noexcept;
  void* (*allocate_pinned)(Context*, std::int64_t bytes);  // host memory
  void (*release_pinned)(Context*, void*) noexcept;
  // Either side may be host memory; host memory that is not pinned is read before the call returns.
  void (*copy)(Context*, void* dst, const void* src, std::int64_t bytes);
  // dst[box.size, bytes_each] = the box of src[box.outer, bytes_each]; either side may be host memory.
  void (*copy_box)(Context*, void* dst, const void* src, const SubBox& box, int bytes_each);
  void (*zero)(Context*, void*, std::int64_t bytes);
  // A mark in the stream, and waiting for it. Marks are numbered 0 and 1 and may be set again.
  void (*mark)(Context*, int which);
  void (*wait)(Context*, int which);
  void (*synchronise)(Context*);

  // q[n, 4] -> out[rows, size], rows from n on zero
  void (*embed)(Context*, const InputSpec&, std::int64_t n, std::int64_t rows, const float* q, float* out);
  // field[hood.shape, channels] -> patches[batch.rows, taps, channels]
  void (*gather_patches)(Context*, const Neighbourhood&, int channels, const float* field, const Batch&, float* patches);
  // q[hood.shape, 4] -> patches[batch.rows, taps, embedding size]
  void (*gather_embedded)(Context*, const Neighbourhood&, const InputSpec&, const float* q, const Batch&,
                          float* patches);
  // y[rows, out] = (accumulate ? y : 0) + x[rows, in] weight^T, weight the first `in` of row_stride columns of out
  // rows. fp32 products and sums, nothing narrower.
  void (*linear)(Context*, int rows, int in, int out, const float* x, const float* weight, int row_stride,
                 bool accumulate, float* y);
  void (*cell)(Context*, const CellStep&);
  void (*heads)(Context*, const HeadStep&);

  // The local family in bf16, fused (fused_launchers.h). Warps of a block of all steps, and of one step and its projection, which
  // fix the order of voxels in states; 0: not for this model or not on this GPU.
  int step_rows;  // rows that an open loop of two layers takes through all steps at a time: their state stays in the L2 cache
  int (*run_warps)(Context*, const FusedModel&);
  int (*step_warps)(Context*, const FusedModel&);
  bool (*can_group)(Context*, const FusedModel&);  // whether a step may take FusedModel::grouped
  void (*run)(Context*, const FusedRun&);
  void (*step)(Context*, const FusedStep&);
  // The same of the open loop in fp32: warps of a block, blocks that run at a time.
  int (*strict_warps)(Context*, const FusedModel&);
  int (*strict_blocks)(Context*, const FusedModel&);
  void (*strict)(Context*, const StrictRun&);

  // What work(with) launches is not run but recorded, and run as often as the graph is launched. Copies to host memory
  // must go to pinned memory; nothing may be allocated, waited for or marked meanwhile. An error that work throws passes.
  Graph* (*record)(Context*, void (*work)(void*), void* with);
  void (*launch)(Context*, Graph*);
  void (*forget)(Context*, Graph*) noexcept;
  // Streams beside each other: launches, copies and marks go to the one in use, 0 (at first) .. 2. What it is given after
  // follow(s) waits for what stream s was given before. What is recorded ends on stream 0, which follows the others.
  void (*on_stream)(Context*, int stream);
  void (*follow)(Context*, int stream);

  // ---- the nonlocal family (nonlocal_launchers.h) ----
  // Bytes of the work area of these transforms, plans made with it, and the transforms of one batch of channels.
  // Error kDevice for extents that cuFFT does not support.
  std::int64_t (*spectral_bytes)(Context*, const SpectralShape&);
  Spectral* (*spectral_create)(Context*, const SpectralShape&, void* work);
  void (*spectral_destroy)(Context*, Spectral*) noexcept;
  void (*forward)(Context*, Spectral*, float* channels);
  void (*inverse)(Context*, Spectral*, float* channels, bool single);  // single: of one channel
  // now = table[counter], counter is raised: a recorded step takes the next load each time that it runs.
  void (*begin_step)(Context*, const StepLoad* table, int* counter, StepLoad* now);
  SweepRoom (*sweep_room)(Context*);
  void (*sweep)(Context*, const SweepStep&);
  void (*clear)(Context*, const ClearStep&);
  void (*mean)(Context*, const MeanStep&);
  void (*green)(Context*, const GreenStep&);
  void (*close)(Context*, const CloseStep&);
  void (*stress)(Context*, const StressStep&);
  void (*mirror)(Context*, const MirrorStep&);
  void (*variance)(Context*, const VarianceStep&);

  // ---- sparse regression (regression_launchers.h) ----
  void (*products)(Context*, const ProductStep&);
  void (*descend)(Context*, const DescentStep&);  // Error kMemory: more columns than a block's shared memory holds

  // ---- arrays of the caller in GPU memory, and what is made of results there (array_launchers.h) ----
  // Makes a GPU the calling thread's current one, as launches need it; returns the one that was before.
  int (*use)(int gpu) noexcept;
  Pointer (*pointer)(Context*, const void*);
  // What is launched from now on waits for what `stream` (of the same GPU; null: the legacy default one) was given before;
  // and what `stream` is given from now on waits for what was launched. Neither waits on the host.
  void (*wait_for)(Context*, Stream);
  void (*let_wait)(Context*, Stream);
  // The first voxel that is no rotation to within kRotation, -1 where there is none. Waits for the GPU.
  std::int64_t (*first_unsound)(Context*, const TakeOrientations&);
  void (*take_orientations)(Context*, const TakeOrientations&);
  void (*give_orientations)(Context*, const GiveOrientations&);
  void (*give_field)(Context*, const GiveField&);
  void (*move_marks)(Context*, const MoveMarks&);
  void (*judge_voxels)(Context*, const JudgeVoxels&);
  void (*pack_orientations)(Context*, const PackOrientations&);
};

using TableFunction = const Table* (*)();
inline constexpr const char* kTableSymbol = "grainspin_cuda_table";

}  // namespace grainspin::cuda

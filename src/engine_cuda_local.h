// The local family on a GPU: weights in its memory, and the parts of a step that a whole run and a run step by step share.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "device_memory.h"
#include "engine_cuda_fused.h"
#include "grainspin/surrogate.h"

namespace grainspin {

inline std::int64_t padded(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }

// Waits for the GPU, also when an exception passes: declared after the buffers that it may still be writing to.
struct Finish {
  const Gpu& gpu;
  ~Finish() {
    try {
      gpu->synchronise(gpu);
    } catch (const Error&) {  // an error of the run itself is thrown by the call that waits for its results
    }
  }
};

// One step's outputs, or all steps' ([T] outermost), for n voxels.
template <template <class> class Memory>
struct Outputs {
  Memory<float> orientation, increment, stress, log_variance;
  Outputs(const Gpu& gpu, const LocalSpec& s, std::int64_t n)
      : orientation(gpu, n * 4), increment(gpu, n * 3), stress(gpu, s.stress ? n * 6 : 0),
        log_variance(gpu, s.variance ? n * 3 : 0) {}
};
inline std::int64_t output_floats(const LocalSpec& s) { return 7 + (s.stress ? 6 : 0) + (s.variance ? 3 : 0); }

class CudaLocal {
 public:
  struct Layer {
    int in;
    DeviceBuffer<float> weight_ih, weight_hh, bias_ih, bias_hh;
  };
  // Buffers of one batch.
  struct Scratch {
    DeviceBuffer<float> patches, gx, gh, y;
  };

  CudaLocal(const Model& model, const EngineOptions& options);

  bool coupled() const { return spec_.local.feedback == Feedback::kNeighbours; }
  bool own() const { return spec_.local.feedback == Feedback::kOwn; }
  int channels() const { return input_.embedding.size; }
  int rows() const { return gpu_.table().batch_rows; }
  int gates() const { return (spec_.local.cell == Cell::kLstm ? 4 : 3) * spec_.local.hidden; }
  int cube() const { return taps(spec_.local.radius) * channels(); }  // columns of the gathered input
  // Numbers of state a voxel: h of every layer, c of an LSTM's.
  int state() const { return spec_.local.layers * spec_.local.hidden * (spec_.local.cell == Cell::kLstm ? 2 : 1); }

  // Floats of memory for n voxels of a box: the state, and by `initial` and `own` what the neighbours gave.
  std::int64_t state_floats(Shape box) const {
    return fused_ ? fused_->state_bytes(box) / 4 : padded(box.voxels(), rows()) * state();
  }
  std::int64_t projected_floats(Shape box) const {
    return coupled() ? 0 : fused_ ? fused_->projected_bytes(box) / 4 : padded(box.voxels(), rows()) * gates();
  }
  Scratch scratch() const {
    if (fused_) return {};
    const std::int64_t B = rows();
    return {{gpu_, B * cube()}, {gpu_, B * gates()}, {gpu_, B * gates()}, {gpu_, B * head_width_}};
  }

  Neighbourhood hood(const Region& region, const std::uint8_t* mask) const;  // mask on the device

  // One step of the cell on n rows whose layer-0 input product is in gx. h, c: [layer][stride rows][hidden], at the
  // batch's first row.
  void cells(int n, const float* gx, const Scratch& s, float* h, float* c, std::int64_t stride) const;
  // The heads of n rows, results at row `at` of `out` and q_out.
  void advance(int n, const Scratch& s, const cuda::SubBox& box, std::int64_t first, const std::uint8_t* mask,
               const float* q, float* q_out, const Outputs<DeviceBuffer>& out, std::int64_t at) const;
  // `neighbours`: one step of a whole region, q -> q_out; the other results to `out`. e [n, channels], state
  // [padded(n, rows), state()].
  void step_coupled(const Neighbourhood& hood, const float* q, float* q_out, float* e, float* state, const Scratch& s,
                    const Outputs<DeviceBuffer>& out) const;
  // `initial`, `own`: what the neighbours give the batch of m voxels from `at` on -> projected[rows, gates]; and one step
  // of it, results at row out_at. now [rows, channels].
  void project(const Neighbourhood& hood, const cuda::SubBox& box, const float* e, std::int64_t at, int m,
               const Scratch& s, float* projected) const;
  void step_alone(const cuda::SubBox& box, std::int64_t at, int m, const std::uint8_t* mask, const float* projected,
                  float* now, const float* q, float* q_out, float* h, float* c, std::int64_t stride, const Scratch& s,
                  const Outputs<DeviceBuffer>& out, std::int64_t out_at) const;

  Gpu gpu_;
  ModelSpec spec_;
  InputSpec input_;
  std::vector<Layer> layers_;
  std::unique_ptr<CudaFused> fused_;  // null: the other members, in fp32
  int head_width_ = 3;
  DeviceBuffer<float> head_weight_, head_bias_;
  std::string description_;
  mutable std::mutex busy_;  // one run at a time: there is one stream
};

// A grid step by step (engine_cuda_rollout.cpp). `engine` outlives it.
std::unique_ptr<Rollout> start_cuda_local(const CudaLocal& engine, const Region& region, const float* q0,
                                          const std::uint8_t* mask);
RolloutSize cuda_local_rollout_size(const CudaLocal& engine, const Region& region, bool masked);

}  // namespace grainspin

// A local model's weights, packed for the CPU kernels, and one step of its network on a block of voxels.
#pragma once

#include "grainspin/embedding.h"
#include "grainspin/model.h"
#include "recurrent.h"

namespace grainspin {

class CpuNetwork {
 public:
  // Throws Error kFormat where the model's embedding has another size than its normaliser.
  CpuNetwork(const Model& model, const RecurrentKernels& kernels);

  int channels() const { return channels_; }
  int taps() const { return taps_; }
  int head_rows() const { return int(head_bias_.size()); }  // increment 3, stress 6, log variance 3
  std::int64_t state_floats() const {
    return std::int64_t(layers_.size()) * (gates_ == 4 ? 2 : 1) * hidden_ * kBlock;
  }
  // Accumulators of the input that stays the same over the steps; 0 with `neighbours`.
  std::int64_t start_floats() const { return fixed_input_ ? std::int64_t(hidden_) * 4 * kBlock : 0; }
  std::int64_t scratch_floats() const { return std::int64_t(hidden_) * kBlock + pairs_; }

  // Normalised embeddings of q[n,4]: channel c of voxel i goes to e[c * stride + i].
  void embed(std::int64_t n, const float* q, float* e, std::int64_t stride) const;
  // patch[taps * channels][kBlock] -> start[start_floats()]; scratch[scratch_floats()].
  void project(const float* patch, float* start, float* scratch) const {
    kernels_.project(fixed_.view(), gates_, patch, start, scratch);
  }
  std::uint32_t turn(const float* w, const float* q, float* next) const { return kernels_.turn(w, q, next); }
  // One step: x[columns][kBlock] is what varies (null with `initial`), state[state_floats()] is carried,
  // heads[head_rows()][kBlock] in rad, Pa and log.
  void step(const float* start, const float* x, float* state, float* scratch, float* heads) const;

 private:
  const RecurrentKernels& kernels_;
  const EmbeddingSpec& embedding_;
  int gates_, hidden_, channels_, taps_;
  bool fixed_input_;
  std::int64_t pairs_ = 0;  // floats that kernels in bf16 work in
  PackedLayer fixed_;
  std::vector<PackedLayer> layers_;
  std::vector<float> head_weight_, head_bias_;
  std::vector<float> mean_, inverse_scale_;
};

}  // namespace grainspin

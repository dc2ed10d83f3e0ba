// A local model's weights, packed for the kernels that have units slowest, and one step of its network on a block of voxels.
#pragma once

#include "block_network.h"
#include "grainspin/embedding.h"

namespace grainspin {

// Checks the normaliser, throws Error kFormat.
const EmbeddingSpec& embedding_of(const Model& model);

// The heads with their scaling folded in: increment, stress, log variance.
struct FoldedHeads {
  explicit FoldedHeads(const Model& model);
  std::vector<float> weight, bias;  // [rows][hidden], [rows]
};

class CpuNetwork final : public BlockNetwork {
 public:
  CpuNetwork(const Model& model, const RecurrentKernels& kernels);

  int head_rows() const override { return int(heads_.bias.size()); }
  std::int64_t embedded_floats(std::int64_t voxels) const override { return voxels * channels_; }
  std::int64_t patch_floats() const override { return std::int64_t(taps_) * channels_ * kBlock; }
  std::int64_t own_floats() const override { return std::int64_t(channels_) * kBlock; }
  std::int64_t state_floats() const override {
    return std::int64_t(layers_.size()) * (gates_ == 4 ? 2 : 1) * hidden_ * kBlock;
  }
  std::int64_t start_floats() const override { return fixed_input_ ? std::int64_t(hidden_) * 4 * kBlock : 0; }
  std::int64_t scratch_floats() const override { return std::int64_t(hidden_) * kBlock + pairs_; }

  // Channel c of voxel i at e[c * voxels + i]; a patch is [taps * channels][kBlock].
  void embed(std::int64_t first, std::int64_t count, std::int64_t voxels, const float* q, float* e) const override;
  void embed_own(const float* q, float* own) const override { embed(0, kBlock, kBlock, q, own); }
  void gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e, std::int64_t voxels,
              float* patch) const override;
  void project(const float* patch, float* start, float* scratch) const override {
    kernels_.project(fixed_.view(), gates_, patch, start, scratch);
  }
  std::uint32_t turn(const float* w, const float* q, float* next) const override { return kernels_.turn(w, q, next); }
  void step(const float* start, const float* x, float* state, float* scratch, float* heads) const override;

 private:
  const RecurrentKernels& kernels_;
  const EmbeddingSpec& embedding_;
  int gates_, hidden_, channels_, taps_;
  bool fixed_input_;
  std::int64_t pairs_ = 0;  // floats that kernels in bf16 work in
  PackedLayer fixed_;
  std::vector<PackedLayer> layers_;
  FoldedHeads heads_;
  std::vector<float> mean_, inverse_scale_;
};

}  // namespace grainspin

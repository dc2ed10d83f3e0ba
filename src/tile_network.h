// The local family's network by tile_kernels.h: weights packed for them, and how embeddings, patches and states lie.
#pragma once

#include "block_network.h"
#include "cpu_network.h"
#include "tile_kernels.h"

namespace grainspin {

class TileNetwork final : public BlockNetwork {
 public:
  TileNetwork(const Model& model, const RecurrentKernels& kernels);

  int head_rows() const override { return int(heads_.bias.size()); }
  std::int64_t embedded_floats(std::int64_t voxels) const override { return halves_in_floats(voxels * channels_ * parts() + kSlack); }
  std::int64_t patch_floats() const override { return halves_in_floats(kBlock * patch_pitch_ + kSlack); }
  std::int64_t own_floats() const override { return halves_in_floats(kBlock * own_pitch_ + kSlack); }
  std::int64_t state_floats() const override { return halves_in_floats(std::int64_t(layers_.size()) * (1 + 1) * row_tiles()); }
  std::int64_t start_floats() const override { return fixed_input_ ? halves_in_floats(4 * row_tiles()) : 0; }
  std::int64_t scratch_floats() const override { return halves_in_floats(row_tiles()); }

  void embed(std::int64_t first, std::int64_t count, std::int64_t voxels, const float* q, float* e) const override;
  void embed_own(const float* q, float* own) const override;
  void gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e, std::int64_t voxels,
              float* patch) const override;
  void project(const float* patch, float* start, float* scratch) const override;
  void step(const float* start, const float* x, float* state, float* scratch, float* heads) const override;
  std::uint32_t turn(const float* w, const float* q, float* next) const override { return kernels_.turn(w, q, next); }

 private:
  void begin() const override { kernels_.tiles->begin(); }
  void end() const override { kernels_.tiles->end(); }
  static constexpr int kUnits = 32;   // of a group; columns of a tile
  static constexpr int kSlack = 128;  // runs are copied 32 numbers at a time, beyond their end
  static std::int64_t halves_in_floats(std::int64_t n) { return (n + 1) / 2; }
  // Inputs that do not change over the steps, and `own`'s, are two bf16 each (tile_kernels.h); `neighbours` multiplies its cube at
  // every step, once.
  int parts() const { return fixed_input_ ? 2 : 1; }
  void normalise(int count, const float* q, std::uint16_t* nearest, std::uint16_t* rest) const;
  std::int64_t row_tiles() const { return std::int64_t(groups_) * kBlock * kUnits; }

  struct Layer {
    int x_tiles = 0;
    AlignedFloats wx, wh, bias;
  };
  enum class Input { kPlain, kCube, kOwn };  // columns once; tiles of both parts; columns of inputs' parts 1, 2, 1 with weights' 1, 1, 2
  Layer pack(Input kind, const float* weight_ih, int width, int first, int columns, const float* weight_hh, const float* bias_ih,
             const float* bias_hh) const;
  TileLayer view(const Layer& layer) const;

  const RecurrentKernels& kernels_;
  const EmbeddingSpec& embedding_;
  int gates_, hidden_, groups_, channels_, taps_, side_;
  bool fixed_input_;
  std::int64_t patch_pitch_, own_pitch_;  // numbers of a voxel's row
  Layer fixed_;
  std::vector<Layer> layers_;
  AlignedFloats offset_, head_weight_, head_bias_;
  FoldedHeads heads_;
  std::vector<float> mean_, factor_;
};

}  // namespace grainspin

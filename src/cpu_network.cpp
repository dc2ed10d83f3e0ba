#include "cpu_network.h"

#include <algorithm>
#include <cstring>

#include "grainspin/core.h"
#include "grainspin/grid.h"
#include "grainspin/symmetry.h"
#include "tile_network.h"

namespace grainspin {
namespace {

// Appends a head with its scaling folded in: out = mean + scale * (weight h + bias).
void append_head(const Model& model, const std::string& which, const float* mean, const float* scale,
                 std::vector<float>& weight, std::vector<float>& bias) {
  const Tensor& w = model.tensors.at("head." + which + ".weight");
  const Tensor& b = model.tensors.at("head." + which + ".bias");
  const std::size_t rows = b.values.size(), columns = w.values.size() / rows;
  for (std::size_t r = 0; r < rows; ++r) {
    const double s = scale ? scale[r] : 1.0;
    for (std::size_t k = 0; k < columns; ++k) weight.push_back(float(s * w.values[r * columns + k]));
    bias.push_back(float((mean ? mean[r] : 0.0) + s * b.values[r]));
  }
}

}  // namespace

const EmbeddingSpec& embedding_of(const Model& model) {
  const ModelSpec& spec = model.spec;
  const EmbeddingSpec& e = embedding(PointGroup::named(spec.point_group));
  require(int(spec.input_mean.size()) == e.size, Errc::kFormat,
          "the embedding of group " + spec.point_group + " has " + std::to_string(e.size) +
              " numbers, the model's normaliser " + std::to_string(spec.input_mean.size()));
  return e;
}

FoldedHeads::FoldedHeads(const Model& model) {
  const ModelSpec& spec = model.spec;
  append_head(model, "increment", nullptr, spec.increment_scale.data(), weight, bias);
  if (spec.local.stress) append_head(model, "stress", spec.stress_mean.data(), spec.stress_scale.data(), weight, bias);
  if (spec.local.variance) append_head(model, "variance", nullptr, nullptr, weight, bias);
}

std::unique_ptr<BlockNetwork> block_network(const Model& model, const RecurrentKernels& kernels) {
  if (kernels.tiles) return std::make_unique<TileNetwork>(model, kernels);
  return std::make_unique<CpuNetwork>(model, kernels);
}

CpuNetwork::CpuNetwork(const Model& model, const RecurrentKernels& kernels)
    : kernels_(kernels),
      embedding_(embedding_of(model)),
      gates_(model.spec.local.cell == Cell::kLstm ? 4 : 3),
      hidden_(model.spec.local.hidden),
      channels_(embedding_.size),
      taps_(grainspin::taps(model.spec.local.radius)),
      fixed_input_(model.spec.local.feedback != Feedback::kNeighbours),
      heads_(model) {
  const ModelSpec& spec = model.spec;
  mean_ = spec.input_mean;
  for (float s : spec.input_scale) inverse_scale_.push_back(float(1.0 / s));

  const auto tensor = [&](const char* name, int l) {
    return model.tensors.at("rnn." + std::string(name) + "_l" + std::to_string(l)).values.data();
  };
  const int width = input_width(spec), patch = taps_ * channels_;
  if (fixed_input_)
    fixed_ = pack(kernels, gates_, hidden_, tensor("weight_ih", 0), width, 0, patch, nullptr,
                  tensor("bias_ih", 0), tensor("bias_hh", 0));
  for (int l = 0; l < spec.local.layers; ++l) {
    const bool first = l == 0;
    const int from = first && fixed_input_ ? patch : 0, columns = first ? width : hidden_;
    layers_.push_back(pack(kernels, gates_, hidden_, tensor("weight_ih", l), columns, from, columns - from,
                           tensor("weight_hh", l), tensor("bias_ih", l), tensor("bias_hh", l)));
  }
  if (kernels.bf16) {
    for (const PackedLayer& layer : layers_) pairs_ = std::max(pairs_, pair_floats(layer.inputs) + pair_floats(hidden_));
  }
}

void CpuNetwork::embed(std::int64_t first, std::int64_t n, std::int64_t voxels, const float* q, float* e) const {
  e += first;
  float rows[kBlock * EmbeddingSpec::kMaxSize];
  for (std::int64_t at = 0; at < n; at += kBlock) {
    const int count = int(std::min<std::int64_t>(kBlock, n - at));
    grainspin::embed(embedding_, count, q + at * 4, rows);
    for (int c = 0; c < channels_; ++c)
      for (int i = 0; i < count; ++i)
        e[c * voxels + at + i] = (rows[i * channels_ + c] - mean_[c]) * inverse_scale_[c];
  }
}

void CpuNetwork::gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e,
                        std::int64_t voxels, float* patch) const {
  std::int64_t places[kBlock];
  for (int k = 0; k < taps_; ++k) {
    taps.gather(k, kBlock, lanes.at.data(), mask, places);
    bool row = true;
    for (int i = 1; i < kBlock; ++i) row &= places[i] == places[0] + i;
    for (int c = 0; c < channels_; ++c, patch += kBlock) {
      const float* from = e + c * voxels;
      if (row)
        std::memcpy(patch, from + places[0], kBlock * sizeof(float));
      else
        for (int i = 0; i < kBlock; ++i) patch[i] = from[places[i]];
    }
  }
}

void CpuNetwork::step(const float* start, const float* x, float* state, float* scratch, float* heads) const {
  const std::int64_t size = std::int64_t(hidden_) * kBlock;
  const float* input = x;
  for (const PackedLayer& layer : layers_) {
    float* h = state;
    float* c = gates_ == 4 ? state + size : nullptr;
    float* out = kernels_.bf16 ? h : scratch;
    const LayerStep step{layer.view(), start, input, h, c, out, scratch + size};
    if (gates_ == 4)
      kernels_.lstm(step);
    else
      kernels_.gru(step);
    if (out != h) std::memcpy(h, out, std::size_t(size) * sizeof(float));
    input = h;
    start = nullptr;  // of the first layer only
    state += (gates_ == 4 ? 2 : 1) * size;
  }
  kernels_.affine(head_rows(), hidden_, heads_.weight.data(), heads_.bias.data(), input, heads);
}

}  // namespace grainspin

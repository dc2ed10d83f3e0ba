#include "engine_cuda_fused.h"

#include <algorithm>
#include <string>
#include <vector>

#include "bf16.h"
#include "grainspin/grid.h"

namespace grainspin {
namespace {

using cuda::kSums;

// A unit's sum in PyTorch's weights: the gate, whether the input and the state take part, the factor of gates through a sigmoid.
struct Sum {
  int gate;
  bool input, state;
  float scale;
};
Sum sum_of(Cell cell, int sum) {
  if (cell == Cell::kLstm) return {sum, true, true, sum == 2 ? 1.0f : 0.5f};
  const Sum gru[kSums] = {{0, true, true, 0.5f}, {1, true, true, 0.5f}, {2, true, false, 1}, {2, false, true, 1}};
  return gru[sum];
}

int own_blocks(const ModelSpec& spec, int channels) { return spec.local.feedback == Feedback::kOwn ? (channels + 15) / 16 : 0; }

}  // namespace

std::unique_ptr<FusedOpenLoop> FusedOpenLoop::make(const Gpu& gpu, const Model& model) {
  const LocalSpec& s = model.spec.local;
  if (model.spec.family != Family::kLocal || s.feedback == Feedback::kNeighbours || s.layers != 1) return nullptr;
  if (!gpu->can_fuse(gpu, s.cell, s.hidden, own_blocks(model.spec, input_spec(model.spec).embedding.size))) return nullptr;
  return std::unique_ptr<FusedOpenLoop>(new FusedOpenLoop(gpu, model));
}

FusedOpenLoop::FusedOpenLoop(const Gpu& gpu, const Model& model) : gpu_(gpu) {
  const ModelSpec& spec = model.spec;
  const LocalSpec& s = spec.local;
  run_.input = input_spec(spec);
  taps_ = taps(s.radius);
  channels_ = run_.input.embedding.size;
  steps_ = spec.steps();
  run_.cell = s.cell;
  run_.hidden = s.hidden;
  run_.own = own_blocks(spec, channels_);
  run_.has_stress = s.stress;
  run_.steps = steps_;

  const auto tensor = [&](const std::string& name) -> const std::vector<float>& { return model.tensors.at(name).values; };
  const std::vector<float>&ih = tensor("rnn.weight_ih_l0"), &hh = tensor("rnn.weight_hh_l0"), &bih = tensor("rnn.bias_ih_l0"), &bhh = tensor("rnn.bias_hh_l0");
  const int H = s.hidden, P = input_width(spec), cube = taps_ * channels_, blocks = H / 16;
  std::vector<std::uint16_t> projection(std::size_t(kSums) * H * width(), 0), recurrent(std::size_t(kSums) * H * H, 0),
      own(std::size_t(kSums) * H * 16 * run_.own, 0);
  std::vector<float> bias(std::size_t(kSums) * H, 0);
  for (int unit = 0; unit < H; ++unit)
    for (int g = 0; g < kSums; ++g) {
      const Sum sum = sum_of(s.cell, g);
      const std::size_t row = std::size_t(sum.gate) * H + unit, column = std::size_t(cuda::fused_column(unit, g));
      bias[column] = sum.scale * ((sum.input ? bih[row] : 0) + (sum.state ? bhh[row] : 0));
      if (sum.input) {
        for (int k = 0; k < cube; ++k) projection[column * width() + k] = bf16(sum.scale * ih[row * P + k]);
        for (int k = 0; k < P - cube; ++k) own[std::size_t(cuda::fused_weight(unit, g, k, run_.own))] = bf16(sum.scale * ih[row * P + cube + k]);
      }
      if (sum.state)
        for (int k = 0; k < H; ++k) recurrent[std::size_t(cuda::fused_weight(unit, g, k, blocks))] = bf16(sum.scale * hh[row * H + k]);
    }

  std::vector<std::uint16_t> head(std::size_t(cuda::kMostHeads) * H, 0);
  int number = 0;
  const auto stack = [&](const std::string& name, const float* mean, const float* scale) {
    const std::vector<float>&w = tensor(name + ".weight"), &b = tensor(name + ".bias");
    for (std::size_t i = 0; i < b.size(); ++i, ++number) {
      for (int k = 0; k < H; ++k) head[std::size_t(cuda::fused_head(number, k, blocks))] = bf16(w[i * H + k]);
      run_.scale[number] = scale ? scale[i] : 1;
      run_.offset[number] = (mean ? mean[i] : 0) + run_.scale[number] * b[i];
    }
  };
  stack("head.increment", nullptr, spec.increment_scale.data());
  if (s.stress) stack("head.stress", spec.stress_mean.data(), spec.stress_scale.data());
  if (s.variance) stack("head.variance", nullptr, nullptr);
  run_.heads = number;

  const auto upload = [&](const auto& v) { return on_device(gpu_, v.data(), std::int64_t(v.size())); };
  projection_ = upload(projection), recurrent_ = upload(recurrent), head_ = upload(head), bias_ = upload(bias);
  if (run_.own) own_ = upload(own);
  gpu_->synchronise(gpu_);  // the vectors above end here
  run_.recurrent = recurrent_.get(), run_.own_weight = own_.get(), run_.head = head_.get(), run_.bias = bias_.get();
}

std::int64_t FusedOpenLoop::batch_bytes() const { return std::int64_t(gpu_.table().fused_rows) * (width() + kSums * run_.hidden) * 2; }

void FusedOpenLoop::run(const Neighbourhood& hood, const cuda::SubBox& box, const float* e, const float* q, const float* given,
                        const std::uint8_t* mask, const Results& results, const DeviceBuffer<std::uint16_t>& batch) const {
  const std::int64_t B = gpu_.table().fused_rows, inside = box.size.voxels();
  std::uint16_t *patches = batch.get(), *gx = patches + B * width();
  cuda::FusedRun r = run_;
  r.inside = inside;
  r.gx = gx;
  r.mask = mask;
  r.q = q, r.given = given;
  r.orientation = results.orientation, r.increment = results.increment, r.stress = results.stress, r.log_variance = results.log_variance;
  for (std::int64_t at = 0; at < inside; at += B) {
    r.n = int(std::min(B, inside - at));
    r.first = at;
    gpu_->gather_bf16(gpu_, hood, channels_, e, {box, at, nullptr, r.n, int(B)}, width(), patches);
    gpu_->project_bf16(gpu_, int(B), width(), kSums * run_.hidden, patches, projection_.get(), gx);
    gpu_->fused(gpu_, r, box);
  }
}

}  // namespace grainspin

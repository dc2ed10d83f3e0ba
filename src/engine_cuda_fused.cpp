#include "engine_cuda_fused.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bf16.h"
#include "grainspin/grid.h"

namespace grainspin {
namespace {

using cuda::FusedResults;
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

cuda::FusedModel settings(const ModelSpec& spec) {
  const LocalSpec& s = spec.local;
  const InputSpec input = input_spec(spec);
  cuda::FusedModel m{};
  m.cell = s.cell, m.feedback = s.feedback, m.hidden = s.hidden, m.layers = s.layers;
  m.patch = {input.embedding.size, s.radius};
  m.heads = 3 + (s.stress ? 6 : 0) + (s.variance ? 3 : 0), m.has_stress = s.stress;
  m.embedding = input.embedding;
  for (int c = 0; c < input.embedding.size; ++c) m.input_scale[c] = 1 / input.scale[c], m.input_shift[c] = -input.mean[c] / input.scale[c];
  return m;
}

// wgmma in the place of mma.sync where there is a kernel for it: until it was measured, only for who asks.
bool asks_for_groups() {
  const char* const text = std::getenv("GRAINSPIN_WGMMA");
  return text && std::string_view(text) == "1";
}

template <class T>
DeviceBuffer<std::byte> bytes_on_device(const Gpu& gpu, const std::vector<T>& v) {
  return on_device(gpu, reinterpret_cast<const std::byte*>(v.data()), std::int64_t(v.size() * sizeof(T)));
}

}  // namespace

std::unique_ptr<CudaFused> CudaFused::make(const Gpu& gpu, const Model& model, Precision precision) {
  if (model.spec.family != Family::kLocal) return nullptr;
  const cuda::FusedModel m = settings(model.spec);
  if ((precision == Precision::kStrict ? gpu->strict_warps(gpu, m) : gpu->step_warps(gpu, m)) == 0) return nullptr;
  return std::unique_ptr<CudaFused>(new CudaFused(gpu, model, precision));
}

CudaFused::CudaFused(const Gpu& gpu, const Model& model, Precision precision)
    : gpu_(gpu), strict_(precision == Precision::kStrict), steps_(model.spec.steps()), model_(settings(model.spec)) {
  if (strict_) {
    run_warps_ = gpu->strict_warps(gpu, model_), strict_blocks_ = gpu->strict_blocks(gpu, model_);
    pack_strict(model);
  } else {
    run_warps_ = gpu->run_warps(gpu, model_), step_warps_ = gpu->step_warps(gpu, model_);
    model_.grouped = asks_for_groups() && gpu->can_group(gpu, model_);
    pack_bf16(model);
  }
}

void CudaFused::pack_bf16(const Model& model) {
  const ModelSpec& spec = model.spec;
  const LocalSpec& s = spec.local;
  const auto tensor = [&](const std::string& name) -> const std::vector<float>& { return model.tensors.at(name).values; };
  const auto upload = [&](const auto& v) { return bytes_on_device(gpu_, v); };
  const int H = s.hidden, cube = taps(s.radius) * model_.patch.channels;
  const bool coupled = s.feedback == Feedback::kNeighbours;
  std::vector<float> bias(std::size_t(s.layers) * kSums * H, 0);
  std::vector<std::uint16_t> parts[cuda::kMostLayers + 1];  // the projection last
  for (int l = 0; l < s.layers; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    const std::vector<float>&ih = tensor("rnn.weight_ih" + suffix), &hh = tensor("rnn.weight_hh" + suffix), &bih = tensor("rnn.bias_ih" + suffix),
                            &bhh = tensor("rnn.bias_hh" + suffix);
    const int P = l == 0 ? input_width(spec) : H, before = blocks_before(model_, l), blocks = before + H / 16;
    std::vector<std::uint16_t>& weight = parts[l];
    weight.assign(std::size_t(kSums) * H * 16 * std::size_t(blocks), 0);
    const auto place = [&](int unit, int g, int k, int all) {
      return std::size_t(l == 0 && model_.grouped ? cuda::group_weight(unit, g, k, all) : cuda::fused_weight(unit, g, k, all));
    };
    // Columns of a patch of orientations, in the weights from `from` on, to operand columns of `part`.
    const auto place_patch = [&](const cuda::Patch& patch, int from, const Sum& sum, int g, int unit, int all, std::vector<std::uint16_t>& part) {
      const std::size_t row = std::size_t(sum.gate) * H + unit;
      for (int k = 0; k < 16 * blocks_of(patch); ++k)
        if (const int column = patch_column(patch, k); column >= 0)
          part[place(unit, g, k, all)] = bf16(sum.scale * ih[row * P + std::size_t(from + column)]);
    };
    if (l == 0 && !coupled) parts[cuda::kMostLayers].assign(std::size_t(kSums) * H * 16 * std::size_t(blocks_of(model_.patch)), 0);
    for (int unit = 0; unit < H; ++unit)
      for (int g = 0; g < kSums; ++g) {
        const Sum sum = sum_of(s.cell, g);
        const std::size_t row = std::size_t(sum.gate) * H + unit;
        bias[std::size_t(l * kSums * H + cuda::fused_column(unit, g))] = sum.scale * ((sum.input ? bih[row] : 0) + (sum.state ? bhh[row] : 0));
        if (sum.input) {
          if (l > 0)
            for (int k = 0; k < H; ++k) weight[place(unit, g, k, blocks)] = bf16(sum.scale * ih[row * P + k]);
          else if (coupled) place_patch(model_.patch, 0, sum, g, unit, blocks, weight);
          else place_patch(model_.patch, 0, sum, g, unit, blocks_of(model_.patch), parts[cuda::kMostLayers]);
          if (l == 0 && s.feedback == Feedback::kOwn) place_patch(own_patch(model_), cube, sum, g, unit, blocks, weight);
        }
        if (sum.state)
          for (int k = 0; k < H; ++k) weight[place(unit, g, 16 * before + k, blocks)] = bf16(sum.scale * hh[row * H + k]);
      }
  }

  std::vector<std::uint16_t> head(std::size_t(cuda::kMostHeads) * H, 0);
  int number = 0;
  const auto stack = [&](const std::string& name, const float* mean, const float* scale) {
    const std::vector<float>&w = tensor(name + ".weight"), &b = tensor(name + ".bias");
    for (std::size_t i = 0; i < b.size(); ++i, ++number) {
      for (int k = 0; k < H; ++k) head[std::size_t(cuda::fused_head(number, k, H / 16))] = bf16(w[i * H + k]);
      model_.scale[number] = scale ? scale[i] : 1;
      model_.offset[number] = (mean ? mean[i] : 0) + model_.scale[number] * b[i];
    }
  };
  stack("head.increment", nullptr, spec.increment_scale.data());
  if (s.stress) stack("head.stress", spec.stress_mean.data(), spec.stress_scale.data());
  if (s.variance) stack("head.variance", nullptr, nullptr);

  projection_ = upload(parts[cuda::kMostLayers]), head_ = upload(head), bias_ = on_device(gpu_, bias.data(), std::int64_t(bias.size()));
  for (int l = 0; l < s.layers; ++l) layer_[l] = upload(parts[l]);
  gpu_->synchronise(gpu_);  // the vectors above end here
  model_.projection = projection_.get(), model_.head = head_.get(), model_.bias = bias_.get();
  for (int l = 0; l < s.layers; ++l) model_.layer[l] = layer_[l].get();
}

void CudaFused::pack_strict(const Model& model) {
  const ModelSpec& spec = model.spec;
  const LocalSpec& s = spec.local;
  const auto tensor = [&](const std::string& name) -> const std::vector<float>& { return model.tensors.at(name).values; };
  const std::vector<float>&ih = tensor("rnn.weight_ih_l0"), &hh = tensor("rnn.weight_hh_l0"), &bih = tensor("rnn.bias_ih_l0"), &bhh = tensor("rnn.bias_hh_l0");
  const int H = s.hidden, P = input_width(spec), cube = taps(s.radius) * model_.patch.channels, own = P - cube;
  std::vector<float> projection(std::size_t(cube) * H * kSums, 0), layer(std::size_t(own + H) * H * kSums, 0), bias(std::size_t(H) * kSums, 0),
      head(std::size_t(H) * cuda::kMostHeads, 0);
  for (int unit = 0; unit < H; ++unit)
    for (int g = 0; g < kSums; ++g) {
      const Sum sum = sum_of(s.cell, g);
      const std::size_t row = std::size_t(sum.gate) * H + unit, at = std::size_t(unit) * kSums + g, stride = std::size_t(H) * kSums;
      bias[at] = (sum.input ? bih[row] : 0) + (sum.state ? bhh[row] : 0);
      for (int k = 0; sum.input && k < cube; ++k) projection[k * stride + at] = ih[row * P + k];
      for (int k = 0; sum.input && k < own; ++k) layer[k * stride + at] = ih[row * P + cube + k];
      for (int k = 0; sum.state && k < H; ++k) layer[(own + k) * stride + at] = hh[row * H + k];
    }
  int number = 0;
  const auto stack = [&](const std::string& name, const float* mean, const float* scale) {
    const std::vector<float>&w = tensor(name + ".weight"), &b = tensor(name + ".bias");
    for (std::size_t i = 0; i < b.size(); ++i, ++number) {
      for (int k = 0; k < H; ++k) head[std::size_t(k) * cuda::kMostHeads + number] = w[i * H + k];
      model_.scale[number] = scale ? scale[i] : 1;
      model_.offset[number] = (mean ? mean[i] : 0) + model_.scale[number] * b[i];
    }
  };
  stack("head.increment", nullptr, spec.increment_scale.data());
  if (s.stress) stack("head.stress", spec.stress_mean.data(), spec.stress_scale.data());
  if (s.variance) stack("head.variance", nullptr, nullptr);
  projection_ = bytes_on_device(gpu_, projection), layer_[0] = bytes_on_device(gpu_, layer), head_ = bytes_on_device(gpu_, head);
  bias_ = on_device(gpu_, bias.data(), std::int64_t(bias.size()));
  gpu_->synchronise(gpu_);  // the vectors above end here
  model_.projection = projection_.get(), model_.layer[0] = layer_[0].get(), model_.head = head_.get(), model_.bias = bias_.get();
}

cuda::StrictRun CudaFused::strict(const Neighbourhood& hood, const cuda::SubBox& box) const {
  cuda::StrictRun r{};
  r.model = model_, r.warps = run_warps_, r.box = box, r.hood = hood, r.blocks = int(blocks(box.size));
  return r;
}

std::int64_t CudaFused::state_bytes(Shape box) const {
  if (strict_) return strict_state_bytes(model_, run_warps_, blocks(box));
  return fused_state_bytes(model_, step_warps_, blocks(box));
}
std::int64_t CudaFused::projected_bytes(Shape box) const {
  if (strict_) return strict_projected_bytes(model_, run_warps_, blocks(box));
  return fused_projected_bytes(model_, step_warps_, blocks(box));
}

int CudaFused::batch(Shape box) const {
  return int(std::min(blocks(box), std::max<std::int64_t>(1, gpu_.table().step_rows / cuda::fused_rows(model_.hidden, step_warps_, 1))));
}
std::int64_t CudaFused::scratch_bytes(Shape box) const {
  if (strict_) return strict_projected_bytes(model_, run_warps_, at_once(box));
  if (on_chip()) return 0;
  const int many = batch(box);
  return fused_state_bytes(model_, step_warps_, many) + fused_projected_bytes(model_, step_warps_, many) + box.voxels() * 4 * std::int64_t(sizeof(float));
}

void CudaFused::project(const Neighbourhood& hood, const cuda::SubBox& box, std::int64_t first, int blocks, const float* q0, void* projected) const {
  cuda::FusedRun r{};
  r.model = model_, r.warps = step_warps_, r.box = box, r.hood = hood, r.q0 = q0, r.first = first, r.blocks = blocks, r.projected = projected;
  gpu_->run(gpu_, r);
}
void CudaFused::project(const Neighbourhood& hood, const cuda::SubBox& box, const float* q0, void* projected) const {
  if (!strict_) return project(hood, box, 0, int(blocks(box.size)), q0, projected);
  cuda::StrictRun r = strict(hood, box);
  r.q0 = q0, r.project = r.a_block = true, r.projected = projected;
  gpu_->strict(gpu_, r);
}

void CudaFused::step(const Neighbourhood& hood, const cuda::SubBox& box, std::int64_t first, int blocks, const void* projected, void* state, bool fresh,
                     const float* q, const FusedResults& results) const {
  cuda::FusedStep s{};
  s.model = model_, s.warps = step_warps_, s.box = box, s.mask = hood.mask, s.first = first, s.blocks = blocks;
  // `own` reads the box itself, without neighbours.
  s.hood = model_.feedback == Feedback::kNeighbours ? hood : Neighbourhood{box.size, hood.boundaries, 0, nullptr};
  s.field = q, s.projected = projected, s.state = state, s.fresh = fresh, s.q = q, s.results = results;
  gpu_->step(gpu_, s);
}
void CudaFused::step(const Neighbourhood& hood, const cuda::SubBox& box, const void* projected, void* state, bool fresh, const float* q,
                     const FusedResults& results) const {
  if (!strict_) return step(hood, box, 0, int(blocks(box.size)), projected, state, fresh, q, results);
  cuda::StrictRun r = strict(hood, box);
  r.a_block = true, r.projected = const_cast<void*>(projected), r.steps = 1, r.state = state, r.fresh = fresh, r.q = q, r.results = results;
  gpu_->strict(gpu_, r);
}

void CudaFused::run(const Neighbourhood& hood, const cuda::SubBox& box, const float* q0, const float* given, const int* slot, const std::vector<int>& slots,
                    const FusedResults& results, std::byte* scratch) const {
  if (strict_) {
    cuda::StrictRun r = strict(hood, box);
    r.q0 = q0, r.project = true, r.projected = scratch, r.steps = steps_, r.fresh = true, r.given = given, r.slot = slot, r.results = results;
    gpu_->strict(gpu_, r);
    return;
  }
  if (on_chip()) {
    cuda::FusedRun r{};
    r.model = model_, r.warps = run_warps_, r.box = box, r.hood = hood, r.q0 = q0, r.first = 0;
    r.blocks = int(cuda::lattice(model_.hidden, run_warps_, box.size).blocks());
    r.steps = steps_, r.given = given, r.slot = slot, r.results = results;
    gpu_->run(gpu_, r);
    return;
  }
  const std::int64_t inside = box.size.voxels(), all = blocks(box.size);
  const int many = batch(box.size);
  float* const now = reinterpret_cast<float*>(scratch);  // orientations, where nobody asked for the step before
  std::byte* const state = scratch + inside * 4 * std::int64_t(sizeof(float));
  std::byte* const projected = state + fused_state_bytes(model_, step_warps_, many);
  gpu_->copy_box(gpu_, now, q0, box, 4 * int(sizeof(float)));
  for (std::int64_t first = 0; first < all; first += many) {
    const int blocks = int(std::min<std::int64_t>(many, all - first));
    project(hood, box, first, blocks, q0, projected);
    const float* q = now;
    for (int t = 0; t < steps_; ++t) {
      if (given) q = given + t * inside * 4;
      const int to = slots[std::size_t(t)];
      FusedResults out{now, nullptr, nullptr, nullptr};
      if (to >= 0)
        out = {results.orientation + to * inside * 4, results.increment + to * inside * 3, results.stress ? results.stress + to * inside * 6 : nullptr,
               results.log_variance ? results.log_variance + to * inside * 3 : nullptr};
      step(hood, box, first, blocks, projected, state, t == 0, q, out);
      q = out.orientation;
    }
  }
}

}  // namespace grainspin

#include "engine_cuda_local.h"

#include "backend.h"
#include "region.h"

namespace grainspin {

using cuda::SubBox;

CudaLocal::CudaLocal(const Model& model, const EngineOptions& options)
    : gpu_(cuda_table(options.gpu), options.gpu), spec_(model.spec), input_(input_spec(model.spec)) {
  const LocalSpec& s = spec_.local;
  const auto upload = [&](const std::string& name) {
    const std::vector<float>& v = model.tensors.at(name).values;
    return on_device(gpu_, v.data(), std::int64_t(v.size()));
  };
  for (int l = 0; l < s.layers; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    layers_.push_back({l == 0 ? input_width(spec_) : s.hidden, upload("rnn.weight_ih" + suffix),
                       upload("rnn.weight_hh" + suffix), upload("rnn.bias_ih" + suffix),
                       upload("rnn.bias_hh" + suffix)});
  }
  std::vector<float> weight, bias;  // all heads as one product
  const auto stack = [&](const std::string& name) {
    const auto &w = model.tensors.at(name + ".weight").values, &b = model.tensors.at(name + ".bias").values;
    weight.insert(weight.end(), w.begin(), w.end());
    bias.insert(bias.end(), b.begin(), b.end());
  };
  stack("head.increment");
  if (s.stress) stack("head.stress");
  if (s.variance) stack("head.variance");
  head_width_ = int(bias.size());
  head_weight_ = on_device(gpu_, weight.data(), std::int64_t(weight.size()));
  head_bias_ = on_device(gpu_, bias.data(), std::int64_t(bias.size()));
  gpu_->synchronise(gpu_);  // the vectors above end here
  fused_ = CudaFused::make(gpu_, model, options.precision);
  description_ = std::string("engine, CUDA, ") + gpu_->info(gpu_).name + (fused_ && !fused_->strict() ? fused_->grouped() ? ", bf16 by wgmma" : ", bf16" : ", fp32");
}

Neighbourhood CudaLocal::hood(const Region& region, const std::uint8_t* mask) const {
  const auto along = [&](int a) {
    return region.edge[std::size_t(a)][0] == Edge::kWrap ? Boundary::kPeriodic : Boundary::kClamped;
  };
  return {region.shape, {along(0), along(1), along(2)}, spec_.local.radius, mask};
}

void CudaLocal::cells(int n, const float* gx, const Scratch& s, float* h, float* c, std::int64_t stride) const {
  const int H = spec_.local.hidden;
  for (int l = 0; l < spec_.local.layers; ++l) {
    const Layer& layer = layers_[std::size_t(l)];
    float* state = h + l * stride * H;
    if (l > 0) {
      gpu_->linear(gpu_, rows(), H, gates(), h + (l - 1) * stride * H, layer.weight_ih.get(), H, false, s.gx.get());
      gx = s.gx.get();
    }
    gpu_->linear(gpu_, rows(), H, gates(), state, layer.weight_hh.get(), H, false, s.gh.get());
    gpu_->cell(gpu_, {spec_.local.cell, n, H, gx, s.gh.get(), layer.bias_ih.get(), layer.bias_hh.get(),
                      c ? c + l * stride * H : nullptr, state});
  }
  const float* last = h + (spec_.local.layers - 1) * stride * H;
  gpu_->linear(gpu_, rows(), H, head_width_, last, head_weight_.get(), H, false, s.y.get());
}

void CudaLocal::advance(int n, const Scratch& s, const SubBox& box, std::int64_t first, const std::uint8_t* mask,
             const float* q, float* q_out, const Outputs<DeviceBuffer>& out, std::int64_t at) const {
  cuda::HeadStep step{};
  step.n = n;
  step.width = head_width_;
  step.y = s.y.get();
  step.bias = head_bias_.get();
  step.has_stress = spec_.local.stress;
  std::copy_n(spec_.increment_scale.begin(), 3, step.increment_scale);
  std::copy_n(spec_.stress_mean.begin(), 6, step.stress_mean);
  std::copy_n(spec_.stress_scale.begin(), 6, step.stress_scale);
  step.box = box;
  step.first = first;
  step.mask = mask;
  step.q = q;
  step.q_out = q_out;
  step.increment = out.increment.get() + at * 3;
  if (spec_.local.stress) step.stress = out.stress.get() + at * 6;
  if (spec_.local.variance) step.log_variance = out.log_variance.get() + at * 3;
  gpu_->heads(gpu_, step);
}

void CudaLocal::step_coupled(const Neighbourhood& hood, const float* q, float* q_out, float* e, float* state,
                             const Scratch& s, const Outputs<DeviceBuffer>& out) const {
  const Shape shape = hood.shape;
  const std::int64_t n = shape.voxels(), B = rows(), stride = padded(n, B);
  const int H = spec_.local.hidden;
  const SubBox all{shape, {}, shape};
  float* const c = spec_.local.cell == Cell::kLstm ? state + spec_.local.layers * stride * H : nullptr;
  gpu_->embed(gpu_, input_, n, n, q, e);
  for (std::int64_t at = 0; at < n; at += B) {
    const int m = int(std::min(B, n - at));
    gpu_->gather_patches(gpu_, hood, channels(), e, {all, at, nullptr, m, int(B)}, s.patches.get());
    gpu_->linear(gpu_, int(B), cube(), gates(), s.patches.get(), layers_[0].weight_ih.get(), layers_[0].in, false,
                 s.gx.get());
    cells(m, s.gx.get(), s, state + at * H, c ? c + at * H : nullptr, stride);
    advance(m, s, all, at, hood.mask, q + at * 4, q_out + at * 4, out, at);
  }
}

void CudaLocal::project(const Neighbourhood& hood, const SubBox& box, const float* e, std::int64_t at, int m,
                        const Scratch& s, float* projected) const {
  gpu_->gather_patches(gpu_, hood, channels(), e, {box, at, nullptr, m, rows()}, s.patches.get());
  gpu_->linear(gpu_, rows(), cube(), gates(), s.patches.get(), layers_[0].weight_ih.get(), layers_[0].in, false,
               projected);
}

void CudaLocal::step_alone(const SubBox& box, std::int64_t at, int m, const std::uint8_t* mask, const float* projected,
                           float* now, const float* q, float* q_out, float* h, float* c, std::int64_t stride,
                           const Scratch& s, const Outputs<DeviceBuffer>& out, std::int64_t out_at) const {
  const int B = rows(), C = channels();
  const Layer& layer = layers_[0];
  const float* gx = projected;
  if (own()) {
    gpu_->embed(gpu_, input_, m, B, q, now);
    gpu_->copy(gpu_, s.gx.get(), projected, std::int64_t(B) * gates() * std::int64_t(sizeof(float)));
    gpu_->linear(gpu_, B, C, gates(), now, layer.weight_ih.get() + cube(), layer.in, true, s.gx.get());
    gx = s.gx.get();
  }
  cells(m, gx, s, h, c, stride);
  advance(m, s, box, at, mask, q, q_out, out, out_at);
}

}  // namespace grainspin

// The `local` family behind the Surrogate interface: a whole region at once, step by step, nothing tiled.
#include <algorithm>
#include <vector>

#include <torch/version.h>

#include "grainspin/ensemble.h"
#include "networks/device.h"
#include "networks/local.h"
#include "networks/networks.h"
#include "networks/nonlocal_surrogate.h"

namespace grainspin {

namespace {

class LibtorchSurrogate final : public Surrogate {
 public:
  LibtorchSurrogate(const Model& model, const EngineOptions& options, bool precise)
      : spec_(model.spec),
        device_(torch_device(options.device, options.gpu)),
        type_(precise ? torch::kDouble : torch::kFloat),
        network_(model.spec),
        threads_(set_threads(options.threads)),
        embedder_(embedding(PointGroup::named(spec_.point_group)), spec_.input_mean, spec_.input_scale,
                  device_, type_) {
    network_->load(model);
    network_->to(device_, type_);
    network_->eval();
  }

  const ModelSpec& spec() const override { return spec_; }

  std::string description() const override {
    return "LibTorch " + torch_version() + ", " +
           (device_.is_cpu() ? "CPU, " + std::to_string(threads_) + " threads" : "CUDA") +
           (type_ == torch::kDouble ? ", double" : "");
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    guarded([&] {
      torch::InferenceMode inference;
      set_threads(threads_);
      run_region(region, q0, mask, teacher, sink);
    });
  }

  std::int64_t workspace(const Region& region) const override {
    const LocalSpec& local = spec_.local;
    const std::int64_t G = local.cell == Cell::kLstm ? 4 : 3, N = region.shape.voxels();
    const std::int64_t element = type_ == torch::kDouble ? 8 : 4;
    const std::int64_t C = std::int64_t(spec_.input_mean.size()), K = taps(local.radius);
    const std::int64_t state = N * local.hidden * local.layers * 2, gates = 4 * N * G * local.hidden;
    return element * (state + gates + N * (K * C + 4 * C + 32)) + 16 * N * K;
  }

 private:
  at::Tensor to_device(const float* data, std::int64_t rows, std::int64_t columns) const {
    return torch::from_blob(const_cast<float*>(data), {rows, columns}).to(device_, type_, false, true);
  }

  void run_region(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
                  const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t N = region.shape.voxels();
    const Feedback feedback = spec_.local.feedback;
    const TapTable table = tap_table(region, spec_.local.radius, mask, device_);
    at::Tensor q = to_device(q0, N, 4), projected, patch;
    if (feedback != Feedback::kNeighbours) {
      patch = gather(embedder_(q), table);
      projected = network_->rnn().project_columns(patch, 0, patch.size(1));
    }
    at::Tensor keep;  // [N, 1] 1 where a voxel is masked
    if (mask)
      keep = torch::from_blob(const_cast<std::uint8_t*>(mask), {N, 1}, torch::kByte).to(device_).eq(0);
    const at::Tensor scale =
        torch::tensor(std::vector<float>(spec_.increment_scale.begin(), spec_.increment_scale.end()))
            .to(device_, type_);
    const auto inner = inner_voxels(region);
    auto state = network_->rnn().zero(N);
    for (int t = 0; t < spec_.steps(); ++t) {
      if (teacher) q = to_device(teacher + std::int64_t(t) * N * 4, N, 4);
      at::Tensor input = projected;
      if (feedback == Feedback::kNeighbours) input = network_->rnn().project(gather(embedder_(q), table));
      if (feedback == Feedback::kOwn)
        input = projected + network_->rnn().project_columns(embedder_(q), patch.size(1), embedder_.size());
      const Heads heads = network_->heads(network_->rnn().step(input, state));
      at::Tensor w = heads.increment * scale;
      if (keep.defined()) w = w.masked_fill(keep, 0);
      at::Tensor next = turn(w, q);
      if (keep.defined()) next = torch::where(keep, q, next);
      q = next;
      const at::Tensor out_q = pick(q, inner), out_w = pick(w, inner);
      at::Tensor stress, variance;
      StepOutput out{t + 1, out_q.data_ptr<float>(), out_w.data_ptr<float>(), nullptr, nullptr};
      if (heads.stress.defined()) {
        const auto as_tensor = [&](const std::array<float, 6>& v) {
          return torch::tensor(std::vector<float>(v.begin(), v.end())).to(device_, type_);
        };
        at::Tensor sigma = heads.stress * as_tensor(spec_.stress_scale) + as_tensor(spec_.stress_mean);
        if (keep.defined()) sigma = sigma.masked_fill(keep, 0);
        stress = pick(sigma, inner);
        out.stress = stress.data_ptr<float>();
      }
      if (heads.log_variance.defined()) {
        variance = pick(keep.defined() ? heads.log_variance.masked_fill(keep, 0) : heads.log_variance, inner);
        out.log_variance = variance.data_ptr<float>();
      }
      sink(out);
    }
  }

  at::Tensor inner_voxels(const Region& r) const {
    auto axis = [](int low, int count) { return torch::arange(low, low + count, torch::kLong); };
    const at::Tensor z = axis(r.inner_lo[2], r.inner.nz).view({-1, 1, 1}),
                     y = axis(r.inner_lo[1], r.inner.ny).view({1, -1, 1}),
                     x = axis(r.inner_lo[0], r.inner.nx).view({1, 1, -1});
    return ((z * r.shape.ny + y) * r.shape.nx + x).reshape(-1).to(device_);
  }

  at::Tensor pick(const at::Tensor& all, const at::Tensor& inner) const {
    return all.index_select(0, inner).to(torch::kCPU, torch::kFloat).contiguous();
  }

  ModelSpec spec_;
  torch::Device device_;
  torch::ScalarType type_;
  LocalNetwork network_;
  int threads_;
  Embedder embedder_;
};

}  // namespace

std::unique_ptr<Surrogate> make_libtorch(const Model& model, const EngineOptions& options, bool precise) {
  if (is_ensemble(model.spec))
    return ensemble_of(model, options.threads, [&](const Model& member) { return make_libtorch(member, options, precise); });
  if (model.spec.family == Family::kNonlocal) return make_nonlocal_libtorch(model, options, precise);
  std::unique_ptr<Surrogate> surrogate;
  guarded([&] { surrogate = std::make_unique<LibtorchSurrogate>(model, options, precise); });
  return surrogate;
}

std::string torch_version() {
  return TORCH_VERSION;
}
bool torch_has_cuda() {
  return torch::cuda::is_available();
}

int torch_cuda_devices() {
  return int(torch::cuda::device_count());
}

}  // namespace grainspin

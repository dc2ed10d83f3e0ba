#include "networks/nonlocal_variance.h"

#include <cmath>
#include <string>

#include "grainspin/variance.h"

namespace grainspin {

NonlocalVariance::NonlocalVariance(const Model& model, const at::TensorOptions& options)
    : channels_(model.spec.nonlocal.channels), memory_(model.spec.nonlocal.memory), gated_(model.spec.nonlocal.gated) {
  if (!calibration(model.spec)) return;
  for (std::size_t i = 0; i < model.spec.nonlocal.phases.size(); ++i) {
    const auto tensor = [&](const char* which) {
      const Tensor& t = model.tensors.at("phase" + std::to_string(i) + ".variance." + which);
      return torch::tensor(t.values).view(t.shape).to(options);
    };
    const auto column = [&](const char* which) { return tensor(which).unsqueeze(1); };
    phases_.push_back({column("mean"), column("scale"), tensor("hidden"), column("hidden_bias"), tensor("out"), column("out_bias")});
  }
}

at::Tensor NonlocalVariance::log_variance(const NonlocalNetworkImpl::Grid& grid, const CellLoad& load,
                                          const NonlocalNetworkImpl::Step& step, const NonlocalNetworkImpl::State& state) const {
  const at::TensorOptions options = step.increment.options();
  const at::Tensor L = step.L;
  const at::Tensor W = torch::stack({L[7] - L[5], L[2] - L[6], L[3] - L[1]}) / 2;
  const at::Tensor beyond = (step.increment - W).t();  // v [3, V]
  const std::array<double, 9> E = tensor_of(load.E0);
  std::vector<double> diagonal, square;
  for (std::size_t i = 0; i < 3; ++i) {
    diagonal.push_back(E[4 * i]);
    square.push_back(E[3 * i] * E[3 * i] + E[3 * i + 1] * E[3 * i + 1] + E[3 * i + 2] * E[3 * i + 2]);
  }
  const at::Tensor E_ii = torch::tensor(diagonal, torch::kDouble).to(options).unsqueeze(1);
  const at::Tensor E2_ii = torch::tensor(square, torch::kDouble).to(options).unsqueeze(1);
  const double level = load.size > 0 ? 2 * std::log(load.size) : -30;
  const double per_strain = load.size > 0 ? 1 / (load.size * load.size) : 0;

  at::Tensor all;  // [3, V]
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    if (!step.x[i].defined()) continue;  // no voxel is of it
    const Phase& p = phases_[i];
    const at::Tensor& voxels = grid.phase[i];
    const at::Tensor v = voxels.defined() ? beyond.index_select(1, voxels) : beyond;
    const std::int64_t n = v.size(1);
    const at::Tensor length = v.square().sum(0, true);
    std::vector<at::Tensor> features{torch::log(1e-6 + step.x[i].view({-1, channels_, n}).square().mean(0))};
    if (memory_ > 0 && gated_) features.push_back(state.h[i].view({-1, memory_, n}).square().mean(0));
    if (memory_ > 0 && !gated_) features.push_back(torch::zeros({memory_, n}, options));
    features.push_back(torch::log(1e-6 + length * per_strain));
    features.push_back(torch::full({1, n}, load.log_size, options));
    const at::Tensor a = torch::addmm(p.hidden_bias, p.hidden, (torch::cat(features) - p.mean) / p.scale).tanh();
    const at::Tensor o = torch::addmm(p.out_bias, p.out, a);  // [4, n]
    const at::Tensor part = torch::where(length > 0, v.square() / length, torch::zeros_like(v));
    const at::Tensor sum = o.narrow(0, 0, 1) + o.narrow(0, 1, 1) * E_ii + o.narrow(0, 2, 1) * E2_ii + o.narrow(0, 3, 1) * part;
    const at::Tensor log = level + sum.clamp(-30, 30);
    if (!voxels.defined()) all = log;
    else {
      if (!all.defined()) all = torch::zeros({3, beyond.size(1)}, options);
      all = all.index_copy(1, voxels, log);
    }
  }
  if (grid.keep.defined()) all = all.masked_fill(grid.keep.unsqueeze(0) == 0, 0);
  return all.t().contiguous();
}

}  // namespace grainspin

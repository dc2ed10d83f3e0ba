#include "networks/loss.h"

#include <algorithm>

namespace grainspin {

Loss::Loss(const ModelSpec& spec, const std::vector<double>& turned, torch::Device device) {
  auto vector = [&](const auto& v) {
    return torch::tensor(std::vector<float>(v.begin(), v.end())).to(device);
  };
  increment_scale_ = vector(spec.increment_scale);
  stress_mean_ = vector(spec.stress_mean);
  stress_scale_ = vector(spec.stress_scale);
  std::vector<float> inverse;
  for (const double t : turned) inverse.push_back(float(1 / std::max(t, 1e-16)));
  path_scale_ = torch::tensor(inverse).to(device);
}

at::Tensor Loss::heads(const std::vector<Heads>& heads, const at::Tensor& w, const at::Tensor& stress) const {
  constexpr double kVarianceWeight = 0.1, kStressWeight = 0.3;
  std::vector<at::Tensor> increments, variances, stresses;
  for (const Heads& h : heads) {
    increments.push_back(h.increment);
    if (h.log_variance.defined()) variances.push_back(h.log_variance);
    if (h.stress.defined()) stresses.push_back(h.stress);
  }
  const at::Tensor residual = torch::stack(increments).to(torch::kFloat) - w / increment_scale_;
  at::Tensor loss = residual.square().mean();
  if (!variances.empty()) {  // negative log likelihood of a normal distribution
    const at::Tensor v = torch::stack(variances).to(torch::kFloat).clamp(-20, 20);
    loss = loss + kVarianceWeight * (residual.detach().square() * torch::exp(-v) + v).mean();
  }
  if (!stresses.empty()) {
    const at::Tensor truth = (stress - stress_mean_) / stress_scale_;
    loss = loss + kStressWeight * (torch::stack(stresses).to(torch::kFloat) - truth).square().mean();
  }
  return loss;
}

at::Tensor Loss::path(const std::vector<at::Tensor>& q, const at::Tensor& truth) const {
  const at::Tensor angles = squared_angle(torch::stack(q), truth.narrow(0, 1, truth.size(0) - 1));  // [T, B]
  return (angles.mean(1) * path_scale_).mean();
}

}  // namespace grainspin

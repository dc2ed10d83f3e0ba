#include "networks/score.h"

#include <limits>
#include <numbers>

namespace grainspin {

namespace {

double r2(const std::vector<Heads>& heads, const at::Tensor& w, const at::Tensor& scale) {
  double residual = 0, total = 0;
  for (std::size_t t = 0; t < heads.size(); ++t) {
    const at::Tensor truth = w.select(0, std::int64_t(t)).to(torch::kDouble);
    const at::Tensor predicted = (heads[t].increment.to(torch::kFloat) * scale).to(torch::kDouble);
    residual += (predicted - truth).square().sum().item<double>();
    total += truth.square().sum().item<double>();
  }
  return 1 - residual / total;
}

}  // namespace

RunScore score(LocalNetwork& network, const Embedder& embedder, const Run& run, bool full) {
  torch::NoGradGuard no_gradient;
  const ModelSpec& spec = network->spec();
  const torch::Device device = embedder.tables().mean.device();
  const std::int64_t N = run.voxels(), T = run.steps();
  auto view = [&](const std::vector<float>& v, at::IntArrayRef shape) {
    return torch::from_blob(const_cast<float*>(v.data()), shape).to(device);
  };
  const at::Tensor q = view(run.q, {T + 1, N, 4}), w = view(run.w, {T, N, 3});
  const at::Tensor scale =
      torch::tensor(std::vector<float>(spec.increment_scale.begin(), spec.increment_scale.end())).to(device);
  const TapTable table = tap_table(whole_box(run.shape, run.boundaries), spec.local.radius, nullptr, device);
  const at::Tensor q0 = q.select(0, 0);
  at::Tensor x;
  if (spec.local.feedback != Feedback::kNeighbours) x = gather(embedder(q0), table).unsqueeze(0);

  RunScore out;
  out.path = run.path;
  out.voxels = N;
  const auto path = network->roll(x, q0, &table, embedder);
  for (std::int64_t t = 1; t <= T; ++t) {
    const double degrees = 180 / std::numbers::pi;
    out.error_deg.push_back(angle(path.q[std::size_t(t - 1)], q.select(0, t)).mean().item<double>() *
                            degrees);
    out.persistence_deg.push_back(angle(q0, q.select(0, t)).mean().item<double>() * degrees);
  }
  out.r2_one_step = out.r2_rolled = std::numeric_limits<double>::quiet_NaN();
  if (!full) return out;
  out.r2_rolled = r2(path.heads, w, scale);
  if (spec.local.feedback != Feedback::kInitial)
    out.r2_one_step = r2(network->roll(x, q0, &table, embedder, q).heads, w, scale);
  return out;
}

}  // namespace grainspin

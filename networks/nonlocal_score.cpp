#include "networks/nonlocal_score.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "grainspin/metrics.h"
#include "networks/grid_pool.h"
#include "networks/rotation.h"

namespace grainspin {

namespace {

// sqrt(3/2) |dev s| of rows [.., 6], double.
at::Tensor von_mises(const at::Tensor& stress) {
  const at::Tensor s = stress.to(torch::kDouble), normal = s.narrow(-1, 0, 3);
  const at::Tensor dev = normal - normal.mean(-1, true);
  return (1.5 * (dev.square().sum(-1) + 2 * s.narrow(-1, 3, 3).square().sum(-1))).sqrt();
}

// sum of squared errors over sum of squares.
struct Ratio {
  double error = 0, size = 0;
  void add(const at::Tensor& error_of, const at::Tensor& size_of) {
    error += error_of.to(torch::kDouble).square().sum().item<double>();
    size += size_of.to(torch::kDouble).square().sum().item<double>();
  }
  double root() const { return size > 0 ? std::sqrt(error / size) : std::numeric_limits<double>::quiet_NaN(); }
};

}  // namespace

RunScore score(const NonlocalNetwork& network, const GridRun& run, torch::Device device, bool full) {
  torch::NoGradGuard no_gradient;
  const GridFields f(run, network, device);
  const auto weights = network->expand();
  const double unit = network->spec().stress_scale[0], degrees = 180 / std::numbers::pi;
  RunScore out;
  out.path = run.path;
  out.voxels = run.voxels();
  // Persistence: the initial state, carried by the mean spin of the load.
  const std::vector<Quatd> carried = persistence_rotations(run.loads);
  std::vector<float> persistence(run.q.begin(), run.q.begin() + 4 * run.voxels());
  Ratio rolled, one_step, curve, local;
  double free_squares = 0, free_count = 0;
  for (const bool own : {true, false}) {
    if (!own && !full) break;
    at::Tensor q = f.grid.pad(f.q.select(0, 0));
    auto state = warmed_up(network, weights, f, q, false);
    for (int t = 0; t < f.steps(); ++t) {
      const CellLoad& load = f.loads[std::size_t(t)];
      if (!own) q = f.grid.pad(f.q.select(0, t));
      const auto p = network->step(weights, f.grid, load, q, state);
      const at::Tensor truth = f.w.select(0, t);
      (own ? rolled : one_step).add(f.grid.crop(p.increment) - truth, truth);
      if (!own) continue;
      q = turn(p.increment, q);
      const at::Tensor after = f.grid.crop(q);
      out.error_deg.push_back(angle(after, f.q.select(0, t + 1)).mean().item<double>() * degrees);
      rotate(carried[std::size_t(t)], run.voxels(), run.q.data(), persistence.data());
      const at::Tensor still = torch::from_blob(persistence.data(), {run.voxels(), 4}).to(device);
      out.persistence_deg.push_back(angle(still, f.q.select(0, t + 1)).mean().item<double>() * degrees);
      if (p.stress.defined() && f.stress.defined()) {
        const at::Tensor predicted = f.grid.crop(p.stress) * unit, known = f.stress.select(0, t);
        const at::Tensor mean = von_mises(known.to(torch::kDouble).mean(0));
        curve.add(von_mises(predicted.to(torch::kDouble).mean(0)) - mean, mean);
        local.add(von_mises(predicted) - von_mises(known), von_mises(known) - mean);
      }
      if (f.answer.empty() || load.size < 1e-12) continue;
      const at::Tensor miss = (p.L.view({9}) - f.answer[std::size_t(t)]).to(torch::kCPU, torch::kDouble);
      for (std::int64_t i = 0; i < 9; ++i)
        if (load.free[std::size_t(i)]) {
          free_squares += std::pow(miss[i].item<double>() / load.size, 2);
          free_count += 1;
        }
    }
  }
  out.r2_rolled = out.r2_one_step = std::numeric_limits<double>::quiet_NaN();
  if (full) {
    out.r2_rolled = 1 - rolled.error / rolled.size;
    out.r2_one_step = 1 - one_step.error / one_step.size;
  }
  out.curve = curve.root();
  out.local_stress = local.root();
  if (free_count > 0) out.free_rms = std::sqrt(free_squares / free_count);
  return out;
}

}  // namespace grainspin

#include "networks/nonlocal_loss.h"

#include "networks/rotation.h"

namespace grainspin {

namespace {

// |dev d|^2 of rows [.., 6] in the order xx yy zz yz xz xy, and tr d / 3.
std::pair<at::Tensor, at::Tensor> parts(const at::Tensor& d) {
  const at::Tensor normal = d.narrow(-1, 0, 3), shear = d.narrow(-1, 3, 3);
  const at::Tensor pressure = normal.mean(-1, true);
  return {(normal - pressure).square().sum(-1) + 2 * shear.square().sum(-1), pressure.squeeze(-1)};
}

}  // namespace

NonlocalLoss::NonlocalLoss(const GridScales& scales, double stress_unit, double stress_weight,
                           double curve_weight, double free_weight)
    : scales_(scales),
      unit_(stress_unit),
      stress_weight_(stress_weight),
      curve_weight_(curve_weight),
      free_weight_(free_weight) {}

NonlocalLoss::Terms NonlocalLoss::step(const GridFields& fields, int t, const NonlocalNetworkImpl::Step& predicted,
                                       const at::Tensor& q, const at::Tensor& wanted, double strain) const {
  const CellLoad& load = fields.loads[std::size_t(t)];
  const double s = load.size;
  Terms terms;
  if (s < 1e-12) return terms;
  if (q.defined()) {
    terms.increment = squared_angle(fields.grid.crop(q), wanted).mean() / (s * strain * scales_.rate);
  } else {
    const at::Tensor residual = fields.grid.crop(predicted.increment) - fields.w.select(0, t);
    terms.increment = residual.square().sum(-1).mean() / (s * s * scales_.rate);
  }
  terms.total = terms.increment;
  if (stress_weight_ > 0 && predicted.stress.defined() && fields.stress.defined()) {
    const at::Tensor d = fields.grid.crop(predicted.stress) - fields.stress.select(0, t) * (1 / unit_);
    const auto [deviator, pressure] = parts(d);
    const at::Tensor local = deviator.mean() / 5 + pressure.square().mean();
    const at::Tensor curve = parts(d.mean(0)).first / 5;
    terms.total = terms.total + stress_weight_ * (local + curve_weight_ * curve);
  }
  if (free_weight_ > 0 && !fields.answer.empty()) {
    const at::Tensor miss = predicted.L.view({9}) - fields.answer[std::size_t(t)];
    at::Tensor sum;
    for (std::int64_t i = 0; i < 9; ++i) {
      if (!load.free[std::size_t(i)]) continue;
      const at::Tensor square = miss[i].square();
      sum = sum.defined() ? sum + square : square;
    }
    if (sum.defined()) terms.total = terms.total + (free_weight_ / (s * s)) * sum;
  }
  return terms;
}

}  // namespace grainspin

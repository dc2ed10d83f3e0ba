// What drives a trajectory: a recorded run, or a velocity gradient.
#include <algorithm>
#include <cmath>
#include <memory>

#include "grainspin/core.h"
#include "grainspin/interactions/trajectory.h"
#include "src/interactions/schmid.h"
#include "src/taylor_grain.h"

namespace grainspin::interactions {

namespace {

// Rows of a run, linear between them and constant beyond.
class Rows {
 public:
  Rows(std::vector<double> time, std::vector<double> values, std::size_t width)
      : time_(std::move(time)), values_(std::move(values)), width_(width) {}
  void at(double t, double* out) const {
    const auto above = std::upper_bound(time_.begin(), time_.end(), t);
    const std::size_t b = std::min(std::size_t(above - time_.begin()), time_.size() - 1), a = b > 0 ? b - 1 : 0;
    const double w = b == a ? 0 : std::clamp((t - time_[a]) / (time_[b] - time_[a]), 0.0, 1.0);
    for (std::size_t i = 0; i < width_; ++i) out[i] = (1 - w) * values_[a * width_ + i] + w * values_[b * width_ + i];
  }

 private:
  std::vector<double> time_, values_;
  std::size_t width_;
};

std::vector<double> shears(const DislocationLaw& law, const DddRun& run) {
  if (!run.shear.empty()) return run.shear;
  require(!run.stress.empty(), Errc::kArgument, "trajectory: run " + run.id + " has neither resolved shears nor stresses");
  std::vector<double> out;
  for (std::int64_t t = 0; t < run.rows(); ++t)
    for (const SlipSystem& s : law.slip.systems) out.push_back(resolved(schmid(s), &run.stress[std::size_t(6 * t)]));
  return out;
}

void check_run(const DislocationLaw& law, const DddRun& run) {
  const std::size_t cells = run.time.size() * std::size_t(law.slip.count());
  require(!run.time.empty() && run.density.size() == cells && run.slip_rate.size() == cells, Errc::kShape,
          "trajectory: run " + run.id + " is not of the law's " + std::to_string(law.slip.count()) + " slip systems");
}

}  // namespace

Driver driver(const DislocationLaw& law, const DddRun& run, Drive drive) {
  check_run(law, run);
  const auto n = std::size_t(law.slip.count());
  if (drive == Drive::kSlipRates) {
    const auto rows = std::make_shared<Rows>(run.time, run.slip_rate, n);
    return [rows](double t, const double*, double* gdot) { rows->at(t, gdot); };
  }
  const auto rates = std::make_shared<LawRates>(law);
  std::vector<double> tau = shears(law, run);
  if (drive == Drive::kShears) {
    const auto rows = std::make_shared<Rows>(run.time, std::move(tau), n);
    return [rows, rates, n](double t, const double* g, double* gdot) {
      std::vector<double> shear(n);
      rows->at(t, shear.data());
      rates->slip_rate(shear.data(), g, gdot);
    };
  }
  // Shears of unit length and the power on them: shear = c unit with sum gdot0 |c unit/g|^n |unit| = power.
  std::vector<double> power;
  for (std::size_t t = 0; t < run.time.size(); ++t) {
    double size = 0, work = 0;
    for (std::size_t i = 0; i < n; ++i) size += tau[t * n + i] * tau[t * n + i];
    size = std::sqrt(size);
    for (std::size_t i = 0; i < n; ++i) {
      if (size > 0) tau[t * n + i] /= size;
      work += tau[t * n + i] * run.slip_rate[t * n + i];
    }
    power.push_back(std::max(work, 0.0));
  }
  const auto units = std::make_shared<Rows>(run.time, std::move(tau), n);
  const auto powers = std::make_shared<Rows>(run.time, std::move(power), 1);
  return [units, powers, rates, n](double t, const double* g, double* gdot) {
    std::vector<double> unit(n);
    double wanted = 0, has = 0;
    units->at(t, unit.data());
    powers->at(t, &wanted);
    rates->slip_rate(unit.data(), g, gdot);
    // Rates at unit shears are tiny powers: scaled by their largest first.
    double steepest = 0;
    for (std::size_t i = 0; i < n; ++i) steepest = std::max(steepest, std::abs(unit[i]) / g[i]);
    if (steepest == 0) return;
    for (std::size_t i = 0; i < n; ++i) {
      gdot[i] = std::copysign(std::pow(std::abs(unit[i]) / g[i] / steepest, rates->exponent()), unit[i]);
      has += gdot[i] * unit[i];
    }
    for (std::size_t i = 0; i < n; ++i) gdot[i] *= wanted / has;
  };
}

Driver driver(const DislocationLaw& law, const std::array<double, 9>& velocity_gradient) {
  using namespace taylor_detail;
  struct State {
    Systems systems;
    Grain grain;
    std::vector<double> xi;
    Dev D;
  };
  check(law);
  TaylorMaterial material;
  material.slip = law.slip;
  material.dot_gamma_reference = law.gdot0;
  material.n = law.n;
  Mat3<double> L;
  std::copy_n(velocity_gradient.begin(), 9, L.m);
  const auto state = std::make_shared<State>(State{Systems(material), {}, {}, deviator(L)});
  return [state](double t, const double* g, double* gdot) {
    state->xi.assign(g, g + state->systems.count);
    require(solve(state->systems, state->D, state->xi, state->grain), Errc::kConvergence,
            "trajectory: no stress makes the slip that is asked for at " + std::to_string(t) + " s");
    std::copy(state->grain.gdot.begin(), state->grain.gdot.end(), gdot);
  };
}

Trajectory predict(const DislocationLaw& law, const DddRun& run, Drive drive, const RollOptions& options) {
  const Driver driven = driver(law, run, drive);
  const std::vector<double> start(run.density.begin(), run.density.begin() + law.slip.count());
  return roll(law, start, run.time, driven, options);
}

TrajectoryErrors compare(const Trajectory& predicted, const DddRun& recorded) {
  require(predicted.time == recorded.time, Errc::kShape, "trajectory: not at the times of run " + recorded.id);
  const std::size_t rows = recorded.time.size(), n = rows ? predicted.density.size() / rows : 0;
  TrajectoryErrors out;
  const auto judge = [&](const std::vector<double>& a, const std::vector<double>& b, bool active, double& all, double& end,
                         std::vector<double>& at) {
    if (b.empty() || rows < 2) return;
    require(b.size() == a.size(), Errc::kShape, "trajectory: run " + recorded.id + " has other slip systems");
    double sum = 0;
    for (std::size_t t = 0; t < rows; ++t) {
      double fastest = 0, off = 0, size = 0;
      for (std::size_t i = 0; i < n; ++i) fastest = std::max(fastest, std::abs(recorded.slip_rate[t * n + i]));
      for (std::size_t i = t * n; i < (t + 1) * n; ++i) {
        if (active && !(std::abs(recorded.slip_rate[i]) >= 1e-3 * fastest)) continue;
        off += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
      }
      at.push_back(size > 0 ? std::sqrt(off / size) : off > 0 ? HUGE_VAL : 0);
      if (t > 0) sum += at.back() * at.back();
    }
    all = std::sqrt(sum / double(rows - 1));
    end = at.back();
  };
  judge(predicted.density, recorded.density, false, out.density, out.density_end, out.density_at);
  judge(predicted.resistance, recorded.resistance, false, out.resistance, out.resistance_end, out.resistance_at);
  judge(predicted.shear, recorded.shear, true, out.shear, out.shear_end, out.shear_at);
  return out;
}

}  // namespace grainspin::interactions

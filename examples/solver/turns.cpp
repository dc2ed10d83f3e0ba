#include "turns.h"

#include <cmath>
#include <ctime>

#include "rotation.h"

namespace cp {
namespace {

namespace gs = grainspin::api;

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// log(1 + X) and exp(X) of small X by their series.
Matrix logarithm_of(Matrix X) {
  for (int i = 0; i < 9; ++i) X[i] -= kIdentity[i];
  Matrix sum{}, power = kIdentity;
  for (int n = 1; n <= 24; ++n) {
    power = product(power, X);
    for (int i = 0; i < 9; ++i) sum[i] += (n % 2 ? 1.0 : -1.0) / n * power[i];
  }
  return sum;
}
Matrix exponential_of(const double* X) {
  Matrix L, sum = kIdentity, term = kIdentity;
  for (int i = 0; i < 9; ++i) L[i] = X[i];
  for (int n = 1; n <= 12; ++n) {
    term = product(term, L);
    for (int i = 0; i < 9; ++i) sum[i] += term[i] /= n;
  }
  return sum;
}

Quaternion at(const std::vector<double>& q, std::int64_t i) {
  return {q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]};
}
Quaternion conjugate(const Quaternion& q) {
  return {q[0], -q[1], -q[2], -q[3]};
}

gs::Model load_model(const std::string& path, int threads) {
  gs::Model::Options options;
  options.device = GRAINSPIN_HOST;
  options.threads = threads;
  return gs::Model(path, options);
}

std::array<double, 3> box(const Microstructure& start) {
  return {double(start.voxels[0]), double(start.voxels[1]), double(start.voxels[2])};
}

}  // namespace

grainspin_load velocity_gradient(const LoadStep& load, const Matrix& F_before) {
  Matrix F = load.end.F;
  for (int c = 0; c < 9; ++c)
    if (load.end.free[c]) F[c] = F_before[c];
  const Matrix L = logarithm_of(product(F, inverse(F_before)));
  grainspin_load out{};
  for (int c = 0; c < 9; ++c) {
    out.prescribed[c] = !load.end.free[c];
    if (out.prescribed[c]) out.L[c] = L[c];
  }
  return out;
}

TurnTaking::TurnTaking(const std::string& model, const Material& material, const Microstructure& start,
                       const TurnOptions& options)
    : options_(options),
      polycrystal_(material, start.voxels, box(start), start.orientation.data(), options.threads,
                   Scheme::kNewton, options.tolerances),
      model_(load_model(model, options.threads)),
      state_(model_, gs::Grid({start.voxels[0], start.voxels[1], start.voxels[2]}),
             gs::array(start.orientation)),
      q_(start.orientation),
      rotation_(3 * polycrystal_.voxels()),
      error_(3 * polycrystal_.voxels()) {
  const auto info = model_.info();
  if (!info.takes_load || !info.takes_orientations)
    throw std::runtime_error(model + ": turns want a model that takes loads and orientations");
  if (info.gives_stress) stress_.resize(6 * polycrystal_.voxels()), next_stress_ = stress_;
}

Turn TurnTaking::step(const LoadStep& load) {
  Turn turn;
  ++step_;
  turn.by_solver = step_ == 1 || stay_ || surrogate_ran_ >= options_.surrogate_steps;
  double clock = cpu_seconds();
  state_.accept();
  const gs::Report report = state_.advance(velocity_gradient(load, polycrystal_.mean_F()));
  state_.increments(gs::array(rotation_));
  if (!stress_.empty()) state_.stress(gs::array(next_stress_));
  turn.verdict = static_cast<int>(report.verdict);
  turn.reason = report.reason;
  if (report.verdict == gs::Verdict::outside) {  // what it has not learned does not enter its memory either
    next_stress_ = stress_;
    state_.revert();
    turn.by_solver = turn.reverted = true;
  }
  turn.surrogate_seconds = cpu_seconds() - clock;
  clock = cpu_seconds();
  if (turn.by_solver) {
    solver_step(load, turn);
    surrogate_ran_ = 0;
    turn.solver_seconds = cpu_seconds() - clock;
  } else {
    for (std::int64_t i = 0; i < polycrystal_.voxels(); ++i) {
      std::array<double, 3> w;
      for (int c = 0; c < 3; ++c) w[c] = rotation_[3 * i + c] + (options_.correct ? error_[3 * i + c] : 0);
      const Quaternion q = times(exponential(w), at(q_, i));
      for (int c = 0; c < 4; ++c) q_[4 * i + c] = q[c];
    }
    polycrystal_.follow(load.time, product(exponential_of(report.found[0].L), polycrystal_.mean_F()),
                        q_.data());
    ++surrogate_ran_;
    stress_ = next_stress_;
    turn.follow_seconds = cpu_seconds() - clock;
  }
  clock = cpu_seconds();
  state_.set_orientations(gs::array(q_));
  turn.surrogate_seconds += cpu_seconds() - clock;
  return turn;
}

void TurnTaking::solver_step(const LoadStep& load, Turn& turn) {
  LoadStep here = load;
  here.increments = step_ == 1 ? options_.first_increments : options_.increments;
  here.ratio = step_ == 1 ? options_.first_ratio : 1;
  const Matrix from = polycrystal_.mean_F();
  double time = 0;
  for (int i = 0; i < here.increments; ++i) {
    time += time_of(here, i);
    MeanLoad mean = load.end;
    for (int c = 0; c < 9; ++c) mean.F[c] = from[c] + time / load.time * (load.end.F[c] - from[c]);
    const Report report = polycrystal_.advance(time_of(here, i), mean);
    turn.report.iterations += report.iterations;
    turn.report.products += report.products;
    turn.report.cuts += report.cuts;
    turn.report.balance = report.balance;
    if (i == 0 && surrogate_ran_ > 0) measure_jump(time / load.time, turn);
  }
  const std::vector<double> before = q_;
  polycrystal_.orientations(q_.data());
  stay_ = false;
  if (turn.reverted) return;  // the surrogate's rotation of this step is not to be compared with
  double left = 0, size = 0;
  for (std::int64_t i = 0; i < polycrystal_.voxels(); ++i) {
    const auto w = logarithm(times(at(q_, i), conjugate(at(before, i))));
    for (int c = 0; c < 3; ++c) {
      const double error = w[c] - rotation_[3 * i + c];
      left += std::pow(error - (options_.correct ? error_[3 * i + c] : 0), 2);
      size += w[c] * w[c];
      error_[3 * i + c] = error;
    }
  }
  turn.difference = std::sqrt(left / size);
  if (step_ > 1 && turn.difference > options_.limit) {
    stay_ = true;
    turn.reason = "the difference is above the limit: the solver takes the next step too";
  }
}

double TurnTaking::mean_von_mises() const {
  if (surrogate_ran_ == 0) return polycrystal_.mean_von_mises();
  double sum = 0;
  for (std::size_t i = 0; i < stress_.size(); i += 6) sum += von_mises(&stress_[i]);
  return stress_.empty() ? Turn::kNone : 6 * sum / static_cast<double>(stress_.size());
}

void TurnTaking::measure_jump(double part, Turn& turn) const {
  if (stress_.empty()) return;
  std::vector<double> now(stress_.size()), then = stress_;
  polycrystal_.cauchy(now.data());
  for (std::size_t i = 0; i < then.size(); ++i) then[i] += part * (next_stress_[i] - stress_[i]);
  double solver = 0, surrogate = 0, difference = 0, size = 0;
  for (std::int64_t i = 0; i < polycrystal_.voxels(); ++i) {
    solver += von_mises(now.data() + 6 * i);
    surrogate += von_mises(then.data() + 6 * i);
    for (int c = 0; c < 6; ++c) {
      const double weight = c < 3 ? 1 : 2;
      difference += weight * std::pow(now[6 * i + c] - then[6 * i + c], 2);
      size += weight * std::pow(then[6 * i + c], 2);
    }
  }
  turn.jump = solver / surrogate - 1;
  turn.local_jump = std::sqrt(difference / size);
}

}  // namespace cp

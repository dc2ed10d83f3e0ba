#include "polycrystal.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "point.h"
#include "rotation.h"

namespace cp {
namespace {

constexpr int kCuts = 5;
constexpr int kPatience =
    10;  // passes in a row that do not halve the imbalance, before the increment is halved

template <std::size_t n>
void load(const Field& field, std::int64_t stride, std::int64_t first, std::array<Pack, n>& packs) {
  for (std::size_t c = 0; c < n; ++c) std::memcpy(&packs[c], field.data() + c * stride + first, sizeof(Pack));
}
template <std::size_t n>
void store(const std::array<Pack, n>& packs, std::int64_t stride, std::int64_t first, Field& field) {
  for (std::size_t c = 0; c < n; ++c) std::memcpy(field.data() + c * stride + first, &packs[c], sizeof(Pack));
}

double size(const Matrix& a) {
  double s = 0;
  for (const double x : a) s += x * x;
  return std::sqrt(s);
}

}  // namespace

Polycrystal::Polycrystal(const Material& material, std::array<int, 3> voxels, std::array<double, 3> box,
                         const double* orientation, int threads, Scheme scheme, const Tolerances& tolerances)
    : crystal_(material), cell_(voxels, box, threads), scheme_(scheme), tolerances_(tolerances) {
  const std::int64_t stride = cell_.stride();
  F0_ = cell_.field(9), Fp_inverse0_ = cell_.field(9), S0_ = cell_.field(6), xi0_ = cell_.field(kSystems);
  for (int c = 0; c < 9; c += 4)
    for (std::int64_t i = 0; i < stride; ++i) F0_[c * stride + i] = Fp_inverse0_[c * stride + i] = 1;
  for (auto& x : xi0_) x = material.xi_0;
  F_ = F0_, Fp_inverse_ = Fp_inverse0_, S_ = S0_, xi_ = xi0_;
  rate_ = P_ = cell_.field(9);
  slip_ = slip0_ = cell_.field(1);
  K_ = cell_.field(81);
  turn_to(orientation);
}

// Fp such that Fe = F Fp^-1 keeps its stretch and has the rotation q.
void Polycrystal::turn_to(const double* q) {
  const std::int64_t stride = cell_.stride();
  for (std::int64_t i = 0; i < voxels(); ++i) {
    Matrix F, G;
    for (int c = 0; c < 9; ++c) F[c] = F0_[c * stride + i], G[c] = Fp_inverse0_[c * stride + i];
    const Matrix Fe = product(F, G), U = product(transposed(polar_rotation(Fe)), Fe);
    G = product(inverse(F), product(rotation_of(q + 4 * i), U));
    for (int c = 0; c < 9; ++c) Fp_inverse0_[c * stride + i] = G[c];
  }
  Fp_inverse_ = Fp_inverse0_;
}

void Polycrystal::follow(double dt, const Matrix& F, const double* q) {
  const std::int64_t stride = cell_.stride();
  const Matrix start = mean_F();
  bool moving = false;
  for (const double x : rate_) moving = moving || x != 0;
  double done = 0, part = 1;
  while (done < 1) {
    Matrix goal;
    for (int c = 0; c < 9; ++c) goal[c] = start[c] + (done + part) * (F[c] - start[c]);
    const Matrix along = product(goal, inverse(mean_F()));
    for (std::int64_t i = 0; i < voxels(); ++i) {
      Matrix here;
      for (int c = 0; c < 9; ++c) here[c] = F0_[c * stride + i];
      if (!moving) here = product(along, here);
      for (int c = 0; c < 9; ++c)
        F_[c * stride + i] = here[c] + (moving ? part * dt * rate_[c * stride + i] : 0);
    }
    for (int c = 0; c < 9; ++c) {
      const double shift = goal[c] - cell_.mean(F_, c);
      for (std::int64_t i = c * stride; i < c * stride + voxels(); ++i) F_[i] += shift;
    }
    S_ = S0_, xi_ = xi0_;
    if (evaluate(part * dt, false)) {
      F0_ = F_, Fp_inverse0_ = Fp_inverse_, S0_ = S_, xi0_ = xi_, slip0_ = slip_;
      done += part;
      part = std::min(2 * part, 1 - done);
    } else if ((part /= 2) < std::ldexp(1.0, -2 * kCuts)) {
      throw std::runtime_error("the law does not follow the step");
    }
  }
  turn_to(q);
}

void Polycrystal::restore(const State& state) {
  F_ = F0_ = state.F, rate_ = state.rate, Fp_inverse_ = Fp_inverse0_ = state.Fp_inverse;
  S_ = S0_ = state.S, xi_ = xi0_ = state.xi, slip_ = slip0_ = state.slip;
}

// The law everywhere at F_; false where a point does not converge.
bool Polycrystal::evaluate(double dt, bool tangents) {
  const std::int64_t stride = cell_.stride();
  std::atomic<bool> good = true;
  parallel(cell_.threads(), stride / kLanes, [&](std::int64_t first, std::int64_t last) {
    PointStep step;
    PackTangent K;
    for (std::int64_t b = first * kLanes; b < last * kLanes; b += kLanes) {
      load(F_, stride, b, step.F);
      load(Fp_inverse0_, stride, b, step.Fp_inverse_0);
      load(xi0_, stride, b, step.xi_0);
      load(S_, stride, b, step.S);
      load(xi_, stride, b, step.xi);
      if (!integrate(crystal_, dt, step, tangents ? &K : nullptr)) {
        good = false;
        return;
      }
      store(step.S, stride, b, S_);
      store(step.xi, stride, b, xi_);
      store(step.Fp_inverse, stride, b, Fp_inverse_);
      store(step.P, stride, b, P_);
      std::array<Pack, 1> slip;
      load(slip0_, stride, b, slip);
      slip[0] += step.slip;
      store(slip, stride, b, slip_);
      if (tangents) store(K, stride, b, K_);
    }
  });
  return good;
}

Report Polycrystal::advance(double dt, const MeanLoad& load) {
  Report report;
  double done = 0, part = 1;
  const Matrix start = mean_F();
  while (done < 1) {
    MeanLoad here = load;
    for (int c = 0; c < 9; ++c) here.F[c] = start[c] + (done + part) * (load.F[c] - start[c]);
    if (increment(part * dt, here, report)) {
      done += part;
      continue;
    }
    if (++report.cuts, (part /= 2) < std::ldexp(1.0, -kCuts))
      throw std::runtime_error("no equilibrium, even at 1/" + std::to_string(1 << kCuts) +
                               " of the increment");
  }
  return report;
}

bool Polycrystal::increment(double dt, const MeanLoad& load, Report& report) {
  const std::int64_t stride = cell_.stride();
  for (int c = 0; c < 9; ++c) {  // what was, goes on; the prescribed mean is met
    for (std::int64_t i = c * stride; i < c * stride + voxels(); ++i) F_[i] = F0_[i] + dt * rate_[i];
    const double shift = load.free[c] ? 0 : load.F[c] - cell_.mean(F_, c);
    for (std::int64_t i = c * stride; i < c * stride + voxels(); ++i) F_[i] += shift;
  }
  S_ = S0_, xi_ = xi0_;
  if (!(scheme_ == Scheme::kNewton ? newton(dt, load, report) : basic(dt, load, report))) return false;
  for (std::size_t i = 0; i < F_.size(); ++i) rate_[i] = (F_[i] - F0_[i]) / dt;
  F0_ = F_, Fp_inverse0_ = Fp_inverse_, S0_ = S_, xi0_ = xi_, slip0_ = slip_;
  return true;
}

// `correction` = Green : P. Its stress by the reference stiffness is the part of P that is out of balance.
bool Polycrystal::balanced(const Field& correction, const MeanLoad& load, Report& report) const {
  const std::int64_t stride = cell_.stride();
  Matrix mean;
  double free = 0, sum = 0;
  for (int c = 0; c < 9; ++c) {
    mean[c] = cell_.mean(P_, c);
    if (load.free[c]) free = std::max(free, std::abs(mean[c]));
  }
  for (int r = 0; r < 9; ++r)
    for (std::int64_t i = 0; i < voxels(); ++i) {
      double stress = 0;
      for (int c = 0; c < 9; ++c) stress += reference_[9 * r + c] * correction[c * stride + i];
      sum += stress * stress;
    }
  report.balance = std::sqrt(sum / static_cast<double>(voxels())) / size(mean);
  return report.balance < tolerances_.balance && free < tolerances_.mean * size(mean);
}

// The mean tangent becomes the reference stiffness.
void Polycrystal::linearise(const MeanLoad& load) {
  for (int c = 0; c < 81; ++c) reference_[c] = cell_.mean(K_, c);
  cell_.set_reference(reference_, load.free);
}

bool Polycrystal::newton(double dt, const MeanLoad& load, Report& report) {
  Field correction = cell_.field(9), step;
  Field F, S = S_, xi = xi_;  // where the last step started
  double best = INFINITY, fraction = 1;
  int slow = 0;
  for (int pass = 0; pass < tolerances_.iterations; ++pass) {
    ++report.iterations;
    bool better = evaluate(dt, true);
    if (better) {
      linearise(load);
      cell_.green(P_, correction);
      if (balanced(correction, load, report)) return true;
      better = report.balance < best;
    }
    if (better) {
      // Where full steps gain little, voxels jump between two sets of slip systems: half a step lands
      // between.
      const bool quick = report.balance < 0.5 * best;
      slow = quick ? 0 : slow + 1;
      fraction = quick ? 1 : 0.5;
      best = report.balance;
      if (!solve_linear(correction, report)) return false;
      step = correction;
      F = F_, S = S_, xi = xi_;
    } else {  // halve the step
      if (step.empty()) return false;
      ++slow;
      fraction /= 2;
      S_ = S, xi_ = xi;
    }
    if (slow > kPatience) return false;
    for (std::size_t i = 0; i < F_.size(); ++i) F_[i] = F[i] + fraction * step[i];
  }
  return false;
}

// K : x = -P on compatible fields and free means, by conjugate gradients. On entry x = Green : P.
bool Polycrystal::solve_linear(Field& x, Report& report) {
  const std::int64_t stride = cell_.stride(), n = voxels();
  Field r = P_, z = x, d = cell_.field(9), q = cell_.field(9);
  for (auto& v : r) v = -v;
  for (auto& v : z) v = -v;
  std::fill(x.begin(), x.end(), 0.0);
  const auto dot = [&](const Field& a, const Field& b) {
    double sum = 0;
    for (int c = 0; c < 9; ++c)
      for (std::int64_t i = c * stride; i < c * stride + n; ++i) sum += a[i] * b[i];
    return sum;
  };
  double rz = dot(r, z), beta = 0;
  const double target = tolerances_.linear * tolerances_.linear * rz;
  for (int k = 0; k < tolerances_.iterations; ++k) {
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = z[i] + beta * d[i];
    parallel(cell_.threads(), stride / kLanes, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t b = first * kLanes; b < last * kLanes; b += kLanes) {
        PackMatrix here, there;
        load(d, stride, b, here);
        for (int row = 0; row < 9; ++row) {
          Pack sum{};
          for (int c = 0; c < 9; ++c) {
            Pack K;
            std::memcpy(&K, K_.data() + (9 * row + c) * stride + b, sizeof(Pack));
            sum += K * here[c];
          }
          there[row] = sum;
        }
        store(there, stride, b, q);
      }
    });
    const double curvature = dot(d, q);
    if (!(curvature > 0)) return k > 0;
    const double alpha = rz / curvature;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += alpha * d[i], r[i] -= alpha * q[i];
    ++report.products;
    cell_.green(r, z);
    const double next = dot(r, z);
    if (next < target) return true;
    beta = next / rz;
    rz = next;
  }
  return true;
}

Matrix Polycrystal::mean_F() const {
  Matrix F;
  for (int c = 0; c < 9; ++c) F[c] = cell_.mean(F0_, c);
  return F;
}

Matrix Polycrystal::mean_P() const {
  Matrix P;
  for (int c = 0; c < 9; ++c) P[c] = cell_.mean(P_, c);
  return P;
}

}  // namespace cp

// Newton on the five components of a grain's deviatoric stress. The stress is the minimum of the convex
//   Psi(s) = sum_s gdot0 xi/(n+1) |m.s/xi|^(n+1) - D.s,
// so a damped Newton always gets there; the start decides how soon.
#include "src/taylor_grain.h"

#include <algorithm>
#include <cmath>

namespace grainspin::taylor_detail {

namespace {

constexpr double kSqrt2 = 1.4142135623730951, kSqrt6 = 2.449489742783178;

// x^n for x >= 0. Rate exponents are small integers as a rule, and pow is most of the model's time.
double power(double x, double n) {
  if (n < 0 || n > 256 || n != std::floor(n)) return std::pow(x, n);
  double y = 1;
  for (int k = int(n); k; k >>= 1, x *= x)
    if (k & 1) y *= x;
  return y;
}

// Residual f = sum gdot m - D, Hessian (lower triangle) and Psi, of rates scaled by `exponent_scale`: the
// systems' exponents are max(1, scale n), which is what the continuation runs over.
struct Evaluation {
  Dev f{};
  double hessian[15] = {};
  double psi = 0, slip_power = 0;
};

void evaluate(const Systems& sys, const Dev& D, const std::vector<double>& xi, const Dev& s, double exponent_scale,
              bool with_hessian, std::vector<double>& gdot, Evaluation& e) {
  e = Evaluation{};
  for (int k = 0; k < 5; ++k) e.f[k] = -D[k];
  for (int i = 0; i < sys.count; ++i) {
    const Dev& m = sys.m[i];
    const double n = std::max(1.0, exponent_scale * sys.n[i]);
    const double tau = dot(m, s), r = std::abs(tau) / xi[i];
    const double p = power(r, n - 1);
    const double g = sys.gdot0[i] * p * r, rate = tau < 0 ? -g : g;
    gdot[i] = rate;
    e.slip_power += rate * tau;
    e.psi += rate * tau / (n + 1);
    for (int k = 0; k < 5; ++k) e.f[k] += rate * m[k];
    if (!with_hessian) continue;
    const double c = n * sys.gdot0[i] / xi[i] * p;
    for (int k = 0, at = 0; k < 5; ++k)
      for (int l = 0; l <= k; ++l) e.hessian[at++] += c * m[k] * m[l];
  }
  e.psi -= dot(D, s);
}

// Systems at rest have no stiffness, which leaves the Hessian singular to rounding: a small ridge changes the
// path of the iteration, not the solution.
bool factor_hessian(Evaluation& e, Factor& factor) {
  double ridge = 0;
  for (const int k : {0, 2, 5, 9, 14}) ridge = std::max(ridge, e.hessian[k]);
  for (const int k : {0, 2, 5, 9, 14}) e.hessian[k] += 1e-13 * ridge;
  return factor.factor(e.hessian);
}

// Scales s so that Psi is least along its ray. With several exponents the ray's derivative
//   sum gdot(c s) tau - D.s  is monotone in c, so Newton on log c from the right side is safe.
void scale_to_power(const Systems& sys, const Dev& D, const std::vector<double>& xi, double exponent_scale, Dev& s,
                    std::vector<double>& gdot) {
  Evaluation e;
  for (int it = 0; it < 60; ++it) {
    evaluate(sys, D, xi, s, exponent_scale, false, gdot, e);
    const double wanted = dot(D, s);
    if (!std::isfinite(e.slip_power)) {
      for (double& x : s) x /= 2;
      continue;
    }
    if (!(wanted > 0) || !(e.slip_power > 0)) return;
    double slope = 0;  // d log(slip power / wanted) / d log c, the mean exponent weighted by power
    for (int i = 0; i < sys.count; ++i)
      slope += std::max(1.0, exponent_scale * sys.n[i]) * gdot[i] * dot(sys.m[i], s);
    slope /= e.slip_power;
    const double c = std::clamp(std::pow(wanted / e.slip_power, 1 / slope), 1e-3, 1e3);
    for (double& x : s) x *= c;
    if (std::abs(c - 1) < 1e-3) return;
  }
}

bool newton(const Systems& sys, const Dev& D, const std::vector<double>& xi, double exponent_scale, double tolerance,
            int iterations, Dev& s, std::vector<double>& gdot, Factor& factor) {
  const double size = std::sqrt(dot(D, D));
  Evaluation e, trial;
  evaluate(sys, D, xi, s, exponent_scale, true, gdot, e);
  for (int it = 0; it < iterations; ++it) {
    if (!factor_hessian(e, factor)) return false;
    const double norm = std::sqrt(dot(e.f, e.f));
    if (norm <= tolerance * size) return true;
    const Dev step = factor.solve(e.f);
    const double slope = -dot(step, e.f);
    double alpha = 1;
    Dev next{};
    for (int cut = 0;; ++cut) {
      if (cut == 30) {  // rounding: no step is better
        evaluate(sys, D, xi, s, exponent_scale, false, gdot, trial);
        return norm <= 1e3 * tolerance * size;
      }
      for (int k = 0; k < 5; ++k) next[k] = s[k] - alpha * step[k];
      evaluate(sys, D, xi, next, exponent_scale, true, gdot, trial);
      if (!std::isfinite(trial.psi)) {
        alpha /= 4;
        continue;
      }
      if (trial.psi <= e.psi + 1e-4 * alpha * slope) break;
      // In the last steps Psi changes by less than its rounding: there the residual decides.
      if (trial.psi <= e.psi + 1e-12 * std::abs(e.psi) && std::sqrt(dot(trial.f, trial.f)) < 0.5 * norm) break;
      alpha /= 2;
    }
    s = next;
    e = trial;
  }
  return false;
}

}  // namespace

Dev deviator(const Mat3<double>& a) {
  return {(a(0, 0) - a(1, 1)) / kSqrt2, (2 * a(2, 2) - a(0, 0) - a(1, 1)) / kSqrt6, (a(0, 1) + a(1, 0)) / kSqrt2,
          (a(0, 2) + a(2, 0)) / kSqrt2, (a(1, 2) + a(2, 1)) / kSqrt2};
}

Mat3<double> tensor(const Dev& d) {
  const double xy = d[2] / kSqrt2, xz = d[3] / kSqrt2, yz = d[4] / kSqrt2;
  return {{d[0] / kSqrt2 - d[1] / kSqrt6, xy, xz, xy, -d[0] / kSqrt2 - d[1] / kSqrt6, yz, xz, yz, 2 * d[1] / kSqrt6}};
}

bool Factor::factor(const double* a) {
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j <= i; ++j) {
      double x = a[i * (i + 1) / 2 + j];
      for (int k = 0; k < j; ++k) x -= l[i * (i + 1) / 2 + k] * l[j * (j + 1) / 2 + k];
      if (i == j) {
        if (!(x > 0) || !std::isfinite(x)) return false;
        l[i * (i + 1) / 2 + i] = std::sqrt(x);
      } else {
        l[i * (i + 1) / 2 + j] = x / l[j * (j + 1) / 2 + j];
      }
    }
  return true;
}

Dev Factor::solve(const Dev& b) const {
  Dev x = b;
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < i; ++k) x[i] -= l[i * (i + 1) / 2 + k] * x[k];
    x[i] /= l[i * (i + 1) / 2 + i];
  }
  for (int i = 4; i >= 0; --i) {
    for (int k = i + 1; k < 5; ++k) x[i] -= l[k * (k + 1) / 2 + i] * x[k];
    x[i] /= l[i * (i + 1) / 2 + i];
  }
  return x;
}

bool linearise(const Systems& sys, const Dev& D, const std::vector<double>& xi, Grain& grain) {
  Evaluation e;
  grain.gdot.resize(std::size_t(sys.count));
  evaluate(sys, D, xi, grain.stress, 1, true, grain.gdot, e);
  grain.residual = e.f;
  grain.potential = e.psi + dot(D, grain.stress);
  return std::isfinite(e.psi) && factor_hessian(e, grain.tangent);
}

void rescale(const Systems& sys, const Dev& D, const std::vector<double>& xi, Grain& grain) {
  grain.gdot.resize(std::size_t(sys.count));
  scale_to_power(sys, D, xi, 1, grain.stress, grain.gdot);
}

bool solve(const Systems& sys, const Dev& D, const std::vector<double>& xi, Grain& grain) {
  constexpr double kTolerance = 1e-11;  // of |D|
  grain.gdot.assign(std::size_t(sys.count), 0);
  if (dot(D, D) == 0) {  // nothing flows; the stress is not determined and is called zero
    grain.stress = Dev{};
    grain.warm = false;
    return true;
  }
  if (grain.warm) rescale(sys, D, xi, grain);
  bool done = grain.warm && newton(sys, D, xi, 1, kTolerance, 25, grain.stress, grain.gdot, grain.tangent);
  if (!done) {
    // From the linear law (one exact step from any start) through doubled exponents to the law's own.
    double largest = 1;
    for (const double n : sys.n) largest = std::max(largest, n);
    grain.stress = Dev{};
    if (!newton(sys, D, xi, 0, 1e-6, 10, grain.stress, grain.gdot, grain.tangent)) return false;
    for (double n = 2; !done; n *= 2) {
      done = n >= largest;
      const double scale = done ? 1 : n / largest;
      scale_to_power(sys, D, xi, scale, grain.stress, grain.gdot);
      if (!newton(sys, D, xi, scale, done ? kTolerance : 1e-3, 200, grain.stress, grain.gdot, grain.tangent))
        return false;
    }
  }
  grain.warm = true;
  return true;
}

void hardening_rate(const Systems& sys, const std::vector<double>& state, const std::vector<double>& gdot,
                    std::vector<double>& rate) {
  rate.resize(state.size());
  sys.hardening->rate(state.data(), gdot.data(), rate.data());
}

}  // namespace grainspin::taylor_detail

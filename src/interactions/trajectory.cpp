// Dormand & Prince 5(4) (J. Comput. Appl. Math. 6 (1980) 19) on the densities.
#include "grainspin/interactions/trajectory.h"

#include <algorithm>
#include <cmath>

#include "grainspin/core.h"

namespace grainspin::interactions {

namespace {

constexpr double kC[7] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
constexpr double kA[7][6] = {{},
                             {1.0 / 5},
                             {3.0 / 40, 9.0 / 40},
                             {44.0 / 45, -56.0 / 15, 32.0 / 9},
                             {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
                             {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
                             {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
// Fifth order less fourth.
constexpr double kE[7] = {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

struct Roller {
  const LawRates& rates;
  const Driver& drive;
  std::size_t n;
  std::vector<double> g, gdot;

  Roller(const LawRates& r, const Driver& d) : rates(r), drive(d), n(std::size_t(r.systems())), g(n), gdot(n) {}

  void derivative(double time, const std::vector<double>& rho, std::vector<double>& out) {
    rates.resistance(rho.data(), g.data());
    drive(time, g.data(), gdot.data());
    rates.density_rate(rho.data(), gdot.data(), out.data());
    for (std::size_t i = 0; i < n; ++i)
      if (rho[i] <= 0) out[i] = std::max(out[i], 0.0);
  }
};

}  // namespace

Trajectory roll(const DislocationLaw& law, const std::vector<double>& density0, const std::vector<double>& time,
                const Driver& driver, const RollOptions& options) {
  const LawRates rates(law);
  const auto n = std::size_t(rates.systems());
  require(density0.size() == n, Errc::kShape,
          "trajectory: " + std::to_string(density0.size()) + " initial densities for " + std::to_string(n) + " systems");
  for (std::size_t i = 0; i < n; ++i)
    require(std::isfinite(density0[i]) && density0[i] >= 0, Errc::kArgument,
            "trajectory: the initial density of system " + std::to_string(i + 1) + " is " + std::to_string(density0[i]));
  for (std::size_t t = 1; t < time.size(); ++t)
    require(time[t] > time[t - 1], Errc::kArgument, "trajectory: times must increase");
  require(options.tolerance > 0, Errc::kArgument, "trajectory: the tolerance must be positive");

  Roller roller(rates, driver);
  Trajectory out;
  out.time = time;
  std::vector<double> rho = density0, trial(n), shear(n);
  std::vector<std::vector<double>> k(7, std::vector<double>(n));
  const auto record = [&](double at) {
    rates.resistance(rho.data(), roller.g.data());
    driver(at, roller.g.data(), roller.gdot.data());
    rates.shear(roller.gdot.data(), roller.g.data(), shear.data());
    out.density.insert(out.density.end(), rho.begin(), rho.end());
    out.resistance.insert(out.resistance.end(), roller.g.begin(), roller.g.end());
    out.slip_rate.insert(out.slip_rate.end(), roller.gdot.begin(), roller.gdot.end());
    out.shear.insert(out.shear.end(), shear.begin(), shear.end());
  };
  if (time.empty()) return out;
  record(time[0]);

  std::int64_t steps = 0;
  double wanted = time.back() - time[0];  // by the last error
  for (std::size_t row = 1; row < time.size(); ++row) {
    double t = time[row - 1];
    const double end = time[row];
    roller.derivative(t, rho, k[0]);
    while (t < end) {
      const bool last = t + wanted * (1 + 1e-9) >= end;
      const double h = last ? end - t : wanted;
      require(++steps <= options.max_steps && t + 0.1 * h > t, Errc::kConvergence,
              "trajectory: the densities run away at " + std::to_string(t) + " s");
      for (int s = 1; s < 7; ++s) {
        for (std::size_t i = 0; i < n; ++i) {
          double sum = 0;
          for (int q = 0; q < s; ++q) sum += kA[s][q] * k[q][i];
          trial[i] = std::max(rho[i] + h * sum, 0.0);
        }
        roller.derivative(t + kC[s] * h, trial, k[s]);
      }
      double mean = 0, error = 0;
      for (std::size_t i = 0; i < n; ++i) mean += std::max(rho[i], trial[i]) / double(n);
      for (std::size_t i = 0; i < n; ++i) {
        double e = 0;
        for (int s = 0; s < 7; ++s) e += kE[s] * k[s][i];
        e = std::abs(h * e);
        if (trial[i] <= 0) e = std::min(e, rho[i]);  // it ends at zero: what the stages overshot is no error
        const double relative = e / (options.tolerance * std::max({rho[i], trial[i], 1e-3 * mean, 1e-300}));
        if (!(relative <= error)) error = relative;
        if (!std::isfinite(error)) break;
      }
      const double factor = std::isfinite(error) ? 0.9 * std::pow(std::max(error, 1e-10), -0.2) : 0.1;
      if (error <= 1) {
        rho = trial;
        std::swap(k[0], k[6]);
        t = last ? end : t + h;
        const double next = h * std::clamp(factor, 0.2, 5.0);
        wanted = last ? std::max(wanted, next) : next;
      } else {
        wanted = h * std::clamp(factor, 0.1, 0.9);
      }
    }
    record(end);
  }
  return out;
}

}  // namespace grainspin::interactions

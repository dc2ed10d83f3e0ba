// The dislocation-density law in the Taylor model and in trajectories of held-out runs: acceptance of the constitutive part.
#include <gtest/gtest.h>

#include <cmath>

#include "ddd_laws.h"
#include "grainspin/interactions/law.h"
#include "grainspin/interactions/trajectory.h"
#include "grainspin/orbits.h"
#include "grainspin/taylor.h"

namespace grainspin::interactions {
namespace {

// Dense normal equations (Cholesky): the tests' own least squares.
std::vector<double> least_squares(std::size_t n, std::vector<double> a, std::vector<double> b) {
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = k + 1; i < n; ++i) {
      const double f = a[i * n + k] / a[k * n + k];
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= f * a[k * n + j];
      b[i] -= f * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
  return b;
}

// A law of FCC with Kubin's H and an evolution of storage on the own system and its forest and of annihilation.
DislocationLaw copper() {
  DislocationLaw law = kubin_law();
  law.terms = {parse_term("P1"), parse_term("P2")};
  law.K.assign(2, std::vector<double>(1728, 0.0));
  for (std::size_t i = 0; i < 12; ++i)
    for (std::size_t j = 0; j < 12; ++j) {
      law.K[0][(i * 12 + j) * 12 + i] = i == j ? 0.004 : 0.01;
      law.K[1][(i * 12 + j) * 12 + i] = i == j ? -5 : 0;
    }
  return law;
}

// H from noisy resistances and K from noisy density rates, by plain least squares on the unknowns that copper() ties.
DislocationLaw fitted(const DddData& data, double friction, std::vector<double>& seven) {
  const double mu = data.material.shear_modulus, length = data.material.burgers[0];
  const std::vector<int> types = damask_slip_interaction_types(data.slip);
  std::vector<double> a(49, 0), b(7, 0), c(9, 0), d(3, 0);
  for (const DddRun& run : data.runs)
    for (std::size_t t = 0; t < run.time.size(); ++t)
      for (std::size_t i = 0; i < 12; ++i) {
        // Errors of z = ((g - tau0)/(mu b))^2 go with z: rows weighted by 1/z^2.
        const double root = (run.resistance[12 * t + i] - friction) / (mu * length), z = root * root;
        double x[7] = {}, forest = 0;
        for (std::size_t j = 0; j < 12; ++j) {
          x[types[12 * i + j] - 1] += run.density[12 * t + j] / z;
          if (j != i) forest += std::sqrt(run.density[12 * t + j]);
        }
        for (std::size_t p = 0; p < 7; ++p) {
          for (std::size_t q = 0; q < 7; ++q) a[7 * p + q] += x[p] * x[q];
          b[p] += x[p];
        }
        const double rho = run.density[12 * t + i], gdot = std::abs(run.slip_rate[12 * t + i]);
        const double y[3] = {std::sqrt(rho) * gdot / length, forest * gdot / length, rho * gdot};
        for (std::size_t p = 0; p < 3; ++p) {
          for (std::size_t q = 0; q < 3; ++q) c[3 * p + q] += y[p] * y[q];
          d[p] += y[p] * run.density_rate[12 * t + i];
        }
      }
  seven = least_squares(7, a, b);
  const std::vector<double> k = least_squares(3, c, d);
  DislocationLaw law = copper();
  for (std::size_t e = 0; e < 144; ++e) law.H[e] = seven[std::size_t(types[e] - 1)];
  for (std::size_t i = 0; i < 12; ++i)
    for (std::size_t j = 0; j < 12; ++j) {
      law.K[0][(i * 12 + j) * 12 + i] = i == j ? k[0] : k[1];
      law.K[1][(i * 12 + j) * 12 + i] = i == j ? k[2] : 0;
    }
  return law;
}

// 60 runs of 25 rows; 5 % noise on density rates, and on z, which is 2.5 % on g - tau0 and less on g.
DddData noisy_runs(const DislocationLaw& law) {
  SimulateOptions o;
  o.runs = 60, o.rows = 25, o.response_noise = 0.05;
  DddData data = simulate(law, o);
  o.response_noise = 0;
  const DddData clean = simulate(law, o);
  for (std::size_t r = 0; r < data.runs.size(); ++r)
    for (std::size_t e = 0; e < data.runs[r].resistance.size(); ++e) {
      const double g = clean.runs[r].resistance[e];
      const double noise = data.runs[r].resistance[e] / g - 1, tau0 = law.material.friction[0];
      data.runs[r].resistance[e] = tau0 + (g - tau0) * std::sqrt(1 + noise);
    }
  return data;
}

TEST(Constitutive, KubinsSevenCoefficientsComeBackFromNoisyRuns) {
  const DislocationLaw law = copper();
  std::vector<double> seven;
  fitted(noisy_runs(law), law.material.friction[0], seven);
  for (std::size_t p = 0; p < 7; ++p) EXPECT_NEAR(seven[p], kKubin[p], 0.02 * kKubin[p]) << p + 1;
}

TEST(Constitutive, TrajectoriesOfHeldOutRunsFollowFromTheLoadAlone) {
  const DislocationLaw law = copper();
  std::vector<double> seven;
  const DislocationLaw found = fitted(noisy_runs(law), law.material.friction[0], seven);
  SimulateOptions o;
  o.runs = 6, o.rows = 30, o.seed = 77;
  const DddData data = simulate(law, o);  // loads and densities that the fit has not seen
  for (const DddRun& run : data.runs)
    for (const Drive drive : {Drive::kSlipRates, Drive::kShears, Drive::kDirection}) {
      const TrajectoryErrors same = compare(predict(law, run, drive), run);
      // Rows are joined by straight lines, which is what remains.
      EXPECT_LT(same.density, 2e-3) << int(drive);
      EXPECT_LT(same.shear, 2e-3) << int(drive);
      const Trajectory rolled = predict(found, run, drive);
      const TrajectoryErrors errors = compare(rolled, run);
      EXPECT_LT(errors.density, 0.05) << int(drive);
      EXPECT_LT(errors.shear, 0.02) << int(drive);
      for (const double rho : rolled.density) EXPECT_GE(rho, 0);
    }
}

TEST(Constitutive, RotatingTheLoadPermutesTheResponse) {
  const DislocationLaw law = plant(named_slip_set("hcp39", 1.6));
  const PointGroup& group = PointGroup::named("622");
  const SlipAction action = slip_action(law.slip, group);
  const std::array<double, 9> L = {30, 40, 5, -10, -50, 22, 8, 0, 20};
  std::vector<double> rho(39);
  for (std::size_t i = 0; i < 39; ++i) rho[i] = 1e12 * (1 + double(i * i % 11));
  const std::vector<double> time = {0, 1e-4, 2e-4, 4e-4};
  const Trajectory plain = roll(law, rho, time, driver(law, L));
  for (std::size_t o = 1; o < group.operators().size(); ++o) {
    const Mat3<double> R = matrix(group.operators()[o]);
    std::array<double, 9> turned{};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k)
          for (int l = 0; l < 3; ++l) turned[std::size_t(3 * i + j)] += R(i, k) * L[std::size_t(3 * k + l)] * R(j, l);
    std::vector<double> moved(39);
    for (std::size_t i = 0; i < 39; ++i) moved[std::size_t(action.perm[o][i])] = rho[i];
    const Trajectory other = roll(law, moved, time, driver(law, turned));
    for (std::size_t t = 0; t < time.size(); ++t) {
      double fastest = 0;
      for (std::size_t i = 0; i < 39; ++i) fastest = std::max(fastest, std::abs(plain.slip_rate[39 * t + i]));
      for (std::size_t i = 0; i < 39; ++i) {
        const std::size_t a = 39 * t + i, b = 39 * t + std::size_t(action.perm[o][i]);
        EXPECT_NEAR(other.density[b] / plain.density[a], 1, 1e-10);
        EXPECT_NEAR(other.slip_rate[b], action.sign[o][i] * plain.slip_rate[a], 1e-9 * fastest);
      }
    }
  }
}

TEST(Constitutive, RotatingAStressPermutesTheResponseToRounding) {
  // No solver between load and rates: 1e-12.
  const DislocationLaw law = copper();
  const PointGroup& group = PointGroup::named("432");
  const SlipAction action = slip_action(law.slip, group);
  SimulateOptions o;
  o.runs = 1, o.rows = 12;
  const DddRun run = simulate(law, o).runs[0];
  const Trajectory plain = predict(law, run, Drive::kDirection);
  for (std::size_t g = 1; g < group.operators().size(); ++g) {
    const Mat3<double> R = matrix(group.operators()[g]);
    DddRun turned = run;
    turned.shear.clear();
    for (std::size_t t = 0; t < 12; ++t) {
      const double* s = &run.stress[6 * t];
      const double S[9] = {s[0], s[5], s[4], s[5], s[1], s[3], s[4], s[3], s[2]};
      double T[9] = {};
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
          for (int k = 0; k < 3; ++k)
            for (int l = 0; l < 3; ++l) T[3 * i + j] += R(i, k) * S[3 * k + l] * R(j, l);
      const double six[6] = {T[0], T[4], T[8], T[5], T[2], T[1]};
      std::copy_n(six, 6, &turned.stress[6 * t]);
      for (std::size_t i = 0; i < 12; ++i) {
        const std::size_t to = 12 * t + std::size_t(action.perm[g][i]);
        turned.density[to] = run.density[12 * t + i];
        turned.slip_rate[to] = action.sign[g][i] * run.slip_rate[12 * t + i];
      }
    }
    const Trajectory other = predict(law, turned, Drive::kDirection);
    for (std::size_t t = 0; t < 12; ++t)
      for (std::size_t i = 0; i < 12; ++i)
        EXPECT_NEAR(other.density[12 * t + std::size_t(action.perm[g][i])] / plain.density[12 * t + i], 1, 1e-12);
  }
}

LoadStep tension(double strain) {
  LoadStep load;
  load.prescribed.fill(true);
  load.prescribed[0] = load.prescribed[4] = false;
  load.L = {0, 0, 0, 0, 0, 0, 0, 0, strain};
  return load;
}

TEST(LawTaylor, ConstantDensitiesAreConstantResistance) {
  // Without evolution the law is rate-sensitive slip at a resistance that stays: the model without hardening, its
  // stresses times that resistance.
  DislocationLaw law = kubin_law();
  law.density0.assign(12, 2e12);
  std::vector<double> g(12);
  resistance(law, law.density0.data(), g.data());  // all equal: every system has the same partners
  TaylorMaterial unit;
  unit.slip = law.slip, unit.dot_gamma_reference = law.gdot0, unit.n = law.n;
  const float q[8] = {1, 0, 0, 0, 0.8f, 0.36f, 0.48f, 0};
  const std::vector<LoadStep> loads(3, tension(0.01));
  const auto a = taylor(taylor_material(law), 2, q, {}, loads, {}), b = taylor(unit, 2, q, {}, loads, {});
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t c = 0; c < 8; ++c) EXPECT_NEAR(a[k].orientation[c], b[k].orientation[c], 1e-6);
    for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(a[k].mean_stress[c], g[0] * b[k].mean_stress[c], 1e-6 * g[0]);
  }
}

TEST(LawTaylor, SingleSlipHardensByTheClosedForm) {
  // One system made to shear by b (x) n, rhodot = k rho |gdot| on it: stress m.s = g at |gdot| = gdot0 (1/n power else),
  // g = tau0 + mu b sqrt(a_self rho0 exp(k gamma) + sum of the others).
  DislocationLaw law = kubin_law();
  law.n = 100;
  law.terms = {parse_term("P2")};
  law.K = {std::vector<double>(1728, 0.0)};
  for (std::size_t i = 0; i < 12; ++i) law.K[0][(i * 12 + i) * 12 + i] = 20;
  const SlipSystem& s = law.slip.systems[3];
  const double b[] = {s.b.x, s.b.y, s.b.z}, n[] = {s.n.x, s.n.y, s.n.z};
  LoadStep load;
  load.prescribed.fill(true);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) load.L[3 * i + j] = 0.01 * b[i] * n[j];
  const float q[4] = {1, 0, 0, 0};
  const auto steps = taylor(taylor_material(law), 1, q, {}, std::vector<LoadStep>(5, load), std::vector<double>(5, 1e-4));  // 100/s
  const std::vector<int> types = damask_slip_interaction_types(law.slip);
  for (std::size_t k = 0; k < 5; ++k) {
    const auto& sigma = steps[k].mean_stress;
    double tau = 0, z = 0;
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) tau += b[i] * sigma[3 * i + j] * n[j];
    for (std::size_t j = 0; j < 12; ++j)
      z += kKubin[std::size_t(types[36 + j] - 1)] * 1e12 * (j == 3 ? std::exp(20 * 0.01 * double(k + 1)) : 1);
    EXPECT_NEAR(tau, 4e6 + 42e9 * 2.56e-10 * std::sqrt(z), 0.01 * tau) << k;  // the other systems share a little of the slip
  }
}

TEST(LawTaylor, SubstepsConvergeAndThreadsDoNotCount) {
  std::vector<float> q;
  for (int i = 0; i < 10; ++i)
    for (const double x : {std::cos(1.0 + i), std::sin(1.0 + i) * std::cos(2.0 * i), std::sin(1.0 + i) * std::sin(2.0 * i), 0.0}) q.push_back(float(x));
  const std::vector<LoadStep> loads(3, tension(0.02));
  const std::vector<double> times(3, 2e-4);
  const auto run = [&](double substep, double hardening, int threads) {
    TaylorOptions o;
    o.substep = substep, o.hardening = hardening, o.threads = threads;
    return taylor(taylor_material(copper()), 10, q.data(), {}, loads, times, o);
  };
  const auto coarse = run(5e-3, 0.1, 1), fine = run(2.5e-3, 0.05, 2), finest = run(6.25e-4, 0.0125, 1), again = run(2.5e-3, 0.05, 3);
  EXPECT_EQ(fine[2].stress, again[2].stress);
  const double c = coarse[2].mean_stress[8] - finest[2].mean_stress[8], f = fine[2].mean_stress[8] - finest[2].mean_stress[8];
  EXPECT_LT(std::abs(f), 0.4 * std::abs(c) + 1e-6 * finest[2].mean_stress[8]);  // second order
  EXPECT_LT(std::abs(f), 1e-3 * finest[2].mean_stress[8]);
  EXPECT_GT(finest[2].mean_stress[8], finest[0].mean_stress[8]);  // it hardens
}

TEST(LawTaylor, RefusesACrystalWithoutResistance) {
  DislocationLaw law = bare_law(named_slip_set("fcc"));
  law.material.friction.assign(12, 0);
  EXPECT_THROW(taylor_material(law), Error);
  law = kubin_law();
  law.density0.clear();
  EXPECT_THROW(taylor_material(law), Error);
}

}  // namespace
}  // namespace grainspin::interactions

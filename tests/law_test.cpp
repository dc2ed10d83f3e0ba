// Mirrors include/grainspin/interactions/law.h and trajectory.h. Expected values: closed forms.
#include "grainspin/interactions/law.h"

#include <gtest/gtest.h>

#include "ddd_laws.h"
#include "grainspin/interactions/trajectory.h"

namespace grainspin::interactions {
namespace {

std::size_t at(std::size_t i, std::size_t j, std::size_t k) { return (i * 12 + j) * 12 + k; }

DislocationLaw reaction_law() {
  DislocationLaw law = kubin_law();
  law.terms = {reaction_term()};
  law.K = {std::vector<double>(12 * 12 * 12, 0.0)};
  return law;
}

// Slip rates that do not change.
Driver constant(std::vector<double> gdot) {
  return [gdot = std::move(gdot)](double, const double*, double* out) { std::copy(gdot.begin(), gdot.end(), out); };
}

TEST(Law, ResistanceOfOneDensityIsTaylors) {
  // g_i = tau0 + mu b sqrt(a rho) where a single system holds density: a by the type of the pair.
  const DislocationLaw law = kubin_law();
  const std::vector<int> types = damask_slip_interaction_types(law.slip);
  std::vector<double> rho(12, 0.0), g(12);
  rho[5] = 3e12;
  resistance(law, rho.data(), g.data());
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_NEAR(g[i], 4e6 + 42e9 * 2.56e-10 * std::sqrt(kKubin[std::size_t(types[12 * i + 5] - 1)] * 3e12), 1e-6) << i;
}

TEST(Law, DensityRateIsTheSumOverPairs) {
  DislocationLaw law = reaction_law();
  law.K[0][at(2, 5, 7)] = 11;
  law.K[0][at(2, 2, 7)] = -3;
  law.K[0][at(0, 1, 1)] = 0.5;
  std::vector<double> rho(12), gdot(12), rate(12);
  for (std::size_t i = 0; i < 12; ++i) rho[i] = 1e12 * double(i + 1), gdot[i] = (i % 2 ? -1.0 : 1.0) * double(i);
  density_rate(law, rho.data(), gdot.data(), rate.data());
  EXPECT_DOUBLE_EQ(rate[2], 11 * 6e12 * 7 - 3 * 3e12 * 7);
  EXPECT_DOUBLE_EQ(rate[0], 0.5 * 2e12 * 1);
  for (const std::size_t i : {1, 3, 4, 5, 6, 7, 8, 9, 10, 11}) EXPECT_EQ(rate[i], 0) << i;
}

TEST(Law, TermsOfAnyProduct) {
  // sqrt(rho_j) |gdot_k| / b_k (storage), rho_j rho_k, and one with the resistance and the signed shear.
  DislocationLaw law = kubin_law();
  law.terms = {product_term("P1", {{"rho", Over::kJ, 0.5, false}, {"gdot", Over::kK, 1, true}, {"b", Over::kK, -1, false}}),
               product_term("P3", {{"rho", Over::kJ, 1, false}, {"rho", Over::kK, 1, false}}),
               product_term("g[j]^2*tau[k]", {{"g", Over::kJ, 2, false}, {"tau", Over::kK, 1, false}})};
  law.K.assign(3, std::vector<double>(1728, 0.0));
  law.K[0][at(1, 2, 3)] = 2;
  law.K[1][at(4, 5, 6)] = 7e-10;
  law.K[2][at(8, 9, 10)] = 1e-9;
  std::vector<double> rho(12, 4e12), gdot(12, -50.0), rate(12), g(12);
  rho[5] = 1e12;
  density_rate(law, rho.data(), gdot.data(), rate.data());
  resistance(law, rho.data(), g.data());
  EXPECT_DOUBLE_EQ(rate[1], 2 * 2e6 * 50 / 2.56e-10);
  EXPECT_DOUBLE_EQ(rate[4], 7e-10 * 1e12 * 4e12);
  EXPECT_NEAR(rate[8], -1e-9 * g[9] * g[9] * g[10] * std::pow(0.5, 0.1), 1e-9 * std::abs(rate[8]));
}

TEST(Law, ResistanceRateIsItsDerivative) {
  const DislocationLaw law = kubin_law();
  const LawRates rates(law);
  std::vector<double> rho(12), rate(12), up(12), down(12), a(12), b(12), slope(12);
  for (std::size_t i = 0; i < 12; ++i) {
    rho[i] = 1e12 * double(i + 1), rate[i] = 1e13 * (double(i) - 4);
    up[i] = rho[i] + 1e-5 * rate[i], down[i] = rho[i] - 1e-5 * rate[i];
  }
  rates.resistance(up.data(), a.data());
  rates.resistance(down.data(), b.data());
  rates.resistance_rate(rho.data(), rate.data(), slope.data());
  for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(slope[i], (a[i] - b[i]) / 2e-5, 1e-6 * std::abs(slope[i])) << i;
}

TEST(Law, FlowRuleAndItsInverse) {
  const LawRates rates(kubin_law());
  std::vector<double> g(12, 2e7), tau(12, -1e7), gdot(12), back(12);
  tau[3] = 0;
  rates.slip_rate(tau.data(), g.data(), gdot.data());
  EXPECT_DOUBLE_EQ(gdot[0], -100 / 1024.0);
  EXPECT_EQ(gdot[3], 0);
  rates.shear(gdot.data(), g.data(), back.data());
  for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(back[i], tau[i], 1e-8);
}

TEST(Law, RefusesWhatCannotBe) {
  const auto text = [](const DislocationLaw& law) -> std::string {
    try {
      check(law);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  DislocationLaw law = reaction_law();
  EXPECT_EQ(text(law), "");
  law.H[7] = -1;
  EXPECT_NE(text(law).find("H entry 8"), std::string::npos) << text(law);
  law = reaction_law();
  law.K[0].pop_back();
  EXPECT_NE(text(law).find("K of rho[j]*|gdot[k]| has 1727 entries, wanted 1728"), std::string::npos) << text(law);
  law = reaction_law();
  law.K[0][3] = std::nan("");
  EXPECT_NE(text(law).find("entry 4 is nan"), std::string::npos) << text(law);
  law = reaction_law();
  law.terms[0].factors[0].column = "temperature";
  EXPECT_NE(text(law).find("needs column 'temperature'"), std::string::npos) << text(law);
  law = reaction_law();
  law.material.burgers[2] = 0;
  EXPECT_NE(text(law).find("Burgers lengths entry 3"), std::string::npos) << text(law);
}

TEST(Trajectory, OneSystemGrowsExponentially) {
  // rhodot = k rho |gdot| at constant slip rate: rho = rho0 exp(k gamma); the others stand still.
  DislocationLaw law = reaction_law();
  law.K[0][at(4, 4, 4)] = 20;
  std::vector<double> gdot(12, 0.0);
  gdot[4] = -100;
  const Trajectory t = roll(law, std::vector<double>(12, 1e12), {0, 2e-4, 1e-3}, constant(gdot), {1e-10, 1000});
  EXPECT_NEAR(t.density[12 + 4], 1e12 * std::exp(20 * 0.02), 1e3);
  EXPECT_NEAR(t.density[24 + 4], 1e12 * std::exp(20 * 0.1), 1e4);
  EXPECT_EQ(t.density[24 + 3], 1e12);
  std::vector<double> g(12);
  resistance(law, &t.density[24], g.data());
  EXPECT_EQ(t.resistance[24 + 4], g[4]);
  EXPECT_NEAR(t.shear[24 + 4], -g[4], 1e-6);  // |gdot| = gdot0
}

TEST(Trajectory, StorageAndAnnihilationSaturate) {
  // Kocks & Mecking: d rho/d gamma = k1 sqrt(rho) - k2 rho: sqrt(rho) = r + (sqrt(rho0) - r) exp(-k2 gamma/2), r = k1/k2.
  DislocationLaw law = reaction_law();
  law.terms.push_back(product_term("P1", {{"rho", Over::kJ, 0.5, false}, {"gdot", Over::kK, 1, true}, {"b", Over::kK, -1, false}}));
  law.K.push_back(std::vector<double>(1728, 0.0));
  law.K[0][at(4, 4, 4)] = -10;
  law.K[1][at(4, 4, 4)] = 0.02;
  std::vector<double> gdot(12, 0.0), time;
  gdot[4] = 100;
  for (int k = 0; k <= 50; ++k) time.push_back(1e-3 * k / 5.0);
  const Trajectory t = roll(law, std::vector<double>(12, 1e12), time, constant(gdot), {1e-9, 10000});
  const double r = 0.02 / 2.56e-10 / 10;
  for (std::size_t k = 0; k < time.size(); ++k) {
    const double root = r + (1e6 - r) * std::exp(-5 * 100 * time[k]);
    EXPECT_NEAR(t.density[12 * k + 4] / (root * root), 1, 1e-7) << k;
  }
}

TEST(Trajectory, DensitiesNeverFallBelowZero) {
  // A loss that does not vanish with the density: down the straight line, then zero.
  DislocationLaw law = reaction_law();
  law.K[0][at(0, 1, 2)] = -50;
  std::vector<double> gdot(12, 100.0), time;
  for (int k = 0; k <= 100; ++k) time.push_back(5e-6 * k);
  const Trajectory t = roll(law, std::vector<double>(12, 1e12), time, constant(gdot));
  for (std::size_t k = 0; k < time.size(); ++k)
    EXPECT_NEAR(t.density[12 * k], std::max(0.0, 1e12 * (1 - 5000 * time[k])), 1e6) << k;
  for (const double rho : t.density) EXPECT_GE(rho, 0);
}

TEST(Trajectory, RunawayIsAnError) {
  DislocationLaw law = reaction_law();
  law.terms[0] = product_term("P3", {{"rho", Over::kJ, 1, false}, {"rho", Over::kK, 1, false}});
  law.K[0][at(0, 0, 0)] = 1e-9;  // rho = rho0/(1 - rho0 k t): infinite at 1 ms
  try {
    roll(law, std::vector<double>(12, 1e12), {0, 2e-3}, constant(std::vector<double>(12, 0.0)));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kConvergence);
    EXPECT_NE(std::string(e.what()).find("run away at 0.001"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace grainspin::interactions

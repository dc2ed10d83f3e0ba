// Mirrors include/grainspin/interactions/simulate.h. Expected values: the law's own equations put back in, counts of orbits.
#include "grainspin/interactions/simulate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "ddd_laws.h"
#include "grainspin/interactions/trajectory.h"
#include "grainspin/orbits.h"

namespace grainspin::interactions {
namespace {

SimulateOptions few(int runs, int rows) {
  SimulateOptions o;
  o.runs = runs;
  o.rows = rows;
  return o;
}

TEST(Plant, HasTheSharesThatAreAskedFor) {
  const SlipSet slip = named_slip_set("hcp39", 1.6);
  const DislocationLaw law = plant(slip);
  check(law);
  const SlipAction action = slip_action(slip, PointGroup::named("622"));
  const Orbits pairs = pair_orbits(action), triples = triple_orbits(action);
  std::set<int> h, k;
  std::int64_t entries = 0;
  bool outside = false;
  for (std::size_t e = 0; e < law.H.size(); ++e)
    if (law.H[e] != 0) {
      h.insert(pairs.of[e]);
      EXPECT_GE(law.H[e], 0.05);
      EXPECT_LE(law.H[e], 0.7);
    }
  for (std::size_t e = 0; e < law.K[0].size(); ++e) {
    if (law.K[0][e] == 0) continue;
    ++entries, k.insert(triples.of[e]);
    const std::size_t i = e / 1521, j = e / 39 % 39;
    if (law.K[0][e] < 0) {
      EXPECT_EQ(i, j);  // a loss goes with the density it takes from
    }
    outside |= i != j && i != e % 39;
  }
  EXPECT_EQ(h.size(), 41u);  // 27 % of 152
  EXPECT_EQ(entries, 180);   // 0.3 % of 59,319
  EXPECT_GE(k.size(), 15u);
  EXPECT_TRUE(outside);  // multiplication on a system that takes no part
  for (std::size_t g = 0; g < action.perm.size(); ++g)
    for (std::size_t e = 0; e < law.K[0].size(); ++e) {
      const std::size_t i = e / 1521, j = e / 39 % 39, l = e % 39;
      const auto& p = action.perm[g];
      ASSERT_EQ(law.K[0][e], law.K[0][(std::size_t(p[i]) * 39 + std::size_t(p[j])) * 39 + std::size_t(p[l])]);
    }
}

TEST(Plant, BurgersLengthsFollowTheDirection) {
  const std::vector<double> b = burgers_lengths(named_slip_set("hcp39", 1.6), 3e-10);
  EXPECT_DOUBLE_EQ(b[0], 3e-10);                             // basal <a>
  EXPECT_DOUBLE_EQ(b[12], 3e-10 * std::sqrt(1 + 1.6 * 1.6));  // pyramidal <c+a>
  EXPECT_DOUBLE_EQ(b[38], 4.8e-10);                          // prism <c>
}

TEST(Simulate, RowsObeyTheLaw) {
  for (const Load load : {Load::kStress, Load::kUniaxial}) {
    const DislocationLaw law = plant(named_slip_set("hcp39", 1.6));
    SimulateOptions o = few(3, 20);
    o.load = load;
    const DddData data = simulate(law, o);
    ASSERT_EQ(data.runs.size(), 3u);
    const LawRates rates(law);
    std::vector<double> g(39), rate(39), gdot(39);
    for (const DddRun& run : data.runs) {
      ASSERT_EQ(run.rows(), 20);
      for (std::size_t t = 0; t < 20; ++t) {
        rates.resistance(&run.density[39 * t], g.data());
        rates.density_rate(&run.density[39 * t], &run.slip_rate[39 * t], rate.data());
        rates.slip_rate(&run.shear[39 * t], g.data(), gdot.data());
        double power = 0;
        const double* s = &run.stress[6 * t];
        const double mises = std::sqrt(0.5 * ((s[0] - s[1]) * (s[0] - s[1]) + (s[1] - s[2]) * (s[1] - s[2]) + (s[2] - s[0]) * (s[2] - s[0])) +
                                       3 * (s[3] * s[3] + s[4] * s[4] + s[5] * s[5]));
        for (std::size_t i = 0; i < 39; ++i) {
          EXPECT_EQ(run.resistance[39 * t + i], g[i]);
          EXPECT_EQ(run.density_rate[39 * t + i], rate[i]);
          EXPECT_NEAR(run.slip_rate[39 * t + i], gdot[i], 1e-9 * std::abs(gdot[i]) + 1e-12);
          EXPECT_GE(run.density[39 * t + i], 0);
          power += run.slip_rate[39 * t + i] * run.shear[39 * t + i];
        }
        EXPECT_NEAR(power, mises * 100, 1e-9 * power);  // the strain rate that is asked for
      }
    }
  }
}

TEST(Simulate, DensitiesAreTheIntegralOfTheirRates) {
  // Simpson's rule over rows against the increment: fourth order in the rows' distance.
  const DddData data = simulate(plant(named_slip_set("fcc"), {.h_fraction = 1, .k_entries = 100}), few(2, 201));
  for (const DddRun& run : data.runs) {
    const double h = run.time[1];
    for (std::size_t i = 0; i < 12; ++i) {
      double sum = 0;
      for (std::size_t t = 0; t + 2 < 201; t += 2)
        sum += h / 3 * (run.density_rate[12 * t + i] + 4 * run.density_rate[12 * (t + 1) + i] + run.density_rate[12 * (t + 2) + i]);
      EXPECT_NEAR(run.density[12 * 200 + i] - run.density[i], sum, 1e-6 * run.density[12 * 200 + i]) << i;
    }
  }
}

TEST(Simulate, FewSystemsAreActiveAndMagnitudesPhysical) {
  const DddData data = simulate(plant(named_slip_set("hcp39", 1.6)), few(40, 10));
  double active = 0, rows = 0;
  for (const DddRun& run : data.runs)
    for (std::size_t t = 0; t < 10; ++t, ++rows) {
      const auto begin = run.slip_rate.begin() + std::ptrdiff_t(39 * t);
      double fastest = 0;
      for (auto x = begin; x < begin + 39; ++x) fastest = std::max(fastest, std::abs(*x));
      active += double(std::count_if(begin, begin + 39, [&](double x) { return std::abs(x) > 0.1 * fastest; }));
      for (std::size_t i = 0; i < 39; ++i) EXPECT_LT(run.density[39 * t + i], 1e15);
    }
  EXPECT_LT(active / rows, 8);
  EXPECT_GT(active / rows, 1);
}

TEST(Simulate, NoiseHasTheSizeThatIsAskedFor) {
  const DislocationLaw law = plant(named_slip_set("fcc"), {.h_fraction = 1, .k_entries = 100});
  SimulateOptions o = few(50, 20);
  const DddData clean = simulate(law, o);
  o.response_noise = 0.2, o.feature_noise = 0.02;
  const DddData noisy = simulate(law, o);
  double rate = 0, size = 0, g = 0, rho = 0, gdot = 0, count = 0;
  for (std::size_t r = 0; r < 50; ++r)
    for (std::size_t e = 0; e < 240; ++e, ++count) {
      const DddRun &a = clean.runs[r], &b = noisy.runs[r];
      rate += std::pow(b.density_rate[e] - a.density_rate[e], 2), size += std::pow(a.density_rate[e], 2);
      g += std::pow(b.resistance[e] / a.resistance[e] - 1, 2);
      rho += std::pow(b.density[e] / a.density[e] - 1, 2);
      gdot += std::pow(b.slip_rate[e] / a.slip_rate[e] - 1, 2);
      EXPECT_EQ(a.shear[e], b.shear[e]);
    }
  // Standard error of a standard deviation of 12,000 draws: 0.65 %.
  EXPECT_NEAR(std::sqrt(rate / size), 0.2, 0.2 * 0.05);
  EXPECT_NEAR(std::sqrt(g / count), 0.2, 0.2 * 0.03);
  EXPECT_NEAR(std::sqrt(rho / count), 0.02, 0.02 * 0.03);
  EXPECT_NEAR(std::sqrt(gdot / count), 0.02, 0.02 * 0.03);
}

TEST(Simulate, ThreadsAndSeeds) {
  const DislocationLaw law = plant(named_slip_set("fcc"), {.h_fraction = 1, .k_entries = 100});
  SimulateOptions o = few(5, 8);
  o.response_noise = o.feature_noise = 0.01;
  o.threads = 1;
  const DddData one = simulate(law, o);
  o.threads = 3;
  const DddData three = simulate(law, o);
  o.seed = 2;
  const DddData other = simulate(law, o);
  for (std::size_t r = 0; r < 5; ++r) {
    EXPECT_EQ(one.runs[r].density, three.runs[r].density);
    EXPECT_EQ(one.runs[r].density_rate, three.runs[r].density_rate);
    EXPECT_NE(one.runs[r].density, other.runs[r].density);
  }
}

TEST(Simulate, IndependentRowsObeyTheLawToo) {
  const DislocationLaw law = plant(named_slip_set("bcc24"), {.k_entries = 96});
  SimulateOptions o = few(2, 30);
  o.rows_kind = Rows::kIndependent;
  const DddData data = simulate(law, o);
  std::vector<double> g(24), rate(24);
  for (const DddRun& run : data.runs)
    for (std::size_t t = 0; t < 30; ++t) {
      resistance(law, &run.density[24 * t], g.data());
      density_rate(law, &run.density[24 * t], &run.slip_rate[24 * t], rate.data());
      for (std::size_t i = 0; i < 24; ++i) {
        EXPECT_EQ(run.resistance[24 * t + i], g[i]);
        EXPECT_EQ(run.density_rate[24 * t + i], rate[i]);
      }
    }
  EXPECT_NE(data.runs[0].density[0], data.runs[0].density[24]);
}

}  // namespace
}  // namespace grainspin::interactions

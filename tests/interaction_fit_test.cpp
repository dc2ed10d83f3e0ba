// H and K fitted to runs of a law that is known: the acceptance tests of the fit at a size that a slow core does in
// seconds (bench/study_interactions.sh has the 39 hexagonal systems).
#include "grainspin/interactions/fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "grainspin/interactions/simulate.h"

namespace grainspin::interactions {
namespace {

DislocationLaw planted(const char* set, std::uint64_t seed, std::int64_t entries, const char* term = "P2") {
  PlantOptions p;
  p.seed = seed;
  p.k_entries = entries;
  p.term = term;
  return plant(named_slip_set(set, std::string_view(set).starts_with("hcp") ? 1.624 : 0), p);
}

DddData runs_of(const DislocationLaw& law, std::uint64_t seed, int runs, int rows, double response, double feature = 0) {
  SimulateOptions s;
  s.seed = seed;
  s.runs = runs, s.rows = rows;
  s.response_noise = response, s.feature_noise = feature;
  s.threads = 1;
  return simulate(law, s);
}

FitOptions one_thread() {
  FitOptions o;
  o.threads = 1;
  return o;
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v.size() % 2 ? v[v.size() / 2] : 0.5 * (v[v.size() / 2 - 1] + v[v.size() / 2]);
}

// The resistance and the rates of the data are exactly those of the law, so nothing but rounding is between them.
TEST(Fit, WithoutNoiseTheLawItself) {
  for (const char* term : {"P1", "P2", "P3"}) {
    const DislocationLaw law = planted("fcc", 3, 120, term);
    FitOptions o = one_thread();
    o.k_terms = {term};
    o.path.lambda_min_ratio = 1e-6;
    o.path.stop_explained = 1 - 1e-12, o.path.stop_gain = 0;
    const InteractionFit fit = fit_interactions(runs_of(law, 1, 30, 20, 0), o);
    ASSERT_TRUE(fit.h && fit.k);
    // Without noise a rounding error has a standard error to match: what is a billionth of the largest is zero.
    const auto rounded = [](std::vector<double> v) {
      double largest = 0;
      for (const double x : v) largest = std::max(largest, std::abs(x));
      for (double& x : v) x = std::abs(x) < 1e-9 * largest ? 0 : x;
      return v;
    };
    const PlantedScore h = against_truth(rounded(fit.h->tensors[0].value), law.H), k = against_truth(rounded(fit.k->tensors[0].value), law.K[0]);
    EXPECT_EQ(h.f1, 1) << term;
    EXPECT_LT(h.relative_error, 1e-8) << term;
    EXPECT_EQ(k.f1, 1) << term;
    EXPECT_LT(k.relative_error, 1e-6) << term;
    EXPECT_EQ(fit.k->tensors[0].ties.count, std::string_view(term) == "P3" ? 43 : 74) << term;  // jk-symmetric or not
    EXPECT_TRUE(fit.flow_fitted);
    EXPECT_NEAR(fit.n, law.n, 1e-3 * law.n);
    EXPECT_NEAR(fit.gdot0, law.gdot0, 1e-2 * law.gdot0);
    for (const double x : fit.h->tensors[0].value) EXPECT_GE(x, 0);
  }
}

// 20 % noise on the responses; the same without symmetry is at least ten times worse.
TEST(Fit, NoisyResponsesAndWhatSymmetryIsWorth) {
  std::vector<double> f1, tied, untied;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const DislocationLaw law = planted("hcp18", seed, 60);
    const DddData data = runs_of(law, seed, 50, 20, 0.2);
    FitOptions o = one_thread();
    const InteractionFit fit = fit_interactions(data, o);
    const PlantedScore k = against_truth(fit.k->tensors[0].value, law.K[0]);
    f1.push_back(k.f1);
    tied.push_back(k.relative_error);
    if (seed > 3) continue;
    o.group.assign(1, '1');
    o.h = false;
    const InteractionFit free = fit_interactions(data, o);
    EXPECT_EQ(counts(free.k->tensors[0]).free_orbits, 18 * 18 * 18);
    untied.push_back(against_truth(free.k->tensors[0].value, law.K[0]).relative_error);
  }
  EXPECT_GE(median(f1), 0.98);
  EXPECT_LE(median(tied), 0.05);
  EXPECT_GE(median(untied), 10 * median(tied));
}

// 2 % noise on densities and slip rates, rates never seen: increments over windows against integrated features.
TEST(Fit, WeakFormFromNoisyDensities) {
  std::vector<double> f1, error, pointwise;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const DislocationLaw law = planted("fcc", seed, 120);
    DddData data = runs_of(law, seed, 80, 60, 0, 0.02);
    for (DddRun& run : data.runs) run.density_rate.clear();
    FitOptions o = one_thread();
    o.h = false;
    o.k_target = Target::kIncrement;
    o.window = 15;
    const PlantedScore weak = against_truth(fit_interactions(data, o).k->tensors[0].value, law.K[0]);
    f1.push_back(weak.f1);
    error.push_back(weak.relative_error);
    o.k_target = Target::kRate;
    pointwise.push_back(against_truth(fit_interactions(data, o).k->tensors[0].value, law.K[0]).relative_error);
  }
  EXPECT_GE(median(f1), 0.9);
  EXPECT_LE(median(error), 0.05);
  EXPECT_LT(median(error), median(pointwise));  // what the weak form is for
}

// Responses that are noise and nothing else: the 1-SE rule chooses nothing in at least 95 of 100 draws.
TEST(Fit, NoiseChoosesNothing) {
  const DislocationLaw law = planted("fcc", 1, 120);
  DddData data = runs_of(law, 1, 25, 15, 0);
  FitOptions o = one_thread();
  o.h = false;
  o.t_threshold = 0;  // the path's choice alone
  int none = 0;
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  for (int draw = 0; draw < 100; ++draw) {
    for (DddRun& run : data.runs)
      for (double& y : run.density_rate) y = 1e14 * normal(random);
    none += counts(fit_interactions(data, o).k->tensors[0]).kept_entries == 0;
  }
  EXPECT_GE(none, 95);
}

// Half of the runs judge: the law that is found carries densities and resistances along their whole path.
TEST(Fit, HeldOutRunsByTheirTrajectories) {
  const DislocationLaw law = planted("fcc", 2, 120);
  const DddData data = runs_of(law, 2, 60, 30, 0.05);
  const DddData clean = runs_of(law, 2, 60, 30, 0);
  FitOptions o = one_thread();
  DddData mixed = data;
  for (std::size_t r = 50; r < 60; ++r) {
    mixed.runs[r] = clean.runs[r];
    o.held_out.push_back(clean.runs[r].id);
  }
  const InteractionFit fit = fit_interactions(mixed, o);
  EXPECT_EQ(fit.runs.size(), 50u);
  ASSERT_EQ(fit.scores.size(), 10u);
  for (const RunScore& s : fit.scores) {
    EXPECT_LT(s.density_error, 0.05) << s.run;
    EXPECT_LT(s.resistance_error, 0.02) << s.run;
    ASSERT_EQ(s.k_r2.size(), 1u);
    EXPECT_GT(s.k_r2[0], 0.999) << s.run;
    EXPECT_GT(s.h_r2[0], 0.999) << s.run;
  }
}

TEST(Fit, TheSameForAnyNumberOfThreadsAndOrderOfRuns) {
  const DislocationLaw law = planted("fcc", 4, 120);
  DddData data = runs_of(law, 4, 20, 20, 0.2);
  FitOptions o = one_thread();
  const InteractionFit one = fit_interactions(data, o);
  o.threads = 3;
  const InteractionFit three = fit_interactions(data, o);
  EXPECT_EQ(one.k->tensors[0].value, three.k->tensors[0].value);
  EXPECT_EQ(one.h->tensors[0].value, three.h->tensors[0].value);
  EXPECT_EQ(one.k->blocks[0].cv_error, three.k->blocks[0].cv_error);
}

// Resistances that are off by a fifth, up and down in turns: their squares are 1.04 times too large in the mean, H must not be.
TEST(Fit, NoiseOnResistancesDoesNotRaiseH) {
  const DislocationLaw law = planted("fcc", 3, 120);
  DddData data = runs_of(law, 1, 40, 20, 0);
  const std::size_t n = std::size_t(data.slip.count());
  for (std::size_t r = 0; r < data.runs.size(); ++r)
    for (std::size_t e = 0; e < data.runs[r].resistance.size(); ++e) {
      double& g = data.runs[r].resistance[e];
      const double friction = data.material.friction[e % n];
      g = friction + (g - friction) * ((e / n + r + e) % 2 ? 1.2 : 0.8);
    }
  FitOptions o = one_thread();
  o.k = false;
  const InteractionFit fit = fit_interactions(data, o);
  for (const BlockFit& b : fit.h->blocks) EXPECT_NEAR(b.unsquared, 1 / 1.04, 2e-3);
  EXPECT_LT(against_truth(fit.h->tensors[0].value, law.H).relative_error, 0.01);  // 0.04 and more without
}

}  // namespace
}  // namespace grainspin::interactions

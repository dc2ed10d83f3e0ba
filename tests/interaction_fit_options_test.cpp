// Options of a fit: targets, masks, penalties, selectors, refinement, and what bad data are answered.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "grainspin/interactions/fit.h"
#include "grainspin/interactions/masks.h"
#include "grainspin/interactions/simulate.h"
#include "src/interactions/targets.h"

namespace grainspin::interactions {
namespace {

const DislocationLaw& law() {
  static const DislocationLaw l = [] {
    PlantOptions p;
    p.seed = 5;
    p.k_entries = 120;
    return plant(named_slip_set("fcc"), p);
  }();
  return l;
}

const DddData& runs() {
  static const DddData d = [] {
    SimulateOptions s;
    s.seed = 5;
    s.runs = 24, s.rows = 20;
    s.response_noise = 0.1;
    s.threads = 1;
    return simulate(law(), s);
  }();
  return d;
}

FitOptions only_k() {
  FitOptions o;
  o.h = false;
  o.threads = 1;
  return o;
}

std::string refusal(const DddData& data, const FitOptions& o, Errc code = Errc::kArgument) {
  try {
    fit_interactions(data, o);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  return "accepted";
}

PlantedScore score(const FitOptions& o) {
  const InteractionFit fit = fit_interactions(runs(), o);
  return against_truth(fit.k->tensors[0].value, law().K[0]);
}

TEST(FitTargets, RatesOfAParabolaAreExactOnUnevenTimes) {
  DddRun run;
  run.time = {0, 1, 1.5, 4, 5};
  for (const double t : run.time)
    for (int s = 0; s < 2; ++s) run.density.push_back(3 + 2 * t - (0.5 + s) * t * t);
  const std::vector<double> rate = rates_from_densities(run, 2);
  for (std::size_t t = 0; t < 5; ++t)
    for (int s = 0; s < 2; ++s) EXPECT_NEAR(rate[2 * t + std::size_t(s)], 2 - 2 * (0.5 + s) * run.time[t], 1e-12);
  run.time.resize(2);
  EXPECT_THROW(rates_from_densities(run, 2), Error);
}

// Features that are linear in time: the trapezoidal rule is their integral.
TEST(FitTargets, WindowsHoldIntegralsAndIncrements) {
  DddData d;
  d.slip = named_slip_set("fcc");
  DddRun run;
  run.id = "line";
  run.time = {0, 1, 3, 4, 6, 7, 8};
  for (const double t : run.time)
    for (int s = 0; s < 12; ++s) run.density.push_back(5 + s * t);
  run.weight = {1, 1, 1, 2, 2, 2, 9};
  d.runs = {run};
  FitOptions o;
  o.window = 3;
  std::vector<TargetRows> got;
  target_rows(d, run, Target::kIncrement, {parse_term("rho[j]")}, o, [&](const TargetRows& r) { got.push_back(r); });
  ASSERT_EQ(got.size(), 1u);
  ASSERT_EQ(got[0].rows, 2);
  for (int w = 0; w < 2; ++w) {
    const double a = w == 0 ? 0 : 4, b = w == 0 ? 4 : 8;
    for (int s = 0; s < 12; ++s) {
      EXPECT_NEAR(got[0].y[std::size_t(12 * w + s)], s * (b - a), 1e-12);
      EXPECT_NEAR(got[0].x[std::size_t(12 * w + s)], 5 * (b - a) + 0.5 * s * (b * b - a * a), 1e-12);
    }
  }
  EXPECT_DOUBLE_EQ(got[0].w[0], 5.0 / 4);
  EXPECT_DOUBLE_EQ(got[0].w[1], 15.0 / 4);
  // Windows that overlap, and a window longer than the run.
  o.stride = 1;
  got.clear();
  target_rows(d, run, Target::kIncrement, {parse_term("rho[j]")}, o, [&](const TargetRows& r) { got.push_back(r); });
  EXPECT_EQ(got[0].rows, 4);
  o.stride = 0, o.window = 100;
  got.clear();
  target_rows(d, run, Target::kIncrement, {parse_term("rho[j]")}, o, [&](const TargetRows& r) { got.push_back(r); });
  EXPECT_EQ(got[0].rows, 1);
}

TEST(FitTargets, ResistancesAreTurnedIntoTheirSquares) {
  DddData d;
  d.slip = named_slip_set("fcc");
  d.material = {40e9, std::vector<double>(12, 2.5e-10), std::vector<double>(12, 1e7)};
  DddRun run;
  run.id = "g";
  run.time = {0};
  run.density.assign(12, 1e12);
  run.resistance.assign(12, 1e7 + 30 * 10.0);  // mu b = 10 Pa m
  run.resistance[3] = 1e7 - 20;
  FitOptions o;
  target_rows(d, run, Target::kResistance, {parse_term("H")}, o, [&](const TargetRows& r) {
    EXPECT_NEAR(r.y[0], 900, 1e-6);
    EXPECT_NEAR(r.y[3], -4, 1e-8);  // noise below the friction is no density, and no bias either
  });
}

TEST(FitOptions, AMaskLeavesOnlyWhatItAllows) {
  FitOptions o = only_k();
  o.mask = mask(runs().slip, 3, "own");
  o.mask_name = "own";
  const InteractionFit fit = fit_interactions(runs(), o);
  const Tensor& k = fit.k->tensors[0];
  const TensorCounts c = counts(k);
  EXPECT_EQ(c.free_orbits, 74);
  EXPECT_EQ(c.left_orbits, 13);  // i in {j,k}: 276 entries in 13 orbits
  EXPECT_EQ(c.left_entries, 276);
  for (std::size_t e = 0; e < k.value.size(); ++e)
    EXPECT_TRUE(o.mask[e] || k.value[e] == 0) << e;
  EXPECT_EQ(nlohmann::json::parse(fit.options).at("mask"), "own");
  o.mask.pop_back();
  EXPECT_NE(refusal(runs(), o, Errc::kShape).find("1728"), std::string::npos);
}

TEST(FitOptions, PenaltyRulesAndConventions) {
  FitOptions o = only_k();
  const InteractionFit plain = fit_interactions(runs(), o);
  const std::vector<Unknown>& unknowns = plain.k->tensors[0].unknowns;
  const auto largest = std::max_element(unknowns.begin(), unknowns.end(), [](const Unknown& a, const Unknown& b) { return a.contribution < b.contribution; });
  ASSERT_GT(largest->value, 0);
  o.penalties = {{largest->name, INFINITY}};
  const InteractionFit without = fit_interactions(runs(), o);
  EXPECT_EQ(without.k->tensors[0].unknowns[std::size_t(largest - unknowns.begin())].value, 0);
  const auto zero = std::find_if(unknowns.begin(), unknowns.end(), [](const Unknown& u) { return u.value == 0; });
  o.penalties = {{zero->name, 0}};
  o.t_threshold = 0;
  EXPECT_NE(fit_interactions(runs(), o).k->tensors[0].unknowns[std::size_t(zero - unknowns.begin())].value, 0);
  o.penalties = {{"no such orbit", 1}};
  EXPECT_NE(refusal(runs(), o).find("no such orbit"), std::string::npos);
  o.penalties.clear();
  o.penalty = Penalty::kOrbitSize;
  const InteractionFit sized = fit_interactions(runs(), o);
  EXPECT_NE(nlohmann::json::parse(sized.options).at("penalty").get<std::string>().find("orbit size"), std::string::npos);
  EXPECT_NE(nlohmann::json::parse(plain.options).at("penalty").get<std::string>().find("one"), std::string::npos);
}

// Each way of choosing finds the planted support in these runs.
TEST(FitOptions, EverySelectorFindsTheSupport) {
  FitOptions o = only_k();
  EXPECT_EQ(score(o).f1, 1);
  o.select = Select::kLambdaMin;
  EXPECT_EQ(score(o).f1, 1);
  o = only_k();
  o.adaptive = true;
  EXPECT_EQ(score(o).f1, 1);
  o = only_k();
  o.path.l1_ratio = 0.9;
  EXPECT_EQ(score(o).f1, 1);
  o = only_k();
  o.selector = Selector::kStlsq;
  EXPECT_EQ(score(o).f1, 1);
  o = only_k();
  o.lambda = 1e-2;
  EXPECT_EQ(score(o).f1, 1);
  o = only_k();
  o.seed = 17;
  o.folds = 7;
  EXPECT_EQ(score(o).f1, 1);
}

TEST(FitOptions, StabilitySelectionReportsFrequencies) {
  FitOptions o = only_k();
  o.stability = 20;
  const InteractionFit fit = fit_interactions(runs(), o);
  const Tensor& k = fit.k->tensors[0];
  EXPECT_EQ(against_truth(k.value, law().K[0]).precision, 1);
  for (const Unknown& u : k.unknowns) {
    EXPECT_GE(u.frequency, 0);
    EXPECT_LE(u.frequency, 1);
    EXPECT_TRUE(u.value == 0 || u.frequency >= o.stability_threshold) << u.name;
  }
}

// A law that the full group does not allow: one half of an orbit is stronger. The subgroup's deviations take it up.
TEST(FitOptions, TheDataMaySpeakAgainstTheFullSymmetry) {
  DislocationLaw broken = law();
  const Ties coarse = ties(broken.slip, PointGroup::named("432"), {.order = 3}), fine = ties(broken.slip, PointGroup::named("23"), {.order = 3});
  const std::vector<std::int32_t> parent = parents(fine, coarse);
  std::int32_t split = -1;  // a subgroup's orbit, a part of a larger one that is planted
  for (std::size_t e = 0; e < fine.of.size() && split < 0; ++e)
    if (broken.K[0][e] > 0 && fine.size[std::size_t(fine.of[e])] < coarse.size[std::size_t(parent[std::size_t(fine.of[e])])]) split = fine.of[e];
  ASSERT_GE(split, 0);
  for (std::size_t e = 0; e < fine.of.size(); ++e)
    if (fine.of[e] == split) broken.K[0][e] *= 3;
  SimulateOptions s;
  s.runs = 40, s.rows = 20;
  s.response_noise = 0.02;
  s.threads = 1;
  const DddData data = simulate(broken, s);
  FitOptions o = only_k();
  const double stiff = against_truth(fit_interactions(data, o).k->tensors[0].value, broken.K[0]).relative_error;
  o.refine = "23";
  const InteractionFit fit = fit_interactions(data, o);
  const Tensor& k = fit.k->tensors[0];
  EXPECT_GT(k.fine.count, 0);
  const double refined = against_truth(k.value, broken.K[0]).relative_error;
  EXPECT_GT(stiff, 0.1);
  EXPECT_LT(refined, 0.02);
  const auto deviating = std::count_if(k.deviations.begin(), k.deviations.end(), [](const Unknown& u) { return u.value != 0; });
  EXPECT_GE(deviating, 1);
  EXPECT_LE(deviating, 4);
}

TEST(FitOptions, SeveralTermsAndColumnsOfTheUsers) {
  DddData data = runs();
  for (DddRun& run : data.runs) run.columns["heat"] = std::vector<double>(run.time.size(), 2.0);
  FitOptions o = only_k();
  o.k_terms = {"P2", "heat*rho[j]"};
  const InteractionFit fit = fit_interactions(data, o);
  ASSERT_EQ(fit.k->tensors.size(), 2u);
  EXPECT_EQ(fit.k->tensors[0].symbol, "K1");
  EXPECT_EQ(fit.k->tensors[1].value.size(), 144u);
  EXPECT_EQ(against_truth(fit.k->tensors[0].value, law().K[0]).f1, 1);
  EXPECT_EQ(counts(fit.k->tensors[1]).kept_entries, 0);
  EXPECT_EQ(law_of(fit).terms.size(), 2u);
}

TEST(FitOptions, BadDataAndOptionsAreAnsweredByName) {
  FitOptions o = only_k();
  DddData one = runs();
  one.runs.resize(1);
  EXPECT_NE(refusal(one, o).find("one run only"), std::string::npos);
  o.lambda = 0.01;
  EXPECT_EQ(refusal(one, o), "accepted");
  o = only_k();
  o.k_terms = {"heat*rho[j]"};
  EXPECT_NE(refusal(runs(), o).find("heat"), std::string::npos);
  o = only_k();
  o.held_out = {"nobody"};
  EXPECT_NE(refusal(runs(), o).find("nobody"), std::string::npos);
  o.held_out.clear();
  for (const DddRun& run : runs().runs) o.held_out.push_back(run.id);
  EXPECT_NE(refusal(runs(), o).find("no run is left"), std::string::npos);
  o = only_k();
  o.group = "432x";
  EXPECT_NE(refusal(runs(), o).find("432x"), std::string::npos);
  o = only_k();
  o.k_terms.clear();
  EXPECT_NE(refusal(runs(), o).find("term"), std::string::npos);
  o.k = false;
  EXPECT_NE(refusal(runs(), o).find("neither"), std::string::npos);
  DddData bare = runs();
  for (DddRun& run : bare.runs) run.resistance.clear();
  o = {};
  EXPECT_NE(refusal(bare, o).find("no column g (resistance)"), std::string::npos);
  o = only_k();
  o.stability = 10;
  DddData three = runs();
  three.runs.resize(3);
  EXPECT_NE(refusal(three, o).find("at least four"), std::string::npos);
  o = only_k();
  o.progress = [](double, std::string_view) { return false; };
  EXPECT_NE(refusal(runs(), o, Errc::kInterrupted), "accepted");
}

// Two runs of few rows tell only a part of 74 unknowns apart: said, and the fit is still one.
TEST(FitOptions, RankDeficientDesignsAreSaid) {
  DddData few = runs();
  few.runs.resize(2);
  for (DddRun& run : few.runs) {
    run.time.resize(2);
    for (auto* v : {&run.density, &run.slip_rate, &run.shear, &run.resistance, &run.density_rate}) v->resize(24);
    run.stress.resize(12), run.strain.resize(std::min<std::size_t>(run.strain.size(), 2)), run.weight.clear();
  }
  const InteractionFit fit = fit_interactions(few, only_k());
  EXPECT_LT(fit.k->blocks[0].rank, 74);
  ASSERT_FALSE(fit.remarks.empty());
  EXPECT_NE(fit.remarks.back().find("tell only a part"), std::string::npos);
}

}  // namespace
}  // namespace grainspin::interactions

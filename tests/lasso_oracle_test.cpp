// Solutions of scikit-learn and SciPy (tests/data/lasso_oracle.py), and limits that have another definition.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "grainspin/interactions/selection.h"
#include "grainspin/orbits.h"
#include "regression_cases.h"

namespace grainspin::interactions {
namespace {

using testing::block_of;
using testing::Draw;
using testing::Rows;

const nlohmann::json& oracle() {
  static const nlohmann::json data = nlohmann::json::parse(std::ifstream(std::string(GRAINSPIN_SOURCE_DIR) + "/tests/data/lasso_oracle.json"));
  return data;
}

// Acceptance: coefficients within 1e-8 of the largest.
void expect_same(const BlockMoments& m, PathOptions o, const nlohmann::json& want) {
  o.standardise = false;
  o.lambda = want["lambda"].get<std::vector<double>>();
  const Path path = lasso_path(m, o);
  ASSERT_EQ(path.points.size(), o.lambda.size());
  EXPECT_NEAR(path.lambda_max * 0.999, o.lambda[0], 1e-13 * path.lambda_max);
  for (std::size_t i = 0; i < o.lambda.size(); ++i) {
    const std::vector<double> got = dense(path.points[i], m.columns), theirs = want["coefficients"][i];
    double largest = 0;
    for (const double v : theirs) largest = std::max(largest, std::abs(v));
    for (int c = 0; c < m.columns; ++c) EXPECT_NEAR(got[c], theirs[c], 1e-8 * largest) << "lambda " << i << " column " << c;
    EXPECT_NEAR(path.points[i].intercept, want["intercepts"][i].get<double>(), 1e-8);
    EXPECT_FALSE(path.points[i].active.empty());
    EXPECT_LE(path.points[i].gap, 1e-10);
    EXPECT_LE(path.points[i].max_violation, 1e-8);
  }
}

TEST(LassoOracle, ScikitLearn) {
  for (const auto& c : oracle()["cases"]) {
    SCOPED_TRACE(c["seed"].get<int>());
    PathOptions o;
    o.l1_ratio = c["l1_ratio"];
    o.nonnegative = c["positive"];
    o.intercept = c["intercept"];
    expect_same(block_of(testing::random_rows(c["rows"], c["columns"], c["noise"], c["seed"], c["weighted"])), o, c);
  }
}

struct Fcc {
  Tied tied;
  std::vector<double> x, y;
  std::int64_t rows;
};

Orbits fcc_orbits() {
  const SlipSet set = named_slip_set("fcc");
  return triple_orbits(slip_action(set, PointGroup::named(set.point_group)));
}

// As fcc_rows of lasso_oracle.py.
Fcc fcc_rows(std::int64_t rows, std::uint64_t seed) {
  const Orbits orbits = fcc_orbits();
  Fcc f{{12, 144, orbits.count, 1, orbits.of, std::vector<std::int8_t>(orbits.of.size(), 1)}, {}, {}, rows};
  Draw draw{seed};
  std::vector<double> theta(std::size_t(orbits.count), 0);
  for (int o = 0; o < orbits.count; o += 9) theta[o] = draw.centred();
  for (std::int64_t t = 0; t < rows; ++t) {
    double rho[12], rate[12];
    for (double& v : rho) v = 1 + draw.uniform();
    for (double& v : rate) v = draw.uniform();
    for (const double a : rho)
      for (const double b : rate) f.x.push_back(a * b);
    for (int i = 0; i < 12; ++i) {
      double y = 0;
      for (int e = 0; e < 144; ++e) y += theta[orbits.of[i * 144 + e]] * f.x[t * 144 + e];
      f.y.push_back(y + 0.1 * draw.normal());
    }
  }
  return f;
}

TEST(LassoOracle, ScikitLearnOnTheOrbitsOfFcc) {
  const auto& want = oracle()["fcc"];
  const Fcc f = fcc_rows(want["rows"], want["seed"]);
  Moments m(144, 12);
  m.add(f.rows, f.x.data(), f.y.data(), nullptr);
  const std::vector<Block> bs = blocks(f.tied);
  ASSERT_EQ(bs.size(), 1u);
  const BlockMoments b = reduce(m, f.tied, bs[0]);
  ASSERT_EQ(b.columns, 74);
  EXPECT_EQ(effective_rank(b), 74);
  expect_same(b, {}, want);
}

// LASSO on data augmented by all symmetry operations, every entry free, has the solution of the orbit LASSO on the data
// themselves with the orbits' sizes as weights (the minimiser is unique here, hence invariant).
TEST(LassoOracle, SymmetrisedDataWithFreeEntriesGiveTheOrbits) {
  const SlipSet set = named_slip_set("fcc");
  const SlipAction action = slip_action(set, PointGroup::named(set.point_group));
  const Orbits orbits = fcc_orbits();
  const std::int64_t T = 250;  // more rows than the 144 columns
  const Fcc f = fcc_rows(T, 17);
  Moments plain(144, 12), copies(144, 12);
  plain.add(T, f.x.data(), f.y.data(), nullptr);
  for (const std::vector<int>& g : action.perm) {
    std::vector<double> x(f.x.size()), y(f.y.size());
    for (std::int64_t t = 0; t < T; ++t)
      for (int j = 0; j < 12; ++j) {
        y[t * 12 + g[j]] = f.y[t * 12 + j];
        for (int k = 0; k < 12; ++k) x[t * 144 + g[j] * 12 + g[k]] = f.x[t * 144 + j * 12 + k];
      }
    copies.add(T, x.data(), y.data(), nullptr);
  }
  PathOptions o;
  o.standardise = false;
  for (const std::int64_t s : orbits.size) o.penalty.push_back(double(s));
  const BlockMoments tied = reduce(plain, f.tied, blocks(f.tied)[0]);
  const Path few = lasso_path(tied, o);

  Tied free{12, 144, 12 * 144, 1, {}, std::vector<std::int8_t>(12 * 144, 1)};
  for (int e = 0; e < 12 * 144; ++e) free.of.push_back(e);
  const std::vector<Block> rows = blocks(free);
  ASSERT_EQ(rows.size(), 12u);
  PathOptions each;
  each.standardise = false;
  // Objectives: 1/(2 W) |r|^2 + l sum |o| |theta_o| with W = 12 T, against 1/(2 W_i) |r_i|^2 + l_i sum_jk |K_ijk| with
  // W_i = 24 T, of which there are twelve: 24 copies of the sum of squares over 24 T, so l_i = 12 l.
  for (const PathPoint& p : few.points) each.lambda.push_back(12 * p.lambda);
  double largest = 0, worst = 0;
  for (const Block& row : rows) {
    const Path path = lasso_path(reduce(copies, free, row), each);
    for (std::size_t i = 0; i < few.points.size(); ++i) {
      const std::vector<double> theta = dense(few.points[i], 74), k = dense(path.points[i], 144);
      for (int e = 0; e < 144; ++e) {
        const double want = theta[orbits.of[row.responses[0] * 144 + e]];
        largest = std::max(largest, std::abs(want));
        worst = std::max(worst, std::abs(k[e] - want));
      }
    }
  }
  EXPECT_GT(largest, 0.1);
  EXPECT_LE(worst, 1e-8 * largest);
}

TEST(LassoOracle, ScipyNnlsIsTheLimitOfNoPenalty) {
  const auto& want = oracle()["nnls"];
  const BlockMoments m = block_of(testing::random_rows(want["rows"], want["columns"], want["noise"], want["seed"]));
  PathOptions o;
  o.nonnegative = true;
  o.lambda = {1e-12, 0};
  const std::vector<double> theirs = want["coefficients"];
  EXPECT_GT(std::count(theirs.begin(), theirs.end(), 0.0), 0);
  for (const PathPoint& p : lasso_path(m, o).points) {
    const std::vector<double> got = dense(p, m.columns);
    for (int c = 0; c < m.columns; ++c) EXPECT_NEAR(got[c], theirs[c], 1e-8);
  }
}

TEST(LassoOracle, LeastSquaresIsTheLimitOfNoPenalty) {
  const BlockMoments m = block_of(testing::random_rows(100, 30, 0.5, 61));
  const std::vector<double> want = testing::solved(m.gram, m.xy);
  PathOptions o;
  o.lambda = {1e-12, 0};
  for (const PathPoint& p : lasso_path(m, o).points) {
    const std::vector<double> got = dense(p, m.columns);
    for (int c = 0; c < m.columns; ++c) EXPECT_NEAR(got[c], want[c], 1e-8);
  }
}

TEST(LassoOracle, LambdaMaxIsWhereTheFirstColumnEnters) {
  const Rows r = testing::random_rows(100, 30, 0.5, 62);
  for (const bool nonnegative : {false, true})
    for (const bool intercept : {false, true}) {
      PathOptions o;
      o.nonnegative = nonnegative;
      o.intercept = intercept;
      const double top = lasso_path(block_of(r), o).lambda_max;
      o.lambda = {1.5 * top, top, 0.999 * top};
      const Path path = lasso_path(block_of(r), o);
      EXPECT_TRUE(path.points[0].active.empty());
      EXPECT_TRUE(path.points[1].active.empty());
      EXPECT_EQ(path.points[2].active.size(), 1u);
    }
}

TEST(LassoOracle, TheSameBitsEachTime) {
  const BlockMoments m = block_of(testing::random_rows(50, 80, 0.5, 63));
  const Path a = lasso_path(m, {}), b = lasso_path(m, {});
  ASSERT_EQ(a.points.size(), b.points.size());
  for (std::size_t i = 0; i < a.points.size(); ++i) {
    EXPECT_EQ(a.points[i].active, b.points[i].active);
    EXPECT_EQ(a.points[i].value, b.points[i].value);
    EXPECT_EQ(a.points[i].gap, b.points[i].gap);
  }
}

}  // namespace
}  // namespace grainspin::interactions

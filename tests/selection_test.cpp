// Cross-validation, refit, criteria, adaptive weights, stability selection, thresholded least squares.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "grainspin/interactions/selection.h"
#include "regression_cases.h"

namespace grainspin::interactions {
namespace {

using testing::block_of;
using testing::Draw;
using testing::Rows;

constexpr int kFolds = 5;

std::vector<BlockMoments> folds_of(const Rows& r, int folds = kFolds) {
  std::vector<BlockMoments> out;
  for (int f = 0; f < folds; ++f) out.push_back(block_of(r, r.count * f / folds, r.count * (f + 1) / folds));
  return out;
}

// Rows without a range.
Rows without(const Rows& r, std::int64_t begin, std::int64_t end) {
  Rows out{0, r.features, {}, {}, {}};
  for (std::int64_t t = 0; t < r.count; ++t) {
    if (t >= begin && t < end) continue;
    out.x.insert(out.x.end(), r.x.begin() + t * r.features, r.x.begin() + (t + 1) * r.features);
    out.y.push_back(r.y[t]);
    if (!r.w.empty()) out.w.push_back(r.w[t]);
    ++out.count;
  }
  return out;
}

double error_of_rows(const Rows& r, std::int64_t begin, std::int64_t end, const PathPoint& p) {
  const std::vector<double> theta = dense(p, int(r.features));
  double error = 0;
  for (std::int64_t t = begin; t < end; ++t) {
    double e = r.y[t] - p.intercept;
    for (std::int64_t m = 0; m < r.features; ++m) e -= theta[m] * r.x[t * r.features + m];
    error += r.weight(t) * e * e;
  }
  return error;
}

TEST(CrossValidation, DifferencesOfMomentsAreAFitOfTheOtherRows) {
  const Rows r = testing::random_rows(150, 20, 1, 11, true);
  for (const bool intercept : {false, true}) {
    CvOptions o;
    o.path.intercept = intercept;
    o.path.lambdas = 25;
    const auto folds = folds_of(r);
    const CrossValidation cv = cross_validate(folds, o);
    ASSERT_EQ(cv.lambda.size(), cv.path.points.size());
    std::vector<double> weight;
    for (const auto& f : folds) weight.push_back(f.weight);
    std::vector<std::vector<double>> error(kFolds);
    for (int f = 0; f < kFolds; ++f) {
      const std::int64_t begin = r.count * f / kFolds, end = r.count * (f + 1) / kFolds;
      PathOptions given = o.path;
      given.lambda = cv.lambda;
      const Path p = lasso_path(block_of(without(r, begin, end)), given);
      for (std::size_t i = 0; i < cv.lambda.size(); ++i) {
        error[f].push_back(error_of_rows(r, begin, end, p.points[i]) / weight[f]);
        EXPECT_NEAR(cv.fold_error[f * cv.lambda.size() + i], error[f][i], 1e-9 * error[f][0]);
      }
    }
    // Mean and standard error over folds, the rules from their definitions.
    const double all = block_of(r).weight;
    std::size_t best = 0;
    for (std::size_t i = 0; i < cv.lambda.size(); ++i) {
      double mean = 0, spread = 0;
      for (int f = 0; f < kFolds; ++f) mean += weight[f] / all * error[f][i];
      for (int f = 0; f < kFolds; ++f) spread += weight[f] / all * std::pow(error[f][i] - mean, 2);
      EXPECT_NEAR(cv.error[i], mean, 1e-9 * mean);
      EXPECT_NEAR(cv.se[i], std::sqrt(spread / (kFolds - 1)), 1e-8 * mean);
      if (cv.error[i] < cv.error[best]) best = i;
    }
    EXPECT_EQ(cv.best, int(best));
    EXPECT_LE(cv.one_se, cv.best);
    EXPECT_LE(cv.error[cv.one_se], cv.error[best] + cv.se[best]);
    for (int i = 0; i < cv.one_se; ++i) EXPECT_GT(cv.error[i], cv.error[best] + cv.se[best]);
  }
}

TEST(CrossValidation, BlocksInOneGoAreBlocksAloneForAnyNumberOfThreads) {
  std::vector<std::vector<BlockMoments>> blocks;
  for (const int m : {8, 20, 13}) blocks.push_back(folds_of(testing::random_rows(120, m, 1, std::uint64_t(m))));
  for (const PathSolver solver : {PathSolver::kLasso, PathSolver::kStlsq}) {
    CvOptions o;
    o.solver = solver;
    o.threads = 1;
    const CrossValidations one = cross_validate(blocks, o);
    o.threads = 4;
    const CrossValidations four = cross_validate(blocks, o);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const CrossValidation alone = cross_validate(blocks[b], o);
      for (const CrossValidation* cv : {&four.blocks[b], &alone}) {
        EXPECT_EQ(cv->fold_error, one.blocks[b].fold_error);
        EXPECT_EQ(cv->error, one.blocks[b].error);
        EXPECT_EQ(cv->one_se, one.blocks[b].one_se);
        ASSERT_EQ(cv->path.points.size(), one.blocks[b].path.points.size());
        for (std::size_t i = 0; i < cv->path.points.size(); ++i) EXPECT_EQ(cv->path.points[i].value, one.blocks[b].path.points[i].value);
      }
    }
  }
}

TEST(CrossValidation, JointErrorsAreSumsOverBlocks) {
  std::vector<std::vector<BlockMoments>> blocks;
  for (const int m : {8, 20}) blocks.push_back(folds_of(testing::random_rows(120, m, 1, std::uint64_t(m))));
  CvOptions o;
  o.joint = true;
  const CrossValidations cv = cross_validate(blocks, o);
  double top = 0;
  for (const auto& b : cv.blocks) top = std::max(top, b.path.lambda_max);
  EXPECT_EQ(cv.joint.lambda[0], top);
  for (std::size_t i = 0; i < cv.joint.lambda.size(); ++i) {
    double squares = 0;
    for (std::size_t b = 0; b < 2; ++b) {
      const auto& own = cv.blocks[b];
      EXPECT_EQ(own.lambda[std::min(i, own.lambda.size() - 1)], cv.joint.lambda[std::min(i, own.lambda.size() - 1)]);
      squares += own.error[std::min(i, own.error.size() - 1)] * 120;
    }
    EXPECT_NEAR(cv.joint.error[i], squares / 240, 1e-12 * squares);
  }
}

// y = noise: the rule of one standard error selects nothing (acceptance: in at least 95 of 100 draws).
TEST(CrossValidation, OneStandardErrorSelectsNothingInNoise) {
  int empty = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rows r = testing::random_rows(200, 30, 0, seed);
    Draw draw{seed + 1000};
    for (double& y : r.y) y = draw.normal();
    CvOptions o;
    o.path.lambdas = 30;
    const CrossValidation cv = cross_validate(folds_of(r), o);
    empty += cv.path.points[cv.one_se].active.empty();
  }
  EXPECT_GE(empty, 95);
}

TEST(CrossValidation, WhatIsMissingIsNamed) {
  const Rows r = testing::random_rows(50, 4, 1, 2);
  const auto message = [](const std::vector<std::vector<BlockMoments>>& folds) {
    try {
      cross_validate(folds, CvOptions{});
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(message({folds_of(r), {block_of(r)}}).find("block 1: 1 folds"), std::string::npos);
  auto folds = folds_of(r);
  folds[3] = block_of(r, 0, 0);
  EXPECT_NE(message({folds}).find("fold 3 has no rows"), std::string::npos);
}

TEST(Refit, IsLeastSquaresWithItsStandardErrors) {
  const Rows r = testing::random_rows(80, 10, 1, 21, true);
  const BlockMoments m = block_of(r);
  const std::vector<std::int32_t> columns = {1, 3, 6, 8};
  for (const bool intercept : {false, true}) {
    RefitOptions o;
    o.intercept = intercept;
    const Refit fit = refit(m, columns, o);
    ASSERT_EQ(fit.columns, columns);
    const std::size_t n = 4 + intercept;  // normal equations with a column of ones
    std::vector<double> A(n * n), b(n);
    const auto entry = [&](std::int64_t t, std::size_t i) { return i < 4 ? r.x[t * 10 + columns[i]] : 1.0; };
    for (std::int64_t t = 0; t < r.count; ++t)
      for (std::size_t i = 0; i < n; ++i) {
        b[i] += r.w[t] * entry(t, i) * r.y[t];
        for (std::size_t j = 0; j < n; ++j) A[i * n + j] += r.w[t] * entry(t, i) * entry(t, j);
      }
    const std::vector<double> want = testing::solved(A, b);
    double rss = 0;
    for (std::int64_t t = 0; t < r.count; ++t) {
      double e = r.y[t];
      for (std::size_t i = 0; i < n; ++i) e -= want[i] * entry(t, i);
      rss += r.w[t] * e * e;
    }
    EXPECT_NEAR(fit.rss, rss, 1e-11 * rss);
    EXPECT_EQ(fit.freedom, 80 - std::int64_t(n));
    if (intercept) {
      EXPECT_NEAR(fit.intercept, want[4], 1e-12);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(fit.value[i], want[i], 1e-12);
      std::vector<double> unit(n, 0);
      unit[i] = 1;
      EXPECT_NEAR(fit.standard_error[i], std::sqrt(rss / double(80 - n) * testing::solved(A, unit)[i]), 1e-12);
      EXPECT_NEAR(fit.t[i], fit.value[i] / fit.standard_error[i], 1e-12 * std::abs(fit.t[i]));
    }
  }
}

TEST(Refit, DropsWhatDependsWhatIsInsignificantAndWhatIsNegative) {
  Rows r = testing::random_rows(200, 8, 0.5, 22);
  for (std::int64_t t = 0; t < r.count; ++t) {
    r.x[t * 8 + 5] = 2 * r.x[t * 8 + 0] - r.x[t * 8 + 1];
    r.x[t * 8 + 7] = 0;
  }
  const Refit fit = refit(block_of(r), {0, 1, 2, 3, 5, 7});
  EXPECT_EQ(fit.columns, (std::vector<std::int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(fit.dependent, (std::vector<std::int32_t>{5, 7}));
  RefitOptions strict;
  strict.t_threshold = 4;
  const Refit strong = refit(block_of(r), {0, 1, 2, 3, 4}, strict);
  EXPECT_EQ(strong.columns, (std::vector<std::int32_t>{0, 3}));  // what random_rows puts into y
  EXPECT_EQ(strong.insignificant, (std::vector<std::int32_t>{1, 2, 4}));
  EXPECT_EQ(strong.value, refit(block_of(r), {0, 3}).value);
  RefitOptions positive;
  positive.nonnegative = true;
  const Refit half = refit(block_of(r), {0, 3}, positive);
  EXPECT_EQ(half.columns, (std::vector<std::int32_t>{0}));  // column 3 has a negative coefficient
  EXPECT_EQ(half.insignificant, (std::vector<std::int32_t>{3}));
  EXPECT_THROW(refit(block_of(r), {8}), Error);
}

// Liang & Zeger's sandwich written out with rows.
TEST(Refit, RobustErrorsAreTheSandwichOfGroups) {
  const Rows r = testing::random_rows(60, 4, 1, 23);
  const auto groups = folds_of(r, 6);
  const Refit fit = refit(block_of(r), {0, 2, 3});
  const std::vector<double> se = robust_errors(groups, fit);
  std::vector<double> A(9), score(6 * 3);
  for (std::int64_t t = 0; t < 60; ++t) {
    double e = r.y[t];
    for (int i = 0; i < 3; ++i) e -= fit.value[i] * r.x[t * 4 + fit.columns[i]];
    for (int i = 0; i < 3; ++i) {
      score[t / 10 * 3 + i] += e * r.x[t * 4 + fit.columns[i]];
      for (int j = 0; j < 3; ++j) A[i * 3 + j] += r.x[t * 4 + fit.columns[i]] * r.x[t * 4 + fit.columns[j]];
    }
  }
  for (int i = 0; i < 3; ++i) {
    double square = 0;
    for (int g = 0; g < 6; ++g) square += std::pow(testing::solved(A, {score[g * 3], score[g * 3 + 1], score[g * 3 + 2]})[i], 2);
    EXPECT_NEAR(se[i], std::sqrt(square * 6 / 5), 1e-12);
  }
}

TEST(Criteria, AreTheirFormula) {
  const Rows r = testing::random_rows(100, 12, 1, 31);
  const BlockMoments m = block_of(r);
  const Path path = lasso_path(m, {});
  const std::vector<double> bic = information_criterion(m, path), ebic = information_criterion(m, path, 0.5);
  for (std::size_t i = 0; i < path.points.size(); ++i) {
    const double k = double(path.points[i].active.size());
    EXPECT_NEAR(bic[i], 100 * std::log(error_of_rows(r, 0, 100, path.points[i]) / 100) + k * std::log(100), 1e-8);
    EXPECT_NEAR(ebic[i] - bic[i], k * std::log(12), 1e-10);
  }
}

TEST(Adaptive, WeightsAreInverseSizesOfUnitColumns) {
  const Rows r = testing::random_rows(100, 4, 1, 32);
  const BlockMoments m = block_of(r);
  const std::vector<double> w = adaptive_weights(m, {0.5, 0, -2, 1}, 2, true, {1, 1, 3, 0});
  const auto size = [&](int c, double theta) { return std::abs(theta) * std::sqrt(m.gram[c * 5] / 100); };
  EXPECT_EQ(w[3], 0);
  EXPECT_TRUE(std::isinf(w[1]));
  EXPECT_NEAR(w[2] / w[0], 3 * std::pow(size(0, 0.5) / size(2, 2), 2), 1e-12);
  EXPECT_NEAR(w[0] + w[2], 2, 1e-12);
}

TEST(Stability, FindsWhatIsPlantedForAnyNumberOfThreads) {
  const Rows r = testing::random_rows(400, 40, 0, 41);
  Rows few = r;
  Draw draw{42};
  for (std::int64_t t = 0; t < r.count; ++t) few.y[t] = r.x[t * 40 + 4] - 0.5 * r.x[t * 40 + 11] + 0.3 * draw.normal();
  StabilityOptions o;
  o.threads = 1;
  o.threshold = 0.9;
  const Stability one = stability(folds_of(few, 10), o);
  o.threads = 3;
  const Stability three = stability(folds_of(few, 10), o);
  EXPECT_EQ(one.frequency, three.frequency);
  EXPECT_EQ(one.selected, (std::vector<std::int32_t>{4, 11}));
  EXPECT_EQ(one.largest[4], 1);
  EXPECT_LE(one.mean_active, std::sqrt(0.8 * 40));
  EXPECT_NEAR(one.false_bound, one.mean_active * one.mean_active / (0.8 * 40), 1e-12);
  EXPECT_LE(one.false_bound, 1);
  for (std::size_t c = 0; c < 40; ++c) {
    double most = 0;
    for (std::size_t i = 0; i < one.lambda.size(); ++i) most = std::max(most, one.frequency[i * 40 + c]);
    EXPECT_LE(most, one.largest[c] + 1e-12);
  }
  EXPECT_THROW(stability(folds_of(few, 3), o), Error);
}

// The definition: ridge, drop what is small, again, on explicit normal equations.
TEST(Stlsq, IsItsDefinition) {
  const Rows r = testing::random_rows(100, 12, 0.3, 51);
  const BlockMoments m = block_of(r);
  for (const bool unbias : {false, true}) {
    StlsqOptions o;
    o.standardise = false;
    o.unbias = unbias;
    o.ridge = 0.01;
    o.threshold = {2, 0.5, 0.2, 0.1, 0.01, 0};
    const Path path = stlsq_path(m, o);
    ASSERT_EQ(path.points.size(), o.threshold.size());
    for (std::size_t i = 0; i < o.threshold.size(); ++i) {
      std::vector<std::int32_t> set;
      for (int c = 0; c < 12; ++c) set.push_back(c);
      std::vector<double> theta;
      const auto solve = [&](bool ridge) {
        std::vector<double> A, b;
        for (const int c : set) {
          for (const int d : set) A.push_back(m.gram[c * 12 + d] * (c == d && ridge ? 1 + o.ridge : 1));
          b.push_back(m.xy[c]);
        }
        theta = testing::solved(A, b);
      };
      for (bool fewer = true; fewer;) {
        solve(true);
        std::vector<std::int32_t> left;
        for (std::size_t k = 0; k < set.size(); ++k)
          if (std::abs(theta[k]) >= o.threshold[i]) left.push_back(set[k]);
        fewer = left.size() < set.size();
        set = left;
      }
      if (unbias) solve(false);
      EXPECT_EQ(path.points[i].active, set) << o.threshold[i];
      for (std::size_t k = 0; k < set.size(); ++k) EXPECT_NEAR(path.points[i].value[k], theta[k], 1e-12);
      EXPECT_NEAR(path.points[i].explained, 1 - error_of_rows(r, 0, 100, path.points[i]) / m.yy, 1e-12);
    }
  }
}

TEST(Stlsq, WithSignsAndWeights) {
  const Rows r = testing::random_rows(100, 12, 0.3, 52);
  StlsqOptions o;
  o.nonnegative = true;
  o.keep.assign(12, 1);
  o.keep[0] = std::numeric_limits<double>::infinity();
  o.keep[6] = 0;
  for (const PathPoint& p : stlsq_path(block_of(r), o).points) {
    for (const double v : p.value) EXPECT_GT(v, 0);
    EXPECT_TRUE(p.active.empty() || p.active[0] > 0);
  }
  o.nonnegative = false;
  for (const PathPoint& p : stlsq_path(block_of(r), o).points) {
    EXPECT_EQ(std::count(p.active.begin(), p.active.end(), 6), 1);
    EXPECT_EQ(std::count(p.active.begin(), p.active.end(), 0), 0);
  }
  Rows twin = r;
  for (std::int64_t t = 0; t < r.count; ++t) twin.x[t * 12 + 3] = twin.x[t * 12 + 4];
  o = {};
  o.ridge = 0;
  EXPECT_THROW(stlsq_path(block_of(twin), o), Error);
}

}  // namespace
}  // namespace grainspin::interactions

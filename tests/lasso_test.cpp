// The solver against definitions and closed forms; stored numbers of other codes: lasso_oracle_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "regression_cases.h"

namespace grainspin::interactions {
namespace {

using testing::block_of;
using testing::Draw;
using testing::Rows;

// Hadamard matrix: orthogonal columns of square T.
Rows hadamard(int order, std::uint64_t seed) {
  Rows r{1 << order, 1 << order, {}, {}, {}};
  Draw draw{seed};
  for (int t = 0; t < r.count; ++t) {
    for (int m = 0; m < r.count; ++m) r.x.push_back(__builtin_popcount(unsigned(t & m)) % 2 ? -1 : 1);
    r.y.push_back(draw.centred());
  }
  return r;
}

TEST(Lasso, AnOrthogonalDesignIsSoftThresholded) {
  const Rows r = hadamard(5, 1);
  const BlockMoments m = block_of(r);
  for (const double ratio : {1.0, 0.4}) {
    PathOptions o;
    o.l1_ratio = ratio;
    o.stop_gain = 0;
    o.stop_explained = 2;
    const Path path = lasso_path(m, o);
    ASSERT_EQ(path.points.size(), 100u);
    for (const PathPoint& p : path.points) {
      const std::vector<double> theta = dense(p, m.columns);
      for (int c = 0; c < m.columns; ++c) {
        const double q = m.xy[c] / r.count, size = std::abs(q) - ratio * p.lambda;
        EXPECT_NEAR(theta[c], size > 0 ? std::copysign(size, q) / (1 + (1 - ratio) * p.lambda) : 0, 1e-14);
      }
    }
  }
}

void expect_optimal(const Rows& r, const PathOptions& o) {
  const Path path = lasso_path(block_of(r), o);
  Draw draw{77};
  for (const PathPoint& p : path.points) {
    EXPECT_LE(p.gap, 1e-10);
    EXPECT_LE(p.max_violation, 1e-8);
    const std::vector<double> theta = dense(p, int(r.features));
    const double best = testing::objective(r, o, p.lambda, theta, p.intercept);
    for (std::int64_t c = 0; c <= r.features; ++c)  // no step along any axis, nor a random one, is better
      for (const double step : {1e-4, -1e-4, 1e-2, -1e-2}) {
        std::vector<double> moved = theta;
        double a = p.intercept;
        if (c < r.features) {
          if (!o.penalty.empty() && std::isinf(o.penalty[c])) continue;
          moved[c] += step;
        } else {
          for (std::size_t i = 0; i < moved.size(); ++i)
            if (o.penalty.empty() || std::isfinite(o.penalty[i])) moved[i] += step * draw.centred();
          if (o.intercept) a += step;
        }
        if (o.nonnegative)
          for (double& v : moved) v = std::max(v, 0.0);
        EXPECT_GE(testing::objective(r, o, p.lambda, moved, a), best * (1 - 1e-13)) << "lambda " << p.lambda << " column " << c;
      }
    if (o.nonnegative) {
      for (const double v : theta) EXPECT_GE(v, 0);
    }
  }
}

TEST(Lasso, EveryOptionIsAMinimum) {
  const Rows r = testing::random_rows(60, 25, 0.5, 3, true);
  for (int bits = 0; bits < 32; ++bits) {
    SCOPED_TRACE(bits);
    PathOptions o;
    o.lambdas = 12;
    o.standardise = bits & 1;
    o.nonnegative = bits & 2;
    o.intercept = bits & 4;
    o.l1_ratio = bits & 8 ? 0.5 : 1;
    if (bits & 16) {
      o.penalty.assign(25, 1);
      o.penalty[0] = o.penalty[7] = o.penalty[8] = 0;
      o.penalty[3] = o.penalty[4] = std::numeric_limits<double>::infinity();
      o.penalty[5] = 0.1;
      o.penalty[6] = 3;
    }
    expect_optimal(r, o);
  }
}

TEST(Lasso, FewerRowsThanColumns) {
  const Rows r = testing::random_rows(20, 50, 0.2, 4);
  EXPECT_EQ(effective_rank(block_of(r)), 20);
  for (int bits = 0; bits < 4; ++bits) {
    SCOPED_TRACE(bits);
    PathOptions o;
    o.lambdas = 30;
    o.nonnegative = bits & 1;
    o.standardise = bits & 2;
    o.stop_explained = 2;
    o.stop_gain = 0;
    expect_optimal(r, o);
  }
}

// Copies, opposite multiples, sums and small integers, more columns than rows, lambda down to zero: active sets are
// dependent all the time. The gap certifies each solution.
TEST(Lasso, DependentColumnsOfEveryKind) {
  for (std::uint64_t seed = 1; seed <= 90; ++seed) {
    Draw draw{seed};
    Rows r{5 + std::int64_t(draw.bits() % 60), 2 + std::int64_t(draw.bits() % 90), {}, {}, {}};
    const int copies = int(draw.bits() % 3);
    const bool integer = draw.bits() % 2;
    const std::size_t M = std::size_t(r.features);
    for (std::int64_t t = 0; t < r.count; ++t) {
      std::vector<double> x(M);
      for (std::size_t m = 0; m < M; ++m) {
        x[m] = integer ? double(int(draw.bits() % 3)) - 1 : draw.centred();
        if (copies && m >= M / 2) x[m] = (copies == 1 ? 1 : -2) * x[m - M / 2];
      }
      if (copies == 2 && M > 2) x[M - 1] = x[0] + x[1];
      r.x.insert(r.x.end(), x.begin(), x.end());
      r.y.push_back(integer ? double(int(draw.bits() % 5)) - 2 : x[0] - 0.5 * x[M / 3] + 0.3 * draw.normal());
    }
    for (int bits = 0; bits < 16; ++bits) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " options " + std::to_string(bits));
      PathOptions o;
      o.nonnegative = bits & 1;
      o.intercept = bits & 2;
      o.l1_ratio = bits & 4 ? 0.5 : 1;
      o.standardise = bits & 8;
      o.lambdas = 25;
      o.lambda_min_ratio = 1e-5;
      o.stop_gain = 0;
      o.stop_explained = 2;
      if (seed % 3 == 0) {
        o.penalty.assign(M, 1);
        o.penalty[0] = o.penalty[M / 2] = 0;
      }
      if (seed % 5 == 0) o.lambda = {1, 0.1, 0};
      for (const PathPoint& p : lasso_path(block_of(r), o).points) {
        EXPECT_LE(p.gap, 1e-10);
        EXPECT_LE(p.max_violation, 1e-8);
      }
    }
  }
}

TEST(Lasso, BadOptionsAndLimitsAreErrors) {
  const BlockMoments m = block_of(testing::random_rows(30, 5, 1, 1));
  const auto code = [&](auto change) {
    PathOptions o;
    change(o);
    try {
      lasso_path(m, o);
    } catch (const Error& e) {
      return e.code();
    }
    return Errc::kInternal;
  };
  EXPECT_EQ(code([](PathOptions& o) { o.l1_ratio = 0; }), Errc::kArgument);
  EXPECT_EQ(code([](PathOptions& o) { o.lambdas = 0; }), Errc::kArgument);
  EXPECT_EQ(code([](PathOptions& o) { o.lambda_min_ratio = 1; }), Errc::kArgument);
  EXPECT_EQ(code([](PathOptions& o) { o.lambda = {1, 2}; }), Errc::kArgument);
  EXPECT_EQ(code([](PathOptions& o) { o.lambda = {-1}; }), Errc::kArgument);
  EXPECT_EQ(code([](PathOptions& o) { o.penalty = {1, 1}; }), Errc::kShape);
  EXPECT_EQ(code([](PathOptions& o) { o.penalty = {1, 1, -1, 1, 1}; }), Errc::kArgument);
  EXPECT_EQ(code([](PathOptions& o) { o.max_updates = 1; o.lambda = {1e-3}; }), Errc::kConvergence);
}

TEST(Lasso, ThePathEndsEarlyAsItSays) {
  const BlockMoments m = block_of(testing::random_rows(300, 30, 0.1, 2));
  PathOptions o;
  const Path path = lasso_path(m, o);
  ASSERT_TRUE(path.stopped_early);
  ASSERT_GE(path.points.size(), 5u);
  const auto& p = path.points;
  const auto ends = [&](std::size_t i) {
    return p[i].explained > o.stop_explained || p[i].explained - p[i - 1].explained < o.stop_gain * p[i].explained;
  };
  EXPECT_TRUE(ends(p.size() - 1));
  for (std::size_t i = 5; i + 1 < p.size(); ++i) EXPECT_FALSE(ends(i));
  PathOptions few;
  few.max_active = 3;
  const Path short_path = lasso_path(m, few);
  EXPECT_GT(short_path.points.back().active.size(), 3u);
  for (std::size_t i = 0; i + 1 < short_path.points.size(); ++i) EXPECT_LE(short_path.points[i].active.size(), 3u);
}

}  // namespace
}  // namespace grainspin::interactions

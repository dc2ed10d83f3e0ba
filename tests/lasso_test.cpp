// The solver against definitions and closed forms; stored numbers of other codes: lasso_oracle_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
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

}  // namespace
}  // namespace grainspin::interactions

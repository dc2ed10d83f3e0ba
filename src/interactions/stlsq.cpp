#include "stlsq.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "blas.h"
#include "growing_factor.h"
#include "lasso.h"
#include "least_squares.h"
#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

// (Q + ridge) b = q on the columns `set`.
std::vector<double> ridge_solution(const std::vector<double>& Q, const Columns& columns, const std::vector<int>& set, double ridge) {
  const std::size_t n = set.size(), N = std::size_t(columns.count());
  std::vector<double> rows(n * n), b(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) rows[i * n + j] = Q[std::size_t(set[i]) * N + std::size_t(set[j])];
    rows[i * n + i] = 1 + ridge;
    b[i] = columns.q[std::size_t(set[i])];
  }
  GrowingFactor factor;
  if (factor.append(int(n), rows.data(), 1e-14) != int(n))
    throw Error(Errc::kArgument, "stlsq: " + std::to_string(n) + " columns are dependent, of rank " + std::to_string(factor.size()) +
                                     "; a ridge above " + short_text(ridge) + " is needed");
  factor.solve(b.data());
  return b;
}

}  // namespace

Path stlsq_path(const MomentSum& sum, const StlsqOptions& o) {
  const SingleThreadedBlas single;
  const int C = sum[0].moments->columns;
  require(o.keep.empty() || int(o.keep.size()) == C, Errc::kShape,
          "stlsq: " + std::to_string(o.keep.size()) + " weights for " + std::to_string(C) + " columns");
  require(o.ridge >= 0 && std::isfinite(o.ridge), Errc::kArgument, "stlsq: the ridge is " + short_text(o.ridge));
  require(o.max_iterations > 0, Errc::kArgument, "stlsq: at least one iteration");
  if (o.threshold.empty())
    require(o.thresholds > 0 && o.threshold_min_ratio > 0 && o.threshold_min_ratio < 1, Errc::kArgument,
            "stlsq: at least one threshold, smallest over largest between 0 and 1");
  for (std::size_t i = 0; i < o.threshold.size(); ++i)
    require(std::isfinite(o.threshold[i]) && o.threshold[i] >= 0 && (i == 0 || o.threshold[i] <= o.threshold[i - 1]), Errc::kArgument,
            "stlsq: threshold " + std::to_string(i) + " is " + short_text(o.threshold[i]) + "; descending and not negative");
  PathOptions as_columns;
  as_columns.standardise = o.standardise;
  as_columns.intercept = o.intercept;
  as_columns.penalty.assign(std::size_t(C), 1);
  for (std::size_t c = 0; c < o.keep.size(); ++c) {
    require(o.keep[c] >= 0, Errc::kArgument, "stlsq: the weight of column " + std::to_string(c) + " is " + short_text(o.keep[c]));
    if (std::isinf(o.keep[c])) as_columns.penalty[c] = o.keep[c];
  }
  const Columns columns(sum, as_columns);
  const int n = columns.count();
  std::vector<double> Q(std::size_t(n) * std::size_t(n)), weight(std::size_t(n), 1);
  for (int k = 0; k < n; ++k) {
    columns.fill(k, Q.data() + std::size_t(k) * std::size_t(n));
    if (!o.keep.empty()) weight[k] = o.keep[std::size_t(columns.column(k))];
  }
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  const std::vector<double> start = ridge_solution(Q, columns, all, o.ridge);

  Path path;
  for (int k = 0; k < n; ++k)
    if (weight[k] > 0) path.lambda_max = std::max(path.lambda_max, std::abs(start[k]) * columns.l1[k] / weight[k]);
  std::vector<double> grid = o.threshold;
  if (grid.empty()) grid = path.lambda_max > 0 ? log_grid(path.lambda_max, o.thresholds, o.threshold_min_ratio) : std::vector<double>{0};
  for (const double threshold : grid) {
    std::vector<int> set = all;
    std::vector<double> b = start;
    for (int iteration = 0; iteration < o.max_iterations; ++iteration) {
      std::vector<int> left;
      std::vector<double> values;
      for (std::size_t i = 0; i < set.size(); ++i) {
        const int k = set[i];
        const bool small = weight[k] > 0 && std::abs(b[i]) * columns.l1[k] < threshold * weight[k];
        if (small || (o.nonnegative && b[i] <= 0)) continue;
        left.push_back(k);
        values.push_back(b[i]);
      }
      const bool same = left.size() == set.size();
      set = std::move(left);
      b = std::move(values);
      if (same) break;
      b = ridge_solution(Q, columns, set, o.ridge);
      ++path.solves;
    }
    // The last solution may have small or negative values where the iterations ran out.
    PathPoint point;
    point.lambda = threshold;
    std::vector<double> whole(std::size_t(n), 0);
    for (std::size_t i = 0; i < set.size(); ++i)
      if (!o.nonnegative || b[i] > 0) whole[set[i]] = b[i];
    columns.recover(whole, point);
    if (o.unbias && !point.active.empty()) {
      const LeastSquares ls = least_squares(sum, point.active, o.intercept, 1e-12, false);
      const bool good = ls.dependent.empty() && (!o.nonnegative || *std::min_element(ls.value.begin(), ls.value.end()) >= 0);
      if (good) {
        point.active = ls.columns;
        point.value = ls.value;
        point.intercept = ls.intercept;
      }
    }
    double error = 0;
    for (const auto& [m, sign] : sum) error += sign * squared_error(*m, point);
    const double yy = columns.yy_all * totals(sum).weight;
    point.explained = yy > 0 ? 1 - error / yy : 0;
    path.points.push_back(std::move(point));
  }
  return path;
}

Path stlsq_path(const BlockMoments& block, const StlsqOptions& options) { return stlsq_path(MomentSum{{&block, 1}}, options); }

}  // namespace grainspin::interactions

#include "least_squares.h"

#include <algorithm>
#include <limits>
#include <string>

#include "blas.h"
#include "growing_factor.h"

namespace grainspin::interactions {

LeastSquares least_squares(const MomentSum& sum, const std::vector<std::int32_t>& columns, bool intercept, double smallest, bool inverse) {
  const SingleThreadedBlas single;
  const int C = sum[0].moments->columns;
  PathOptions options;
  options.intercept = intercept;
  options.penalty.assign(std::size_t(C), std::numeric_limits<double>::infinity());
  for (const std::int32_t c : columns) {
    require(c >= 0 && c < C, Errc::kArgument, "refit: column " + std::to_string(c) + " of " + std::to_string(C));
    options.penalty[std::size_t(c)] = 1;
  }
  const Columns given(sum, options);
  const int n = given.count();
  const std::size_t N = std::size_t(n);
  std::vector<double> Q(N * N);
  for (int k = 0; k < n; ++k) given.fill(k, Q.data() + std::size_t(k) * N);

  GrowingFactor factor;
  std::vector<int> kept;
  std::vector<double> row;
  for (int k = 0; k < n; ++k) {
    row.clear();
    for (const int j : kept) row.push_back(Q[std::size_t(k) * N + std::size_t(j)]);
    row.push_back(1);
    if (factor.append(1, row.data(), smallest) == 1) kept.push_back(k);
  }
  const int r = int(kept.size());
  std::vector<double> b(N, 0), left(given.q), d(kept.size());
  for (int pass = 0; pass < 3; ++pass) {  // the solution and two corrections
    for (int i = 0; i < r; ++i) d[i] = left[kept[i]];
    factor.solve(d.data());
    for (int i = 0; i < r; ++i) b[kept[i]] += d[i];
    left = given.q;
    for (const int k : kept)
      for (int j = 0; j < n; ++j) left[j] -= Q[std::size_t(k) * N + std::size_t(j)] * b[k];
  }
  LeastSquares out;
  PathPoint point;
  given.recover(b, point);
  out.intercept = point.intercept;
  double explained = 0;
  for (const int k : kept) explained += b[k] * (given.q[k] + left[k]);
  const Totals all = totals(sum);
  out.yy = given.yy_all * all.weight;
  out.rss = std::max(0.0, given.yy_all - explained) * all.weight;
  const std::vector<double> theta = dense(point, C);
  for (const int k : kept) {
    out.columns.push_back(given.column(k));
    out.value.push_back(theta[given.column(k)]);
  }
  for (const std::int32_t c : columns)
    if (!std::binary_search(out.columns.begin(), out.columns.end(), c)) out.dependent.push_back(c);
  std::sort(out.dependent.begin(), out.dependent.end());
  if (inverse) {
    std::vector<double> unit(kept.size() * kept.size(), 0);  // becomes L^-1
    for (int i = 0; i < r; ++i) unit[std::size_t(i) * kept.size() + std::size_t(i)] = 1;
    factor.solve_lower(unit.data(), r);
    for (int i = 0; i < r; ++i) {
      double v = 0;
      for (int j = i; j < r; ++j) v += unit[std::size_t(j) * kept.size() + std::size_t(i)] * unit[std::size_t(j) * kept.size() + std::size_t(i)];
      const double scale = given.scale(kept[i]);
      out.inverse.push_back(v / (scale * scale * all.weight));
    }
  }
  return out;
}

}  // namespace grainspin::interactions

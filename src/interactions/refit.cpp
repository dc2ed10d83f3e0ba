// Least squares on selected columns, with standard errors; criteria and weights that follow from a fit.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "blas.h"
#include "grainspin/interactions/selection.h"
#include "growing_factor.h"
#include "lasso.h"
#include "least_squares.h"

namespace grainspin::interactions {
namespace {

// Of the columns those that least squares with theta >= 0 leaves positive.
std::vector<std::int32_t> positive(const BlockMoments& block, const std::vector<std::int32_t>& columns, bool intercept) {
  PathOptions options;
  options.lambda = {0};
  options.nonnegative = true;
  options.intercept = intercept;
  options.penalty.assign(std::size_t(block.columns), std::numeric_limits<double>::infinity());
  for (const std::int32_t c : columns) options.penalty[std::size_t(c)] = 1;
  return lasso_path(block, options).points[0].active;
}

std::vector<std::int32_t> without(const std::vector<std::int32_t>& all, const std::vector<std::int32_t>& less) {
  std::vector<std::int32_t> out;
  std::set_difference(all.begin(), all.end(), less.begin(), less.end(), std::back_inserter(out));
  return out;
}

}  // namespace

double squared_error(const BlockMoments& m, const PathPoint& p) {
  const std::size_t C = std::size_t(m.columns);
  require(p.intercept == 0 || m.x_sum.size() == C, Errc::kArgument, "squared error: an intercept needs the sums of the columns");
  double error = m.yy - 2 * p.intercept * m.y_sum + p.intercept * p.intercept * m.weight;
  for (std::size_t i = 0; i < p.active.size(); ++i) {
    const std::size_t c = std::size_t(p.active[i]);
    double with = 0;
    for (std::size_t j = 0; j < p.active.size(); ++j) with += m.gram[c * C + std::size_t(p.active[j])] * p.value[j];
    if (p.intercept != 0) with += 2 * p.intercept * m.x_sum[c];
    error += p.value[i] * (with - 2 * m.xy[c]);
  }
  return std::max(error, 0.0);
}

std::vector<double> information_criterion(const BlockMoments& block, const Path& path, double gamma) {
  const double n = double(block.rows);
  require(n > 0, Errc::kArgument, "information criterion: no observations");
  std::vector<double> out;
  for (const PathPoint& p : path.points) {
    const double k = double(p.active.size());
    out.push_back(n * std::log(squared_error(block, p) / n) + k * (std::log(n) + 2 * gamma * std::log(double(block.columns))));
  }
  return out;
}

Refit refit(const BlockMoments& block, const std::vector<std::int32_t>& wanted, const RefitOptions& options) {
  std::vector<std::int32_t> columns = wanted;
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  for (const std::int32_t c : columns)
    require(c >= 0 && c < block.columns, Errc::kArgument, "refit: column " + std::to_string(c) + " of " + std::to_string(block.columns));
  Refit out;
  const auto fit = [&] {
    if (options.nonnegative) {
      const std::vector<std::int32_t> left = positive(block, columns, options.intercept);
      const std::vector<std::int32_t> gone = without(columns, left);
      out.insignificant.insert(out.insignificant.end(), gone.begin(), gone.end());
      columns = left;
    }
    const LeastSquares ls = least_squares({{&block, 1}}, columns, options.intercept, options.tolerance, true);
    out.columns = ls.columns;
    out.value = ls.value;
    out.dependent.insert(out.dependent.end(), ls.dependent.begin(), ls.dependent.end());
    out.intercept = ls.intercept;
    out.rss = ls.rss;
    out.explained = ls.yy > 0 ? 1 - ls.rss / ls.yy : 0;
    out.freedom = block.rows - std::int64_t(ls.columns.size()) - (options.intercept ? 1 : 0);
    out.variance = out.freedom > 0 ? ls.rss / double(out.freedom) : std::numeric_limits<double>::infinity();
    out.standard_error.clear();
    out.t.clear();
    for (std::size_t i = 0; i < ls.value.size(); ++i) {
      out.standard_error.push_back(std::sqrt(out.variance * ls.inverse[i]));
      out.t.push_back(ls.value[i] / out.standard_error[i]);
    }
  };
  fit();
  if (options.t_threshold > 0 && out.freedom > 0) {
    std::vector<std::int32_t> strong;
    for (std::size_t i = 0; i < out.columns.size(); ++i)
      (std::abs(out.t[i]) < options.t_threshold ? out.insignificant : strong).push_back(out.columns[i]);
    if (strong.size() < out.columns.size()) {
      columns = strong;
      fit();
    }
  }
  std::sort(out.insignificant.begin(), out.insignificant.end());
  std::sort(out.dependent.begin(), out.dependent.end());
  return out;
}

std::vector<double> robust_errors(const std::vector<BlockMoments>& groups, const Refit& refit) {
  require(groups.size() >= 2, Errc::kArgument, "standard errors from groups of runs: at least two groups");
  const SingleThreadedBlas single;
  const std::size_t n = refit.columns.size(), C = std::size_t(groups[0].columns);
  const bool constant = refit.intercept != 0;
  const std::size_t N = n + (constant ? 1 : 0);
  // Products of the columns, and of the constant as the last one.
  const auto products = [&](const BlockMoments& m) {
    std::vector<double> A(N * N);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t c = std::size_t(refit.columns[i]);
      for (std::size_t j = 0; j < n; ++j) A[i * N + j] = m.gram[c * C + std::size_t(refit.columns[j])];
      if (constant) A[i * N + n] = A[n * N + i] = m.x_sum[c];
    }
    if (constant) A[n * N + n] = m.weight;
    return A;
  };
  const std::vector<double> A = products(sum(groups));
  std::vector<double> unit(N), rows;
  for (std::size_t i = 0; i < N; ++i) unit[i] = std::sqrt(A[i * N + i]);
  for (std::size_t i = 0; i < N; ++i)
    for (std::size_t j = 0; j < N; ++j) rows.push_back(A[i * N + j] / (unit[i] * unit[j]));
  GrowingFactor factor;
  require(factor.append(int(N), rows.data(), 1e-14) == int(N), Errc::kArgument, "standard errors from groups of runs: the columns are dependent");
  std::vector<double> square(n, 0);
  for (const BlockMoments& m : groups) {
    const std::vector<double> G = products(m);
    std::vector<double> score(N);
    for (std::size_t i = 0; i < N; ++i) {
      score[i] = i < n ? m.xy[std::size_t(refit.columns[i])] : m.y_sum;
      for (std::size_t j = 0; j < N; ++j) score[i] -= G[i * N + j] * (j < n ? refit.value[j] : refit.intercept);
      score[i] /= unit[i];
    }
    factor.solve(score.data());
    for (std::size_t i = 0; i < n; ++i) square[i] += score[i] * score[i] / (unit[i] * unit[i]);
  }
  for (double& v : square) v = std::sqrt(v * double(groups.size()) / double(groups.size() - 1));
  return square;
}

std::vector<double> adaptive_weights(const BlockMoments& block, const std::vector<double>& theta, double gamma, bool standardise,
                                     const std::vector<double>& penalty) {
  const std::size_t C = std::size_t(block.columns);
  require(theta.size() == C && (penalty.empty() || penalty.size() == C), Errc::kShape,
          "adaptive weights: " + std::to_string(theta.size()) + " values for " + std::to_string(C) + " columns");
  require(gamma > 0, Errc::kArgument, "adaptive weights: the exponent must be positive");
  std::vector<double> out(C, std::numeric_limits<double>::infinity());
  double total = 0;
  int count = 0;
  for (std::size_t c = 0; c < C; ++c) {
    const double p = penalty.empty() ? 1 : penalty[c];
    const double size = std::abs(theta[c]) * (standardise ? std::sqrt(block.gram[c * C + c] / block.weight) : 1);
    if (p == 0) out[c] = 0;
    if (p == 0 || size == 0 || std::isinf(p)) continue;
    out[c] = p / std::pow(size, gamma);
    total += out[c];
    ++count;
  }
  for (double& v : out)
    if (std::isfinite(v) && count > 0) v *= count / total;
  return out;
}

}  // namespace grainspin::interactions

// Sparse linear regression of N responses on M shared features with tied coefficients, from moments alone.
//   y_i(t) = sum_m A_im x_m(t),   A_im = sum_l sign_l(i,m) theta_{of_l(i,m)}
// LASSO with elastic net, weights and sign bounds (Tibshirani 1996; Zou & Hastie 2005), covariance updates and strong
// rules (Friedman, Hastie & Tibshirani 2010; Tibshirani et al. 2012), cross-validation by differences of moments.
#pragma once

#include <cstdint>
#include <vector>

#include "grainspin/core.h"

namespace grainspin::interactions {

// Weighted second moments of rows: everything that a fit needs. Moments of folds add up.
struct Moments {
  std::int64_t features = 0, responses = 0;
  std::vector<double> gram;    // [M,M] sum_t w x x^T, both triangles
  std::vector<double> xy;      // [N,M] sum_t w_i y_i x (row i: response i)
  std::vector<double> yy;      // [N] sum_t w y_i^2
  std::vector<double> x_sum;   // [M] sum_t w x
  std::vector<double> y_sum;   // [N]
  double weight = 0;           // sum_t w
  std::int64_t rows = 0;
  Moments() = default;
  Moments(std::int64_t features, std::int64_t responses);
  // Adds rows: x[T,M], y[T,N], w[T] (null: ones). Throws Error kArgument naming row and column of what is not finite.
  void add(std::int64_t rows, const double* x, const double* y, const double* w);
  Moments& operator+=(const Moments& other);
  Moments& operator-=(const Moments& other);
};

// How entries of A share unknowns. `layers` lets an entry be a sum of unknowns (a common value plus a subgroup's deviation).
struct Tied {
  std::int64_t responses = 0, features = 0;
  int unknowns = 0, layers = 1;
  std::vector<std::int32_t> of;   // [layers, N, M], -1: none
  std::vector<std::int8_t> sign;  // [layers, N, M]
};

// One independent regression: responses that share unknowns.
struct Block {
  std::vector<int> responses, unknowns;  // ids; columns of the block in the order of `unknowns`
};
std::vector<Block> blocks(const Tied& tied);

struct BlockMoments {
  int columns = 0;
  std::vector<double> gram;  // [C,C]
  std::vector<double> xy;    // [C]
  double yy = 0, weight = 0;
  std::int64_t rows = 0;     // rows times responses
};
BlockMoments reduce(const Moments& moments, const Tied& tied, const Block& block);

struct PathOptions {
  double l1_ratio = 1;           // 1 lasso, below: elastic net
  int lambdas = 100;
  double lambda_min_ratio = 1e-3;
  std::vector<double> lambda;    // given grid (descending) in the place of the two above
  bool standardise = true;       // columns to unit mean square; unknowns are given back in their own units
  bool nonnegative = false;
  std::vector<double> penalty;   // [C] weights (empty: ones); 0 unpenalised, infinity excluded
  double gap = 1e-10;            // relative duality gap (of yy) at every lambda
  double stop_gain = 1e-5, stop_explained = 0.999;  // path ends when a lambda gains less, explains more (glmnet)
  std::int64_t max_updates = 0;  // 0: no limit; Error kConvergence beyond
};

struct PathPoint {
  double lambda = 0, gap = 0, explained = 0;  // explained: 1 - rss/yy
  double max_violation = 0;                    // of the KKT conditions, in parts of lambda_max
  std::vector<std::int32_t> active;            // columns with a non-zero unknown, ascending
  std::vector<double> value;                   // [active], original units
};
struct Path {
  double lambda_max = 0;
  std::vector<PathPoint> points;
  std::int64_t updates = 0;
  bool stopped_early = false;
};

// Objective: (1/(2W)) sum w (y - x theta)^2 + lambda sum_c p_c (a |theta_c| + (1-a)/2 theta_c^2), theta of the (standardised)
// columns, W = weight * responses. Columns that are zero stay zero.
Path lasso_path(const BlockMoments& block, const PathOptions& options);

}  // namespace grainspin::interactions

// Sparse linear regression of N responses on M shared features with tied coefficients, from moments alone.
//   y_i(t) = sum_m A_im x_m(t),   A_im = sum_l sign_l(i,m) theta_{of_l(i,m)}
// LASSO with elastic net, weights and sign bounds (Tibshirani 1996; Zou & Hastie 2005), covariance updates and strong
// rules (Friedman, Hastie & Tibshirani 2010; Tibshirani et al. 2012). Selection (cross-validation, refit, stability,
// STLSQ): selection.h. Everything is FP64 and gives the same bits for any number of threads.
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
  std::int64_t rows = 0;       // of weight > 0
  Moments() = default;
  Moments(std::int64_t features, std::int64_t responses);
  // Adds rows: x[T,M], y[T,N], w[T] (null: ones). Throws Error kArgument naming row and column of what is not finite and
  // of a negative weight; the moments are then as before. A call costs M^2 memory traffic beside the rows' own work:
  // gather short runs into one call of some thousand rows. threads 0: as many as the machine has.
  void add(std::int64_t rows, const double* x, const double* y, const double* w, int threads = 0);
  Moments& operator+=(const Moments& other);
  Moments& operator-=(const Moments& other);
};

// Moments about the means: a regression on them has an unpenalised intercept of its own for every response. Held-out rows
// must then be centred by the means of the rows trained on, which differences of moments do not give: within
// cross-validation use PathOptions::intercept instead (one intercept a block).
Moments centred(const Moments& moments);

// How entries of A share unknowns. `layers` lets an entry be a sum of unknowns (a common value plus a subgroup's deviation).
struct Tied {
  std::int64_t responses = 0, features = 0;
  int unknowns = 0, layers = 1;
  std::vector<std::int32_t> of;   // [layers, N, M], -1: none
  std::vector<std::int8_t> sign;  // [layers, N, M]
};

// One independent regression: responses that share unknowns. Responses without any unknown are in no block.
struct Block {
  std::vector<int> responses, unknowns;  // ids, ascending; columns of the block in the order of `unknowns`
};
// In the order of their first response. Throws Error kShape where sizes do not fit, kArgument for an id out of range.
std::vector<Block> blocks(const Tied& tied);

// Moments of one regression with C columns: rows and responses together are its observations.
struct BlockMoments {
  int columns = 0;
  std::vector<double> gram;   // [C,C], both triangles
  std::vector<double> xy;     // [C]
  std::vector<double> x_sum;  // [C] sums over observations (empty: unknown, then no intercept)
  double yy = 0, y_sum = 0;
  double weight = 0;          // sum of weights over observations: Moments::weight times responses
  std::int64_t rows = 0;      // observations: rows times responses
  BlockMoments& operator+=(const BlockMoments& other);
};
BlockMoments reduce(const Moments& moments, const Tied& tied, const Block& block);
// [block][fold], work shared by threads.
std::vector<std::vector<BlockMoments>> reduce(const std::vector<Moments>& folds, const Tied& tied,
                                              const std::vector<Block>& blocks, int threads = 0);
BlockMoments sum(const std::vector<BlockMoments>& parts);

// Number of columns that are not combinations of others: pivots of the Cholesky factor of the Gram matrix scaled to unit
// diagonal that exceed `tolerance`. Below the number of columns that are not zero, LASSO coefficients need not be unique.
int effective_rank(const BlockMoments& block, double tolerance = 1e-10);

struct PathOptions {
  double l1_ratio = 1;           // a: 1 lasso, below: elastic net, in (0, 1]
  int lambdas = 100;
  double lambda_min_ratio = 1e-3;
  std::vector<double> lambda;    // given grid (descending, >= 0) in the place of the two above; never stopped early
  bool standardise = true;       // columns to unit mean square (with intercept: variance); unknowns come back in their own units
  bool nonnegative = false;
  bool intercept = false;        // one for the block, unpenalised; needs x_sum
  std::vector<double> penalty;   // [C] weights (empty: ones); 0 unpenalised, infinity excluded
  double gap = 1e-10;            // relative duality gap (of yy/W) wanted at every lambda
  double stop_gain = 1e-5, stop_explained = 0.999;  // path ends when a lambda gains less (of explained), explains more (glmnet)
  int max_active = 0;            // > 0: path ends with the first lambda that has more active columns
  std::int64_t max_updates = 0;  // 0: no limit; Error kConvergence beyond
};

struct PathPoint {
  double lambda = 0;
  double gap = 0;              // duality gap over yy/W; where there is no l1 penalty (to speak of: 1e-9 lambda_max) only max_violation tells
  double explained = 0;        // 1 - rss/yy (with intercept: about the mean)
  double max_violation = 0;    // of the KKT conditions, in parts of lambda_max times the column's weight
  double intercept = 0;
  std::vector<std::int32_t> active;  // columns with a non-zero unknown, ascending
  std::vector<double> value;         // [active], original units
};
struct Path {
  double lambda_max = 0;       // smallest lambda at which every penalised column is zero
  std::vector<PathPoint> points;
  std::int64_t updates = 0;    // of single coefficients
  std::int64_t solves = 0;     // of active sets by Cholesky factors
  bool stopped_early = false;
};

// Objective: (1/(2W)) sum w (y - x theta)^2 + lambda sum_c p_c (a |theta_c| + (1-a)/2 theta_c^2), theta of the (standardised)
// columns, W = BlockMoments::weight. Columns that are zero (or constant, with intercept) stay zero.
// Coordinate descent finds the active set, a Cholesky solve on it with its signs ends every lambda. Where active columns
// are dependent the solution is moved along the null vector to one that has fewer: objective and fit are unique,
// coefficients are not. Throws Error kShape, kArgument (options), kConvergence.
Path lasso_path(const BlockMoments& block, const PathOptions& options);

// Of a point, all C unknowns.
std::vector<double> dense(const PathPoint& point, int columns);

}  // namespace grainspin::interactions

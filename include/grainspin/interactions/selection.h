// Which columns of a regression matter: cross-validation by whole runs, criteria, refit, adaptive weights, stability
// selection, and sequentially thresholded least squares (SINDy) as another selector on the same moments.
#pragma once

#include <cstdint>
#include <vector>

#include "grainspin/interactions/regression.h"

namespace grainspin::interactions {

// ---- sequentially thresholded least squares (Brunton, Proctor & Kutz 2016) ----
struct StlsqOptions {
  std::vector<double> threshold;  // descending; empty: `thresholds` of them, log-spaced from the largest |theta| of the
  int thresholds = 50;            // ridge solution to that times threshold_min_ratio
  double threshold_min_ratio = 1e-3;
  double ridge = 1e-6;            // added to the diagonal of the Gram matrix with unit diagonal over W
  bool standardise = true;        // thresholds are of theta of columns with unit mean square, else of theta itself
  bool nonnegative = false;       // negative unknowns are dropped as small ones are
  bool intercept = false;
  bool unbias = true;             // least squares without ridge on the columns that remain
  int max_iterations = 50;        // of one threshold
  std::vector<double> keep;       // [C] weights as PathOptions::penalty: infinity excluded, 0 never dropped; else threshold times it
};
// Points with `lambda` the threshold; gap and max_violation are 0: not a convex problem.
Path stlsq_path(const BlockMoments& block, const StlsqOptions& options);

// ---- cross-validation by whole runs ----
enum class PathSolver { kLasso, kStlsq };
struct CvOptions {
  PathSolver solver = PathSolver::kLasso;
  PathOptions path;    // penalty is of all blocks where there is one, else see `penalty`
  StlsqOptions stlsq;
  // [block][C] in the place of path.penalty (stlsq.keep); empty: that one for every block.
  std::vector<std::vector<double>> penalty;
  bool joint = false;  // one lambda grid for all blocks, from the largest lambda_max
  int threads = 0;
  int gpu = -1;        // number of the GPU that does the coordinate descent (LASSO only); -1: none
};
struct CrossValidation {
  std::vector<double> lambda;      // [L] as far as the whole data's path went
  std::vector<double> error;       // [L] held-out squared error over weight, all folds
  std::vector<double> se;          // [L] its standard error from the folds' spread
  std::vector<double> fold_error;  // [F,L] squared error over the fold's weight
  int best = 0;                    // index of the smallest error (of equals the sparsest: largest lambda)
  int one_se = 0;                  // largest lambda with error <= error[best] + se[best]
  Path path;                       // on all data
};
struct CrossValidations {
  std::vector<CrossValidation> blocks;
  // Errors summed over blocks; path empty. Only with CvOptions::joint; lambda then is every block's grid, and a block
  // whose path stopped early keeps its last point (point_at).
  CrossValidation joint;
};
// folds [block][fold], at least two folds, each with weight. Trains on differences of moments.
// Throws Error kArgument naming the block where folds are missing or empty ("one run only cannot be cross-validated").
CrossValidations cross_validate(const std::vector<std::vector<BlockMoments>>& folds, const CvOptions& options);
CrossValidation cross_validate(const std::vector<BlockMoments>& folds, const CvOptions& options);
// The path's point for grid index i: the last one where the path stopped before.
const PathPoint& point_at(const Path& path, int i);

// Sum w (y - a - x theta)^2 of a point on (other) moments.
double squared_error(const BlockMoments& block, const PathPoint& point);

// ---- criteria ----
// n log(rss/n) + k log n + 2 gamma k log C, n observations, k active columns; gamma 0: BIC (Schwarz 1978), above: EBIC
// (Chen & Chen 2008). One a point of the path.
std::vector<double> information_criterion(const BlockMoments& block, const Path& path, double gamma = 0);

// ---- refit without penalty ----
struct RefitOptions {
  double t_threshold = 0;    // > 0: columns with |t| below it are dropped and the rest fitted again, once
  bool nonnegative = false;  // columns that end at zero are dropped
  bool intercept = false;
  double tolerance = 1e-10;  // pivots of the unit-diagonal Gram matrix below it: the column depends on others and is dropped
};
struct Refit {
  std::vector<std::int32_t> columns;   // that remain, ascending
  std::vector<double> value;           // original units
  std::vector<double> standard_error;  // sqrt(s^2 (X^T W X)^-1_cc), s^2 = rss / (observations - columns)
  std::vector<double> t;               // value / standard_error
  std::vector<std::int32_t> dependent; // dropped: combinations of those that remain
  std::vector<std::int32_t> insignificant;  // dropped by t_threshold or the sign bound
  double intercept = 0, rss = 0, variance = 0, explained = 0;
  std::int64_t freedom = 0;            // observations less columns; 0 or less: standard errors are infinite
};
Refit refit(const BlockMoments& block, const std::vector<std::int32_t>& columns, const RefitOptions& options = {});
// Standard errors that allow any correlation within a group of runs (cluster-robust sandwich, Liang & Zeger 1986, factor
// G/(G-1)): [refit.columns]. groups: the moments that add up to the block's, at least two.
std::vector<double> robust_errors(const std::vector<BlockMoments>& groups, const Refit& refit);

// ---- adaptive LASSO (Zou 2006) ----
// Weights p_c / |theta_c|^gamma from a first fit, of theta of unit columns where `standardise`, scaled to mean 1 over
// the finite ones; columns that are zero there are excluded (infinite). penalty empty: ones.
std::vector<double> adaptive_weights(const BlockMoments& block, const std::vector<double>& theta, double gamma = 1,
                                     bool standardise = true, const std::vector<double>& penalty = {});

// ---- stability selection (Meinshausen & Buehlmann 2010; complementary pairs: Shah & Samworth 2013) ----
struct StabilityOptions {
  PathOptions path;          // lambda: of the whole data where empty
  int pairs = 50;            // random halves of the groups and their complements: twice as many fits
  double threshold = 0.75;   // of the frequency
  int max_active = 0;        // a half's path counts until so many columns are active; 0: sqrt(0.8 C), so that fewer than
                             // one false selection is expected at threshold 0.9
  std::uint64_t seed = 1;
  int threads = 0;
};
struct Stability {
  std::vector<double> lambda;      // [L]
  std::vector<double> frequency;   // [L,C] share of the fits in which the column is active at lambda
  std::vector<double> largest;     // [C] share of the fits in which it is active anywhere on the path counted
  std::vector<std::int32_t> selected;  // largest >= threshold
  double mean_active = 0;          // q: mean number of columns active anywhere
  double false_bound = 0;          // expected false selections <= q^2 / ((2 threshold - 1) C); infinite at threshold <= 1/2
};
// groups: moments of groups of runs, at least four.
Stability stability(const std::vector<BlockMoments>& groups, const StabilityOptions& options);

}  // namespace grainspin::interactions

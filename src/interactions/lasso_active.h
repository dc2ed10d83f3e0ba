// LASSO at one lambda on the columns that were asked for so far: coordinate descent to find which are active, Newton
// steps on those (exact as long as no sign changes) to end it.
#pragma once

#include <cstdint>
#include <vector>

#include "growing_factor.h"
#include "lasso_columns.h"
#include "lasso_kernels.h"

namespace grainspin::interactions {

// 1/2 b^T Q b - q^T b + lambda sum_s (a l1_s |b_s| + (1-a)/2 l2_s b_s^2) over slots s; slot s is a column of Columns.
class ActiveSet {
 public:
  ActiveSet(const Columns& columns, const PathOptions& options);

  bool has(int column) const { return slot_of_[std::size_t(column)] >= 0; }
  void add(int column);  // at zero
  void set_lambda(double lambda, double lambda_max);
  // Values to begin with, of all columns [count]; gradient() must follow.
  void start(const double* values);
  // Optimum over the slots. Throws Error kConvergence.
  void solve();
  // g = q - Q b of all columns [count], which the slots' gradient becomes; and one more Newton correction.
  void gradient(std::vector<double>& g);
  bool refine();
  // Values of all columns [count].
  std::vector<double> values() const;

  // Limits of |g_k| for column k to stay at zero: lambda a l1_k, and beyond rounding.
  double bound(int column) const { return l1_ * columns_.l1[std::size_t(column)]; }
  double tolerance(int column) const { return slack_ * std::max(columns_.l1[std::size_t(column)], smallest_weight_); }
  double ridge(int column) const { return l2_ * columns_.l2[std::size_t(column)]; }
  int active() const;
  int slots() const { return int(column_.size()); }
  std::int64_t updates = 0, solves = 0;

 private:
  enum class Step { kFull, kCut, kDependent };
  void reserve(int slots);
  void set_slack(double slack);
  bool sweep(bool active_only);
  Step newton();
  Step along(const std::vector<double>& direction, double limit);
  void subtract(const std::vector<double>& direction, double t);

  const Columns& columns_;
  const double a_;
  const bool nonnegative_;
  const std::int64_t max_updates_;
  double l1_ = 0, l2_ = 0, slack_ = 0, most_slack_ = 0, smallest_weight_ = 0, lambda_ = 0;
  std::vector<std::int32_t> slot_of_;                 // [count], -1: none
  std::vector<std::int32_t> column_;                  // [slots]
  std::vector<std::vector<double>> whole_;            // [slots][count] columns of Q
  std::vector<double> q_, b_, g_, bound_, ridge_, tolerance_;  // [slots]
  int stride_ = 0;
  std::vector<double> Q_;                             // [stride, stride] among slots
  std::vector<std::int32_t> order_;                   // slots in the factor
  GrowingFactor factor_;
  double factor_l2_ = 0;
  std::vector<ScaledRow> rows_;                       // of the sum at work
};

}  // namespace grainspin::interactions

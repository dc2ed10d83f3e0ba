// The columns of one regression as the solver sees them: centred where there is an intercept, unpenalised ones
// partialled out, scaled to unit diagonal; formed one by one when they are asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "grainspin/interactions/regression.h"

namespace grainspin::interactions {

// Moments that are a signed sum of others: all data less a fold, a random half of the groups.
struct SignedMoments {
  const BlockMoments* moments;
  double sign;
};
using MomentSum = std::vector<SignedMoments>;

// What depends on one column only, of a sum.
struct Totals {
  int columns = 0;
  double weight = 0, yy = 0, y_sum = 0;
  std::int64_t rows = 0;
  std::vector<double> xy, x_sum, diagonal;
};
Totals totals(const MomentSum& sum);
// Row c of a sum's Gram matrix, [C].
void gram_row(const MomentSum& sum, int c, double* row);
// The block gram[columns, columns] of a sum, row-major.
std::vector<double> gram_part(const MomentSum& sum, const std::vector<std::int32_t>& columns);

class Columns {
 public:
  // Throws Error kShape, kArgument.
  Columns(MomentSum sum, const PathOptions& options);

  int count() const { return int(column_.size()); }
  int column(int k) const { return column_[std::size_t(k)]; }  // its number in the block
  double scale(int k) const { return scale_[std::size_t(k)]; }   // b = scale theta
  // Column k of the Gram matrix over W, unit diagonal: [count].
  void fill(int k, double* out) const;

  std::vector<double> q;       // [count] x^T y / W
  std::vector<double> l1, l2;  // [count] weights of |b| and b^2/2 in lambda a (...) and lambda (1 - a) (...)
  double yy = 0;               // y^T y / W of what the unpenalised columns leave
  double yy_all = 0;           // about the mean where there is an intercept

  // Values of the block's columns, unpenalised ones among them, and the intercept, from b [count].
  void recover(const std::vector<double>& b, PathPoint& point) const;

 private:
  double raw_y(int c) const { return totals_.xy[std::size_t(c)] - (intercept_ ? mean_x(c) * totals_.y_sum : 0); }
  double mean_x(int c) const { return totals_.x_sum[std::size_t(c)] / totals_.weight; }
  void raw_row(int c, double* row) const;
  void partial_out(const std::vector<std::int32_t>& free);

  MomentSum sum_;
  Totals totals_;
  bool intercept_;
  std::vector<std::int32_t> column_;
  std::vector<double> scale_;                // [count] b = scale theta
  std::vector<std::int32_t> free_;           // partialled out
  std::vector<double> project_, project_y_;  // [free, C] L^-1 G_free / sqrt(W), [free] of y
  std::vector<double> factor_;               // [free, free] L
  mutable std::vector<double> row_;          // [C]
};

}  // namespace grainspin::interactions

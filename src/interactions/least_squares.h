// Least squares on few columns of a sum of moments.
#pragma once

#include "lasso_columns.h"

namespace grainspin::interactions {

struct LeastSquares {
  std::vector<std::int32_t> columns, dependent;  // ascending
  std::vector<double> value;       // [columns] original units
  std::vector<double> inverse;     // [columns] diagonal of the inverse of the (centred) Gram matrix
  double intercept = 0, rss = 0, yy = 0;  // yy about the mean where there is an intercept
};
// `smallest`: pivots of the unit-diagonal Gram matrix; columns at or below it are `dependent`.
LeastSquares least_squares(const MomentSum& sum, const std::vector<std::int32_t>& columns, bool intercept, double smallest, bool inverse);

}  // namespace grainspin::interactions

// Coordinate descent of many regressions at once.
#pragma once

#include "lasso_columns.h"

namespace grainspin::interactions {

// [regression][L, n] coefficients of the columns that Columns(sum, options) has; options.lambda is the grid.
std::vector<std::vector<double>> descend_on_gpu(const std::vector<MomentSum>& sums, const std::vector<PathOptions>& options, int gpu);

}  // namespace grainspin::interactions

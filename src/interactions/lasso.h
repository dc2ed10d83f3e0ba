// The path on moments that are a signed sum of others.
#pragma once

#include "lasso_columns.h"

namespace grainspin::interactions {

Path lasso_path(const MomentSum& sum, const PathOptions& options);
// Descending grid of `count` values from `largest` to `largest * ratio`.
std::vector<double> log_grid(double largest, int count, double ratio);
void check(const PathOptions& options);

}  // namespace grainspin::interactions

// The path on moments that are a signed sum of others.
#pragma once

#include "lasso_columns.h"

namespace grainspin::interactions {

// may_stop: a given grid, too, may end early. guesses [options.lambda, columns of Columns(sum, options)]: where each lambda
// begins, in the place of the one before.
Path lasso_path(const MomentSum& sum, const PathOptions& options, bool may_stop = false, const std::vector<double>* guesses = nullptr);
// Descending grid of `count` values from `largest` to `largest * ratio`.
std::vector<double> log_grid(double largest, int count, double ratio);
void check(const PathOptions& options);

}  // namespace grainspin::interactions

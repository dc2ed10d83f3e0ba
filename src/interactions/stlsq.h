// Sequentially thresholded least squares on a sum of moments.
#pragma once

#include "grainspin/interactions/selection.h"
#include "lasso_columns.h"

namespace grainspin::interactions {

Path stlsq_path(const MomentSum& sum, const StlsqOptions& options);

}  // namespace grainspin::interactions

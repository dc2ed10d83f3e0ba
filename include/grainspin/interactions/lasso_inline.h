// The step of coordinate descent, shared by CPU and GPU.
#pragma once

#include "grainspin/core.h"

namespace grainspin::interactions {

// Minimum over b of 1/2 b^2 - slope b + bound |b| + ridge b^2 / 2 (a column of unit square): the soft threshold (Friedman,
// Hastie, Hoefling & Tibshirani 2007, eq. 5). slope is the gradient q - Q b with the column's own part added back.
GRAINSPIN_HD constexpr double coordinate_minimum(double slope, double bound, double ridge, bool nonnegative) {
  if (slope > bound) return (slope - bound) / (1 + ridge);
  if (!nonnegative && slope < -bound) return (slope + bound) / (1 + ridge);
  return 0;
}

}  // namespace grainspin::interactions

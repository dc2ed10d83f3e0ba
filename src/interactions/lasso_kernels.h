// Inner loops of the regression: rows of the Gram matrix subtracted from a gradient. One product and one difference an
// element in a fixed order, so that every instruction set gives the same bits.
#pragma once

#include <cstddef>
#include <vector>

namespace grainspin::interactions {

struct ScaledRow {
  const double* row;
  double by;
};

// g -= by row, [n]
void subtract_row(const double* row, double by, double* g, int n);
// g -= sum of by row, in their order, [n]
void subtract_rows(const std::vector<ScaledRow>& rows, double* g, int n);

}  // namespace grainspin::interactions

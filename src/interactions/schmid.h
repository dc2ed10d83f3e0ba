// Resolved shears: tau_i = b_i . sigma n_i as a product with the six components xx yy zz yz xz xy.
#pragma once

#include <array>
#include <vector>

#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

using Six = std::array<double, 6>;

inline Six schmid(const SlipSystem& s) {
  return {s.b.x * s.n.x,
          s.b.y * s.n.y,
          s.b.z * s.n.z,
          s.b.y * s.n.z + s.b.z * s.n.y,
          s.b.x * s.n.z + s.b.z * s.n.x,
          s.b.x * s.n.y + s.b.y * s.n.x};
}

inline double resolved(const Six& m, const double* stress) {
  double tau = 0;
  for (std::size_t c = 0; c < 6; ++c) tau += m[c] * stress[c];
  return tau;
}

}  // namespace grainspin::interactions

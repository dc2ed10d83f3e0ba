// The load of one strain step: velocity gradient times time, sample frame, dimensionless.
#pragma once

#include <array>
#include <cmath>

namespace grainspin {

// L is row-major: L = log(F_k F_(k-1)^-1) of the mean deformation gradients; E = sym L (deviatoric for
// incompressible plasticity), W = antisym L. A component that the boundary condition leaves free is
// marked so; a model never reads its value, which is 0 where it is not known.
struct LoadStep {
  std::array<double, 9> L{};
  std::array<bool, 9> prescribed{};

  // Strain of the step as people quote it: the von Mises equivalent of dev sym L.
  double von_mises() const {
    const double tr = (L[0] + L[4] + L[8]) / 3;
    double s = 0;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        const double e = 0.5 * (L[3 * i + j] + L[3 * j + i]) - (i == j ? tr : 0);
        s += e * e;
      }
    return std::sqrt(2.0 / 3.0 * s);
  }
};

// What can be known of a step before it is run: free normal components equal and such that the volume stays,
// free shears zero. What the free components held is not read. The marks stay.
LoadStep completed(const LoadStep& load);

}  // namespace grainspin

// The material point: one backward Euler step of elasto-viscoplastic slip, eight points at once.
#pragma once

#include "material.h"

namespace cp {

// Eight points over one step of time. Fp maps the sample to the lattice configuration: F = Fe Fp, and the
// crystal stands as it is drawn when Fp is the inverse of its rotation (so Fe = R at first). Crystal axes
// left of Fp.
struct PointStep {
  // in
  PackMatrix F;                     // at the end of the step
  PackMatrix Fp_inverse_0;          // at its beginning
  std::array<Pack, kSystems> xi_0;  // slip resistances at its beginning, Pa
  // in: first guess; out: at the end of the step
  std::array<Pack, 6> S;  // second Piola-Kirchhoff stress, lattice configuration, Pa
  std::array<Pack, kSystems> xi;
  // out
  PackMatrix Fp_inverse;
  PackMatrix P;  // first Piola-Kirchhoff stress, Pa
  Pack slip;     // sum of |slip increments|
  int passes;    // evaluations of the law
};

// dP/dF at the end of the step, [9*row + column], the hardening of the step included.
using PackTangent = std::array<Pack, 81>;

// Solves S = C:(Fe^T Fe - 1)/2 and xi = xi_0 + dt dxi(S, xi) for all six and twelve unknowns together by
// Newton's method with step halving. `tangent` null where not wanted. False where a point did not converge.
bool integrate(const Crystal& crystal, double dt, PointStep& step, PackTangent* tangent);

}  // namespace cp

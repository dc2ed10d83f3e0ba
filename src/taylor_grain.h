// One grain of the Taylor model: the stress that makes its slip systems flow as prescribed.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "grainspin/hardening.h"
#include "grainspin/orientation.h"
#include "grainspin/taylor.h"

namespace grainspin::taylor_detail {

// Symmetric deviators as 5-vectors in an orthonormal basis, so that a . b = A : B:
//   (xx-yy)/sqrt2, (2zz-xx-yy)/sqrt6, sqrt2 xy, sqrt2 xz, sqrt2 yz.
using Dev = std::array<double, 5>;
Dev deviator(const Mat3<double>& a);  // of the symmetric part of a
Mat3<double> tensor(const Dev& d);
inline double dot(const Dev& a, const Dev& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] + a[4] * b[4];
}

// A material unrolled to its N slip systems.
struct Systems {
  int count = 0;
  std::vector<Dev> m;                // sym(b (x) n)
  std::vector<Vec3<double>> spin;    // axial vector of antisym(b (x) n): (n x b)/2 with W v = spin x v
  std::vector<double> gdot0, n;      // 1/s
  std::shared_ptr<const Hardening> hardening;
  explicit Systems(const TaylorMaterial& material);
};

// Cholesky factor of a symmetric positive 5x5 matrix, for solving with it again.
struct Factor {
  double l[15] = {};
  bool factor(const double* a);  // lower triangle by rows [15]; false if not positive definite
  Dev solve(const Dev& b) const;
};

struct Grain {
  Quatd q;
  Dev stress{};              // crystal frame, Pa; the start of the next solution
  std::vector<double> gdot;  // [N] 1/s at `stress`
  Factor tangent;            // of dD/dstress at `stress`
  Dev residual{};            // sum_s gdot_s m_s - D, 1/s
  double potential = 0;      // sum_s gdot_s tau_s/(n_s+1), W/m^3
  bool warm = false;         // stress is a solution of a state nearby
};

// Scales grain.stress so that its slip power is what D asks for: a better start where the resistances have
// changed much.
void rescale(const Systems& systems, const Dev& D, const std::vector<double>& xi, Grain& grain);

// residual, gdot, tangent and potential at grain.stress. False where they are not finite.
bool linearise(const Systems& systems, const Dev& D, const std::vector<double>& xi, Grain& grain);

// Finds grain.stress for the strain rate D (crystal frame, 1/s); `xi` are the resistances to take.
// False if Newton does not converge.
bool solve(const Systems& systems, const Dev& D, const std::vector<double>& xi, Grain& grain);

// d state/dt of the hardening law at the slip rates in gdot.
void hardening_rate(const Systems& systems, const std::vector<double>& state, const std::vector<double>& gdot,
                    std::vector<double>& rate);

}  // namespace grainspin::taylor_detail

// What can be read from a polycrystal.
#include <cmath>

#include "polycrystal.h"
#include "rotation.h"

namespace cp {

void Polycrystal::orientations(double* q) const {
  const std::int64_t stride = cell_.stride();
  parallel(cell_.threads(), voxels(), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      Matrix F, G;
      for (int c = 0; c < 9; ++c) F[c] = F0_[c * stride + i], G[c] = Fp_inverse0_[c * stride + i];
      const Quaternion here = quaternion_of(polar_rotation(product(F, G)));
      for (int c = 0; c < 4; ++c) q[4 * i + c] = here[c];
    }
  });
}

void Polycrystal::cauchy(double* stress) const {
  const std::int64_t stride = cell_.stride();
  for (std::int64_t i = 0; i < voxels(); ++i) {
    Matrix F, P;
    for (int c = 0; c < 9; ++c) F[c] = F0_[c * stride + i], P[c] = P_[c * stride + i];
    const Matrix sigma = product(P, transposed(F));
    const double scale = 1 / determinant(F);
    for (int v = 0; v < 6; ++v) {
      const auto [p, q] = kVoigt[v];
      stress[6 * i + v] = 0.5 * scale * (sigma[3 * p + q] + sigma[3 * q + p]);
    }
  }
}

double Polycrystal::mean_von_mises() const {
  std::vector<double> stress(6 * voxels());
  cauchy(stress.data());
  double sum = 0;
  for (std::int64_t i = 0; i < voxels(); ++i) sum += von_mises(stress.data() + 6 * i);
  return sum / static_cast<double>(voxels());
}

double von_mises(const double* s) {
  const double a = s[0] - s[1], b = s[1] - s[2], c = s[2] - s[0];
  return std::sqrt(0.5 * (a * a + b * b + c * c) + 3 * (s[3] * s[3] + s[4] * s[4] + s[5] * s[5]));
}

void Polycrystal::resistances(double* xi) const {
  for (std::int64_t i = 0; i < voxels(); ++i)
    for (int c = 0; c < kSystems; ++c) xi[kSystems * i + c] = xi0_[c * cell_.stride() + i];
}

void Polycrystal::slips(double* slip) const {
  for (std::int64_t i = 0; i < voxels(); ++i) slip[i] = slip0_[i];
}

void Polycrystal::deformation(double* F) const {
  for (std::int64_t i = 0; i < voxels(); ++i)
    for (int c = 0; c < 9; ++c) F[9 * i + c] = F0_[c * cell_.stride() + i];
}

}  // namespace cp

// The example solver's material point: closed forms, counts of slip interactions, the tangent.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>

#include "examples/solver/point.h"
#include "examples/solver/polycrystal.h"
#include "examples/solver/rotation.h"

namespace cp {
namespace {

constexpr Free kUniaxial{true, false, false, false, true, false, false, false, false};

// One crystal in tension along z at true strain rate 1e-3 in steps of 0.1 %; lateral faces free.
std::unique_ptr<Polycrystal> pulled(const Material& law, const Quaternion& q, double strain) {
  std::vector<double> orientation;
  for (int i = 0; i < 8; ++i) orientation.insert(orientation.end(), q.begin(), q.end());
  auto crystal = std::make_unique<Polycrystal>(law, std::array{2, 2, 2}, std::array{1.0, 1.0, 1.0},
                                               orientation.data(), 1);
  for (int k = 1; k <= std::lround(strain / 1e-3); ++k) {
    MeanLoad load{.F = kIdentity, .free = kUniaxial};
    load.F[8] = std::exp(1e-3 * k);
    crystal->advance(1, load);
  }
  return crystal;
}

Quaternion from_to(std::array<double, 3> a, std::array<double, 3> b) {  // turns unit vector a onto b
  const std::array<double, 3> c{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                                a[0] * b[1] - a[1] * b[0]};
  const double sine = std::sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]);
  const double angle = std::atan2(sine, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);
  return exponential({angle * c[0] / sine, angle * c[1] / sine, angle * c[2] / sine});
}

TEST(SolverPoint, EachSystemHasTheInteractionsOfTheCube) {
  // Of the twelve: itself, 2 coplanar, 1 collinear, 2 Hirth, 4 glissile, 2 Lomer (Franciosi & Zaoui 1982).
  Material law;
  law.h = {1, 2, 3, 4, 5, 6};
  const Crystal crystal(law);
  for (const auto& row : crystal.h) {
    std::map<double, int> count;
    for (const double h : row) ++count[h];
    EXPECT_EQ(count, (std::map<double, int>{{1, 1}, {2, 2}, {3, 1}, {4, 2}, {5, 4}, {6, 2}}));
  }
}

TEST(SolverPoint, MultipleSlipWithoutHardening) {
  // Symmetric tension axes: k systems of Schmid factor m share the rate equally, so that g = rate/(k m) each
  // and sigma = xi/m (g/g0)^(1/n). <001>: 8 systems, m = 1/sqrt 6; <111>: 6 systems, m = 2/(3 sqrt 6).
  Material law;
  law.h_0 = 1e-3;
  law.xi_0 = 1e6;  // soft: elastic strains are small then
  const double third = 1 / std::sqrt(3.0);
  const struct {
    Quaternion q;
    int systems;
    double schmid;
  } cases[] = {{{1, 0, 0, 0}, 8, 1 / std::sqrt(6.0)},
               {from_to({third, third, third}, {0, 0, 1}), 6, 2 / (3 * std::sqrt(6.0))}};
  for (const auto& c : cases) {
    const auto polycrystal = pulled(law, c.q, 0.02);
    const Polycrystal& crystal = *polycrystal;
    const double rate = 1e-3 / (c.systems * c.schmid);
    const double expected = law.xi_0 / c.schmid * std::pow(rate / law.rate, 1 / law.n);
    EXPECT_NEAR(crystal.mean_von_mises() / expected, 1, 2e-4);
    std::vector<double> q(4 * crystal.voxels());
    crystal.orientations(q.data());
    EXPECT_LT(cubic_disorientation(q.data(), c.q.data()), 1e-6);  // the axis is stable
  }
}

TEST(SolverPoint, HardeningOfTheCubeAxis) {
  // All h = 1, a = 1: dxi = h0 (1 - xi/xi_inf) dG with G the sum of the slips, so
  // xi = xi_inf - (xi_inf - xi_0) exp(-h0 G/xi_inf) on every system; G = sqrt 6 times the plastic strain.
  Material law;
  law.h = {1, 1, 1, 1, 1, 1};
  law.a = 1;
  const auto polycrystal = pulled(law, {1, 0, 0, 0}, 0.05);
  const Polycrystal& crystal = *polycrystal;
  std::vector<double> xi(kSystems * crystal.voxels()), slip(crystal.voxels());
  crystal.resistances(xi.data());
  crystal.slips(slip.data());
  const double stress = crystal.mean_von_mises();
  const double C11 = 168.9e9, C12 = 121.8e9,
               modulus = (C11 - C12) * (C11 + 2 * C12) / (C11 + C12);  // of <001>
  EXPECT_NEAR(slip[0] / (std::sqrt(6.0) * (0.05 - stress / modulus)), 1,
              2e-3);  // Hencky against Green strain
  for (const double x : xi)
    EXPECT_NEAR(x / (law.xi_inf - (law.xi_inf - law.xi_0) * std::exp(-law.h_0 * slip[0] / law.xi_inf)), 1,
                5e-3);
}

TEST(SolverPoint, TheTangentIsTheDerivative) {
  const Crystal crystal{Material{}};
  PointStep step;
  const Matrix F{0.9990, 1e-4, 0, 3e-4, 0.9992, 0, 0, 2e-4, 1.0018};
  for (int l = 0; l < kLanes; ++l) {  // every lane another crystal
    const auto q = times(exponential({0.15 * l, 0, 0}), exponential({0, 0.1, 0.11 * l}));
    const Matrix R = rotation_of(q.data());
    for (int i = 0; i < 9; ++i) step.Fp_inverse_0[i][l] = R[i];
  }
  for (int i = 0; i < 9; ++i) step.F[i] = broadcast(F[i]);
  for (auto& x : step.S) x = Pack{};
  for (auto& x : step.xi_0) x = broadcast(8e6);
  step.xi = step.xi_0;
  PackTangent K;
  ASSERT_TRUE(integrate(crystal, 1.0, step, &K));
  const double h = 1e-8;
  for (int c = 0; c < 9; ++c) {
    PointStep more = step, less = step;
    more.F[c] += h;
    less.F[c] -= h;
    ASSERT_TRUE(integrate(crystal, 1.0, more, nullptr) && integrate(crystal, 1.0, less, nullptr));
    for (int r = 0; r < 9; ++r)
      for (int l = 0; l < kLanes; ++l)
        EXPECT_NEAR(K[9 * r + c][l], (more.P[r][l] - less.P[r][l]) / (2 * h), 2e-5 * 168.9e9) << r << c << l;
  }
}

TEST(SolverPoint, AFarGuessIsApproached) {
  // From the undeformed, soft crystal to 0.25 % strain at once: resistances grow fourfold in the step.
  const Crystal crystal{Material{}};
  PointStep step;
  for (int i = 0; i < 9; ++i)
    step.F[i] = broadcast(Matrix{0.99876, 1e-4, 0, 0, 0.99876, 2e-4, 0, 0, 1.0025}[i]);
  for (int l = 0; l < kLanes; ++l) {
    const auto q = times(exponential({0.15 * l, 0, 0}), exponential({0, 0.1, 0.11 * l}));
    const Matrix R = rotation_of(q.data());
    for (int i = 0; i < 9; ++i) step.Fp_inverse_0[i][l] = R[i];
  }
  for (auto& x : step.S) x = Pack{};
  for (auto& x : step.xi_0) x = broadcast(1.6e6);
  step.xi = step.xi_0;
  ASSERT_TRUE(integrate(crystal, 2.5, step, nullptr));
  // The stress is that of the elastic strain left: S = C:(Fe^T Fe - 1)/2 with Fe = F Fp^-1.
  for (int l = 0; l < kLanes; ++l) {
    Matrix F, G;
    for (int i = 0; i < 9; ++i) F[i] = step.F[i][l], G[i] = step.Fp_inverse[i][l];
    const Matrix Fe = product(F, G), C = product(transposed(Fe), Fe);
    const double e[3] = {(C[0] - 1) / 2, (C[4] - 1) / 2, (C[8] - 1) / 2};
    const Material& law = crystal.law;
    EXPECT_NEAR(step.S[3][l], law.C44 * C[5], 1e-3 * law.xi_inf);
    EXPECT_NEAR(step.S[0][l] - step.S[1][l], (law.C11 - law.C12) * (e[0] - e[1]), 1e-3 * law.xi_inf);
    EXPECT_GT(step.slip[l], 0.004);
  }
}

}  // namespace
}  // namespace cp

// Mirrors include/grainspin/nonlocal.h and nonlocal_inline.h: loads by closed form, the tensor basis, slip maps
// against their definition, the shared formulas against 3x3 matrices written out.
#include "grainspin/nonlocal.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "grainspin/nonlocal_inline.h"

namespace grainspin {
namespace {

using Matrix = std::array<double, 9>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) c[3 * i + j] += a[3 * i + k] * b[3 * k + j];
  return c;
}
Matrix transposed(const Matrix& a) { return {a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8]}; }
void expect_near(const Matrix& a, const Matrix& b, double tolerance) {
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

LoadStep all_prescribed(const Matrix& L) {
  LoadStep load;
  load.L = L;
  load.prescribed.fill(true);
  return load;
}

TEST(CellLoad, UniaxialTensionCompletesTheFreeSides) {
  LoadStep load = all_prescribed({7, 0, 0, 0, 7, 0, 0, 0, 0.02});  // 7: never read
  load.prescribed[0] = load.prescribed[4] = false;
  const CellLoad c = cell_load(load);
  expect_near(c.L, {-0.01, 0, 0, 0, -0.01, 0, 0, 0, 0.02}, 1e-17);
  EXPECT_NEAR(c.size, 0.02, 1e-16);  // von Mises strain of uniaxial tension is the axial strain
  EXPECT_NEAR(c.log_size, std::log(2.0), 1e-14);
  // diag(-1/2, -1/2, 1): (2 zz - xx - yy)/sqrt6 = 3/sqrt6
  EXPECT_NEAR(c.E0[1], 3 / std::sqrt(6.0), 1e-15);
  for (int i : {0, 2, 3, 4}) EXPECT_NEAR(c.E0[i], 0, 1e-16);
  for (double w : c.W) EXPECT_EQ(w, 0);
  EXPECT_TRUE(c.free[0] && c.free[4] && !c.free[8] && !c.free[1]);
}

TEST(CellLoad, SimpleShearHasHalfItsSizeAsSpin) {
  const CellLoad c = cell_load(all_prescribed({0, 0, 0.03, 0, 0, 0, 0, 0, 0}));  // L_xz
  EXPECT_NEAR(c.size, 0.03 / std::sqrt(3.0), 1e-16);
  EXPECT_NEAR(c.E0[3], std::sqrt(1.5), 1e-14);  // E:E = 3/2 s^2 and all of it in xz
  EXPECT_NEAR(c.W[1], 0.015, 1e-17);            // B_xz
  EXPECT_EQ(c.W[0], 0);
  EXPECT_EQ(c.W[2], 0);
}

TEST(CellLoad, PartlyFree) {
  LoadStep load = all_prescribed({0.01, 0.004, 5, 0, 9, 0, 0, 0, -0.002});
  load.prescribed[2] = load.prescribed[4] = false;  // xz and yy
  expect_near(cell_load(load).L, {0.01, 0.004, 0, 0, -0.008, 0, 0, 0, -0.002}, 1e-17);
  load.L[4] = std::numeric_limits<double>::quiet_NaN();  // free: not read
  EXPECT_NO_THROW(cell_load(load));
  load.L[8] = std::numeric_limits<double>::quiet_NaN();
  try {
    cell_load(load);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kArgument);
    EXPECT_NE(std::string(e.what()).find("L_zz"), std::string::npos);
  }
}

TEST(CellLoad, VolumeChangeIsNoStrain) {
  const CellLoad c = cell_load(all_prescribed({0.1, 0, 0, 0, 0.1, 0, 0, 0, 0.1}));
  EXPECT_LT(c.size, 1e-12);
  EXPECT_EQ(c.log_size, 0);
  for (double e : c.E0) EXPECT_EQ(e, 0);
}

TEST(Deviator, IsAnOrthonormalBasisOfWhatItKeeps) {
  for (int a = 0; a < 5; ++a) {
    Deviator d{};
    d[a] = 1;
    const Matrix t = tensor_of(d);
    EXPECT_NEAR(t[0] + t[4] + t[8], 0, 1e-15);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(t[i], transposed(t)[i]);
    for (int b = 0; b < 5; ++b) {
      Deviator f{};
      f[b] = 1;
      double inner = 0;
      for (int i = 0; i < 9; ++i) inner += t[i] * tensor_of(f)[i];
      EXPECT_NEAR(inner, a == b, 1e-15);
      EXPECT_NEAR(deviator(t)[b], a == b, 1e-15);
    }
  }
  // antisymmetric and spherical parts are not seen
  const Deviator none = deviator({2, 3, -1, -3, 2, 5, 1, -5, 2});
  for (double x : none) EXPECT_NEAR(x, 0, 1e-15);
}

TEST(FreePart, KeepsFreeComponentsWithoutTheirMean) {
  const Matrix t{0.5, 1, 2, 1, 0.25, 3, 2, 3, -0.75};
  std::array<bool, 9> free{};
  free[0] = free[4] = free[2] = true;
  expect_near(free_part(free, deviator(t)), {0.125, 0, 2, 0, -0.125, 0, 0, 0, 0}, 1e-15);
  free = {};
  free[8] = true;  // one free diagonal: nothing that it can do without changing the volume
  expect_near(free_part(free, deviator(t)), Matrix{}, 1e-15);
}

PhaseSpec phase(const std::string& set, double c_over_a = 0) {
  const SlipSet s = named_slip_set(set, c_over_a);
  return {set, s.point_group, s.families, c_over_a};
}

TEST(SlipMaps, SchmidTensorAndAxialVector) {
  for (const PhaseSpec& p : {phase("fcc"), phase("bcc48"), phase("hcp39", 1.59)}) {
    const SlipMaps maps = slip_maps(p);
    ASSERT_EQ(int(maps.P.size()), maps.set.count());
    for (int s = 0; s < maps.set.count(); ++s) {
      const auto& [b, n, family, length] = maps.set.systems[s];
      const double bv[3] = {b.x, b.y, b.z}, nv[3] = {n.x, n.y, n.z};
      const Matrix P = tensor_of(maps.P[s]);
      const auto& a = maps.a[s];
      const Matrix A{0, -a[2], a[1], a[2], 0, -a[0], -a[1], a[0], 0};  // a x
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) EXPECT_NEAR(P[3 * i + j] + A[3 * i + j], bv[i] * nv[j], 1e-14);
    }
  }
}

TEST(SlipMaps, ASetThatIsNotClosedIsRefused) {
  PhaseSpec p = phase("fcc");
  p.point_group = "622";
  EXPECT_THROW(slip_maps(p), Error);
}

std::array<double, 9> random_rotation(std::mt19937& random) {
  std::normal_distribution<double> normal;
  const Quatd q = normalised(Quatd{normal(random), normal(random), normal(random), normal(random)});
  const double four[4] = {q.w, q.x, q.y, q.z};
  Matrix R;
  rotation_of(four, R.data());
  const Mat3<double> m = matrix(q);
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(R[i], m.m[i], 1e-15);
  return R;
}

TEST(Inline, DeviatorRotationIsTheTensorTurned) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int trial = 0; trial < 20; ++trial) {
    const Matrix R = random_rotation(random);
    Deviator d;
    for (double& x : d) x = uniform(random);
    double D[25];
    deviator_rotation(R.data(), D);
    const Deviator expected = deviator(product(product(R, tensor_of(d)), transposed(R)));
    for (int a = 0; a < 5; ++a) {
      double got = 0;
      for (int b = 0; b < 5; ++b) got += D[5 * a + b] * d[b];
      EXPECT_NEAR(got, expected[a], 1e-14);
    }
  }
}

TEST(Inline, GreenIsItsDefinition) {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (const double beta : {1.0, 0.6}) {
    Deviator p;
    double k[3], e[5], w[3], g;
    for (double& x : p) x = uniform(random);
    for (double& x : k) x = 3 * uniform(random);
    const double square = k[0] * k[0] + k[1] * k[1] + k[2] * k[2];
    green(k, 1 / square, beta, p.data(), e, w, g);

    const double n[3] = {k[0] / std::sqrt(square), k[1] / std::sqrt(square), k[2] / std::sqrt(square)};
    const Matrix full = tensor_of(p);
    double t[3]{}, nt = 0;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) t[i] += full[3 * i + j] * n[j];
    for (int i = 0; i < 3; ++i) nt += n[i] * t[i];
    Matrix H;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) H[3 * i + j] = (t[i] - beta * n[i] * nt) * n[j];
    EXPECT_NEAR(g, nt, 1e-14);
    for (int a = 0; a < 5; ++a) EXPECT_NEAR(e[a], deviator(H)[a], 1e-14);
    EXPECT_NEAR(w[0], (H[7] - H[5]) / 2, 1e-14);
    EXPECT_NEAR(w[1], (H[2] - H[6]) / 2, 1e-14);
    EXPECT_NEAR(w[2], (H[3] - H[1]) / 2, 1e-14);
    if (beta == 1) {  // incompressible
      EXPECT_NEAR(H[0] + H[4] + H[8], 0, 1e-14);
    }
  }
}

TEST(Inline, FrequenciesAreOddAndZeroAtNyquist) {
  const double pi = std::acos(-1.0);
  EXPECT_NEAR(frequency(1, 8, 0.5, Frequencies::kContinuous), 2 * pi / 8 / 0.5, 1e-15);
  EXPECT_NEAR(frequency(1, 8, 0.5, Frequencies::kSine), std::sin(2 * pi / 8) / 0.5, 1e-15);
  for (const Frequencies kind : {Frequencies::kContinuous, Frequencies::kSine})
    for (const int n : {1, 2, 7, 8}) {
      EXPECT_EQ(frequency(0, n, 1, kind), 0);
      if (n % 2 == 0) {
        EXPECT_EQ(frequency(n / 2, n, 1, kind), 0);
      }
      for (int i = 1; i < n; ++i) EXPECT_EQ(frequency(i, n, 1, kind), -frequency(n - i, n, 1, kind));
    }
}

TEST(Inline, MirrorImages) {
  const int expected[] = {2, 1, 0, 0, 1, 2, 2, 1, 0};
  for (int i = -3; i < 6; ++i) EXPECT_EQ(mirrored(i, 3), expected[i + 3]);
  EXPECT_EQ(mirror_layers(8, 3), 3);
  EXPECT_EQ(mirror_layers(2, 3), 2);
}

}  // namespace
}  // namespace grainspin

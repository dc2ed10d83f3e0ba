// The example solver's equilibrium: a laminate in closed form, both schemes against each other, its text
// files.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "examples/solver/files.h"
#include "examples/solver/polycrystal.h"
#include "examples/solver/rotation.h"

namespace cp {
namespace {

// C_ijkl of a cubic crystal turned by R, at [9*(3i+j) + 3k+l].
Tangent stiffness(const Material& law, const Matrix& R) {
  Tangent C{};
  for (int r = 0; r < 81; ++r) {
    const int i = r / 27, j = r / 9 % 3, k = r / 3 % 3, l = r % 3;
    for (int a = 0; a < 3; ++a) {
      C[r] += (law.C11 - law.C12 - 2 * law.C44) * R[3 * i + a] * R[3 * j + a] * R[3 * k + a] * R[3 * l + a];
    }
    C[r] += law.C12 * (i == j && k == l) + law.C44 * ((i == k && j == l) + (i == l && j == k));
  }
  return C;
}

TEST(SolverCell, LaminateOfTwoElasticCrystals) {
  // Layers normal to x: the displacement gradients of the layers differ by a x e_x, and the tractions P e_x
  // agree: (f_B N_A + f_A N_B) a = (C_B - C_A) : H e_x with N_ik = C_i1k1, H_A = H + f_B a x e_x, H_B = H -
  // f_A a x e_x.
  Material law;
  law.rate = 1e-200;  // nothing slips
  const Quaternion qA = exponential({0, 0.5, 0}), qB = exponential({0.3, -0.2, 0.7});
  const int n = 9, layers = 4;  // an odd number of voxels: every jump has its waves
  std::vector<double> q;
  for (int i = 0; i < n; ++i) {
    const auto& here = i < layers ? qA : qB;
    q.insert(q.end(), here.begin(), here.end());
  }
  Tolerances tight;
  tight.balance = 1e-6;
  tight.linear = 1e-3;
  Polycrystal laminate(law, {n, 1, 1}, {9, 1, 1}, q.data(), 1, Scheme::kNewton, tight);
  const Matrix H{1e-6, 2e-6, -1e-6, 0, -2e-6, 1e-6, 3e-6, 0, 1.5e-6};
  MeanLoad load;
  for (int c = 0; c < 9; ++c) load.F[c] = kIdentity[c] + H[c];
  laminate.advance(1, load);

  const Tangent A = stiffness(law, rotation_of(qA.data())), B = stiffness(law, rotation_of(qB.data()));
  const double fA = double(layers) / n, fB = 1 - fA;
  Matrix N{};
  double right[3] = {};
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 3; ++k) N[3 * i + k] = fB * A[27 * i + 3 * k] + fA * B[27 * i + 3 * k];
    for (int c = 0; c < 9; ++c) right[i] += (B[27 * i + c] - A[27 * i + c]) * H[c];
  }
  const Matrix I = inverse(N);
  Matrix HA = H, HB = H;
  for (int i = 0; i < 3; ++i) {
    const double a = I[3 * i] * right[0] + I[3 * i + 1] * right[1] + I[3 * i + 2] * right[2];
    HA[3 * i] += fB * a;
    HB[3 * i] -= fA * a;
  }
  const Matrix P = laminate.mean_P();
  for (int r = 0; r < 9; ++r) {
    double expected = 0;
    for (int c = 0; c < 9; ++c) expected += fA * A[9 * r + c] * HA[c] + fB * B[9 * r + c] * HB[c];
    EXPECT_NEAR(P[r], expected, 3e-5 * 3e-6 * law.C11) << r;  // finite strain: of second order
  }
  std::vector<double> F(9 * n);
  laminate.deformation(F.data());
  for (int v = 0; v < n; ++v)
    for (int c = 0; c < 9; ++c)
      EXPECT_NEAR(F[9 * v + c] - kIdentity[c], (v < layers ? HA : HB)[c], 1e-10) << v << ' ' << c;
}

std::vector<double> random_orientations(int n) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> q(4 * n);
  for (int i = 0; i < n; ++i) {
    double s = 0;
    for (int c = 0; c < 4; ++c) q[4 * i + c] = normal(random), s += q[4 * i + c] * q[4 * i + c];
    for (int c = 0; c < 4; ++c) q[4 * i + c] /= std::sqrt(s);
  }
  return q;
}

TEST(SolverCell, BothSchemesAndAnyNumberOfThreadsFindTheSameField) {
  const int n = 5 * 4 * 3;
  const auto q = random_orientations(n);
  Tolerances tight;
  tight.balance = 1e-6;
  tight.mean = 1e-6;
  tight.iterations = 1000;
  Polycrystal newton(Material{}, {5, 4, 3}, {5, 4, 3}, q.data(), 1, Scheme::kNewton, tight),
      threads(Material{}, {5, 4, 3}, {5, 4, 3}, q.data(), 3, Scheme::kNewton, tight),
      basic(Material{}, {5, 4, 3}, {5, 4, 3}, q.data(), 1, Scheme::kBasic, tight);
  const std::array<Polycrystal*, 3> all{&newton, &threads, &basic};
  std::array<std::vector<double>, 3> F;
  for (int s = 0; s < 3; ++s) {
    for (int k = 1; k <= 4; ++k) {
      MeanLoad load;
      load.free = {true, false, false, false, true, false, false, false, false};
      load.F[8] = 1 + 2e-5 * k;
      EXPECT_EQ(all[s]->advance(0.02, load).cuts, 0);
    }
    const Matrix P = all[s]->mean_P();
    EXPECT_LT(std::abs(P[0]) + std::abs(P[4]), 1e-5 * P[8]);
    EXPECT_GT(P[8], 1e6);
    F[s].resize(9 * n);
    all[s]->deformation(F[s].data());
  }
  EXPECT_EQ(F[0], F[1]);
  double difference = 0, fluctuation = 0;
  const Matrix mean = newton.mean_F();
  for (int i = 0; i < 9 * n; ++i) {
    difference += std::pow(F[0][i] - F[2][i], 2);
    fluctuation += std::pow(F[0][i] - mean[i % 9], 2);
  }
  EXPECT_LT(std::sqrt(difference / fluctuation), 1e-3);
}

TEST(SolverCell, StateComesBack) {
  const auto q = random_orientations(27);
  Polycrystal crystal(Material{}, {3, 3, 3}, {1, 1, 1}, q.data(), 1);
  MeanLoad load;
  load.F = {1, 1e-4, 0, 0, 1, 0, 0, 0, 1};
  crystal.advance(0.1, load);
  const auto mark = crystal.state();
  std::vector<double> first(9 * 27), second(9 * 27);
  load.F[1] = 3e-4;
  crystal.advance(0.2, load);
  crystal.deformation(first.data());
  crystal.restore(mark);
  EXPECT_NEAR(crystal.mean_F()[1], 1e-4, 1e-12);
  crystal.advance(0.2, load);
  crystal.deformation(second.data());
  EXPECT_EQ(first, second);
}

TEST(SolverFiles, MicrostructureRoundTripAndErrors) {
  const auto folder = std::filesystem::temp_directory_path() / "grainspin solver täst";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "start.txt").string();
  Microstructure start;
  start.voxels = {3, 2, 2};
  start.orientation = random_orientations(12);
  for (int i = 0; i < 12; ++i) start.grain.push_back(i / 4);
  write_microstructure(path, start, start.orientation.data());
  const Microstructure back = read_microstructure(path);
  EXPECT_EQ(back.voxels, start.voxels);
  EXPECT_EQ(back.grain, start.grain);
  for (int i = 0; i < 12; ++i)
    EXPECT_LT(cubic_disorientation(&back.orientation[4 * i], &start.orientation[4 * i]), 1e-7);

  const auto error = [&](const std::string& text) {
    std::ofstream(path) << text;
    try {
      read_microstructure(path);
    } catch (const std::runtime_error& e) {
      return std::string(e.what()).substr(path.size());
    }
    return std::string("none");
  };
  EXPECT_EQ(error("0 0 0 1 1 1 1 1\n0 0 0 2 1 1 1\n"), ", line 2: wants 8 columns, has 7");
  EXPECT_EQ(error("0 0 0 1 1 1 1 1\n0 x 0 2 1 1 1 1\n"), ", line 2: column 2 is not a number: x");
  EXPECT_EQ(error("0 0 0 1 1 1 1 1\n0 0 0 1 1 1 1 1\n"), ": 2 lines do not fill a box of 1 x 1 x 1 voxels");
  EXPECT_EQ(error("0 0 0 1 1 1 1 1\n0 0 0 1 1 1 1 1\n0 0 0 3 1 1 1 1\n"), ": voxel 1 1 1 is there twice");
  EXPECT_EQ(error(""), ": 0 lines do not fill a box of 0 x 0 x 0 voxels");
  std::filesystem::remove_all(folder);
}

TEST(SolverFiles, LoadsAndMaterialsOfTheExample) {
  const std::string folder = std::string(GRAINSPIN_SOURCE_DIR) + "/examples/solver/";
  const auto load = read_load(folder + "uniaxial.txt");
  ASSERT_EQ(load.size(), 13u);
  EXPECT_TRUE(load[0].end.free[0] && load[0].end.free[4] && !load[0].end.free[8] && !load[0].end.free[1]);
  EXPECT_NEAR(load[12].end.F[8], std::exp(0.13), 1e-12);
  double time = 0;
  for (int i = 0; i < load[0].increments; ++i) time += time_of(load[0], i);
  EXPECT_NEAR(time, 10, 1e-12);
  EXPECT_NEAR(time_of(load[0], 1) / time_of(load[0], 0), 1.8, 1e-12);
  const Material read = read_material(folder + "copper.txt"), built{};
  EXPECT_EQ(read.h, built.h);
  EXPECT_EQ(read.C44, built.C44);
  EXPECT_EQ(read.xi_inf, built.xi_inf);
}

}  // namespace
}  // namespace cp

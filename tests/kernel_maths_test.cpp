// Mirrors include/grainspin/cell.h and the index maps of cuda/launchers.h: the arithmetic of the kernels, on the
// host, against double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "cuda/launchers.h"
#include "grainspin/cell.h"

namespace grainspin {
namespace {

double s(double x) { return 1 / (1 + std::exp(-x)); }

TEST(KernelMaths, SigmoidEverywhere) {
  for (float x = -120; x <= 120; x += 0.37f) EXPECT_NEAR(sigmoid(x), s(x), 1.2e-7) << x;
  EXPECT_EQ(sigmoid(-200.0f), 0.0f);  // exp overflows
  EXPECT_EQ(sigmoid(200.0f), 1.0f);
  EXPECT_EQ(sigmoid(0.0f), 0.5f);
}

TEST(KernelMaths, LstmUnitIsItsFormula) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-6, 6);
  for (int n = 0; n < 10000; ++n) {
    const float i = uniform(random), f = uniform(random), g = uniform(random), o = uniform(random);
    float c = uniform(random);
    const double c1 = s(f) * double(c) + s(i) * std::tanh(double(g)), h1 = s(o) * std::tanh(c1);
    const float h = lstm_unit(i, f, g, o, c);
    // |c| up to 7: rounding of each factor, product and sum
    ASSERT_NEAR(c, c1, 4e-6);
    ASSERT_NEAR(h, h1, 4e-6);
  }
}

TEST(KernelMaths, GruUnitIsItsFormula) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(-6, 6);
  for (int n = 0; n < 10000; ++n) {
    const float r = uniform(random), z = uniform(random), nx = uniform(random), nh = uniform(random);
    const float h = std::tanh(uniform(random));
    const double u = s(z), h1 = (1 - u) * std::tanh(nx + s(r) * double(nh)) + u * double(h);
    ASSERT_NEAR(gru_unit(r, z, nx, nh, h), h1, 4e-6);
  }
}

// Turning about one axis adds angles; the rotation is applied in the sample frame, on the left.
TEST(KernelMaths, TurnedAddsAnglesAboutAnAxisAndStaysUnit) {
  for (const double a : {0.0, 1e-9, 1e-4, 0.01, 0.3, 2.0}) {
    const Quat q = turned(Quat{float(std::cos(0.35)), 0, 0, float(std::sin(0.35))}, Vec3<float>{0, 0, float(a)});
    EXPECT_NEAR(q.w, std::cos(0.35 + a / 2), 2e-7);
    EXPECT_NEAR(q.z, std::sin(0.35 + a / 2), 2e-7);
  }
  // 90 degrees about x after 90 degrees about z takes crystal x to sample z.
  const float r = std::sqrt(0.5f);
  const Vec3<float> v =
      matrix(turned(Quat{r, 0, 0, r}, Vec3<float>{float(std::acos(0.0)), 0, 0})) * Vec3<float>{1, 0, 0};
  EXPECT_NEAR(v.x, 0, 1e-6);
  EXPECT_NEAR(v.y, 0, 1e-6);
  EXPECT_NEAR(v.z, 1, 1e-6);
  Quat q{0.5f, 0.5f, 0.5f, 0.5f};
  for (int i = 0; i < 10000; ++i) q = turned(q, Vec3<float>{0.01f, -0.02f, 0.03f});
  EXPECT_NEAR(double(q.w) * q.w + double(q.x) * q.x + double(q.y) * q.y + double(q.z) * q.z, 1, 3e-7);
}

TEST(KernelMaths, BoxesNumberTheirVoxels) {
  const Shape outer{7, 5, 4};
  const cuda::SubBox box{outer, {2, 1, 3}, {3, 4, 1}};
  std::int64_t i = 0;
  for (int z = 3; z < 4; ++z)
    for (int y = 1; y < 5; ++y)
      for (int x = 2; x < 5; ++x) EXPECT_EQ(cuda::voxel(box, i++), (z * 5 + y) * 7 + x);
  EXPECT_EQ(i, box.size.voxels());
  const Shape huge{4000, 4000, 4000};
  EXPECT_EQ(cuda::voxel({huge, {}, huge}, huge.voxels() - 1), huge.voxels() - 1);
}

}  // namespace
}  // namespace grainspin

// Mirrors include/grainspin/texture.h: closed forms of small fields and of the kernel.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "grainspin/texture.h"

namespace grainspin {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
const VoxelSymmetry kCubic{{&PointGroup::named("432")}, nullptr};

std::vector<float> field(const std::vector<Quatd>& list) {
  std::vector<float> q;
  for (const Quatd& r : list)
    for (const double x : {r.w, r.x, r.y, r.z}) q.push_back(float(x));
  return q;
}

Quatd about_z(double degrees) { return exp(Vec3<double>{0, 0, degrees * kDegree}); }

TEST(Texture, KamOfAnEdgeByHand) {
  // A row of four, clamped, grains 0 0 0 1, at 0, 1, 3 and 40 degrees; one voxel high, so each neighbour counts
  // as often as the clamped cube sees it.
  const Boundaries clamped{Boundary::kClamped, Boundary::kClamped, Boundary::kClamped};
  const auto q = field({about_z(0), about_z(1), about_z(3), about_z(40)});
  const std::vector<std::int32_t> grain{0, 0, 0, 1};
  const auto k = kam(kCubic, {4, 1, 1}, clamped, grain.data(), q.data());
  EXPECT_NEAR(k[0], 1 * kDegree, 1e-6);
  EXPECT_NEAR(k[1], 1.5 * kDegree, 1e-6);
  EXPECT_NEAR(k[2], 2 * kDegree, 1e-6);
  EXPECT_EQ(k[3], 0);  // alone in its grain
}

TEST(Texture, KamCountsTwentySixNeighbours) {
  // One voxel of a 3x3x3 periodic grain turned by 2 degrees: itself 2 degrees off all, seen by each other once.
  std::vector<Quatd> list(27);
  list[13] = about_z(2) * PointGroup::named("432").operators()[7];
  const auto q = field(list);
  const std::vector<std::int32_t> grain(27, 0);
  const auto k = kam(kCubic, {3, 3, 3}, {}, grain.data(), q.data());
  for (std::size_t i = 0; i < 27; ++i) EXPECT_NEAR(k[i], (i == 13 ? 2.0 : 2.0 / 26) * kDegree, 1e-6);
}

TEST(Texture, GrodAndGos) {
  // Two grains: +-2 about a mean that sits on a symmetry switch, and a constant one.
  const Quatd base = exp(Vec3<double>{0.4, -1, 0.3});
  const auto& ops = PointGroup::named("432").operators();
  const auto q = field({about_z(2) * base, about_z(-2) * base * ops[5], base * ops[11], about_z(20), about_z(20)});
  const std::vector<std::int32_t> grain{0, 0, 0, 1, 1};
  const auto means = grain_means(kCubic, 5, grain.data(), q.data());
  EXPECT_LT(disorientation_angle(PointGroup::named("432"), means[0], base), 1e-6);
  const auto g = grod(kCubic, 5, grain.data(), q.data());
  const double expected[] = {2, 2, 0, 0, 0};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(g[std::size_t(i)], expected[i] * kDegree, 2e-6);
  const auto s = gos(5, grain.data(), g.data());
  EXPECT_NEAR(s[0], 4.0 / 3 * kDegree, 2e-6);
  EXPECT_NEAR(s[1], 0, 2e-6);
}

TEST(Texture, GridIsEven) {
  // The mean of every harmonic of rank 1 and 2 over SO(3) is nothing: of R_ij 0, of R_ij^2 1/3.
  const auto grid = super_fibonacci(4096);
  double first[9] = {}, second[9] = {};
  for (const Quatd& q : grid) {
    EXPECT_NEAR(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z, 1, 1e-12);
    const Mat3<double> R = matrix(q);
    for (int i = 0; i < 9; ++i) first[i] += R.m[i] / 4096, second[i] += R.m[i] * R.m[i] / 4096;
  }
  for (int i = 0; i < 9; ++i) {
    EXPECT_NEAR(first[i], 0, 5e-3);
    EXPECT_NEAR(second[i], 1.0 / 3, 5e-3);
  }
}

TEST(Texture, DensityOfOneOrientation) {
  // f(g) = sum_s psi(angle(g, q s)) / |S|, mean 1; psi of half width 10 degrees falls to half there, and
  // C = B(3/2,1/2)/B(3/2,kappa+1/2).
  const auto& group = PointGroup::named("422");
  const Quatd q = exp(Vec3<double>{1, 0.2, -0.5});
  const auto f = odf(group, 1, field({q}).data());
  const double kappa = 0.5 * std::log(0.5) / std::log(std::cos(5 * kDegree));
  const double C = std::beta(1.5, 0.5) / std::beta(1.5, kappa + 0.5);
  EXPECT_NEAR(std::pow(std::cos(5 * kDegree), 2 * kappa), 0.5, 1e-12);
  const auto grid = super_fibonacci(4096);
  double mean = 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    double expected = 0;
    for (const Quatd& s : group.operators()) {
      const Quatd r = q * s;
      const double c = std::abs(grid[i].w * r.w + grid[i].x * r.x + grid[i].y * r.y + grid[i].z * r.z);
      expected += C * std::pow(c, 2 * kappa) / double(group.operators().size());
    }
    EXPECT_NEAR(f[i], expected, 1e-3 * expected + 1e-4);
    mean += f[i] / double(grid.size());
  }
  EXPECT_NEAR(mean, 1, 0.02);
}

TEST(Texture, IndexAndDistance) {
  const auto& group = PointGroup::named("432");
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<Quatd> list;
  for (int i = 0; i < 8000; ++i) list.push_back(normalised(Quatd{normal(random), normal(random), normal(random), normal(random)}));
  const auto uniform = odf(group, 8000, field(list).data());
  EXPECT_NEAR(texture_index(uniform), 1, 0.02);
  // Two single orientations 45 degrees apart about a cube axis share nothing at this kernel. A single one has
  // J = C^2 B(3/2,2 kappa+1/2)/B(3/2,1/2)/|S|: the mean of psi^2 over SO(3), spread over the equivalents.
  const auto a = odf(group, 1, field({Quatd{}}).data()), b = odf(group, 1, field({about_z(45)}).data());
  EXPECT_NEAR(odf_distance(a, b), 1, 0.03);
  EXPECT_EQ(odf_distance(a, a), 0);
  EXPECT_NEAR(odf_distance(a, b), odf_distance(b, a), 1e-12);
  const double kappa = 0.5 * std::log(0.5) / std::log(std::cos(5 * kDegree));
  const double C = std::beta(1.5, 0.5) / std::beta(1.5, kappa + 0.5);
  const double J = C * C * std::beta(1.5, 2 * kappa + 0.5) / std::beta(1.5, 0.5) / 24;
  EXPECT_NEAR(texture_index(a), J, 0.1 * J);
  // Symmetric equivalents and the sign of q are the same texture.
  std::vector<Quatd> other;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Quatd r = list[i] * group.operators()[i % 24];
    other.push_back(i % 2 ? r : Quatd{-r.w, -r.x, -r.y, -r.z});
  }
  EXPECT_LT(odf_distance(uniform, odf(group, 8000, field(other).data())), 1e-4);
}

}  // namespace
}  // namespace grainspin

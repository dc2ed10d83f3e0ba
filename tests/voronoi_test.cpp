// Mirrors include/grainspin/voronoi.h. Expected: the definition by brute force over all images; moments of
// the textures from their definitions.
#include "grainspin/voronoi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "grainspin/core.h"

namespace grainspin {
namespace {

std::vector<std::int32_t> all_grains(const Voronoi& v) {
  std::vector<std::int32_t> ids(v.shape().voxels());
  v.grain(0, std::int64_t(ids.size()), ids.data());
  return ids;
}

// The seeds once more: uniform in the cell from the standard's 64-bit Mersenne twister, x then y then z.
std::vector<std::array<double, 3>> seeds_again(Shape s, int grains, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  const auto uniform = [&] { return double(bits() >> 11) / 9007199254740992.0; };
  std::vector<std::array<double, 3>> seeds;
  for (int i = 0; i < grains; ++i) {
    const double x = s.nx * uniform(), y = s.ny * uniform(), z = s.nz * uniform();
    seeds.push_back({x, y, z});
  }
  return seeds;
}

TEST(Voronoi, EveryVoxelBelongsToTheNearestImageOfASeed) {
  for (const auto& [shape, grains] : {std::pair{Shape{16, 16, 16}, 40},
                                      {Shape{30, 7, 4}, 25},
                                      {Shape{5, 5, 1}, 25},
                                      {Shape{9, 8, 7}, 1},
                                      {Shape{1, 1, 40}, 6}}) {
    const Voronoi v(shape, grains, 11);
    const auto ids = all_grains(v);
    const auto seeds = seeds_again(shape, grains, 11);
    std::vector<int> id_of_seed(seeds.size(), -1);
    std::set<std::int32_t> used;
    for (std::int64_t i = 0; i < shape.voxels(); ++i) {
      const double p[3] = {i % shape.nx + 0.5, i / shape.nx % shape.ny + 0.5,
                           double(i / shape.nx / shape.ny) + 0.5};
      int nearest = 0;
      double best = 1e300;
      for (std::size_t s = 0; s < seeds.size(); ++s)
        for (int a = -1; a <= 1; ++a)
          for (int b = -1; b <= 1; ++b)
            for (int c = -1; c <= 1; ++c) {
              const double d =
                  std::hypot(seeds[s][0] + a * shape.nx - p[0], seeds[s][1] + b * shape.ny - p[1],
                             seeds[s][2] + c * shape.nz - p[2]);
              if (d < best) best = d, nearest = int(s);
            }
      if (id_of_seed[nearest] < 0) id_of_seed[nearest] = ids[i];
      ASSERT_EQ(ids[i], id_of_seed[nearest]) << "voxel " << i;
      used.insert(ids[i]);
    }
    // One id a seed that owns something, dense from 0.
    ASSERT_EQ(int(used.size()), v.grains());
    ASSERT_EQ(*used.begin(), 0);
    ASSERT_EQ(*used.rbegin(), v.grains() - 1);
    ASSERT_EQ(std::count_if(id_of_seed.begin(), id_of_seed.end(), [](int id) { return id >= 0; }),
              v.grains());
    std::vector<std::int64_t> count(v.grains());
    for (auto id : ids) ++count[id];
    ASSERT_EQ(count, v.voxels());
  }
}

TEST(Voronoi, AnySlabGivesTheSameIds) {
  const Voronoi v({12, 11, 10}, 30, 3);
  const auto all = all_grains(v);
  std::vector<std::int32_t> part(all.size());
  for (std::int64_t at = 0, n = 1; at < std::int64_t(all.size()); at += n, n = n * 2 + 1) {
    n = std::min<std::int64_t>(n, std::int64_t(all.size()) - at);
    v.grain(at, n, part.data() + at);
  }
  EXPECT_EQ(part, all);
  EXPECT_NE(all_grains(Voronoi({12, 11, 10}, 30, 4)), all);
}

TEST(Voronoi, RefusesWhatCannotBe) {
  EXPECT_THROW(Voronoi({4, 4, 4}, 0, 1), Error);
  EXPECT_THROW(Voronoi({4, 4, 4}, 65, 1), Error);
  EXPECT_THROW(Voronoi({4, 0, 4}, 1, 1), Error);
  EXPECT_THROW(draw_texture({.crystal = {0, 0, 0}}, 1, 1), Error);
  EXPECT_THROW(draw_texture({.spread = -1}, 1, 1), Error);
}

// Uniform on SO(3): the matrix elements of rank 1 and 2 vanish in the mean, <R_ij R_kl> = delta_ik delta_jl
// / 3.
TEST(Texture, RandomIsUniform) {
  const int n = 40000;
  double mean[9] = {}, product[9][9] = {};
  for (const Quatd& q : draw_texture({}, n, 5)) {
    const auto R = matrix(q);
    for (int i = 0; i < 9; ++i) {
      mean[i] += R.m[i] / n;
      for (int j = 0; j < 9; ++j) product[i][j] += R.m[i] * R.m[j] / n;
    }
  }
  const double tolerance = 5 / std::sqrt(double(n));  // five deviations of the mean of numbers within 1
  for (int i = 0; i < 9; ++i) {
    EXPECT_NEAR(mean[i], 0, tolerance);
    for (int j = 0; j < 9; ++j) EXPECT_NEAR(product[i][j], i == j ? 1.0 / 3 : 0.0, tolerance);
  }
}

TEST(Texture, FibreLiesAlongItsAxisAndTurnsFreely) {
  const int n = 20000;
  for (const auto& sample : {std::array<double, 3>{0, 0, 1}, {0, 0, -1}, {1, 0, 0}, {1, 2, -2}})
    for (const auto& crystal : {std::array<double, 3>{1, 1, 1}, {0, 0, 1}, {-1, -2, 2}}) {
      const double length = std::hypot(sample[0], sample[1], sample[2]),
                   of = std::hypot(crystal[0], crystal[1], crystal[2]);
      double cosine = 0, sine = 0;
      Quatd first;
      for (const Quatd& q :
           draw_texture({.kind = TextureKind::kFibre, .crystal = crystal, .sample = sample}, n, 6)) {
        const auto v = matrix(q) * Vec3<double>{crystal[0] / of, crystal[1] / of, crystal[2] / of};
        ASSERT_NEAR((v.x * sample[0] + v.y * sample[1] + v.z * sample[2]) / length, 1, 1e-12);
        if (cosine == 0 && sine == 0) first = q;
        const auto w = log(q * conjugate(first));  // along the axis
        const double angle = (w.x * sample[0] + w.y * sample[1] + w.z * sample[2]) / length;
        cosine += std::cos(angle) / n;
        sine += std::sin(angle) / n;
      }
      EXPECT_NEAR(cosine, 0, 5 / std::sqrt(double(n)));
      EXPECT_NEAR(sine, 0, 5 / std::sqrt(double(n)));
    }
}

TEST(Texture, CubeScattersAsAsked) {
  for (const Quatd& q : draw_texture({.kind = TextureKind::kCube}, 3, 7)) EXPECT_EQ(q.w, 1);
  const int n = 20000;
  const double spread = 0.1;
  double square = 0;
  for (const Quatd& q : draw_texture({.kind = TextureKind::kCube, .spread = spread}, n, 7)) {
    const auto w = log(q);
    square += (w.x * w.x + w.y * w.y + w.z * w.z) / n;
  }
  // Three components of variance spread^2 each; the mean of chi^2_3 scatters by sqrt(6/n).
  EXPECT_NEAR(square, 3 * spread * spread, 5 * spread * spread * std::sqrt(6.0 / n));
}

TEST(Texture, SeedsGiveTheSameAndOtherNumbers) {
  const auto a = draw_texture({}, 4, 1), b = draw_texture({}, 4, 1), c = draw_texture({}, 4, 2);
  EXPECT_EQ(a[3].w, b[3].w);
  EXPECT_NE(a[3].w, c[3].w);
}

}  // namespace
}  // namespace grainspin

// Mirrors include/grainspin/gather.h. Expected values are the definition, written out with none of the code
// under test. A gather only moves bits, so they must be equal.
#include "grainspin/gather.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace grainspin {
namespace {

// The neighbour of i at distance d, by walking there one voxel at a time.
int walk(int i, int d, int n, Boundary boundary) {
  for (int s = 0; s < std::abs(d); ++s) {
    i += d > 0 ? 1 : -1;
    if (i == n) i = boundary == Boundary::kPeriodic ? 0 : n - 1;
    if (i == -1) i = boundary == Boundary::kPeriodic ? n - 1 : 0;
  }
  return i;
}

std::vector<float> by_definition(Shape s, Boundaries b, const std::vector<std::uint8_t>& mask, int radius,
                                 int channels, const std::vector<float>& field,
                                 const std::vector<std::int64_t>& centres) {
  std::vector<float> patches;
  for (const std::int64_t v : centres) {
    const int x = int(v % s.nx), y = int(v / s.nx % s.ny), z = int(v / s.nx / s.ny);
    for (int dz = -radius; dz <= radius; ++dz)
      for (int dy = -radius; dy <= radius; ++dy)
        for (int dx = -radius; dx <= radius; ++dx) {
          std::int64_t w = (std::int64_t(walk(z, dz, s.nz, b.z)) * s.ny + walk(y, dy, s.ny, b.y)) * s.nx +
                           walk(x, dx, s.nx, b.x);
          if (!mask.empty() && !mask[std::size_t(w)]) w = v;
          for (int c = 0; c < channels; ++c) patches.push_back(field[std::size_t(w * channels + c)]);
        }
  }
  return patches;
}

std::vector<float> ramp(std::int64_t n) {  // every value distinct: a wrong voxel cannot hide
  std::vector<float> v(static_cast<std::size_t>(n));
  std::iota(v.begin(), v.end(), 1.0f);
  return v;
}

std::vector<std::int64_t> every_voxel(Shape s) {
  std::vector<std::int64_t> v(static_cast<std::size_t>(s.voxels()));
  std::iota(v.begin(), v.end(), std::int64_t(0));
  return v;
}

struct Case {
  Shape shape;
  Boundaries boundaries;
  int radius, channels;
  bool masked;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto P = Boundary::kPeriodic, C = Boundary::kClamped;
  for (const Shape s : {Shape{1, 1, 1}, Shape{5, 4, 3}, Shape{2, 1, 7}, Shape{1, 6, 2}, Shape{9, 2, 2}})
    for (const Boundaries b : {Boundaries{P, P, P}, Boundaries{C, C, C}, Boundaries{P, C, P}, Boundaries{C, P, C}})
      for (int radius = 0; radius <= 3; ++radius)
        for (const int channels : {1, 3, 4, 9, 18})
          for (const bool masked : {false, true}) all.push_back({s, b, radius, channels, masked});
  return all;
}

std::vector<std::uint8_t> third_masked(Shape s) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(s.voxels()), 1);
  for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
  return mask;
}

TEST(Gather, FollowsTheDefinition) {
  for (const Case& c : cases()) {
    const auto field = ramp(c.shape.voxels() * c.channels);
    const auto mask = c.masked ? third_masked(c.shape) : std::vector<std::uint8_t>{};
    const auto centres = every_voxel(c.shape);
    const auto expected = by_definition(c.shape, c.boundaries, mask, c.radius, c.channels, field, centres);
    const Neighbourhood hood{c.shape, c.boundaries, c.radius, c.masked ? mask.data() : nullptr};
    std::vector<float> got(expected.size(), -1.0f);
    gather_patches(hood, c.channels, field.data(), c.shape.voxels(), nullptr, 0, got.data());
    ASSERT_EQ(got, expected) << "shape " << c.shape.nx << ' ' << c.shape.ny << ' ' << c.shape.nz << " radius "
                             << c.radius << " channels " << c.channels << " masked " << c.masked;
  }
}

TEST(Gather, ListedCentresInAnyOrderAndRepeated) {
  const Shape s{6, 5, 4};
  const auto field = ramp(s.voxels() * 9);
  auto centres = every_voxel(s);
  std::shuffle(centres.begin(), centres.end(), std::mt19937(7));
  centres.push_back(centres.front());
  const Boundaries b{Boundary::kPeriodic, Boundary::kClamped, Boundary::kPeriodic};
  const auto expected = by_definition(s, b, {}, 1, 9, field, centres);
  std::vector<float> got(expected.size());
  gather_patches({s, b, 1, nullptr}, 9, field.data(), std::int64_t(centres.size()), centres.data(), 0, got.data());
  EXPECT_EQ(got, expected);
}

TEST(Gather, RangeStartsInsideTheGrid) {
  const Shape s{5, 3, 3};
  const auto field = ramp(s.voxels() * 2);
  const auto all = every_voxel(s);
  const std::vector<std::int64_t> centres(all.begin() + 7, all.begin() + 40);
  const auto expected = by_definition(s, {}, {}, 2, 2, field, centres);
  std::vector<float> got(expected.size());
  gather_patches({s, {}, 2, nullptr}, 2, field.data(), 33, nullptr, 7, got.data());
  EXPECT_EQ(got, expected);
}

// Large enough that the output is written past the caches, and by several threads; an odd offset, so that
// lines are cut everywhere.
TEST(Gather, LargeOutputsAndThreadsGiveTheSameBits) {
  const Shape s{48, 44, 40};
  const int channels = 9;
  const auto field = ramp(s.voxels() * channels);
  const std::size_t size = std::size_t(s.voxels()) * 27 * channels;
  std::vector<float> small(27 * channels), got(size + 2, -1.0f);
  for (const int threads : {1, 3}) {
    std::fill(got.begin(), got.end(), -1.0f);
    gather_patches({s, {}, 1, nullptr}, channels, field.data(), s.voxels(), nullptr, 0, got.data() + 1, threads);
    EXPECT_EQ(got.front(), -1.0f);
    EXPECT_EQ(got.back(), -1.0f);
    for (std::int64_t v = 0; v < s.voxels(); ++v) {
      gather_patches({s, {}, 1, nullptr}, channels, field.data(), 1, &v, 0, small.data());
      ASSERT_TRUE(std::equal(small.begin(), small.end(), got.begin() + 1 + v * 27 * channels)) << "voxel " << v;
    }
  }
}

TEST(Gather, NothingIsNotAnError) {
  gather_patches({{2, 2, 2}, {}, 1, nullptr}, 4, nullptr, 0, nullptr, 0, nullptr, 4);
}

Errc code_of(const Neighbourhood& hood, int channels, std::int64_t n, std::int64_t first) {
  std::vector<float> field(64), patches(64 * 27);
  try {
    gather_patches(hood, channels, field.data(), n, nullptr, first, patches.data());
  } catch (const Error& e) {
    return e.code();
  }
  return Errc{};
}

TEST(Gather, RefusesWhatMakesNoSense) {
  EXPECT_EQ(code_of({{0, 2, 2}, {}, 1, nullptr}, 1, 0, 0), Errc::kShape);
  EXPECT_EQ(code_of({{2, 2, 2}, {}, 4, nullptr}, 1, 1, 0), Errc::kArgument);
  EXPECT_EQ(code_of({{2, 2, 2}, {}, -1, nullptr}, 1, 1, 0), Errc::kArgument);
  EXPECT_EQ(code_of({{2, 2, 2}, {}, 1, nullptr}, 0, 1, 0), Errc::kArgument);
  EXPECT_EQ(code_of({{2, 2, 2}, {}, 1, nullptr}, 1, 8, 1), Errc::kShape);
}

}  // namespace
}  // namespace grainspin

// Mirrors include/grainspin/gather.h; the GPU's is in gpu_gather_test.cpp.
#include "grainspin/gather.h"

#include <gtest/gtest.h>

#include <random>

#include "gather_cases.h"

namespace grainspin {
namespace {

using namespace testing;

TEST(Gather, FollowsTheDefinition) {
  for (const GatherCase& c : gather_cases()) {
    const auto field = ramp(c.shape.voxels() * c.channels);
    const auto mask = c.masked ? third_masked(c.shape) : std::vector<std::uint8_t>{};
    const auto centres = every_voxel(c.shape);
    const auto expected = by_definition(c.shape, c.boundaries, mask, c.radius, c.channels, field, centres);
    const Neighbourhood hood{c.shape, c.boundaries, c.radius, c.masked ? mask.data() : nullptr};
    std::vector<float> got(expected.size(), -1.0f);
    gather_patches(hood, c.channels, field.data(), c.shape.voxels(), nullptr, 0, got.data());
    ASSERT_EQ(got, expected) << label(c);
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

#include "grainspin/packed.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/local_oracle.h"

namespace grainspin {
namespace {

constexpr Packing kAll[] = {Packing::k32, Packing::k48, Packing::k64};

double degrees_between(const float* a, const float* b) {
  return testing::angle_between({a[0], a[1], a[2], a[3]}, {b[0], b[1], b[2], b[3]}) * 180 / std::acos(-1.0);
}

// The bound of the header, from the step alone; it must be approached, or bits are wasted.
TEST(Packed, RandomOrientationsStayWithinTheBound) {
  const std::int64_t n = 60000;
  const std::vector<float> q = testing::random_orientations(n, 5);
  const double mean_of[] = {0.084, 0.0026, 8e-5};  // measured for this layout by its first users: smallest three, 10, 15, 20 bits
  for (int p = 0; p < 3; ++p) {
    const int bits = component_bits(kAll[p]);
    std::vector<std::uint8_t> packed(std::size_t(n * packed_bytes(kAll[p])));
    std::vector<float> back(q.size());
    pack_orientations(kAll[p], n, q.data(), packed.data());
    unpack_orientations(kAll[p], n, packed.data(), back.data());
    double most = 0, sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double a = degrees_between(&q[std::size_t(i * 4)], &back[std::size_t(i * 4)]);
      most = std::max(most, a), sum += a;
    }
    const double bound = 2 * std::sqrt(3.0) * std::sqrt(2.0) / (std::pow(2, bits) - 1) * 180 / std::acos(-1.0);
    EXPECT_LT(most, bound + 3e-5) << bits;  // float's own rounding of a component: 6e-8, 1.4e-5 degrees
    EXPECT_GT(most, bound / 2) << bits;
    EXPECT_NEAR(sum / double(n), mean_of[p], 0.15 * mean_of[p]) << bits;
  }
}

// Layout, by hand: place 0 (w), components 0: (2^10 - 1)/2 rounds to 512 of 1023.
TEST(Packed, LayoutIsTheDocumentedOne) {
  const float identity[4] = {1, 0, 0, 0}, about_z[4] = {0, 0, 0, -1};
  std::uint8_t bytes[8];
  pack_orientations(Packing::k32, 1, identity, bytes);
  const std::uint32_t code = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | std::uint32_t(bytes[3]) << 24;
  EXPECT_EQ(code, 512u | 512u << 10 | 512u << 20);
  pack_orientations(Packing::k32, 1, about_z, bytes);  // z is the largest; its sign goes
  EXPECT_EQ(bytes[3] >> 6, 3);
  float back[4];
  unpack_orientations(Packing::k64, 1, (pack_orientations(Packing::k64, 1, about_z, bytes), bytes), back);
  EXPECT_NEAR(back[3], 1, 1e-6);
}

TEST(Packed, BothSignsAreTheSameBits) {
  const std::vector<float> q = testing::random_orientations(200, 6);
  for (const Packing p : kAll)
    for (std::size_t i = 0; i < q.size(); i += 4) {
      const float minus[4] = {-q[i], -q[i + 1], -q[i + 2], -q[i + 3]};
      std::uint8_t a[8] = {}, b[8] = {};
      pack_orientations(p, 1, &q[i], a);
      pack_orientations(p, 1, minus, b);
      EXPECT_EQ(std::vector<std::uint8_t>(a, a + 8), std::vector<std::uint8_t>(b, b + 8));
    }
}

// What came out of a packed file may go into another.
TEST(Packed, PackingAgainStaysWithinAStep) {
  const std::int64_t n = 5000;
  const std::vector<float> q = testing::random_orientations(n, 7);
  for (const Packing p : {Packing::k32, Packing::k48}) {
    std::vector<std::uint8_t> once(std::size_t(n * packed_bytes(p))), twice = once;
    std::vector<float> back(q.size());
    pack_orientations(p, n, q.data(), once.data());
    unpack_orientations(p, n, once.data(), back.data());
    pack_orientations(p, n, back.data(), twice.data());
    std::int64_t moved = 0;
    for (std::int64_t i = 0; i < n; ++i) moved += degrees_between(&back[std::size_t(i * 4)], &q[std::size_t(i * 4)]) > 0.3;
    EXPECT_EQ(moved, 0);
    std::vector<float> again(q.size());
    unpack_orientations(p, n, twice.data(), again.data());
    for (std::int64_t i = 0; i < n; ++i)  // two components of nearly one size may change places: the rotation stays
      ASSERT_LT(degrees_between(&back[std::size_t(i * 4)], &again[std::size_t(i * 4)]), 0.28);
  }
}

TEST(Packed, FewerBitsThanThirtyTwoAreRefused) {
  float q[4] = {1, 0, 0, 0};
  std::uint8_t out[16];
  EXPECT_THROW(pack_orientations(Packing::kNone, 1, q, out), Error);
  EXPECT_THROW(unpack_orientations(Packing::kNone, 1, out, q), Error);
}

}  // namespace
}  // namespace grainspin

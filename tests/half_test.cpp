// Mirrors cuda/half.h: IEEE 754-2019, binary16 (1 sign, 5 exponent, 10 fraction bits, bias 15).
#include "cuda/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace grainspin::cuda {
namespace {

// By the definition of the format.
double value_of(int bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

TEST(Half, EveryNumberIsItsDefinitionAndComesBack) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    if ((bits >> 10 & 31) == 31) continue;  // infinite, or no number
    const float v = from_half(std::uint16_t(bits));
    ASSERT_EQ(double(v), value_of(bits)) << bits;
    ASSERT_EQ(std::signbit(v), bits >= 0x8000);
    ASSERT_EQ(to_half(v), bits);
  }
}

TEST(Half, RoundsToTheNearestAndHalvesToEven) {
  for (int bits = 0; bits < 0x7bff; ++bits) {  // the largest finite one is 0x7bff
    const float low = from_half(std::uint16_t(bits)), high = from_half(std::uint16_t(bits + 1));
    const float middle = float((double(low) + double(high)) / 2);  // exact: 12 bits
    ASSERT_EQ(to_half(middle), bits % 2 ? bits + 1 : bits);
    ASSERT_EQ(to_half(std::nextafter(middle, 0.0f)), bits);
    ASSERT_EQ(to_half(std::nextafter(middle, 1e9f)), bits + 1);
    ASSERT_EQ(to_half(-std::nextafter(middle, 1e9f)), 0x8000 + bits + 1);
  }
}

TEST(Half, WhatIsBeyondTheRangeIsItsLargestNumber) {
  EXPECT_EQ(to_half(65504.0f), 0x7bff);
  EXPECT_EQ(to_half(1e30f), 0x7bff);
  EXPECT_EQ(to_half(-std::numeric_limits<float>::infinity()), 0xfbff);
  EXPECT_TRUE(std::isnan(from_half(to_half(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_EQ(to_half(1e-9f), 0);
}

}  // namespace
}  // namespace grainspin::cuda

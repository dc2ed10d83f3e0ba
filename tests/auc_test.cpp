#include "grainspin/auc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "grainspin/core.h"

namespace grainspin {
namespace {

// The definition: all pairs, equal ones half.
double by_pairs(const std::vector<float>& positive, const std::vector<float>& negative) {
  double sum = 0;
  for (const float p : positive)
    for (const float n : negative) sum += p > n ? 1 : p == n ? 0.5 : 0;
  return sum / (double(positive.size()) * double(negative.size()));
}

TEST(Auc, IsTheCountOfPairs) {
  std::mt19937 random(3);
  std::uniform_int_distribution<int> few(0, 12), shifted(4, 16);  // many equal values
  std::vector<float> positive, negative;
  for (int i = 0; i < 137; ++i) positive.push_back(float(shifted(random)));
  for (int i = 0; i < 211; ++i) negative.push_back(float(few(random)));
  EXPECT_DOUBLE_EQ(auc(positive, negative), by_pairs(positive, negative));
  EXPECT_DOUBLE_EQ(auc(negative, positive), 1 - by_pairs(positive, negative));
}

TEST(Auc, EndsAndMiddle) {
  const std::vector<float> low{1, 2, 3}, high{4, 5}, equal{2, 2, 2};
  EXPECT_EQ(auc(high, low), 1);
  EXPECT_EQ(auc(low, high), 0);
  EXPECT_EQ(auc(equal, equal), 0.5);
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(auc(std::vector<float>{inf}, low), 1);
}

// Uniform on [d, 1 + d] against uniform on [0, 1]: 1 - (1 - d)^2 / 2.
TEST(Auc, OfShiftedUniformValues) {
  constexpr int kMany = 2000;
  constexpr float kShift = 0.25f;
  std::vector<float> positive, negative;
  for (int i = 0; i < kMany; ++i) {
    negative.push_back((float(i) + 0.5f) / kMany);
    positive.push_back(negative.back() + kShift);
  }
  EXPECT_NEAR(auc(positive, negative), 1 - 0.75 * 0.75 / 2, 1.0 / kMany);
}

TEST(Auc, RefusesNothingAndNoNumbers) {
  const std::vector<float> some{1, 2}, none, nan{1, std::nanf("")};
  EXPECT_THROW(auc(none, some), Error);
  EXPECT_THROW(auc(some, none), Error);
  EXPECT_THROW(auc(nan, some), Error);
  EXPECT_THROW(auc(some, nan), Error);
}

}  // namespace
}  // namespace grainspin

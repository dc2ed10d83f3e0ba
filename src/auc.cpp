#include "grainspin/auc.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "grainspin/core.h"

namespace grainspin {

double auc(std::span<const float> positive, std::span<const float> negative) {
  require(!positive.empty() && !negative.empty(), Errc::kArgument, "AUC: one of the two kinds is empty");
  for (const auto& values : {positive, negative})
    require(std::ranges::none_of(values, [](float v) { return std::isnan(v); }), Errc::kArgument, "AUC: a value is not a number");
  std::vector<float> sorted(negative.begin(), negative.end());
  std::ranges::sort(sorted);
  std::int64_t twice = 0;  // pairs that are in order, and half of those that are equal, times two
  for (const float v : positive) {
    const auto [low, high] = std::ranges::equal_range(sorted, v);
    twice += (low - sorted.begin()) + (high - sorted.begin());
  }
  return double(twice) / 2 / (double(positive.size()) * double(negative.size()));
}

}  // namespace grainspin

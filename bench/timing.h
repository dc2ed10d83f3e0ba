// Two things timed in turns in one run, so that what the machine does besides hits both.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace grainspin::bench {

template <class F>
double seconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + std::ptrdiff_t(v.size() / 2), v.end());
  return v[v.size() / 2];
}

}  // namespace grainspin::bench

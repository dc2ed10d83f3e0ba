// Random numbers that are the same with every standard library: SplitMix64 (Steele, Lea & Flood 2014), Box & Muller (1958).
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace grainspin::interactions {

class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : state_(seed) {
    state_ = bits() ^ (stream + 1) * 0xd1342543de82ef95;
    bits();
  }
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return double(bits() >> 11) * 0x1p-53; }  // [0, 1)
  std::int64_t below(std::int64_t n) { return std::int64_t(uniform() * double(n)); }
  double normal() {
    const double r = std::sqrt(-2 * std::log(1 - uniform()));
    return r * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace grainspin::interactions

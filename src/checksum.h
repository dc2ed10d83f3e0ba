// XXH64 (Y. Collet, "xxHash fast digest algorithm", specification 0.1.1, 2018), seed 0: finds damage, proves nothing
// against intent.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace grainspin {

class Checksum {
 public:
  void add(const void* data, std::size_t bytes) {
    if (bytes == 0) return;
    const auto* from = static_cast<const unsigned char*>(data);
    total_ += bytes;
    if (held_ > 0) {
      const std::size_t part = bytes < kStripe - held_ ? bytes : kStripe - held_;
      std::memcpy(rest_ + held_, from, part);
      held_ += part, from += part, bytes -= part;
      if (held_ < kStripe) return;
      stripe(rest_);
      held_ = 0;
    }
    for (; bytes >= kStripe; from += kStripe, bytes -= kStripe) stripe(from);
    if (bytes > 0) std::memcpy(rest_, from, bytes);
    held_ = bytes;
  }

  std::uint64_t value() const {
    std::uint64_t h;
    if (total_ >= kStripe) {
      h = std::rotl(lane_[0], 1) + std::rotl(lane_[1], 7) + std::rotl(lane_[2], 12) + std::rotl(lane_[3], 18);
      for (const std::uint64_t lane : lane_) h = (h ^ round(0, lane)) * kPrime1 + kPrime4;
    } else {
      h = kPrime5;
    }
    h += total_;
    std::size_t i = 0;
    for (; i + 8 <= held_; i += 8) h = std::rotl(h ^ round(0, word<std::uint64_t>(rest_ + i)), 27) * kPrime1 + kPrime4;
    if (i + 4 <= held_) h = std::rotl(h ^ word<std::uint32_t>(rest_ + i) * kPrime1, 23) * kPrime2 + kPrime3, i += 4;
    for (; i < held_; ++i) h = std::rotl(h ^ rest_[i] * kPrime5, 11) * kPrime1;
    h = (h ^ h >> 33) * kPrime2;
    h = (h ^ h >> 29) * kPrime3;
    return h ^ h >> 32;
  }

 private:
  static constexpr std::size_t kStripe = 32;
  static constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87, kPrime2 = 0xC2B2AE3D27D4EB4F,
                                 kPrime3 = 0x165667B19E3779F9, kPrime4 = 0x85EBCA77C2B2AE63,
                                 kPrime5 = 0x27D4EB2F165667C5;
  static std::uint64_t round(std::uint64_t lane, std::uint64_t value) {
    return std::rotl(lane + value * kPrime2, 31) * kPrime1;
  }
  // Little-endian machines only, as the model file.
  template <class T>
  static std::uint64_t word(const unsigned char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  void stripe(const unsigned char* from) {
    for (int i = 0; i < 4; ++i) lane_[i] = round(lane_[i], word<std::uint64_t>(from + 8 * i));
  }

  std::uint64_t lane_[4] = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
  unsigned char rest_[kStripe] = {};
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace grainspin

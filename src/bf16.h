// bf16: the upper half of a float.
#pragma once

#include <cstdint>
#include <cstring>

namespace grainspin {

// To the nearest, halves to even; finite values only.
inline std::uint16_t bf16(float v) {
  std::uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return std::uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float from_bf16(std::uint16_t v) {
  const std::uint32_t bits = std::uint32_t(v) << 16;
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

}  // namespace grainspin

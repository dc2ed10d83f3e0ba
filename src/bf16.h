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

}  // namespace grainspin

// Sixteen-bit floats as the GPU's state has them in fast precision: IEEE binary16, rounded to nearest even; what is beyond
// its range becomes the largest number in it.
#pragma once

#include <cstdint>
#include <cstring>

#include "grainspin/core.h"

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

namespace grainspin::cuda {

GRAINSPIN_HD inline float from_half(std::uint16_t bits) {
#ifdef __CUDA_ARCH__
  return __half2float(__ushort_as_half(bits));
#else
  const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16, exponent = bits >> 10 & 31, mantissa = bits & 1023;
  float value;
  if (exponent == 0) {  // subnormal: mantissa 2^-24
    value = float(mantissa) * 5.9604644775390625e-8f;
    return sign ? -value : value;
  }
  const std::uint32_t word = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | mantissa << 13;
  std::memcpy(&value, &word, sizeof value);
  return value;
#endif
}

GRAINSPIN_HD inline std::uint16_t to_half(float value) {
  value = value > 65504.0f ? 65504.0f : value < -65504.0f ? -65504.0f : value;  // not a number stays so
#ifdef __CUDA_ARCH__
  return __half_as_ushort(__float2half_rn(value));
#else
  std::uint32_t word;
  std::memcpy(&word, &value, sizeof word);
  const std::uint16_t sign = std::uint16_t(word >> 16 & 0x8000u);
  word &= 0x7fffffffu;
  if (word > 0x7f800000u) return std::uint16_t(sign | 0x7e00u);
  if (word < 0x38800000u) {  // below 2^-14: a multiple of 2^-24, by the sum's own rounding
    float magnitude;
    std::memcpy(&magnitude, &word, sizeof magnitude);
    magnitude += 0.5f;  // a unit of 0.5's last place is 2^-24
    std::memcpy(&word, &magnitude, sizeof word);
    return std::uint16_t(sign | (word - 0x3f000000u));
  }
  word += 0xfffu + (word >> 13 & 1);
  return std::uint16_t(sign | ((word >> 13) - (112u << 10)));
#endif
}

}  // namespace grainspin::cuda

// Orientations in 32, 48 or 64 bits: the three smaller components of the quaternion, for files and transfers. CPU and GPU.
//
// The largest component is left out: its place takes two bits, it is made positive (q and -q are the same rotation) and follows
// from the norm. The others lie in [-1/sqrt2, 1/sqrt2] and take `bits` = 10, 15 or 20 bits each. With a step of
// d = sqrt2 / (2^bits - 1) each is off by d/2 at most, the rotation by less than 2 sqrt3 d:
//   bits 10: 0.28 degrees   15: 0.0086 degrees   20: 0.00027 degrees      (means: 0.08, 0.0026, 0.00008)
#pragma once

#include <cmath>
#include <cstdint>

#include "grainspin/core.h"
#include "grainspin/orientation.h"

namespace grainspin {

enum class Packing : int { kNone = 0, k32 = 32, k48 = 48, k64 = 64 };

// Bytes and bits of a component of a packed orientation; Packing::kNone: 16 bytes of four floats.
GRAINSPIN_HD constexpr int packed_bytes(Packing p) { return p == Packing::kNone ? 16 : int(p) / 8; }
GRAINSPIN_HD constexpr int component_bits(Packing p) { return p == Packing::k32 ? 10 : p == Packing::k48 ? 15 : 20; }

// (v / sqrt2 + 1/2) top + 1/2, rounded after every operation: the same bits on a GPU, which would contract them.
GRAINSPIN_HD inline float packed_level(float v, float top) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(__fmul_rn(__fadd_rn(__fmul_rn(v, 0.70710678f), 0.5f), top), 0.5f);
#else
  return (v * 0.70710678f + 0.5f) * top + 0.5f;
#endif
}

// q a unit quaternion; what is not finite becomes some orientation. From the lowest bit: three components in the order w x y z without the largest, then its place.
GRAINSPIN_HD inline std::uint64_t packed(const Quat& q, int bits) {
  const float v[4] = {q.w, q.x, q.y, q.z};
  int place = 0;
  for (int k = 1; k < 4; ++k)
    if (std::fabs(v[k]) > std::fabs(v[place])) place = k;
  const float sign = v[place] < 0 ? -1.0f : 1.0f, top = float((1u << bits) - 1);
  std::uint64_t code = std::uint64_t(place) << 3 * bits;
  for (int k = 0, at = 0; k < 4; ++k)
    if (k != place) {
      float level = packed_level(sign * v[k], top);  // v / sqrt2 + 1/2 in [0, 1]
      level = level > 0 ? level > top ? top : level : 0;  // what is not a number, too
      code |= std::uint64_t(level) << at;
      at += bits;
    }
  return code;
}

GRAINSPIN_HD inline Quat unpacked(std::uint64_t code, int bits) {
  const std::uint64_t top = (std::uint64_t(1) << bits) - 1;
  const int place = int(code >> 3 * bits & 3);
  double v[4], square = 0;
  for (int k = 0, at = 0; k < 4; ++k)
    if (k != place) {
      v[k] = (double(code >> at & top) / double(top) - 0.5) * 1.4142135623730951;
      square += v[k] * v[k];
      at += bits;
    }
  v[place] = std::sqrt(square < 1 ? 1 - square : 0);
  return {float(v[0]), float(v[1]), float(v[2]), float(v[3])};
}

// q[n, 4] -> out[n, packed_bytes], little-endian whatever the machine; and back.
void pack_orientations(Packing packing, std::int64_t n, const float* q, std::uint8_t* out);
void unpack_orientations(Packing packing, std::int64_t n, const std::uint8_t* packed, float* q);

}  // namespace grainspin

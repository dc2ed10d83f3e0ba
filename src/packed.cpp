#include "grainspin/packed.h"

namespace grainspin {

void pack_orientations(Packing packing, std::int64_t n, const float* q, std::uint8_t* out) {
  require(packing != Packing::kNone, Errc::kArgument, "packing of orientations: wanted 32, 48 or 64 bits");
  const int bytes = packed_bytes(packing), bits = component_bits(packing);
  for (std::int64_t i = 0; i < n; ++i, q += 4) {
    const std::uint64_t code = packed({q[0], q[1], q[2], q[3]}, bits);
    for (int b = 0; b < bytes; ++b) *out++ = std::uint8_t(code >> 8 * b);
  }
}

void unpack_orientations(Packing packing, std::int64_t n, const std::uint8_t* in, float* q) {
  require(packing != Packing::kNone, Errc::kArgument, "packing of orientations: wanted 32, 48 or 64 bits");
  const int bytes = packed_bytes(packing), bits = component_bits(packing);
  for (std::int64_t i = 0; i < n; ++i, q += 4) {
    std::uint64_t code = 0;
    for (int b = 0; b < bytes; ++b) code |= std::uint64_t(*in++) << 8 * b;
    const Quat r = unpacked(code, bits);
    q[0] = r.w, q[1] = r.x, q[2] = r.y, q[3] = r.z;
  }
}

}  // namespace grainspin

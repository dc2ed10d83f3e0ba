// Eight points at once: arithmetic on a pack is arithmetic on each of its lanes. The compiler turns it into
// AVX-512, AVX2 or SSE2 instructions, whichever it builds for.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace cp {

// Everything below is inlined: how a pack is passed to a function depends on what the file is compiled for.
inline constexpr int kLanes = 8;
using Pack = double __attribute__((vector_size(kLanes * sizeof(double))));
using Mask =
    std::int64_t __attribute__((vector_size(kLanes * sizeof(std::int64_t))));  // -1 where true, 0 elsewhere

using Matrix = std::array<double, 9>;  // 3x3, row-major
using PackMatrix = std::array<Pack, 9>;

[[gnu::always_inline]] inline Pack broadcast(double x) {
  return Pack{} + x;
}
[[gnu::always_inline]] inline Pack magnitude(const Pack& x) {
  return x < 0.0 ? -x : x;
}
[[gnu::always_inline]] inline Pack larger(const Pack& a, const Pack& b) {
  return a > b ? a : b;
}
[[gnu::always_inline]] inline Pack smaller(const Pack& a, const Pack& b) {
  return a < b ? a : b;
}

[[gnu::always_inline]] inline bool any(const Mask& m) {
  std::int64_t bits = 0;
  for (int l = 0; l < kLanes; ++l) bits |= m[l];
  return bits != 0;
}

// x[i] = x[i]^a for x >= 0.
void powers(double* x, int count, double a);
[[gnu::always_inline]] inline Pack power(const Pack& x, int exponent) {
  Pack y = broadcast(1), square = x;
  for (int e = exponent; e > 0; e >>= 1, square *= square)
    if (e & 1) y *= square;
  return y;
}

// 3x3 algebra on numbers and on packs alike.
template <class T>
[[gnu::always_inline]] inline std::array<T, 9> product(const std::array<T, 9>& a, const std::array<T, 9>& b) {
  std::array<T, 9> c;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      c[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
  return c;
}
template <class T>
[[gnu::always_inline]] inline std::array<T, 9> transposed(const std::array<T, 9>& a) {
  return {a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8]};
}
template <class T>
[[gnu::always_inline]] inline T determinant(const std::array<T, 9>& a) {
  return a[0] * (a[4] * a[8] - a[5] * a[7]) - a[1] * (a[3] * a[8] - a[5] * a[6]) +
         a[2] * (a[3] * a[7] - a[4] * a[6]);
}
inline Matrix inverse(const Matrix& a) {
  const double d = 1 / determinant(a);
  return {d * (a[4] * a[8] - a[5] * a[7]), d * (a[2] * a[7] - a[1] * a[8]), d * (a[1] * a[5] - a[2] * a[4]),
          d * (a[5] * a[6] - a[3] * a[8]), d * (a[0] * a[8] - a[2] * a[6]), d * (a[2] * a[3] - a[0] * a[5]),
          d * (a[3] * a[7] - a[4] * a[6]), d * (a[1] * a[6] - a[0] * a[7]), d * (a[0] * a[4] - a[1] * a[3])};
}
inline constexpr Matrix kIdentity{1, 0, 0, 0, 1, 0, 0, 0, 1};

}  // namespace cp

// Loops of nonlocal_kernels.h over the inner fields of a gated map.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "networks/nonlocal_clones.h"
#include "networks/nonlocal_kernels.h"

namespace grainspin::kernels {

namespace {

// exp(x) to 2 ulp: x = k ln2 + r, polynomial of degree 5 in r (Moshier, Cephes expf), exponent by bits.
// Written out so that the loop around it is vectorised, the same on every instruction set.
GRAINSPIN_INLINE float exponential(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 87.0f ? 87.0f : x;
  const float shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 2^23: the integer is in the low bits
  const float k = shifted - 12582912.0f;
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return p * std::bit_cast<float>((std::bit_cast<std::int32_t>(shifted) - 0x4B400000 + 127) << 23);
}
GRAINSPIN_INLINE double exponential(double x) {
  return std::exp(x);
}

template <class T>
GRAINSPIN_INLINE void combine_body(const T* weights, std::int64_t stride, const T* rows,
                                   std::int64_t row_stride, std::int64_t count, std::int64_t n, T* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = weights[0] * rows[i];
  for (std::int64_t b = 1; b < count; ++b) {
    const T w = weights[b * stride];
    const T* in = rows + b * row_stride;
    for (std::int64_t i = 0; i < n; ++i) out[i] += w * in[i];
  }
}

template <class T>
GRAINSPIN_INLINE void gate_body(T* __restrict__ u, T* __restrict__ g, T bias, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T s = T(1) / (T(1) + exponential(-(g[i] + bias)));
    g[i] = s;
    u[i] *= s;
  }
}

// Sixteen partial sums in a fixed order: the same bits however the loop is vectorised.
template <class T>
GRAINSPIN_INLINE T backward_body(const T* __restrict__ dy, T* __restrict__ u, T* __restrict__ g,
                                 std::int64_t n) {
  T part[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int j = 0; j < 16; ++j) {
      const T s = g[i + j], d = dy[i + j], dg = d * u[i + j] * (T(1) - s);
      u[i + j] = d * s;
      g[i + j] = dg;
      part[j] += dg;
    }
  for (; i < n; ++i) {
    const T s = g[i], d = dy[i], dg = d * u[i] * (T(1) - s);
    u[i] = d * s;
    g[i] = dg;
    part[0] += dg;
  }
  T sum = 0;
  for (const T one : part) sum += one;
  return sum;
}

#define GRAINSPIN_LOOPS(T)                                                                                  \
  GRAINSPIN_CLONES void combine_loop(const T* weights, std::int64_t stride, const T* rows,                  \
                                     std::int64_t row_stride, std::int64_t count, std::int64_t n, T* out) { \
    combine_body(weights, stride, rows, row_stride, count, n, out);                                         \
  }                                                                                                         \
  GRAINSPIN_CLONES void sizes_loop(const T* from, T* to, std::int64_t n) {                                  \
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] < 0 ? -from[i] : from[i];                          \
  }                                                                                                         \
  GRAINSPIN_CLONES void add_loop(const T* from, T* to, std::int64_t n) {                                    \
    for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];                                                  \
  }                                                                                                         \
  GRAINSPIN_CLONES void add_signed_loop(const T* of, const T* d, T* to, std::int64_t n) {                   \
    for (std::int64_t i = 0; i < n; ++i) to[i] += of[i] > 0 ? d[i] : of[i] < 0 ? -d[i] : T(0);              \
  }                                                                                                         \
  GRAINSPIN_CLONES void gate_loop(T* u, T* g, T bias, std::int64_t n) {                                     \
    gate_body(u, g, bias, n);                                                                               \
  }                                                                                                         \
  GRAINSPIN_CLONES T backward_loop(const T* dy, T* u, T* g, std::int64_t n) {                               \
    return backward_body(dy, u, g, n);                                                                      \
  }
GRAINSPIN_LOOPS(float)
GRAINSPIN_LOOPS(double)
#undef GRAINSPIN_LOOPS

}  // namespace

template <class T>
void combine(const T* weights, std::int64_t stride, const T* rows, std::int64_t row_stride,
             std::int64_t count, std::int64_t n, T* out) {
  combine_loop(weights, stride, rows, row_stride, count, n, out);
}
template <class T>
void sizes(const T* from, T* to, std::int64_t n) {
  sizes_loop(from, to, n);
}
template <class T>
void add(const T* from, T* to, std::int64_t n) {
  add_loop(from, to, n);
}
template <class T>
void add_signed(const T* of, const T* d, T* to, std::int64_t n) {
  add_signed_loop(of, d, to, n);
}
template <class T>
void gate(T* u, T* g, T bias, std::int64_t n) {
  gate_loop(u, g, bias, n);
}
template <class T>
T gate_backward(const T* dy, T* u, T* g, std::int64_t n) {
  return backward_loop(dy, u, g, n);
}

#define GRAINSPIN_INSTANCES(T)                                                                           \
  template void combine(const T*, std::int64_t, const T*, std::int64_t, std::int64_t, std::int64_t, T*); \
  template void sizes(const T*, T*, std::int64_t);                                                       \
  template void add(const T*, T*, std::int64_t);                                                         \
  template void add_signed(const T*, const T*, T*, std::int64_t);                                        \
  template void gate(T*, T*, T, std::int64_t);                                                           \
  template T gate_backward(const T*, T*, T*, std::int64_t);
GRAINSPIN_INSTANCES(float)
GRAINSPIN_INSTANCES(double)

}  // namespace grainspin::kernels

#include "networks/nonlocal_kernels.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>

#include "networks/nonlocal_clones.h"

namespace grainspin::kernels {

namespace {

constexpr std::int64_t kBlock = 1024;  // numbers of a row that a thread takes at least

const double kHalf2 = 0.70710678118654752440, kSixth = 0.40824829046386301637;  // 1/sqrt2, 1/sqrt6

template <class T>
GRAINSPIN_INLINE void turn_body(const T* R, const T* p, T* y, int n, std::int64_t M, std::int64_t V,
                                bool transposed, std::int64_t begin, std::int64_t end) {
  for (int a = 0; a < n; ++a)
    for (std::int64_t m = 0; m < M; ++m) {
      T* out = y + (a * M + m) * V;
      for (std::int64_t v = begin; v < end; ++v) out[v] = 0;
      for (int b = 0; b < n; ++b) {
        const T *r = R + (transposed ? b * n + a : a * n + b) * V, *in = p + (b * M + m) * V;
        for (std::int64_t v = begin; v < end; ++v) out[v] += r[v] * in[v];
      }
    }
}

template <class T>
GRAINSPIN_INLINE void outer_body(const T* y, const T* p, T* g, int n, std::int64_t M, std::int64_t V,
                                 std::int64_t begin, std::int64_t end) {
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b) {
      T* out = g + (a * n + b) * V;
      for (std::int64_t v = begin; v < end; ++v) out[v] = 0;
      for (std::int64_t m = 0; m < M; ++m) {
        const T *l = y + (a * M + m) * V, *r = p + (b * M + m) * V;
        for (std::int64_t v = begin; v < end; ++v) out[v] += l[v] * r[v];
      }
    }
}

template <class T>
struct Traction {
  T t0, t1, t2;
};
// The symmetric tensor of a deviator, times n.
template <class T>
GRAINSPIN_INLINE Traction<T> traction(const T* p, std::int64_t stride, std::int64_t i, T n0, T n1, T n2) {
  const T a = T(kHalf2) * p[i], b = T(kSixth) * p[stride + i], yz = T(kHalf2) * p[2 * stride + i],
          xz = T(kHalf2) * p[3 * stride + i], xy = T(kHalf2) * p[4 * stride + i];
  return {(a - b) * n0 + xy * n1 + xz * n2, xy * n0 - (a + b) * n1 + yz * n2, xz * n0 + yz * n1 + 2 * b * n2};
}
// The deviator of v (x) n.
template <class T>
GRAINSPIN_INLINE void dyad(T v0, T v1, T v2, T n0, T n1, T n2, T* e, std::int64_t stride, std::int64_t i) {
  e[i] = T(kHalf2) * (v0 * n0 - v1 * n1);
  e[stride + i] = T(kSixth) * (2 * v2 * n2 - v0 * n0 - v1 * n1);
  e[2 * stride + i] = T(kHalf2) * (v1 * n2 + v2 * n1);
  e[3 * stride + i] = T(kHalf2) * (v0 * n2 + v2 * n0);
  e[4 * stride + i] = T(kHalf2) * (v0 * n1 + v1 * n0);
}

template <class T>
GRAINSPIN_INLINE void green_body(const T* n, T beta, const T* p, T* u, std::int64_t F2, std::int64_t stride,
                                 bool pressure, std::int64_t begin, std::int64_t end) {
  const T *x = n, *y = n + F2, *z = n + 2 * F2;
  for (std::int64_t i = begin; i < end; ++i) {
    const T n0 = x[i], n1 = y[i], n2 = z[i];
    const auto [t0, t1, t2] = traction(p, stride, i, n0, n1, n2);
    const T g = n0 * t0 + n1 * t1 + n2 * t2, c = beta * g;
    const T v0 = t0 - c * n0, v1 = t1 - c * n1, v2 = t2 - c * n2;
    dyad(v0, v1, v2, n0, n1, n2, u, stride, i);
    u[5 * stride + i] = T(0.5) * (v2 * n1 - v1 * n2);
    u[6 * stride + i] = T(0.5) * (v0 * n2 - v2 * n0);
    u[7 * stride + i] = T(0.5) * (v1 * n0 - v0 * n1);
    if (pressure) u[8 * stride + i] = g;
  }
}

template <class T>
GRAINSPIN_INLINE void transposed_body(const T* n, T beta, const T* u, T* p, std::int64_t F2,
                                      std::int64_t stride, bool pressure, std::int64_t begin,
                                      std::int64_t end) {
  const T *x = n, *y = n + F2, *z = n + 2 * F2, *w = u + 5 * stride;
  for (std::int64_t i = begin; i < end; ++i) {
    const T n0 = x[i], n1 = y[i], n2 = z[i];
    const T w0 = T(0.5) * w[i], w1 = T(0.5) * w[stride + i], w2 = T(0.5) * w[2 * stride + i];
    const auto [e0, e1, e2] = traction(u, stride, i, n0, n1, n2);
    const T v0 = e0 + w1 * n2 - w2 * n1, v1 = e1 + w2 * n0 - w0 * n2, v2 = e2 + w0 * n1 - w1 * n0;
    T c = beta * (n0 * v0 + n1 * v1 + n2 * v2);
    if (pressure) c -= u[8 * stride + i];
    dyad(v0 - c * n0, v1 - c * n1, v2 - c * n2, n0, n1, n2, p, stride, i);
  }
}

// n . (H n) of the transposed operator is n . e n alone, since n . (w x n) is 0.
template <class T>
double beta_body(const T* n, const T* u, const T* p, const T* weight, std::int64_t F2, std::int64_t stride) {
  double sum = 0;
  for (std::int64_t i = 0; i < F2; ++i) {
    const T n0 = n[i], n1 = n[F2 + i], n2 = n[2 * F2 + i];
    const auto t = traction(p, stride, i, n0, n1, n2), e = traction(u, stride, i, n0, n1, n2);
    sum -= double(weight[i]) * double(n0 * t.t0 + n1 * t.t1 + n2 * t.t2) *
           double(n0 * e.t0 + n1 * e.t1 + n2 * e.t2);
  }
  return sum;
}

#define GRAINSPIN_LOOPS(T)                                                                              \
  GRAINSPIN_CLONES void turn_loop(const T* R, const T* p, T* y, int n, std::int64_t M, std::int64_t V,  \
                                  bool transposed, std::int64_t begin, std::int64_t end) {              \
    turn_body(R, p, y, n, M, V, transposed, begin, end);                                                \
  }                                                                                                     \
  GRAINSPIN_CLONES void outer_loop(const T* y, const T* p, T* g, int n, std::int64_t M, std::int64_t V, \
                                   std::int64_t begin, std::int64_t end) {                              \
    outer_body(y, p, g, n, M, V, begin, end);                                                           \
  }                                                                                                     \
  GRAINSPIN_CLONES void green_loop(const T* n, T beta, const T* p, T* u, std::int64_t F2,               \
                                   std::int64_t stride, bool pressure, std::int64_t begin,              \
                                   std::int64_t end) {                                                  \
    green_body(n, beta, p, u, F2, stride, pressure, begin, end);                                        \
  }                                                                                                     \
  GRAINSPIN_CLONES void transposed_loop(const T* n, T beta, const T* u, T* p, std::int64_t F2,          \
                                        std::int64_t stride, bool pressure, std::int64_t begin,         \
                                        std::int64_t end) {                                             \
    transposed_body(n, beta, u, p, F2, stride, pressure, begin, end);                                   \
  }
GRAINSPIN_LOOPS(float)
GRAINSPIN_LOOPS(double)
#undef GRAINSPIN_LOOPS

// In pieces that stay in the first cache.
template <class F>
void blocks(std::int64_t n, const F& f) {
  at::parallel_for(0, (n + kBlock - 1) / kBlock, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) f(b * kBlock, std::min(n, (b + 1) * kBlock));
  });
}

}  // namespace

template <class T>
void turn_fields(const T* rotation, const T* p, T* y, int n, std::int64_t M, std::int64_t V,
                 bool transposed) {
  blocks(V, [&](std::int64_t begin, std::int64_t end) {
    turn_loop(rotation, p, y, n, M, V, transposed, begin, end);
  });
}

template <class T>
void outer_fields(const T* y, const T* p, T* g, int n, std::int64_t M, std::int64_t V) {
  blocks(V, [&](std::int64_t begin, std::int64_t end) { outer_loop(y, p, g, n, M, V, begin, end); });
}

template <class T>
void green(const T* n, T beta, const T* p, T* u, std::int64_t F2, std::int64_t stride, bool pressure) {
  blocks(F2, [&](std::int64_t begin, std::int64_t end) {
    green_loop(n, beta, p, u, F2, stride, pressure, begin, end);
  });
}

template <class T>
double green_transposed(const T* n, T beta, const T* u, T* p, std::int64_t F2, std::int64_t stride,
                        bool pressure, const T* spectrum, const T* weight) {
  blocks(F2, [&](std::int64_t begin, std::int64_t end) {
    transposed_loop(n, beta, u, p, F2, stride, pressure, begin, end);
  });
  return spectrum ? beta_body(n, u, spectrum, weight, F2, stride) : 0;
}

#define GRAINSPIN_INSTANCES(T)                                                                            \
  template void turn_fields(const T*, const T*, T*, int, std::int64_t, std::int64_t, bool);               \
  template void outer_fields(const T*, const T*, T*, int, std::int64_t, std::int64_t);                    \
  template void green(const T*, T, const T*, T*, std::int64_t, std::int64_t, bool);                       \
  template double green_transposed(const T*, T, const T*, T*, std::int64_t, std::int64_t, bool, const T*, \
                                   const T*);
GRAINSPIN_INSTANCES(float)
GRAINSPIN_INSTANCES(double)

}  // namespace grainspin::kernels

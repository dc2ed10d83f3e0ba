// Vectors of the nonlocal kernels: functions of a vector, products of a small matrix with rows of voxels. A part of
// nonlocal_body.h, which says what defines the instruction set and why everything here is static.
#pragma once

#include "grainspin/nonlocal_inline.h"
#include "nonlocal_kernels.h"

namespace grainspin {
namespace {

constexpr int kLanes = GRAINSPIN_LANES;
constexpr int kRows = GRAINSPIN_ROWS;
constexpr int V = kNonlocalBlock;  // floats of a row
static_assert(V % (2 * kLanes) == 0);

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float)), may_alias));
typedef float Loose __attribute__((vector_size(kLanes * sizeof(float)), may_alias, aligned(4)));
typedef std::int32_t Int __attribute__((vector_size(kLanes * sizeof(float)), may_alias));

inline Vec load(const float* p) { return *reinterpret_cast<const Vec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<Vec*>(p) = v; }

inline Vec reciprocal(Vec x) {
  Vec r = GRAINSPIN_RECIPROCAL(x);
  r = r * (2.0f - x * r);
  return r * (2.0f - x * r);
}

// exp for |x| <= 87: 2^n e^f, n = round(x log2 e), |f| <= log(2)/2, Taylor's series of e^f to f^7 (remainder 5e-9).
inline Vec exp_of(Vec x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
  const Vec shifted = x * 1.44269504088896341f + magic;
  const Vec n = shifted - magic;
  const Vec f = (x - n * 0.693359375f) + n * 2.12194440054690583e-4f;  // log 2 in two parts
  Vec p = f * 1.98412698e-4f + 1.38888889e-3f;
  p = p * f + 8.33333333e-3f;
  p = p * f + 4.16666667e-2f;
  p = p * f + 1.66666667e-1f;
  p = p * f + 0.5f;
  p = p * f + 1.0f;
  p = p * f + 1.0f;
  return (Vec)((Int)p + (__builtin_convertvector(n, Int) << 23));
}

inline Vec clamped(Vec x, float bound) {
  const Vec high = Vec{} + bound;
  x = x > high ? high : x;
  return x < -high ? -high : x;
}

inline Vec sigmoid(Vec x) { return reciprocal(1.0f + exp_of(-clamped(x, 60.0f))); }
inline Vec tanh_of(Vec x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }

// log for normal x > 0: exponent and mantissa in [1/sqrt2, sqrt2), then 2 artanh(z), z = (m-1)/(m+1), to z^11.
inline Vec log_of(Vec x) {
  const Int bits = (Int)x - 0x3f3504f3;  // sqrt(1/2)
  const Vec n = __builtin_convertvector(bits >> 23, Vec);
  const Vec m = (Vec)((bits & 0x007fffff) + 0x3f3504f3);
  const Vec z = (m - 1.0f) / (m + 1.0f), s = z * z;
  Vec p = s * 0.0909090909f + 0.111111111f;
  p = p * s + 0.142857143f;
  p = p * s + 0.2f;
  p = p * s + 0.333333333f;
  p = p * s + 1.0f;
  return n * 0.693147180559945f + 2.0f * z * p;
}

// 1 - (1 - sigmoid(x))^exponent, with 1 - sigmoid(x) = 1/(1 + e^x).
inline Vec power_gate(Vec x, float exponent) {
  const Vec base = log_of(1.0f + exp_of(clamped(x, 60.0f)));
  return 1.0f - exp_of(-clamped(exponent * base, 80.0f));
}

// ---- products ---------------------------------------------------------------------------------------------------

template <int kTile>
void tile(int depth, const float* w, const std::int32_t* in, const std::int32_t* out, const float* x, float* y) {
  Vec a[kTile][2];
#pragma GCC unroll 16
  for (int r = 0; r < kTile; ++r) a[r][0] = a[r][1] = Vec{};
  for (int k = 0; k < depth; ++k, w += kTile) {
    const Vec x0 = load(x + in[k]), x1 = load(x + in[k] + kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kTile; ++r) {
      a[r][0] += x0 * w[r];
      a[r][1] += x1 * w[r];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kTile; ++r) {
    store(y + out[r], a[r][0]);
    store(y + out[r] + kLanes, a[r][1]);
  }
}

using Tile = void (*)(int, const float*, const std::int32_t*, const std::int32_t*, const float*, float*);
template <int... kSize>
struct Tiles {
  static constexpr Tile of[] = {nullptr, tile<kSize>...};
};
#if GRAINSPIN_ROWS == 12
using AllTiles = Tiles<1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>;
#else
using AllTiles = Tiles<1, 2, 3, 4, 5, 6>;
#endif

void product(const ProductView& p, const float* x, float* y) {
  const int tiles = (p.rows + kRows - 1) / kRows;
  for (int c = 0; c < p.columns; c += 2 * kLanes) {
    const float* w = p.w;
    for (int t = 0; t < tiles; ++t) {
      const int first = p.rows * t / tiles, rows = p.rows * (t + 1) / tiles - first;
      AllTiles::of[rows](p.depth, w, p.in, p.out + first, x + c, y + c);
      w += rows * p.depth;
    }
  }
}
void apply(const MapView& map, const float* x, float* y) {
  for (int i = 0; i < map.count; ++i) product(map.parts[i], x, y);
}
// One product on each of `channels` channels of `rows` rows.
void each(const ProductView& p, int channels, int rows, const float* x, float* y) {
  for (int c = 0; c < channels; ++c) product(p, x + c * rows * V, y + c * rows * V);
}

}  // namespace
}  // namespace grainspin

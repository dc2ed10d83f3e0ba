// recurrent.h's kernels in bf16 by AVX-512's dot products of pairs: products of weights and state rounded to bf16, sums in fp32,
// activations from a table; project() multiplies in fp32. Everything is static, for the reason recurrent_body.h gives.
//
// Sixteen hidden units and sixteen voxels at a time: a tile of weights is [16 units][32 inputs], a tile of inputs
// [16 pairs][16 voxels][2], and the four gates' sums [16 units][16 voxels] stay in tiles until the activations need them.
// What binds is the activations: 8 instructions a value, so nothing here is worth more than leaving some of them out.
#include <immintrin.h>

#include "activation_table.h"
#include "recurrent.h"
#include "recurrent_turn.h"

namespace grainspin {
namespace {

constexpr int kSide = 16;               // units and voxels of a tile
constexpr int kDepth = 32;              // inputs of a tile
constexpr int kTile = kSide * kDepth;   // bf16 of a tile
static_assert(kBlock == 2 * kSide);

constexpr int tiles_of(int columns) { return (columns + kDepth - 1) / kDepth; }

// ---- products -----------------------------------------------------------------------------------------------------
// Sums of sixteen units and a block: [4 gates][2 halves of the voxels][16 units][16 voxels]. Two gates are worked on at a
// time, so that a tile of weights is loaded once for both halves.
constexpr int kHalf = kSide * kSide;        // floats of a gate's sums of one half
constexpr int kPair = 4 * kHalf, kSums = 2 * kPair;

// The sums in memory, eight units at a time in registers.
class Products {
 public:
  void begin(const float* from, long gate, long half) {
    for (int i = 0; i < kHalf; i += kSide) {
      _mm512_store_ps(sums_ + i, _mm512_load_ps(from + i));
      _mm512_store_ps(sums_ + kHalf + i, _mm512_load_ps(from + half + i));
      _mm512_store_ps(sums_ + 2 * kHalf + i, _mm512_load_ps(from + gate + i));
      _mm512_store_ps(sums_ + 3 * kHalf + i, _mm512_load_ps(from + gate + half + i));
    }
  }
  template <bool kFirst, bool kSecond>
  void add(const std::uint16_t* first, const std::uint16_t* second, const std::uint16_t* low, const std::uint16_t* high) {
    if constexpr (kFirst) product(first, low, sums_), product(first, high, sums_ + kHalf);
    if constexpr (kSecond) product(second, low, sums_ + 2 * kHalf), product(second, high, sums_ + 3 * kHalf);
  }
  void end(float* to) {
    for (int i = 0; i < kPair; i += kSide) _mm512_store_ps(to + i, _mm512_load_ps(sums_ + i));
  }

 private:
  static void product(const std::uint16_t* weights, const std::uint16_t* inputs, float* sums) {
    for (int half = 0; half < 2; ++half, sums += 8 * kSide, weights += 8 * kDepth) {
      __m512 a[8];
#pragma GCC unroll 8
      for (int u = 0; u < 8; ++u) a[u] = _mm512_load_ps(sums + u * kSide);
      for (int k = 0; k < kDepth; k += 2) {
        const __m512bh in = (__m512bh)_mm512_load_si512(inputs + k * kSide);
#pragma GCC unroll 8
        for (int u = 0; u < 8; ++u) {
          std::int32_t pair;
          __builtin_memcpy(&pair, weights + u * kDepth + k, sizeof pair);
          a[u] = _mm512_dpbf16_ps(a[u], (__m512bh)_mm512_set1_epi32(pair), in);
        }
      }
#pragma GCC unroll 8
      for (int u = 0; u < 8; ++u) _mm512_store_ps(sums + u * kSide, a[u]);
    }
  }
  alignas(64) float sums_[kPair];
};

// Rows x[columns][kBlock] of a block as tiles of bf16 pairs, one half of the voxels after the other:
// [kBlock / 16][tiles][16 pairs][16 voxels][2], zeros behind the last column.
void pair_up(int columns, const float* x, std::uint16_t* to) {
  alignas(64) static constexpr std::uint16_t kInterleave[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                                8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i interleave = _mm512_load_si512(kInterleave);
  const int tiles = tiles_of(columns);
  for (int half = 0; half < kBlock / kSide; ++half) {
    std::uint16_t* out = to + long(half) * tiles * kTile;
    for (int k = 0; k < tiles * kDepth; k += 2, out += 2 * kSide) {
      const __m512 first = k < columns ? _mm512_load_ps(x + long(k) * kBlock + half * kSide) : _mm512_setzero_ps();
      const __m512 second = k + 1 < columns ? _mm512_load_ps(x + long(k + 1) * kBlock + half * kSide) : _mm512_setzero_ps();
      _mm512_store_si512(out, _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(second, first)));
    }
  }
}

// ---- activations ----------------------------------------------------------------------------------------------------

// f(x) = (c x + b) x + a of the table's segment that x lies in (activation_table.h).
class Curve {
 public:
  explicit Curve(const ActivationTable& t)
      : a0_(_mm512_load_ps(t.a)), a1_(_mm512_load_ps(t.a + 16)), b0_(_mm512_load_ps(t.b)), b1_(_mm512_load_ps(t.b + 16)),
        c0_(_mm512_load_ps(t.c)), c1_(_mm512_load_ps(t.c + 16)) {}
  __m512 operator()(__m512 x) const {
    const __m512 in = _mm512_range_ps(x, _mm512_set1_ps(kActivationBound), 2);  // the smaller magnitude, x's sign
    // Adding 1.5 * 2^23 rounds to a whole number, whose low five bits choose the entry.
    const __m512i at = _mm512_castps_si512(_mm512_fmadd_ps(in, _mm512_set1_ps(kActivationSegments), _mm512_set1_ps(12582912.0f)));
    const __m512 a = _mm512_permutex2var_ps(a0_, at, a1_), b = _mm512_permutex2var_ps(b0_, at, b1_), c = _mm512_permutex2var_ps(c0_, at, c1_);
    return _mm512_fmadd_ps(_mm512_fmadd_ps(c, in, b), in, a);
  }

 private:
  __m512 a0_, a1_, b0_, b1_, c0_, c1_;
};

// One step of a layer (recurrent.h: LayerStep): the products of sixteen units, then their activations while the sums lie in
// L1. Tried and slower: activations between the tiles of the next sixteen units, sums of all units before any activation.
template <int kGates>
void step(const LayerStep& s) {
  const LayerView& layer = s.layer;
  const int groups = layer.hidden / kSide, x_tiles = tiles_of(layer.inputs), h_tiles = tiles_of(layer.hidden);
  std::uint16_t *x = reinterpret_cast<std::uint16_t*>(s.pairs), *h = x + long(x_tiles) * kDepth * kBlock;
  if (x_tiles) pair_up(layer.inputs, s.x, x);
  pair_up(layer.hidden, s.h, h);
  alignas(64) float sums[kSums];
  const Curve tanh(kTanhTable), sigmoid_of_half(kHalfSigmoidTable);
  const auto activate = [&](const float* sum, long place) {
    const __m512 one = _mm512_load_ps(sum), two = _mm512_load_ps(sum + 2 * kHalf), three = _mm512_load_ps(sum + 4 * kHalf),
                 four = _mm512_load_ps(sum + 6 * kHalf);
    if constexpr (kGates == 4) {
      const __m512 c = _mm512_fmadd_ps(sigmoid_of_half(two), _mm512_load_ps(s.c + place), _mm512_mul_ps(sigmoid_of_half(one), tanh(three)));
      _mm512_store_ps(s.c + place, c);
      _mm512_store_ps(s.h_out + place, _mm512_mul_ps(sigmoid_of_half(four), tanh(c)));
    } else {
      const __m512 n = tanh(_mm512_fmadd_ps(sigmoid_of_half(one), four, three));
      _mm512_store_ps(s.h_out + place, _mm512_fmadd_ps(sigmoid_of_half(two), _mm512_sub_ps(_mm512_load_ps(s.h + place), n), n));
    }
  };
  Products products;
  const auto pair = [&]<bool kLast>(int group) {  // gates 0 and 1, or 2 and 3
    const std::uint16_t *wx = layer.tx + (long(group) * x_tiles * kGates + kLast * 2) * kTile, *wh = layer.th + (long(group) * h_tiles * kGates + kLast * 2) * kTile;
    if (s.start)
      products.begin(s.start + long(group) * kSums + kLast * kPair, 2 * kHalf, kHalf);
    else
      products.begin(layer.bias_tiles + (long(group) * 4 + kLast * 2) * kHalf, kHalf, 0);
    for (int t = 0; t < x_tiles; ++t, wx += kGates * kTile)
      products.template add<true, !kLast || kGates == 4>(wx, wx + kTile, x + long(t) * kTile, x + (long(x_tiles) + t) * kTile);
    for (int t = 0; t < h_tiles; ++t, wh += kGates * kTile)  // the hidden state's part of a GRU's third gate is the fourth sum
      products.template add<!kLast || kGates == 4, true>(wh, kLast && kGates == 3 ? wh : wh + kTile, h + long(t) * kTile, h + (long(h_tiles) + t) * kTile);
    products.end(sums + kLast * kPair);
  };
  for (int group = 0; group < groups; ++group) {
    pair.template operator()<false>(group);
    pair.template operator()<true>(group);
    for (int half = 0; half < 2; ++half)
      for (int u = 0; u < kSide; ++u) activate(sums + half * kHalf + u * kSide, (long(group) * kSide + u) * kBlock + half * kSide);
  }
}

// start: [hidden / 16] sums. In fp32: eight units and a block at a time.
void project(const LayerView& layer, int gates, const float* x, float* start, float*) {
  constexpr int kUnits = 8;
  const float* w = layer.wx;
  for (int group = 0; group < layer.hidden / kSide; ++group)
    for (int gate = 0; gate < 4; ++gate)
      for (int first = 0; first < kSide; first += kUnits) {
        const bool sees_x = gate < gates;  // not the hidden state's part of a GRU's third gate
        const float* bias = layer.bias_tiles + ((long(group) * 4 + gate) * kSide + first) * kSide;
        __m512 low[kUnits], high[kUnits];
#pragma GCC unroll 8
        for (int u = 0; u < kUnits; ++u) low[u] = high[u] = _mm512_load_ps(bias + u * kSide);
        for (int k = 0; k < (sees_x ? layer.inputs : 0); ++k, w += kUnits) {
          const __m512 x_low = _mm512_load_ps(x + long(k) * kBlock), x_high = _mm512_load_ps(x + long(k) * kBlock + kSide);
#pragma GCC unroll 8
          for (int u = 0; u < kUnits; ++u) {
            const __m512 all = _mm512_set1_ps(w[u]);
            low[u] = _mm512_fmadd_ps(all, x_low, low[u]);
            high[u] = _mm512_fmadd_ps(all, x_high, high[u]);
          }
        }
        float* to = start + long(group) * kSums + gate * 2 * kHalf + first * kSide;
#pragma GCC unroll 8
        for (int u = 0; u < kUnits; ++u) {
          _mm512_store_ps(to + u * kSide, low[u]);
          _mm512_store_ps(to + kHalf + u * kSide, high[u]);
        }
      }
}

void affine(int rows, int columns, const float* weight, const float* bias, const float* x, float* out) {
  constexpr int kRows = 3;  // every head has a multiple of three
  for (int r = 0; r < rows; r += kRows, weight += kRows * columns) {
    __m512 sum[kRows][2];
#pragma GCC unroll 3
    for (int i = 0; i < kRows; ++i) sum[i][0] = sum[i][1] = _mm512_set1_ps(bias[r + i]);
    for (int k = 0; k < columns; ++k) {
      const __m512 low = _mm512_load_ps(x + k * kBlock), high = _mm512_load_ps(x + k * kBlock + kSide);
#pragma GCC unroll 3
      for (int i = 0; i < kRows; ++i) {
        const __m512 w = _mm512_set1_ps(weight[i * columns + k]);
        sum[i][0] = _mm512_fmadd_ps(low, w, sum[i][0]);
        sum[i][1] = _mm512_fmadd_ps(high, w, sum[i][1]);
      }
    }
#pragma GCC unroll 3
    for (int i = 0; i < kRows; ++i) {
      _mm512_store_ps(out + (r + i) * kBlock, sum[i][0]);
      _mm512_store_ps(out + (r + i) * kBlock + kSide, sum[i][1]);
    }
  }
}

void tanh_of_many(std::int64_t n, const float* x, float* out) {
  const Curve tanh(kTanhTable);
  for (std::int64_t i = 0; i < n; i += kSide) _mm512_store_ps(out + i, tanh(_mm512_load_ps(x + i)));
}

}  // namespace

extern const RecurrentKernels kRecurrentAvx512Bf16;
const RecurrentKernels kRecurrentAvx512Bf16{"AVX-512 bf16", kSide, step<4>, step<3>, project, affine, turn, tanh_of_many, true, nullptr};

}  // namespace grainspin

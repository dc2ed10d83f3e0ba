// tile_kernels.h by AMX and AVX512-FP16. Everything is static, for the reason recurrent_body.h gives.
//
// While tiles are in flight, and for some 700 cycles after, the second unit for 512-bit multiplications rests (measured: FMAs of
// 512 bits run at one a cycle, permutations and additions of whole numbers do not suffer). So sums are whole numbers, kept by the tiles
// in floats of a fixed last place: what chooses a table's entry and what stays in it are bits of a packed sum, not conversions.
#include <immintrin.h>

#include "activation_halves.h"
#include "recurrent.h"
#include "recurrent_turn.h"
#include "tile_kernels.h"

namespace grainspin {
namespace {

constexpr int kSide = 16, kUnits = 32;      // rows of a tile; units of a group
constexpr int kTile = kSide * kUnits;       // bf16 of a tile
constexpr int kRow = kUnits;                // numbers of a voxel in a row tile
constexpr int kRows = kBlock * kRow;        // numbers of a block in a row tile, and floats of a gate's sums
static_assert(kBlock == 2 * kSide);

struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
void begin() {
  static constexpr TileConfig config;
  _tile_loadconfig(&config);
}
void end() { _tile_release(); }

// ---- activations: 32 at a time ------------------------------------------------------------------------------------------

__m512h halves(__m512i v) { return (__m512h)v; }
__m512i bits(__m512h v) { return (__m512i)v; }
__m512h all(double x) { return halves(_mm512_set1_epi16(short(half(x)))); }
__m512i either(__m512i a, __m512i b, __m512i c) { return _mm512_ternarylogic_epi32(a, b, c, 0xea); }  // (a & b) | c

class Table {
 public:
  explicit Table(const HalfTable& t) : a_(_mm512_load_si512(t.a)), b_(_mm512_load_si512(t.b)), c_(_mm512_load_si512(t.c)) {}
  __m512h operator()(__m512i at, __m512h v) const {
    const __m512h c = halves(_mm512_permutexvar_epi16(at, c_)), b = halves(_mm512_permutexvar_epi16(at, b_)),
                  a = halves(_mm512_permutexvar_epi16(at, a_));
    return _mm512_fmadd_ph(_mm512_fmadd_ph(c, v, b), v, a);
  }

 private:
  __m512i a_, b_, c_;
};

// Of whole numbers (activation_halves.h): the upper five bits choose the entry, the ten below them are v's.
class WholeCurve {
 public:
  explicit WholeCurve(const HalfTable& t) : table_(t) {}
  __m512h operator()(__m512i k) const {
    const __m512i v = either(_mm512_srli_epi16(k, 1), _mm512_set1_epi16(0x3ff), _mm512_set1_epi16(0x3c00));
    return table_(_mm512_srli_epi16(k, 11), halves(v));
  }

 private:
  Table table_;
};

class SizeTanh {  // of halves
 public:
  SizeTanh() : table_(kSizeTanh) {}
  __m512h operator()(__m512h x) const {
    const __m512i sign = _mm512_set1_epi16(short(0x8000));
    const __m512h v = halves(_mm512_min_epi16(_mm512_andnot_si512(sign, bits(x)), bits(all(kHalfBound))));
    const __m512i at = bits(_mm512_fmadd_ph(v, all(kSizeSegments), all(1024)));  // a half's last place is one there
    return halves(_mm512_ternarylogic_epi32(bits(table_(at, v)), bits(x), sign, 0xd8));  // x's sign
  }

 private:
  Table table_;
};

// Halves of size up to 1 as bf16: the exponent's bias is 112 more. Zero becomes 3e-5, as do all below 6e-5.
__m512i as_bf16(__m512h x) {
  const __m512i rounded = _mm512_srai_epi16(_mm512_add_epi16(bits(x), _mm512_set1_epi16(4)), 3);
  return either(rounded, _mm512_set1_epi16(short(0x87ff)), _mm512_set1_epi16(0x3800));
}

// ---- products -----------------------------------------------------------------------------------------------------------

// One gate of a group: sums [2 halves of the units][kBlock][16].
struct Product {
  const std::uint16_t *x = nullptr, *wx = nullptr;
  int x_tiles = 0;
  std::int64_t x_pitch = 0, x_step = 0;
  const std::uint16_t *h = nullptr, *wh = nullptr;
  int h_tiles = 0;
  const float* bias = nullptr;
};

// rows(from, to) is called for all rows in turn, some after every product of tiles: what it does runs beside them. kSplit: weights and
// inputs in two parts (tile_kernels.h), the larger weights while they lie in L1.
template <bool kSplit = false, class Rows>
[[gnu::always_inline]] inline void multiply(const Product& p, float* sums, Rows&& rows) {
  _tile_loadd(0, p.bias, 0);
  _tile_loadd(1, p.bias + kSide, 0);
  _tile_loadd(2, p.bias, 0);
  _tile_loadd(3, p.bias + kSide, 0);
  const int slots = 4 * ((kSplit ? 3 : 1) * p.x_tiles + p.h_tiles), share = slots ? (kBlock << 16) / slots : 0;
  int slot = 0, row = 0;
  const auto fill = [&] {
    const int to = ++slot * share >> 16;
    rows(row, to);
    row = to;
  };
  const auto tile = [&](const std::uint16_t* low, const std::uint16_t* high, std::int64_t pitch, const std::uint16_t* w) {
    _tile_loadd(4, low, pitch);
    _tile_loadd(6, w, 64);
    _tile_dpbf16ps(0, 4, 6);
    fill();
    _tile_loadd(7, w + kTile, 64);
    _tile_dpbf16ps(1, 4, 7);
    fill();
    _tile_loadd(5, high, pitch);
    _tile_dpbf16ps(2, 5, 6);
    fill();
    _tile_dpbf16ps(3, 5, 7);
    fill();
  };
  for (int t = 0; t < p.x_tiles; ++t) {
    const std::uint16_t* x = p.x + t * p.x_step;
    const std::uint16_t* w = p.wx + std::int64_t(t) * (kSplit ? 4 : 2) * kTile;
    tile(x, x + kSide * p.x_pitch, 2 * p.x_pitch, w);
    if constexpr (kSplit) {
      const std::uint16_t* rest = x + p.x_tiles * p.x_step;
      tile(rest, rest + kSide * p.x_pitch, 2 * p.x_pitch, w);
      tile(x, x + kSide * p.x_pitch, 2 * p.x_pitch, w + 2 * kTile);
    }
  }
  for (int t = 0; t < p.h_tiles; ++t) {
    const std::uint16_t* h = p.h + std::int64_t(t) * kRows;
    tile(h, h + kSide * kRow, 64, p.wh + std::int64_t(t) * 2 * kTile);
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + kBlock * kSide, 64);
  _tile_stored(2, sums + kSide * kSide, 64);
  _tile_stored(3, sums + kBlock * kSide + kSide * kSide, 64);
  rows(row, kBlock);
}

// Sixteen and sixteen sums as whole numbers of 16 bits, the largest where they are larger.
__m512i packed(const float* first, const float* second) {
  const __m512i offset = _mm512_set1_epi32(-int(0x4b400000));  // kWholeOffset's bits
  return _mm512_packs_epi32(_mm512_add_epi32(_mm512_load_si512(first), offset), _mm512_add_epi32(_mm512_load_si512(second), offset));
}
// Those of a voxel.
__m512i whole(const float* sums, int row) { return packed(sums + row * kSide, sums + (kBlock + row) * kSide); }

// The product of gate `gate` of group `group`; the bias is in the start where there is one.
Product product_of(const TileStep& s, int group, int gate, bool sees_x, bool sees_h) {
  const TileLayer& l = s.layer;
  const std::int64_t n = std::int64_t(group) * 4 + gate;
  return {s.x, l.wx + n * l.x_tiles * 2 * kTile, sees_x ? l.x_tiles : 0, s.x_pitch, s.x_step, s.h,
          l.wh + n * l.groups * 2 * kTile, sees_h ? l.groups : 0, s.start ? l.offset : l.bias + n * kUnits};
}

// The new hidden state in the old one's place.
void take_over(const TileStep& s) {
  for (std::int64_t i = 0; i < std::int64_t(s.layer.groups) * kRows; i += kRow) _mm512_store_si512(s.h + i, _mm512_load_si512(s.h_out + i));
}

// ---- steps: a gate's products beside the activations of the gate before ------------------------------------------------------------------

template <bool kStart>
void lstm(const TileStep& s) {
  alignas(64) float sums[2][kRows];
  alignas(64) std::uint16_t update[kBlock][kRow], squashed[kBlock][kRow];
  const auto of = [&](int group, int gate, int row) {
    __m512i k = whole(sums[gate & 1], row);
    if constexpr (kStart) k = _mm512_adds_epi16(k, _mm512_load_si512(s.start + ((std::int64_t(group) * 4 + gate) * kBlock + row) * kRow));
    return k;
  };
  const auto input = [&](int group) {
    return [&, group](int from, int to) {
      const WholeCurve logistic(kWholeLogistic);
      for (int r = from; r < to; ++r) _mm512_store_ph(update[r], logistic(of(group, 0, r)));
    };
  };
  const auto candidate = [&](int group) {
    return [&, group](int from, int to) {
      const WholeCurve tanh(kWholeTanh);
      for (int r = from; r < to; ++r) _mm512_store_ph(update[r], _mm512_mul_ph(_mm512_load_ph(update[r]), tanh(of(group, 1, r))));
    };
  };
  const auto forget = [&](int group) {
    return [&, group](int from, int to) {
      const WholeCurve logistic(kWholeLogistic);
      const SizeTanh tanh;
      std::uint16_t* c = s.carried + std::int64_t(group) * kRows;
      for (int r = from; r < to; ++r) {
        const __m512h now = _mm512_fmadd_ph(logistic(of(group, 2, r)), _mm512_load_ph(c + r * kRow), _mm512_load_ph(update[r]));
        _mm512_store_ph(c + r * kRow, now);
        _mm512_store_ph(squashed[r], tanh(now));
      }
    };
  };
  const auto output = [&](int group) {
    return [&, group](int from, int to) {
      const WholeCurve logistic(kWholeLogistic);
      std::uint16_t* h = s.h_out + std::int64_t(group) * kRows;
      for (int r = from; r < to; ++r) _mm512_store_si512(h + r * kRow, as_bf16(_mm512_mul_ph(logistic(of(group, 3, r)), _mm512_load_ph(squashed[r]))));
    };
  };
  for (int group = 0; group < s.layer.groups; ++group) {
    if (group == 0)
      multiply(product_of(s, group, 0, true, true), sums[0], [](int, int) {});
    else
      multiply(product_of(s, group, 0, true, true), sums[0], output(group - 1));
    multiply(product_of(s, group, 1, true, true), sums[1], input(group));
    multiply(product_of(s, group, 2, true, true), sums[0], candidate(group));
    multiply(product_of(s, group, 3, true, true), sums[1], forget(group));
  }
  output(s.layer.groups - 1)(0, kBlock);
  take_over(s);
}

template <bool kStart>
void gru(const TileStep& s) {
  alignas(64) float sums[2][kRows];
  alignas(64) std::uint16_t part[kBlock][kRow];
  const auto of = [&](int group, int gate, int row) {
    __m512i k = whole(sums[gate & 1], row);
    if constexpr (kStart) k = _mm512_adds_epi16(k, _mm512_load_si512(s.start + ((std::int64_t(group) * 4 + gate) * kBlock + row) * kRow));
    return k;
  };
  const auto reset = [&](int group) {
    return [&, group](int from, int to) {
      const WholeCurve logistic(kWholeLogistic);
      for (int r = from; r < to; ++r) _mm512_store_ph(part[r], logistic(of(group, 0, r)));
    };
  };
  const auto hidden = [&](int group) {
    return [&, group](int from, int to) {
      for (int r = from; r < to; ++r) _mm512_store_ph(part[r], _mm512_mul_ph(_mm512_load_ph(part[r]), _mm512_cvtepi16_ph(of(group, 1, r))));
    };
  };
  const auto candidate = [&](int group) {
    return [&, group](int from, int to) {
      const SizeTanh tanh;
      for (int r = from; r < to; ++r) {
        const __m512h sum = _mm512_add_ph(_mm512_load_ph(part[r]), _mm512_cvtepi16_ph(of(group, 2, r)));
        _mm512_store_ph(part[r], tanh(_mm512_mul_ph(sum, all(1 / kGruUnit))));
      }
    };
  };
  const auto update = [&](int group) {
    return [&, group](int from, int to) {
      const WholeCurve logistic(kWholeLogistic);
      std::uint16_t *state = s.carried + std::int64_t(group) * kRows, *h = s.h_out + std::int64_t(group) * kRows;
      for (int r = from; r < to; ++r) {
        const __m512h n = _mm512_load_ph(part[r]), now = _mm512_fmadd_ph(logistic(of(group, 3, r)), _mm512_sub_ph(_mm512_load_ph(state + r * kRow), n), n);
        _mm512_store_ph(state + r * kRow, now);
        _mm512_store_si512(h + r * kRow, as_bf16(now));
      }
    };
  };
  for (int group = 0; group < s.layer.groups; ++group) {
    if (group == 0)
      multiply(product_of(s, group, 0, true, true), sums[0], [](int, int) {});
    else
      multiply(product_of(s, group, 0, true, true), sums[0], update(group - 1));
    multiply(product_of(s, group, 1, false, true), sums[1], reset(group));
    multiply(product_of(s, group, 2, true, false), sums[0], hidden(group));
    multiply(product_of(s, group, 3, true, true), sums[1], candidate(group));
  }
  update(s.layer.groups - 1)(0, kBlock);
  take_over(s);
}

void lstm_step(const TileStep& s) { s.start ? lstm<true>(s) : lstm<false>(s); }
void gru_step(const TileStep& s) { s.start ? gru<true>(s) : gru<false>(s); }

void project(const TileLayer& layer, int gates, const std::uint16_t* x, std::int64_t x_pitch, std::int16_t* start) {
  alignas(64) float sums[2][kRows];
  TileStep s{};
  s.layer = layer, s.x = x, s.x_pitch = x_pitch, s.x_step = kRow;
  const int products = 4 * layer.groups;
  const auto pack = [&](int n) {
    return [&, n](int from, int to) {
      for (int r = from; r < to; ++r) _mm512_store_si512(start + (std::int64_t(n) * kBlock + r) * kRow, whole(sums[n & 1], r));
    };
  };
  for (int n = 0; n < products; ++n) {
    Product product = product_of(s, n / 4, n % 4, gates == 4 || n % 4 != 1, false);
    product.wx = layer.wx + std::int64_t(n) * layer.x_tiles * 4 * kTile;
    if (n == 0)
      multiply<true>(product, sums[0], [](int, int) {});
    else
      multiply<true>(product, sums[n & 1], pack(n - 1));
  }
  pack(products - 1)(0, kBlock);
}

void heads(int rows, int groups, const std::uint16_t* weight, const float* bias, const std::uint16_t* h, float* out) {
  // The weights' products and, in other tiles so that they need not wait for each other, those of what bf16 leaves of them.
  alignas(64) float sums[2][kBlock][kSide];
  _tile_loadd(0, bias, 0);
  _tile_loadd(1, bias, 0);
  _tile_zero(2);
  _tile_zero(3);
  for (int t = 0; t < groups; ++t) {
    const std::uint16_t *from = h + std::int64_t(t) * kRows, *w = weight + std::int64_t(t) * kTile;
    _tile_loadd(6, w, 64);
    _tile_loadd(4, from, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, from + kSide * kRow, 64);
    _tile_dpbf16ps(1, 5, 6);
    _tile_loadd(7, w + std::int64_t(groups) * kTile, 64);
    _tile_dpbf16ps(2, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums[0][0], 64);
  _tile_stored(1, sums[0][kSide], 64);
  _tile_stored(2, sums[1][0], 64);
  _tile_stored(3, sums[1][kSide], 64);
  // Four rows of sixteen voxels at a time: four voxels' fours in a vector, then one number of each.
  const __m512i first = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 28, 24, 20, 16, 12, 8, 4, 0);
  for (int r = 0; r < rows; r += 4)
    for (int v = 0; v < kBlock; v += kSide) {
      __m512 fours[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const auto gather = [&](const float (*from)[kSide]) {
          __m512 all = _mm512_castps128_ps512(_mm_load_ps(from[v + 4 * i] + r));
          all = _mm512_insertf32x4(all, _mm_load_ps(from[v + 4 * i + 1] + r), 1);
          all = _mm512_insertf32x4(all, _mm_load_ps(from[v + 4 * i + 2] + r), 2);
          return _mm512_insertf32x4(all, _mm_load_ps(from[v + 4 * i + 3] + r), 3);
        };
        fours[i] = _mm512_add_ps(gather(sums[0]), gather(sums[1]));
      }
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        const __m512i at = _mm512_add_epi32(first, _mm512_set1_epi32(k));
        const __m512 low = _mm512_permutex2var_ps(fours[0], at, fours[1]), high = _mm512_permutex2var_ps(fours[2], at, fours[3]);
        if (r + k < rows) _mm512_store_ps(out + (r + k) * kBlock + v, _mm512_insertf32x8(low, _mm512_castps512_ps256(high), 1));
      }
    }
}

void normalise(std::int64_t n, int channels, const float* from, const float* mean, const float* factor, std::uint16_t* to, std::uint16_t* rest) {
  int k = 0;
  for (std::int64_t i = 0; i < n; i += kSide) {
    const __m512 v = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(from + i), _mm512_loadu_ps(mean + k)), _mm512_loadu_ps(factor + k));
    const __m256i nearest = (__m256i)_mm512_cvtneps_pbh(v);
    const __m512 back = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(nearest), 16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), nearest);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rest + i), (__m256i)_mm512_cvtneps_pbh(_mm512_sub_ps(v, back)));
    for (k += kSide; k >= channels;) k -= channels;
  }
}

void tanh_of_many(std::int64_t n, const float* sums, std::uint16_t* out) {
  const WholeCurve tanh(kWholeTanh);
  for (std::int64_t i = 0; i < n; i += kUnits) _mm512_store_ph(out + i, tanh(packed(sums + i, sums + i + kSide)));
}

constexpr TileKernels kTileKernels{begin, end, lstm_step, gru_step, project, heads, normalise, tanh_of_many};

}  // namespace

extern const RecurrentKernels kRecurrentAmx;
const RecurrentKernels kRecurrentAmx{"AMX bf16", kUnits, nullptr, nullptr, nullptr, nullptr, turn, nullptr, true, &kTileKernels};

}  // namespace grainspin

// recurrent.h's kernels for one instruction set. Included once by each recurrent_<set>.cpp, which defines
//   GRAINSPIN_LANES   floats of a vector          GRAINSPIN_UNITS  hidden units computed together
//   GRAINSPIN_COLUMNS vectors of voxels computed together: units * 4 * columns accumulators stay in registers
// Everything is static and uses no inline function of other headers: code of a larger instruction set must
// not reach the rest of the program through the linker's choice among equal inline functions.
// What binds: the FMA units; the weights stream from L2, block and state lie in L1.
#include "recurrent.h"
#include "recurrent_turn.h"

namespace grainspin {
namespace {

constexpr int kLanes = GRAINSPIN_LANES;
constexpr int kUnits = GRAINSPIN_UNITS;
constexpr int kColumns = GRAINSPIN_COLUMNS;
constexpr int kSpan = kLanes * kColumns;  // voxels computed together
static_assert(kBlock % kSpan == 0);

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float)), may_alias));

inline Vec load(const float* p) {
  return *reinterpret_cast<const Vec*>(p);
}
inline void store(float* p, Vec v) {
  *reinterpret_cast<Vec*>(p) = v;
}

// tanh as x P(x^2)/Q(x^2), degrees 13 and 6, the fp32 rational approximation of Eigen
// (generic_fast_tanh_float, version 3.4); beyond the clamp tanh is 1 to fp32. NaN stays NaN. Error below 5
// ulp (engine_test).
inline Vec tanh(Vec x) {
  const Vec high = Vec{} + 7.90531110763549805f;
  x = x > high ? high : x;
  x = x < -high ? -high : x;
  const Vec s = x * x;
  Vec p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = p * s + -8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  Vec q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  return x * p / q;
}

// sigmoid of a gate whose weights are halved.
inline Vec sigmoid_of_half(Vec a) {
  return tanh(a) * 0.5f + 0.5f;
}

using Accumulators = Vec[kUnits][4][kColumns];

// acc[unit][row of gate] += w[k][unit][gate] x[k], k ascending.
template <int kGates, int kRow2>  // gate 2 goes to row kRow2, gate 3 to row 3
inline void accumulate(Accumulators& acc, int depth, const float* w, const float* x) {
  Vec a[kUnits][kGates][kColumns];
#pragma GCC unroll 16
  for (int u = 0; u < kUnits; ++u)
#pragma GCC unroll 16
    for (int g = 0; g < kGates; ++g)
#pragma GCC unroll 16
      for (int v = 0; v < kColumns; ++v) a[u][g][v] = acc[u][g == 2 ? kRow2 : g][v];
  for (int k = 0; k < depth; ++k, w += kUnits * kGates, x += kBlock) {
    Vec in[kColumns];
#pragma GCC unroll 16
    for (int v = 0; v < kColumns; ++v) in[v] = load(x + v * kLanes);
#pragma GCC unroll 16
    for (int u = 0; u < kUnits; ++u)
#pragma GCC unroll 16
      for (int g = 0; g < kGates; ++g)
#pragma GCC unroll 16
        for (int v = 0; v < kColumns; ++v) a[u][g][v] += in[v] * w[u * kGates + g];
  }
#pragma GCC unroll 16
  for (int u = 0; u < kUnits; ++u)
#pragma GCC unroll 16
    for (int g = 0; g < kGates; ++g)
#pragma GCC unroll 16
      for (int v = 0; v < kColumns; ++v) acc[u][g == 2 ? kRow2 : g][v] = a[u][g][v];
}

inline void begin(Accumulators& acc, const LayerView& layer, const float* start, int unit, int at) {
#pragma GCC unroll 16
  for (int u = 0; u < kUnits; ++u)
#pragma GCC unroll 16
    for (int g = 0; g < 4; ++g)
#pragma GCC unroll 16
      for (int v = 0; v < kColumns; ++v) {
        const long row = long(unit + u) * 4 + g;
        acc[u][g][v] = start ? load(start + row * kBlock + at + v * kLanes) : Vec{} + layer.bias[row];
      }
}

template <int kGates>
void step(const LayerStep& s) {
  const LayerView& layer = s.layer;
  const int hidden = layer.hidden, inputs = layer.inputs;
  for (int at = 0; at < kBlock; at += kSpan)
    for (int unit = 0; unit < hidden; unit += kUnits) {
      Accumulators acc;
      begin(acc, layer, s.start, unit, at);
      accumulate<kGates, 2>(acc, inputs, layer.wx + long(unit) * kGates * inputs, s.x + at);
      accumulate<kGates, kGates == 3 ? 3 : 2>(acc, hidden, layer.wh + long(unit) * kGates * hidden, s.h + at);
      for (int u = 0; u < kUnits; ++u)
        for (int v = 0; v < kColumns; ++v) {
          const long place = long(unit + u) * kBlock + at + v * kLanes;
          if constexpr (kGates == 4) {
            const Vec i = sigmoid_of_half(acc[u][0][v]), f = sigmoid_of_half(acc[u][1][v]);
            const Vec g = tanh(acc[u][2][v]), o = sigmoid_of_half(acc[u][3][v]);
            const Vec c = f * load(s.c + place) + i * g;
            store(s.c + place, c);
            store(s.h_out + place, o * tanh(c));
          } else {
            const Vec r = sigmoid_of_half(acc[u][0][v]), z = sigmoid_of_half(acc[u][1][v]);
            const Vec n = tanh(acc[u][2][v] + r * acc[u][3][v]);
            store(s.h_out + place, n + z * (load(s.h + place) - n));
          }
        }
    }
}

void project(const LayerView& layer, int gates, const float* x, float* start, float*) {
  for (int at = 0; at < kBlock; at += kSpan)
    for (int unit = 0; unit < layer.hidden; unit += kUnits) {
      Accumulators acc;
      begin(acc, layer, nullptr, unit, at);
      const float* w = layer.wx + long(unit) * gates * layer.inputs;
      if (gates == 4)
        accumulate<4, 2>(acc, layer.inputs, w, x + at);
      else
        accumulate<3, 2>(acc, layer.inputs, w, x + at);
      for (int u = 0; u < kUnits; ++u)
        for (int g = 0; g < 4; ++g)
          for (int v = 0; v < kColumns; ++v)
            store(start + (long(unit + u) * 4 + g) * kBlock + at + v * kLanes, acc[u][g][v]);
    }
}

void affine(int rows, int columns, const float* weight, const float* bias, const float* x, float* out) {
  constexpr int kVectors = kBlock / kLanes, kRows = kVectors <= 4 ? 3 : 1;  // rows at a time: their sums do not wait for each other
  for (int r = 0; r < rows; r += kRows, weight += kRows * columns) {         // every head has a multiple of three
    Vec acc[kRows][kVectors];
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) acc[i][v] = Vec{} + bias[r + i];
    for (int k = 0; k < columns; ++k)
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) acc[i][v] += load(x + k * kBlock + v * kLanes) * weight[i * columns + k];
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) store(out + (r + i) * kBlock + v * kLanes, acc[i][v]);
  }
}

void tanh_of_many(std::int64_t n, const float* x, float* out) {
  for (std::int64_t i = 0; i < n; i += kLanes) store(out + i, tanh(load(x + i)));
}

}  // namespace

extern const RecurrentKernels GRAINSPIN_KERNELS;
const RecurrentKernels GRAINSPIN_KERNELS{GRAINSPIN_NAME, kUnits, step<4>,     step<3>,
                                         project,        affine, turn, tanh_of_many, false, nullptr};

}  // namespace grainspin

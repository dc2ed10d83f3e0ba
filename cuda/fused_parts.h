// What the fused kernels of the local family have in common: templates over the warp, so that they run without a GPU too, fibers
// in the place of a block's threads (tests/host_warp.h).
//
// Of an mma.m16n8k16 tile, lane l holds rows l / 4 and l / 4 + 8, columns 2 (l % 4) and the next; the sums of a step come out of
// the products in just the places in which the next step's products want the state, so no two lanes ever exchange it: h as bf16, c
// as fp16 in the same places. The four lanes of a quad share their rows; lane r of the quad keeps the orientation of row r.
#pragma once

#include "cuda/fused_tile.h"
#include "grainspin/cell.h"

namespace grainspin::cuda {

// sum += a w for the eight units whose weights of one k-block are in shared memory at w; without the sum that takes no part: a
// GRU's third of the state, its fourth of the input.
template <bool kThird, bool kFourth, int kTiles, class Warp>
GRAINSPIN_HD inline void multiply(const Warp& warp, float (&sum)[kTiles][kSums][4], const std::uint32_t (&a)[kTiles][4], const Four* w) {
  const Four *first = w + warp.lane(), *second = first + 32;
  GRAINSPIN_UNROLL
  for (int m = 0; m < kTiles; ++m) {
    warp.mma(sum[m][0], a[m], first->v);
    warp.mma(sum[m][1], a[m], first->v + 2);
    if constexpr (kThird) warp.mma(sum[m][2], a[m], second->v);
    if constexpr (kFourth) warp.mma(sum[m][3], a[m], second->v + 2);
  }
}

// All products of eight units by groups of four warps: sums += in w, then h w, k-blocks one behind the other in shared memory. Weights of sums that
// take no part are zero.
template <int kTiles, int kIn, int kState, class Warp>
GRAINSPIN_HD inline void multiply_grouped(const Warp& warp, float (&sum)[kTiles][kSums][4], const std::uint32_t (&in)[kIn][kTiles][4],
                                          const std::uint32_t (&h)[kState][kTiles][4], std::uint64_t weights) {
  GRAINSPIN_UNROLL
  for (int m = 0; m < kTiles; ++m) warp.touch(sum[m]);
  warp.groups_begin();
  GRAINSPIN_UNROLL
  for (int k = 0; k < kIn + kState; ++k) {
    GRAINSPIN_UNROLL
    for (int m = 0; m < kTiles; ++m) warp.group_mma(sum[m], k < kIn ? in[k < kIn ? k : 0][m] : h[k < kIn ? 0 : k - kIn][m], weights + k * (kBlockBytes >> 4));
  }
  warp.groups_end();
  GRAINSPIN_UNROLL
  for (int m = 0; m < kTiles; ++m) warp.touch(sum[m]);
}

// The sums of eight units begin as their biases.
template <int kTiles>
GRAINSPIN_HD inline void begin(float (&sum)[kTiles][kSums][4], const float* bias, int part) {
  const float* b = bias + part * kSums * 2;
  GRAINSPIN_UNROLL
  for (int g = 0; g < kSums; ++g) {
    GRAINSPIN_UNROLL
    for (int m = 0; m < kTiles; ++m) sum[m][g][0] = sum[m][g][2] = b[2 * g], sum[m][g][1] = sum[m][g][3] = b[2 * g + 1];
  }
}
// Row r's projected input of a lane's two units.
template <int kTiles>
GRAINSPIN_HD inline void add(float (&sum)[kTiles][kSums][4], int r, const Four& x) {
  GRAINSPIN_UNROLL
  for (int g = 0; g < kSums; ++g) {
    sum[r / 2][g][r % 2 * 2] += low_of(x.v[g]);
    sum[r / 2][g][r % 2 * 2 + 1] += high_of(x.v[g]);
  }
}

// Two units of both rows of a tile: c (LSTM, fp16) is replaced, `before` is their h (GRU), both at [row / 8]; returned at h.
template <bool kLstm, class Warp>
GRAINSPIN_HD inline void advance_units(const Warp& warp, const float (&sum)[kSums][4], std::uint32_t* c, const std::uint32_t* before, std::uint32_t* h) {
  GRAINSPIN_UNROLL
  for (int row = 0; row < 2; ++row) {
    float out[2], state[2];
    if constexpr (kLstm) state[0] = warp.low_half(c[row]), state[1] = warp.high_half(c[row]);
    else state[0] = low_of(before[row]), state[1] = high_of(before[row]);
    GRAINSPIN_UNROLL
    for (int b = 0; b < 2; ++b) {
      const int e = row * 2 + b;
      if constexpr (kLstm) {
        state[b] = warp.half_sigmoid(sum[1][e]) * state[b] + warp.half_sigmoid(sum[0][e]) * warp.tanh(sum[2][e]);
        out[b] = warp.half_sigmoid(sum[3][e]) * warp.tanh(state[b]);
      } else {
        const float n = warp.tanh(sum[2][e] + warp.half_sigmoid(sum[0][e]) * sum[3][e]);
        out[b] = n + warp.half_sigmoid(sum[1][e]) * (state[b] - n);
      }
    }
    if constexpr (kLstm) c[row] = warp.pack_half(state[0], state[1]);
    h[row] = warp.pack(out[0], out[1]);
  }
}

// The heads' products of a warp's rows, [tile][number / 8][4].
template <int kTiles>
using HeadSums = float[kTiles][kMostHeads / 8][4];
template <int kTiles, class Warp>
GRAINSPIN_HD inline void add_heads(const Warp& warp, HeadSums<kTiles>& y, const std::uint32_t (&h)[kTiles][4], const std::uint32_t (*head)[2], int kk, int blocks,
                                   int heads) {
  GRAINSPIN_UNROLL
  for (int tile = 0; tile < kMostHeads / 8; ++tile)
    if (tile * 8 < heads) {
      GRAINSPIN_UNROLL
      for (int m = 0; m < kTiles; ++m) warp.mma(y[m][tile], h[m], head[(tile * blocks + kk) * 32 + warp.lane()]);
    }
}

// Heads to results: place(r) is the row in the results of row r (below 0: none); q is the orientation of the row that this lane
// keeps and turns; outputs that are null are not written.
template <int kTiles, class Warp, class Place>
GRAINSPIN_HD inline void finish_rows(const FusedModel& m, const Warp& warp, const HeadSums<kTiles>& y, Quat& q, bool masked, const Place& place,
                                     const FusedResults& to) {
  constexpr int kRows = 2 * kTiles;
  const int quad = warp.lane() & ~3, part = warp.lane() & 3;
  // The increment: numbers 0 and 1 lie with the quad's first lane, 2 with its second.
  Vec3<float> turn{0, 0, 0};
  std::int64_t kept = -1;
  GRAINSPIN_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const float* mine = y[r / 2][0] + r % 2 * 2;
    const float a = warp.shuffle(mine[0], quad), b = warp.shuffle(mine[1], quad), d = warp.shuffle(mine[0], quad + 1);
    const bool hidden_row = warp.shuffle(masked ? 1.0f : 0.0f, quad + r) != 0;
    const std::int64_t at = place(r);
    if (r == part) turn = {a, b, d}, kept = at;
    if (m.heads > 3 && at >= 0) {
      GRAINSPIN_UNROLL
      for (int tile = 0; tile < kMostHeads / 8; ++tile) {
        GRAINSPIN_UNROLL
        for (int e = 0; e < 2; ++e) {
          const int number = tile * 8 + 2 * part + e;
          if (number < 3 || number >= m.heads) continue;
          const float v = hidden_row ? 0.0f : m.offset[number] + m.scale[number] * y[r / 2][tile][r % 2 * 2 + e];
          if (m.has_stress && number < 9) {
            if (to.stress) to.stress[at * 6 + number - 3] = v;
          } else if (to.log_variance) {
            to.log_variance[at * 3 + number - (m.has_stress ? 9 : 3)] = v;
          }
        }
      }
    }
  }
  // Once for all rows: lanes of a quad do their rows' at the same time.
  if (kept < 0) return;
  turn = masked ? Vec3<float>{0, 0, 0} : Vec3<float>{m.offset[0] + m.scale[0] * turn.x, m.offset[1] + m.scale[1] * turn.y, m.offset[2] + m.scale[2] * turn.z};
  if (!masked) q = turned(q, turn);
  if (to.orientation) warp.put_orientation(to.orientation, kept, q);
  if (to.increment) {
    float* w = to.increment + kept * 3;
    w[0] = turn.x, w[1] = turn.y, w[2] = turn.z;
  }
}

// Slices of weights one after the other through two places in shared memory: the next one is fetched while this one is used.
// next() is a barrier of the block. SliceOf(i) -> {where from, bytes}.
struct Slice {
  const void* from;
  int bytes;
};
template <class Warp, class SliceOf>
class WeightRing {
 public:
  GRAINSPIN_HD WeightRing(const Warp& warp, const SliceOf& slice, char* memory, int most_bytes, int count)
      : warp_(warp), slice_(slice), memory_(memory), most_(most_bytes), count_(count) {
    if (count_ > 0) fetch(0);
  }
  GRAINSPIN_HD const Four* next() {
    warp_.fetched();  // by this thread; the barrier: by all, and nobody reads the slice before this one any more
    warp_.sync();
    const int now = at_++;
    if (at_ < count_) fetch(at_);
    return reinterpret_cast<const Four*>(memory_ + now % 2 * most_);
  }

 private:
  GRAINSPIN_HD void fetch(int i) const {
    const Slice s = slice_(i);
    for (int at = warp_.thread() * 16; at < s.bytes; at += warp_.threads() * 16)
      warp_.fetch(memory_ + i % 2 * most_ + at, static_cast<const char*>(s.from) + at);
  }
  const Warp& warp_;
  const SliceOf& slice_;
  char* memory_;
  int most_, count_, at_ = 0;
};

// Bytes to shared memory by all threads of the block, at once.
template <class Warp>
GRAINSPIN_HD inline void stage(const Warp& warp, char* to, const void* from, int bytes) {
  for (int at = warp.thread() * 16; at < bytes; at += warp.threads() * 16) warp.fetch(to + at, static_cast<const char*>(from) + at);
}

GRAINSPIN_HD inline int most(int a, int b) { return a > b ? a : b; }

}  // namespace grainspin::cuda

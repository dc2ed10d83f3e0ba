// What a warp of the fused open loop does with its rows: a template over the warp, so that it runs without a GPU too, 32 threads
// with a barrier in the place of the lanes (tests/host_warp.h).
//
// A warp carries 16 or 32 voxels through all steps. Of an mma.m16n8k16 tile, lane l holds rows l / 4 and l / 4 + 8, columns
// 2 (l % 4) and the next; the sums of a step come out of the products in just the places in which the next step's products want
// the state, so h stays in registers as bf16, c as fp32, and no two lanes ever exchange them. The four lanes of a quad share
// their rows; lane q of the quad keeps the orientation of row q.
#pragma once

#include "cuda/fused_launchers.h"
#include "cuda/launchers.h"
#include "grainspin/cell.h"

#ifdef __CUDA_ARCH__
#define GRAINSPIN_UNROLL _Pragma("unroll")
#else
#define GRAINSPIN_UNROLL
#endif

namespace grainspin::cuda {

struct Four {
  std::uint32_t v[4];
};

// Weights of a run where every warp of a block reads them: shared memory on a GPU.
struct FusedWeights {
  const Four* recurrent;             // [H / 8][H / 16][2][32]
  const Four* own;                   // [H / 8][blocks][2][32]
  const std::uint32_t (*head)[2];    // [tiles][H / 16][32]
  const float* bias;                 // [4 H]
};

GRAINSPIN_HD inline float low_of(std::uint32_t pair) {
  union { std::uint32_t bits; float value; } u{pair << 16};
  return u.value;
}
GRAINSPIN_HD inline float high_of(std::uint32_t pair) {
  union { std::uint32_t bits; float value; } u{pair & 0xffff0000u};
  return u.value;
}

// stage: room for kTiles * 2 * H / 8 * 32 Fours of this warp, each lane's own.
template <int H, bool kLstm, int kTiles, bool kOwn, class Warp>
GRAINSPIN_HD void fused_rows(const FusedRun& s, const SubBox& box, const FusedWeights& w, const Warp& warp, int row0, Four* stage) {
  constexpr int kUnits = H / 8, kBlocks = H / 16, kRows = 2 * kTiles, kHeadTiles = kMostHeads / 8;
  const int lane = warp.lane(), quad = lane & ~3, part = lane & 3, line = lane / 4;
  const int head_tiles = (s.heads + 7) / 8;
  // Row r of the quad: tile r / 2, its upper or lower half.
  const auto row_of = [&](int r) { return row0 + r / 2 * 16 + r % 2 * 8 + line; };

  GRAINSPIN_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const int row = row_of(r);
    const Four* from = reinterpret_cast<const Four*>(s.gx + std::int64_t(row) * (kSums * H));
    for (int j = 0; j < kUnits; ++j) stage[(r * kUnits + j) * 32 + lane] = row < s.n ? from[j * 4 + part] : Four{};
  }
  // Of the row that this lane keeps.
  const int kept = row_of(part % kRows);
  const bool keeps = part < kRows && kept < s.n;
  Quat q{1, 0, 0, 0};
  bool masked = false;
  const auto orientation = [&](const float* p) { return Quat{p[0], p[1], p[2], p[3]}; };
  if (keeps) {
    q = orientation(s.q + (s.first + kept) * 4);
    masked = s.mask && !s.mask[voxel(box, s.first + kept)];
  }

  std::uint32_t h[kTiles][kBlocks][4] = {};
  float c[kLstm ? kTiles : 1][kLstm ? kUnits : 1][4] = {};
  for (int t = 0; t < s.steps; ++t) {
    if (s.given && keeps) q = orientation(s.given + (t * s.inside + s.first + kept) * 4);
    std::uint32_t own[kOwn ? kTiles : 1][2][4] = {};
    if constexpr (kOwn) {
      float e[EmbeddingSpec::kMaxSize] = {};
      embed_input(s.input, q, e);
      GRAINSPIN_UNROLL
      for (int r = 0; r < kRows; ++r) {
        float mine[2][4] = {};  // numbers k = 16 block + 2 part + 8 b + {0, 1} of row r
        GRAINSPIN_UNROLL
        for (int k = 0; k < EmbeddingSpec::kMaxSize && k < 32; ++k) {
          const float v = warp.shuffle(e[k], quad + r);
          if (k % 8 / 2 == part) mine[k / 16][k % 16 / 8 * 2 + k % 2] = v;
        }
        GRAINSPIN_UNROLL
        for (int b = 0; b < 2; ++b) {
          GRAINSPIN_UNROLL
          for (int kk = 0; kk < 2; ++kk) own[r / 2][kk][b * 2 + r % 2] = warp.pack(mine[kk][2 * b], mine[kk][2 * b + 1]);
        }
      }
    }
    std::uint32_t next[kTiles][kBlocks][4];
    GRAINSPIN_UNROLL
    for (int j = 0; j < kUnits; ++j) {
      float sum[kTiles][kSums][4];
      const float* bias = w.bias + (j * 4 + part) * kSums * 2;
      GRAINSPIN_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const Four x = stage[(r * kUnits + j) * 32 + lane];
        GRAINSPIN_UNROLL
        for (int g = 0; g < kSums; ++g) {
          sum[r / 2][g][r % 2 * 2] = bias[2 * g] + low_of(x.v[g]);
          sum[r / 2][g][r % 2 * 2 + 1] = bias[2 * g + 1] + high_of(x.v[g]);
        }
      }
      // GRU: the state adds to sums 0, 1 and 3, the input to 0, 1 and 2.
      GRAINSPIN_UNROLL
      for (int kk = 0; kk < kBlocks; ++kk) {
        const Four *first = w.recurrent + ((j * kBlocks + kk) * 2) * 32 + lane, *second = first + 32;
        GRAINSPIN_UNROLL
        for (int m = 0; m < kTiles; ++m) {
          warp.mma(sum[m][0], h[m][kk], first->v);
          warp.mma(sum[m][1], h[m][kk], first->v + 2);
          if constexpr (kLstm) warp.mma(sum[m][2], h[m][kk], second->v);
          warp.mma(sum[m][3], h[m][kk], second->v + 2);
        }
      }
      if constexpr (kOwn) {
        GRAINSPIN_UNROLL
        for (int kk = 0; kk < 2; ++kk)
          if (kk < s.own) {
            const Four *first = w.own + ((j * s.own + kk) * 2) * 32 + lane, *second = first + 32;
            GRAINSPIN_UNROLL
            for (int m = 0; m < kTiles; ++m) {
              warp.mma(sum[m][0], own[m][kk], first->v);
              warp.mma(sum[m][1], own[m][kk], first->v + 2);
              warp.mma(sum[m][2], own[m][kk], second->v);
              if constexpr (kLstm) warp.mma(sum[m][3], own[m][kk], second->v + 2);
            }
          }
      }
      GRAINSPIN_UNROLL
      for (int m = 0; m < kTiles; ++m) {
        float out[4];
        GRAINSPIN_UNROLL
        for (int e = 0; e < 4; ++e) {
          if constexpr (kLstm) {
            float& cell = c[m][j][e];
            cell = warp.half_sigmoid(sum[m][1][e]) * cell + warp.half_sigmoid(sum[m][0][e]) * warp.tanh(sum[m][2][e]);
            out[e] = warp.half_sigmoid(sum[m][3][e]) * warp.tanh(cell);
          } else {
            const std::uint32_t before = h[m][j / 2][j % 2 * 2 + e / 2];
            const float n = warp.tanh(sum[m][2][e] + warp.half_sigmoid(sum[m][0][e]) * sum[m][3][e]);
            out[e] = n + warp.half_sigmoid(sum[m][1][e]) * ((e % 2 ? high_of(before) : low_of(before)) - n);
          }
        }
        next[m][j / 2][j % 2 * 2] = warp.pack(out[0], out[1]);
        next[m][j / 2][j % 2 * 2 + 1] = warp.pack(out[2], out[3]);
      }
    }
    float y[kTiles][kHeadTiles][4] = {};
    GRAINSPIN_UNROLL
    for (int m = 0; m < kTiles; ++m) {
      GRAINSPIN_UNROLL
      for (int kk = 0; kk < kBlocks; ++kk) {
        GRAINSPIN_UNROLL
        for (int b = 0; b < 4; ++b) h[m][kk][b] = next[m][kk][b];
        GRAINSPIN_UNROLL
        for (int tile = 0; tile < kHeadTiles; ++tile)
          if (tile < head_tiles) warp.mma(y[m][tile], h[m][kk], w.head[(tile * kBlocks + kk) * 32 + lane]);
      }
    }
    // The increment: numbers 0 and 1 lie with the quad's first lane, 2 with its second.
    GRAINSPIN_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const float* own_y = y[r / 2][0] + r % 2 * 2;
      const float a = warp.shuffle(own_y[0], quad), b = warp.shuffle(own_y[1], quad), d = warp.shuffle(own_y[0], quad + 1);
      const bool hidden_row = warp.shuffle(masked ? 1.0f : 0.0f, quad + r) != 0;
      const std::int64_t at = t * s.inside + s.first + row_of(r);
      if (r == part && keeps) {
        const Vec3<float> turn{masked ? 0.0f : s.offset[0] + s.scale[0] * a, masked ? 0.0f : s.offset[1] + s.scale[1] * b,
                               masked ? 0.0f : s.offset[2] + s.scale[2] * d};
        if (!masked) q = turned(q, turn);
        float *to = s.orientation + at * 4, *w3 = s.increment + at * 3;
        to[0] = q.w, to[1] = q.x, to[2] = q.y, to[3] = q.z;
        w3[0] = turn.x, w3[1] = turn.y, w3[2] = turn.z;
      }
      if (s.heads > 3 && row_of(r) < s.n) {
        GRAINSPIN_UNROLL
        for (int tile = 0; tile < kHeadTiles; ++tile) {
          GRAINSPIN_UNROLL
          for (int e = 0; e < 2; ++e) {
            const int number = tile * 8 + 2 * part + e;
            if (number < 3 || number >= s.heads) continue;
            const float v = hidden_row ? 0.0f : s.offset[number] + s.scale[number] * y[r / 2][tile][r % 2 * 2 + e];
            if (s.has_stress && number < 9) {
              if (s.stress) s.stress[at * 6 + number - 3] = v;
            } else if (s.log_variance) {
              s.log_variance[at * 3 + number - (s.has_stress ? 9 : 3)] = v;
            }
          }
        }
      }
    }
  }
}

}  // namespace grainspin::cuda

// The open loop (`initial`, `own`), one layer, in fp32 with exact functions (cell.h): all steps in one kernel, or one step with the state in
// memory, to the same bits. A template over the warp, as the kernels in bf16 are (fused_parts.h).
//
// A block has a line of eight voxels a warp. A thread holds H / 32 units of the eight voxels of one line: 64 sums at hidden 64, so that four
// 16-byte reads of shared memory feed 64 multiplications; c stays in its registers, h in shared memory. Weights pass through a ring, 16 rows at
// a time. What the neighbours give is kept in memory, 16 H bytes a voxel of the blocks that run at the time: it stays in the L2 cache.
// fp32 units bind: 8 H^2 + 8 H 243 / 13 FLOP a voxel-step, at hidden 64 1.4 G/s of an H200's 60 TFLOP/s.
#pragma once

#include "cuda/fused_parts.h"

namespace grainspin::cuda {

constexpr int kStrictRows = 16;  // of a slice of weights

struct StrictMemory {
  int hx, hy, hz, voxels;  // of the tile, halo included
  int mask, offset, own, h, ring, slice, bytes;
  GRAINSPIN_HD StrictMemory(const FusedModel& m, int warps)
      : hx(kLine + 2 * m.patch.radius), hy(strict_lattice(warps, {}).ly + 2 * m.patch.radius), hz(strict_lattice(warps, {}).lz + 2 * m.patch.radius),
        voxels(hx * hy * hz), mask(aligned(m.patch.channels * voxels * 4)), offset(mask + aligned(voxels)), own(offset + aligned(taps(m.patch.radius) * 4)),
        h(own + aligned(m.patch.channels * warps * kLine * 4)), ring(h + 2 * m.hidden * warps * kLine * 4), slice(kStrictRows * m.hidden * 16),
        bytes(ring + 2 * slice) {}
};

// out[c * stride] = the embedded orientation.
GRAINSPIN_HD inline void embed_strict(const FusedModel& m, const Quat& q, float* out, int stride) {
  float e[EmbeddingSpec::kMaxSize] = {};
  embed(m.embedding, q, e);
  GRAINSPIN_NO_UNROLL
  for (int c = 0; c < m.patch.channels; ++c) out[c * stride] = e[c] * m.input_scale[c] + m.input_shift[c];
}

struct Four4 {
  float v[4];
};

// sum += x w for eight voxels and U units; without sum kBut.
template <int kBut, int U>
GRAINSPIN_HD inline void multiply_row(float (&sum)[U][kSums][kLine], const float (&x)[kLine], const Four4* w) {
  GRAINSPIN_UNROLL
  for (int u = 0; u < U; ++u) {
    const Four4 now = w[u];
    GRAINSPIN_UNROLL
    for (int g = 0; g < kSums; ++g)
      if (g != kBut) {
        GRAINSPIN_UNROLL
        for (int i = 0; i < kLine; ++i) sum[u][g][i] += x[i] * now.v[g];
      }
  }
}

// Blocks first, first + stride, .. of the launch.
template <int H, bool kLstm, class Warp>
GRAINSPIN_HD void strict_run(const StrictRun& s, const Warp& warp, int first, int stride, char* memory) {
  constexpr int U = H / 32, kNone = -1;
  const FusedModel& m = s.model;
  const StrictMemory at(m, s.warps);
  const Lattice grid = strict_lattice(s.warps, s.box.size);
  const int C = m.patch.channels, V = s.warps * kLine, T = warp.threads(), thread = warp.thread();
  const int line = thread % s.warps, unit = thread / s.warps * U;  // of the sums
  const int v = thread % V, part = thread / V;                      // of the heads: numbers 3 part .. of voxel v
  const int inputs = taps(m.patch.radius) * C, own = m.feedback == Feedback::kOwn ? C : 0;
  float* const tile = reinterpret_cast<float*>(memory);
  std::uint8_t* const mask = reinterpret_cast<std::uint8_t*>(memory + at.mask);
  int* const offset = reinterpret_cast<int*>(memory + at.offset);
  float* const own_x = reinterpret_cast<float*>(memory + at.own);
  float* const hidden = reinterpret_cast<float*>(memory + at.h);

  const int side = 2 * m.patch.radius + 1;
  for (int k = thread; k < taps(m.patch.radius); k += T)
    offset[k] = ((k / side / side - m.patch.radius) * at.hy + k / side % side - m.patch.radius) * at.hx + k % side - m.patch.radius;
  const auto slices_of = [](int rows) { return (rows + kStrictRows - 1) / kStrictRows; };
  const int before = s.project ? slices_of(inputs) : 0, each = slices_of(own + H), period = before + s.steps * each;
  const auto slice = [&](int i) {
    const int j = i % period, k = j < before ? j : (j - before) % each, rows = j < before ? inputs : own + H;
    const int count = rows - k * kStrictRows < kStrictRows ? rows - k * kStrictRows : kStrictRows;
    return Slice{static_cast<const char*>(j < before ? m.projection : m.layer[0]) + std::int64_t(k) * at.slice, count * H * 16};
  };
  const int mine = first < s.blocks ? (s.blocks - first + stride - 1) / stride : 0;
  WeightRing ring(warp, slice, memory + at.ring, at.slice, mine * period);

  for (int block = first; block < s.blocks; block += stride) {
    const BlockRows rows(grid, s.box.size, s.first + block, 0);
    // This thread's numbers, in fours: coalesced.
    const std::int64_t place = s.a_block ? block : first;
    Four4* const projected = static_cast<Four4*>(s.projected) + place * (U * 8) * T + thread;
    Four4* const state = static_cast<Four4*>(s.state) + place * (U * 2) * (kLstm ? 2 : 1) * T + thread;
    float sum[U][kSums][kLine];

    if (s.project) {
      warp.sync();  // the block before may still be read
      GRAINSPIN_NO_UNROLL
      for (int p = thread; p < at.voxels; p += T) {
        const int x = fold(s.box.lo[0] + rows.x0 - m.patch.radius + p % at.hx, s.hood.shape.nx, s.hood.boundaries.x),
                  y = fold(s.box.lo[1] + rows.y0 - m.patch.radius + p / at.hx % at.hy, s.hood.shape.ny, s.hood.boundaries.y),
                  z = fold(s.box.lo[2] + rows.z0 - m.patch.radius + p / at.hx / at.hy, s.hood.shape.nz, s.hood.boundaries.z);
        const std::int64_t from = (std::int64_t(z) * s.hood.shape.ny + y) * s.hood.shape.nx + x;
        embed_strict(m, warp.orientation(s.q0, from), tile + p, at.voxels);
        mask[p] = s.hood.mask ? s.hood.mask[from] : 1;
      }
      const int centre = ((line / grid.ly + m.patch.radius) * at.hy + line % grid.ly + m.patch.radius) * at.hx + m.patch.radius;
      GRAINSPIN_UNROLL
      for (int u = 0; u < U; ++u) {
        GRAINSPIN_UNROLL
        for (int g = 0; g < kSums; ++g) {
          GRAINSPIN_UNROLL
          for (int i = 0; i < kLine; ++i) sum[u][g][i] = 0;
        }
      }
      int tap = 0, c = 0;
      GRAINSPIN_NO_UNROLL
      for (int k = 0; k < inputs; k += kStrictRows) {
        const Four4* w = reinterpret_cast<const Four4*>(ring.next()) + unit;
        GRAINSPIN_NO_UNROLL
        for (int r = 0; r < kStrictRows && k + r < inputs; ++r, w += H) {
          float x[kLine];
          GRAINSPIN_UNROLL
          for (int i = 0; i < kLine; ++i) {
            const int p = centre + i + offset[tap];
            x[i] = tile[c * at.voxels + (mask[p] ? p : centre + i)];
          }
          multiply_row<kLstm ? kNone : 3>(sum, x, w);
          if (++c == C) c = 0, ++tap;
        }
      }
      GRAINSPIN_UNROLL
      for (int u = 0; u < U; ++u) {
        GRAINSPIN_UNROLL
        for (int j = 0; j < 8; ++j) {
          Four4 x;
          GRAINSPIN_UNROLL
          for (int b = 0; b < 4; ++b) x.v[b] = sum[u][j / 2][j % 2 * 4 + b];
          projected[(u * 8 + j) * T] = x;
        }
      }
    }
    if (s.steps == 0) continue;

    float c[U][kLine] = {};
    GRAINSPIN_UNROLL
    for (int u = 0; u < U; ++u) {
      GRAINSPIN_UNROLL
      for (int j = 0; j < 2; ++j) {
        const Four4 h = s.fresh ? Four4{} : state[(u * 2 + j) * T];
        GRAINSPIN_UNROLL
        for (int b = 0; b < 4; ++b) hidden[(unit + u) * V + line * kLine + j * 4 + b] = h.v[b];
        if constexpr (kLstm) {
          const Four4 old = s.fresh ? Four4{} : state[((U + u) * 2 + j) * T];
          GRAINSPIN_UNROLL
          for (int b = 0; b < 4; ++b) c[u][j * 4 + b] = old.v[b];
        }
      }
    }
    const std::int64_t kept = rows.voxel(v / kLine, v % kLine);
    Quat q{1, 0, 0, 0};
    bool masked = false;
    if (kept >= 0) {
      const std::int64_t in_field = voxel(s.box, kept);
      q = s.q ? warp.orientation(s.q, kept) : warp.orientation(s.q0, in_field);
      masked = s.hood.mask && !s.hood.mask[in_field];
    }

    GRAINSPIN_NO_UNROLL
    for (int t = 0; t < s.steps; ++t) {
      const float* const now = hidden + t % 2 * H * V;
      float* const next = hidden + (t + 1) % 2 * H * V;
      if (s.given && kept >= 0) q = warp.orientation(s.given, t * s.box.size.voxels() + kept);
      if (own && part == 0) embed_strict(m, q, own_x + v, V);
      GRAINSPIN_UNROLL
      for (int u = 0; u < U; ++u) {
        const Four4 bias = reinterpret_cast<const Four4*>(m.bias)[unit + u];
        GRAINSPIN_UNROLL
        for (int j = 0; j < 8; ++j) {
          const Four4 x = projected[(u * 8 + j) * T];
          GRAINSPIN_UNROLL
          for (int b = 0; b < 4; ++b) sum[u][j / 2][j % 2 * 4 + b] = x.v[b] + bias.v[j / 2];
        }
      }
      GRAINSPIN_NO_UNROLL
      for (int k = 0; k < own + H; k += kStrictRows) {
        const Four4* w = reinterpret_cast<const Four4*>(ring.next()) + unit;
        GRAINSPIN_NO_UNROLL
        for (int r = 0; r < kStrictRows && k + r < own + H; ++r, w += H) {
          const bool input = k + r < own;
          const float* from = (input ? own_x + (k + r) * V : now + (k + r - own) * V) + line * kLine;
          float x[kLine];
          GRAINSPIN_UNROLL
          for (int i = 0; i < kLine; ++i) x[i] = from[i];
          if (kLstm) multiply_row<kNone>(sum, x, w);
          else if (input) multiply_row<3>(sum, x, w);
          else multiply_row<2>(sum, x, w);
        }
      }
      GRAINSPIN_UNROLL
      for (int u = 0; u < U; ++u) {
        GRAINSPIN_UNROLL
        for (int i = 0; i < kLine; ++i) {
          const int here = (unit + u) * V + line * kLine + i;
          if constexpr (kLstm) next[here] = lstm_unit(sum[u][0][i], sum[u][1][i], sum[u][2][i], sum[u][3][i], c[u][i]);
          else next[here] = gru_unit(sum[u][0][i], sum[u][1][i], sum[u][2][i], sum[u][3][i], now[here]);
        }
      }
      warp.sync();
      const int number = 3 * part;
      if (number < m.heads) {
        float y[3] = {};
        const float* head = static_cast<const float*>(m.head) + number;
        GRAINSPIN_NO_UNROLL
        for (int k = 0; k < H; ++k) {
          GRAINSPIN_UNROLL
          for (int b = 0; b < 3; ++b) y[b] += next[k * V + v] * head[k * kMostHeads + b];
        }
        GRAINSPIN_UNROLL
        for (int b = 0; b < 3; ++b) y[b] = masked ? 0.0f : m.offset[number + b] + m.scale[number + b] * y[b];
        const std::int64_t slot = s.slot ? s.slot[t] : t, to = slot * s.box.size.voxels() + kept;
        if (part == 0) {
          if (!masked) q = turned(q, Vec3<float>{y[0], y[1], y[2]});
          if (kept >= 0 && slot >= 0) {
            if (s.results.orientation) warp.put_orientation(s.results.orientation, to, q);
            if (s.results.increment)
              for (int b = 0; b < 3; ++b) s.results.increment[to * 3 + b] = y[b];
          }
        } else if (kept >= 0 && slot >= 0) {
          if (m.has_stress && number < 9) {
            if (s.results.stress)
              for (int b = 0; b < 3; ++b) s.results.stress[to * 6 + number - 3 + b] = y[b];
          } else if (s.results.log_variance) {
            for (int b = 0; b < 3; ++b) s.results.log_variance[to * 3 + b] = y[b];
          }
        }
      }
    }
    if (s.state && s.a_block) {
      const float* const last = hidden + s.steps % 2 * H * V;
      GRAINSPIN_UNROLL
      for (int u = 0; u < U; ++u) {
        GRAINSPIN_UNROLL
        for (int j = 0; j < 2; ++j) {
          Four4 h, now;
          GRAINSPIN_UNROLL
          for (int b = 0; b < 4; ++b) h.v[b] = last[(unit + u) * V + line * kLine + j * 4 + b], now.v[b] = c[u][j * 4 + b];
          state[(u * 2 + j) * T] = h;
          if constexpr (kLstm) state[((U + u) * 2 + j) * T] = now;
        }
      }
    }
    warp.sync();  // the heads of the last step still read what the next block begins with
  }
}

}  // namespace grainspin::cuda

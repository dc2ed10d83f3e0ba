// One step of the local family in one kernel, for every feedback and one or two layers: cubes from a tile of embedded
// orientations, products in bf16, the cell, the heads, the turned orientations. The state lies in device memory in the order of the
// products' fragments: 16 bytes a lane, read and written once, in place.
//
// What binds, LSTM 64, `neighbours`, radius 1, cubic, a voxel-step: memory 2 x (128 h + 128 c) + 16 + 16 + 12 + 26 (halo) = 582 bytes, 7.4 G/s at
// 4.3 TB/s (c as fp32: 838, 5.1 G/s; fp16 costs 2^-12 of c a step, h as bf16 2^-9 of h); 640 products of 4096 FLOP a tile of 16 rows =
// 164 kFLOP, 4.8 G/s at the 790 TFLOP/s of wgmma, some 3 G/s at what mma.sync makes of it: tensor cores bind. Shared memory: a warp reads 160 KB
// of weights for its 32 rows, 5.8 G/s at 128 bytes a clock and SM.
//
// Weights stay in shared memory where all of them fit (hidden 32, 64), else they go through it slice by slice, eight units a slice, for all
// warps of the block at a time: (16 + 6) KB x 12 at hidden 96, 128 voxels: 2 KB a voxel from the L2 cache.
#pragma once

#include "cuda/fused_parts.h"

namespace grainspin::cuda {

constexpr int kHeld = 16;  // k-blocks of a layer's input in registers: all of a cube of 27 x 9; what is more is read again for every slice

// Places in shared memory.
struct StepMemory {
  TileLayout tile;
  int bias, head, weights, slice, bytes;
  GRAINSPIN_HD StepMemory(const FusedModel& m, int warps, bool resident)
      : tile(step_patch(m), kLine, lattice(m.hidden, warps, {}).ly, lattice(m.hidden, warps, {}).lz), bias(tile.bytes),
        head(bias + m.layers * kSums * m.hidden * 4), weights(head + kMostHeads * m.hidden * 2),
        slice(kBlockBytes * most(blocks_before(m, 0) + m.hidden / 16, m.layers > 1 ? m.hidden / 8 : 0)),
        bytes(weights + (resident ? all(m) : 2 * slice)) {}
  GRAINSPIN_HD static int of_layer(const FusedModel& m, int layer) { return kBlockBytes * (blocks_before(m, layer) + m.hidden / 16) * (m.hidden / 8); }
  GRAINSPIN_HD static int all(const FusedModel& m) { return of_layer(m, 0) + (m.layers > 1 ? of_layer(m, 1) : 0); }
};

// What the kernel with wgmma is for (kGrouped below): one layer that sees just as many columns as are held in registers, with
// neighbours 27 times 9, weights that all lie in shared memory.
GRAINSPIN_HD constexpr bool can_be_grouped(const FusedModel& m) {
  return m.feedback == Feedback::kNeighbours && m.layers == 1 && m.hidden <= 64 && blocks_before(m, 0) == kHeld;
}

// Blocks first, first + stride, .. of the launch. kResident: all weights lie in shared memory. kGrouped: a group of four warps reads weights
// once for its 64 or 128 rows (wgmma), in the place of once a warp (mma.sync); everything else is the same, fragments of rows and sums too.
template <int H, bool kLstm, bool kResident, bool kGrouped = false, class Warp>
GRAINSPIN_HD void fused_step(const FusedStep& s, const Warp& warp, int first, int stride, char* memory) {
  constexpr int kTiles = tiles_a_warp(H), kRows = 2 * kTiles, kUnits = H / 8, kBlocks = H / 16, kParts = kLstm ? 2 : 1;
  const FusedModel& m = s.model;
  const Patch patch = step_patch(m);
  const StepMemory at(m, s.warps, kResident);
  const int grid_ly = lattice(H, s.warps, {}).ly;
  const int lane = warp.lane(), part = lane & 3, line = lane / 4;

  stage(warp, memory + at.bias, m.bias, m.layers * kSums * H * 4);
  stage(warp, memory + at.head, m.head, kMostHeads * H * 2);
  if constexpr (kResident)
    for (int l = 0; l < m.layers; ++l) stage(warp, memory + at.weights + l * StepMemory::of_layer(m, 0), m.layer[l], StepMemory::of_layer(m, l));
  if (patch.radius >= 0) fill_tables(patch, at.tile, memory, warp.thread(), warp.threads());
  warp.fetched();
  if constexpr (kGrouped) warp.publish();
  warp.sync();
  const float* const bias = reinterpret_cast<const float*>(memory + at.bias);
  const auto* const head = reinterpret_cast<const std::uint32_t(*)[2]>(memory + at.head);

  const int period = m.layers * kUnits, mine = first < s.blocks ? (s.blocks - first + stride - 1) / stride : 0;
  const auto slice = [&](int i) {
    const int l = i % period / kUnits, bytes = kBlockBytes * (blocks_before(m, l) + kBlocks);
    return Slice{static_cast<const char*>(m.layer[l]) + std::int64_t(i % kUnits) * bytes, bytes};
  };
  WeightRing ring(warp, slice, memory + at.weights, at.slice, kResident ? 0 : mine * period);

  for (int block = first; block < s.blocks; block += stride) {
    // Computed again where it is wanted: fourteen numbers fewer in registers meanwhile.
    const auto rows_of_block = [&] {
      return BlockRows(lattice(H, warp.anew(s.warps), s.box.size), s.box.size, s.first + warp.anew(block), warp.warp() * kRows);
    };
    // Fours of this warp's first tile of rows, of layer l, part p of the state.
    const std::int64_t all_tiles = std::int64_t(s.blocks) * s.warps * kTiles, tile0 = (std::int64_t(block) * s.warps + warp.warp()) * kTiles;
    const auto state = [&](int l, int p, int mm, int kk) {
      return static_cast<Four*>(s.state) + (((l * kParts + p) * all_tiles + tile0 + mm) * kBlocks + kk) * 32 + lane;
    };
    if (patch.radius >= 0) {
      warp.sync();  // the block before may still be read
      fill_tile(m, patch, at.tile, s.hood, s.lo, s.field, rows_of_block(), warp, memory);
      warp.sync();
    }
    const auto places = [&](int (&place)[kRows]) {
      const int first_line = warp.anew(warp.warp()) * kRows;
      GRAINSPIN_UNROLL
      for (int r = 0; r < kRows; ++r) place[r] = place_of(at.tile, patch.radius, grid_ly, first_line + r, line);
    };

    GRAINSPIN_NO_UNROLL
    for (int l = 0; l < m.layers; ++l) {
      const int before = blocks_before(m, l);
      std::uint32_t in[kHeld][kTiles][4], h[kBlocks][kTiles][4];
      if (l > 0) {
        GRAINSPIN_UNROLL
        for (int kk = 0; kk < kBlocks; ++kk) {
          GRAINSPIN_UNROLL
          for (int mm = 0; mm < kTiles; ++mm) {
            const Four x = *state(l - 1, 0, mm, kk);  // what this lane has just written
            GRAINSPIN_UNROLL
            for (int b = 0; b < 4; ++b) in[kk][mm][b] = x.v[b];
          }
        }
      } else if (before > 0) {
        int place[kRows];
        places(place);
        hold<kHeld, kTiles>(Tile(patch, at.tile, s.hood.mask, memory), before, part, place, in);
      }
      GRAINSPIN_UNROLL
      for (int kk = 0; kk < kBlocks; ++kk) {
        GRAINSPIN_UNROLL
        for (int mm = 0; mm < kTiles; ++mm) {
          const Four x = s.fresh ? Four{} : *state(l, 0, mm, kk);
          GRAINSPIN_UNROLL
          for (int b = 0; b < 4; ++b) h[kk][mm][b] = x.v[b];
        }
      }
      GRAINSPIN_NO_UNROLL
      for (int kk = 0; kk < kBlocks; ++kk) {
        Four c[kTiles], now[kTiles];  // now: first the old h (GRU), then the new
        GRAINSPIN_UNROLL
        for (int mm = 0; mm < kTiles; ++mm) {
          c[mm] = s.fresh || !kLstm ? Four{} : *state(l, kParts - 1, mm, kk);
          now[mm] = s.fresh || kLstm ? Four{} : *state(l, 0, mm, kk);
        }
        GRAINSPIN_UNROLL
        for (int half = 0; half < 2; ++half) {
          const int j = 2 * kk + half;
          const Four* w;
          if constexpr (kResident)
            w = reinterpret_cast<const Four*>(memory + at.weights + l * StepMemory::of_layer(m, 0) + j * kBlockBytes * (before + kBlocks));
          else w = ring.next();
          float sum[kTiles][kSums][4];
          begin(sum, bias + (l * kUnits + j) * kSums * 8, part);
          if (l == 0 && s.projected) {
            GRAINSPIN_UNROLL
            for (int r = 0; r < kRows; ++r)
              add(sum, r, static_cast<const Four*>(s.projected)[(((tile0 + r / 2) * 2 + r % 2) * kUnits + j) * 32 + lane]);
          }
          if constexpr (kGrouped) {
            multiply_grouped<kTiles>(warp, sum, in, h, group_descriptor(warp.shared_address(w)));
          } else {
            GRAINSPIN_UNROLL
            for (int k = 0; k < kHeld; ++k)
              if (k < before) multiply<true, kLstm>(warp, sum, in[k], w + k * 64);
            GRAINSPIN_NO_UNROLL
            for (int k = kHeld; k < before; ++k) {
              std::uint32_t a[kTiles][4];
              int place[kRows];
              places(place);
              const Tile tile(patch, at.tile, s.hood.mask, memory);
              if (tile.mask) take<true, kTiles>(tile, k, part, place, a);
              else take<false, kTiles>(tile, k, part, place, a);
              multiply<true, kLstm>(warp, sum, a, w + k * 64);
            }
            GRAINSPIN_UNROLL
            for (int k = 0; k < kBlocks; ++k) multiply<kLstm, true>(warp, sum, h[k], w + (before + k) * 64);
          }
          GRAINSPIN_UNROLL
          for (int mm = 0; mm < kTiles; ++mm) advance_units<kLstm>(warp, sum[mm], c[mm].v + 2 * half, now[mm].v + 2 * half, now[mm].v + 2 * half);
        }
        GRAINSPIN_UNROLL
        for (int mm = 0; mm < kTiles; ++mm) {
          *state(l, 0, mm, kk) = now[mm];
          if constexpr (kLstm) *state(l, 1, mm, kk) = c[mm];
        }
      }
    }

    HeadSums<kTiles> y = {};
    GRAINSPIN_NO_UNROLL
    for (int kk = 0; kk < kBlocks; ++kk) {
      std::uint32_t h[kTiles][4];
      GRAINSPIN_UNROLL
      for (int mm = 0; mm < kTiles; ++mm) {
        const Four x = *state(m.layers - 1, 0, mm, kk);
        GRAINSPIN_UNROLL
        for (int b = 0; b < 4; ++b) h[mm][b] = x.v[b];
      }
      add_heads<kTiles>(warp, y, h, head, kk, kBlocks, m.heads);
    }
    const BlockRows rows = rows_of_block();
    const std::int64_t kept = part < kRows ? rows.voxel(part, line) : -1;
    Quat q{1, 0, 0, 0};
    bool masked = false;
    if (kept >= 0) {
      q = warp.orientation(s.q, kept);
      masked = s.mask && !s.mask[voxel(s.box, kept)];
    }
    finish_rows<kTiles>(m, warp, y, q, masked, [&](int r) { return rows.voxel(r, line); }, s.results);
  }
}

}  // namespace grainspin::cuda

// The open loop (`initial`, `own`), one layer, all steps in one kernel: neighbours embedded and projected once a block of voxels, then
// the state in registers over all steps; orientations are read once and results written once.
//
// What binds, LSTM 64, a voxel-step: special functions, 5 a unit at 16 a clock and SM: 11.6 G/s at 1.755 GHz on 132 SMs (GRU: 3, 19 G/s). Beside them,
// for a warp's 32 rows and step, of 2560 clocks of a quarter of an SM: 256 products of 4096 FLOP (2048 clocks at a half of wgmma's rate); shared
// memory, four warps of an SM at a time: 32 KB of weights and 16 KB of projected input each, 1536 clocks. The projection, 1024 products once, is a fifth of
// the products of 13 steps and nobody's special functions run meanwhile: a third of what 13 steps take, 8 G/s at most.
//
// Why the projection is here and no patch in memory: fused_tile.h. Its weights, 128 KB, pass through shared memory in slices: 0.5 KB a voxel from L2.
//
// c as fp16 in pairs (2^-12 of it a step) halves its registers, so that two tiles a warp fit at hidden 64: half the reading of weights. Two
// layers: fused_step.h, for their state does not fit beside the projected input (LSTM 128: 44 KB for 16 rows), and from L2 is no slower.
#pragma once

#include "cuda/fused_parts.h"
#include "cuda/fused_step.h"

namespace grainspin::cuda {

// Places in shared memory. Weights of the recurrence stay there where they fit beside the rest, else they pass through the ring
// as those of the projection do.
struct RunMemory {
  TileLayout tile, own;  // of the block; of a warp's own orientations
  int bias, head, weights, ring, slice, rows, row_bytes, own_at, bytes;
  GRAINSPIN_HD RunMemory(const FusedModel& m, int warps, bool resident, bool project_only = false)
      : tile(m.patch, kLine, lattice(m.hidden, warps, {}).ly, lattice(m.hidden, warps, {}).lz),
        own({m.patch.channels, m.feedback == Feedback::kOwn ? 0 : -1}, kLine, 2 * tiles_a_warp(m.hidden), 1), bias(tile.bytes),
        head(bias + kSums * m.hidden * 4), weights(head + kMostHeads * m.hidden * 2), ring(weights + (resident ? step_slice(m) * (m.hidden / 8) : 0)),
        slice(most(kBlockBytes * blocks_of(m.patch), resident || project_only ? 0 : step_slice(m))), rows(ring + 2 * slice),
        row_bytes(project_only ? 0 : 2 * tiles_a_warp(m.hidden) * m.hidden / 8 * 512), own_at(row_bytes),
        bytes(rows + warps * (row_bytes + (project_only ? 0 : own.bytes))) {}
  GRAINSPIN_HD static int step_slice(const FusedModel& m) { return kBlockBytes * (blocks_before(m, 0) + m.hidden / 16); }
  GRAINSPIN_HD int warp(int i) const { return rows + i * (row_bytes + own.bytes); }
};

// What the neighbours give a block's rows, without bias: to put(r, eight units, their sums of row r).
template <int H, bool kLstm, class Warp, class Ring, class Put>
GRAINSPIN_HD inline void project_rows(const FusedModel& m, const Warp& warp, const Tile& tile, const int (&place)[2 * tiles_a_warp(H)], Ring& ring, const Put& put) {
  constexpr int kTiles = tiles_a_warp(H);
  const int part = warp.lane() & 3, before = blocks_of(m.patch);
  std::uint32_t in[kHeld][kTiles][4];
  hold<kHeld, kTiles>(tile, before, part, place, in);
  GRAINSPIN_NO_UNROLL
  for (int j = 0; j < H / 8; ++j) {
    const Four* w = ring.next();
    float sum[kTiles][kSums][4] = {};
    GRAINSPIN_UNROLL
    for (int k = 0; k < kHeld; ++k)
      if (k < before) multiply<true, kLstm>(warp, sum, in[k], w + k * 64);
    GRAINSPIN_NO_UNROLL
    for (int k = kHeld; k < before; ++k) {
      std::uint32_t a[kTiles][4];
      if (tile.mask) take<true, kTiles>(tile, k, part, place, a);
      else take<false, kTiles>(tile, k, part, place, a);
      multiply<true, kLstm>(warp, sum, a, w + k * 64);
    }
    GRAINSPIN_UNROLL
    for (int r = 0; r < 2 * kTiles; ++r) {
      Four x;
      GRAINSPIN_UNROLL
      for (int g = 0; g < kSums; ++g) x.v[g] = warp.pack(sum[r / 2][g][r % 2 * 2], sum[r / 2][g][r % 2 * 2 + 1]);
      put(r, j, x);
    }
  }
}

// Blocks first, first + stride, .. of the launch. kResident: the weights of the recurrence stay in shared memory.
template <int H, bool kLstm, bool kResident, class Warp>
GRAINSPIN_HD void fused_run(const FusedRun& s, const Warp& warp, int first, int stride, char* memory) {
  constexpr int kTiles = tiles_a_warp(H), kRows = 2 * kTiles, kUnits = H / 8, kBlocks = H / 16;
  const FusedModel& m = s.model;
  const RunMemory at(m, s.warps, kResident);
  const Lattice grid = lattice(H, s.warps, s.box.size);
  const int lane = warp.lane(), part = lane & 3, line = lane / 4;
  const int own_blocks = blocks_before(m, 0), step_slice = RunMemory::step_slice(m), slices = kResident ? kUnits : kUnits * (1 + s.steps);

  stage(warp, memory + at.bias, m.bias, kSums * H * 4);
  stage(warp, memory + at.head, m.head, kMostHeads * H * 2);
  if constexpr (kResident) stage(warp, memory + at.weights, m.layer[0], step_slice * kUnits);
  fill_tables(m.patch, at.tile, memory, warp.thread(), warp.threads());
  warp.fetched();
  warp.sync();
  const float* const bias = reinterpret_cast<const float*>(memory + at.bias);
  const auto* const head = reinterpret_cast<const std::uint32_t(*)[2]>(memory + at.head);
  Four* const projected = reinterpret_cast<Four*>(memory + at.warp(warp.warp()));
  char* const own_memory = memory + at.warp(warp.warp()) + at.own_at;
  const Tile own(own_patch(m), at.own, false, own_memory);
  if (own_blocks) fill_tables(own_patch(m), at.own, own_memory, lane, 32);

  const int mine = first < s.blocks ? (s.blocks - first + stride - 1) / stride : 0;
  const auto slice = [&](int i) {
    const int j = i % slices;
    if (j < kUnits) return Slice{static_cast<const char*>(m.projection) + j * kBlockBytes * blocks_of(m.patch), kBlockBytes * blocks_of(m.patch)};
    return Slice{static_cast<const char*>(m.layer[0]) + j % kUnits * step_slice, step_slice};
  };
  WeightRing ring(warp, slice, memory + at.ring, at.slice, mine * slices);

  for (int block = first; block < s.blocks; block += stride) {
    const BlockRows rows(grid, s.box.size, s.first + block, warp.warp() * kRows);
    {
      warp.sync();  // the block before may still be read
      const int lo[3] = {s.box.lo[0], s.box.lo[1], s.box.lo[2]};
      const Tile tile = fill_tile(m, m.patch, at.tile, s.hood, lo, s.q0, rows, warp, memory);
      warp.sync();
      int place[kRows];
      GRAINSPIN_UNROLL
      for (int r = 0; r < kRows; ++r) place[r] = place_of(at.tile, m.patch.radius, grid.ly, rows.line0 + r, line);
      project_rows<H, kLstm>(m, warp, tile, place, ring, [&](int r, int j, const Four& x) { projected[(r * kUnits + j) * 32 + lane] = x; });
    }
    // Of the row that this lane keeps.
    const std::int64_t kept = part < kRows ? rows.voxel(part, line) : -1;
    Quat q{1, 0, 0, 0};
    bool masked = false;
    if (kept >= 0) {
      const std::int64_t v = voxel(s.box, kept);
      q = warp.orientation(s.q0, v);
      masked = s.hood.mask && !s.hood.mask[v];
    }

    std::uint32_t h[kBlocks][kTiles][4] = {}, c[kLstm ? kBlocks : 1][kTiles][4] = {};
    GRAINSPIN_NO_UNROLL
    for (int t = 0; t < s.steps; ++t) {
      if (s.given && kept >= 0) q = warp.orientation(s.given, t * s.box.size.voxels() + kept);
      if (own_blocks) {
        warp.sync_warp();  // the step before may still be read
        if (part < kRows) own.put(m, warp, q, part * kLine + line);
        warp.sync_warp();
      }
      std::uint32_t next[kBlocks][kTiles][4];
      GRAINSPIN_UNROLL
      for (int j = 0; j < kUnits; ++j) {
        warp.settle();  // what the next units read is not wanted in registers yet
        const Four* w;
        if constexpr (kResident) w = reinterpret_cast<const Four*>(memory + at.weights + j * step_slice);
        else w = ring.next();
        float sum[kTiles][kSums][4];
        begin(sum, bias + j * kSums * 8, part);
        GRAINSPIN_UNROLL
        for (int r = 0; r < kRows; ++r) add(sum, r, projected[(r * kUnits + j) * 32 + lane]);
        GRAINSPIN_NO_UNROLL
        for (int k = 0; k < own_blocks; ++k) {
          std::uint32_t a[kTiles][4];
          int place[kRows];
          GRAINSPIN_UNROLL
          for (int r = 0; r < kRows; ++r) place[r] = r * kLine + line;
          take<false, kTiles>(own, k, part, place, a);
          multiply<true, kLstm>(warp, sum, a, w + k * 64);
        }
        GRAINSPIN_UNROLL
        for (int k = 0; k < kBlocks; ++k) multiply<kLstm, true>(warp, sum, h[k], w + (own_blocks + k) * 64);
        GRAINSPIN_UNROLL
        for (int mm = 0; mm < kTiles; ++mm)
          advance_units<kLstm>(warp, sum[mm], c[kLstm ? j / 2 : 0][mm] + j % 2 * 2, h[j / 2][mm] + j % 2 * 2, next[j / 2][mm] + j % 2 * 2);
      }
      HeadSums<kTiles> y = {};
      GRAINSPIN_UNROLL
      for (int kk = 0; kk < kBlocks; ++kk) {
        GRAINSPIN_UNROLL
        for (int mm = 0; mm < kTiles; ++mm) {
          GRAINSPIN_UNROLL
          for (int b = 0; b < 4; ++b) h[kk][mm][b] = next[kk][mm][b];
        }
        add_heads<kTiles>(warp, y, h[kk], head, kk, kBlocks, m.heads);
      }
      const std::int64_t slot = s.slot[t], from = slot * s.box.size.voxels();
      FusedResults to{};
      if (slot >= 0)
        to = {s.results.orientation ? s.results.orientation + from * 4 : nullptr, s.results.increment ? s.results.increment + from * 3 : nullptr,
              s.results.stress ? s.results.stress + from * 6 : nullptr, s.results.log_variance ? s.results.log_variance + from * 3 : nullptr};
      finish_rows<kTiles>(m, warp, y, q, masked, [&](int r) { return rows.voxel(r, line); }, to);
    }
  }
}

// The projection alone, to memory (fused_step.h reads it).
template <int H, bool kLstm, class Warp>
GRAINSPIN_HD void fused_project(const FusedRun& s, const Warp& warp, int first, int stride, char* memory) {
  constexpr int kTiles = tiles_a_warp(H), kRows = 2 * kTiles, kUnits = H / 8;
  const FusedModel& m = s.model;
  const RunMemory at(m, s.warps, false, true);
  const Lattice grid = lattice(H, s.warps, s.box.size);
  const int lane = warp.lane(), bytes = kBlockBytes * blocks_of(m.patch);
  const int mine = first < s.blocks ? (s.blocks - first + stride - 1) / stride : 0;
  const auto slice = [&](int i) { return Slice{static_cast<const char*>(m.projection) + i % kUnits * bytes, bytes}; };
  WeightRing ring(warp, slice, memory + at.ring, at.slice, mine * kUnits);
  fill_tables(m.patch, at.tile, memory, warp.thread(), warp.threads());
  for (int block = first; block < s.blocks; block += stride) {
    const BlockRows rows(grid, s.box.size, s.first + block, warp.warp() * kRows);
    warp.sync();
    const int lo[3] = {s.box.lo[0], s.box.lo[1], s.box.lo[2]};
    const Tile tile = fill_tile(m, m.patch, at.tile, s.hood, lo, s.q0, rows, warp, memory);
    warp.sync();
    int place[kRows];
    GRAINSPIN_UNROLL
    for (int r = 0; r < kRows; ++r) place[r] = place_of(at.tile, m.patch.radius, grid.ly, rows.line0 + r, lane / 4);
    const std::int64_t tile0 = (std::int64_t(block) * s.warps + warp.warp()) * kTiles;
    Four* const to = static_cast<Four*>(s.projected);
    project_rows<H, kLstm>(m, warp, tile, place, ring,
                           [&](int r, int j, const Four& x) { to[(((tile0 + r / 2) * 2 + r % 2) * kUnits + j) * 32 + lane] = x; });
  }
}

}  // namespace grainspin::cuda

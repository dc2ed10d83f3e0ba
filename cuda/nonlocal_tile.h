// What one tile of voxels does between two transforms of the nonlocal cell, as the launchers see it; the arithmetic is in
// nonlocal_tile_elements.h. Part of the table's seam (launchers.h).
//
// A tile is kTile voxels of one phase, a block of threads' work: a lane a voxel, a warp a part of the channels. Its
// matrices are rows of kTile numbers in shared memory (or, where they are too many, in a slice of device memory). State
// on slip systems is in coordinates adapted to the point group (src/nonlocal_irreps.h), [tile][channel][coordinate][kTile].
//
// Work and traffic of a voxel in one of K passes, C = D = 12 channels, M = 4 polarisations, memory H = 4, 12 FCC systems
// (multiply-adds; a multiply-add is two operations):
//                                         one map after another      here
//     odd map, C + 2 M channels                    34,560            4,320
//     even map of the gates, C + 2 M + H           41,472            5,184
//     out, D -> C                                  20,736            2,592
//     polarisations, 5 M numbers                    2,880              624
//     changes of coordinates                            0            9,792    x, |x|, both maps' results, the gated ones
//     drives                                          384              768
//     a pass                                      100,032           23,280
//     a step of 8 passes with its start and end     922 k             224 k   (engine_cuda_nonlocal_plan_test)
// Compulsory bytes of device memory, spectra and transforms apart: x once in, once out, h, q, sums, e and w in, p out:
// 1152 + 192 + 16 + 24 + 128 + 80 = 1.59 kB a pass; before, each map and each stage wrote its matrix and read it back, 7 kB
// (cache or not). In fast precision x and h are half as many: 0.92 kB. Transforms and operator: green.cu.
#pragma once

#include <cstdint>

#include "grainspin/core.h"

namespace grainspin::cuda {

constexpr int kTile = 32;       // voxels of a tile, lanes of a warp
constexpr int kTileWarps = 6;   // warps of a block
constexpr int kTaskRows = 12;   // rows that a lane sums at once, times `columns`: its accumulators
constexpr int kNarrowRows = 4;  // the same of tasks that are cut finer, so that every warp has some

// rows[out[r] + c] (+)= sum_k weight[k][r] rows[in[k] + c], c < columns <= 3, r < rows: one warp's work.
struct MapTask {
  std::int32_t weight = 0;         // of a phase's weights: [depth][kTaskRows or kNarrowRows], what is behind `rows` 0
  std::int32_t in = 0, out = 0;    // of its indices: [depth], [rows] rows of the scratch
  std::int32_t depth = 0, rows = 0, columns = 1;
  std::int32_t narrow = 0, add = 0;
};
// Tasks that do not wait for each other: warp w does tasks[begin[w]] .. tasks[begin[w + 1] - 1].
struct MapList {
  const MapTask* tasks = nullptr;
  std::int16_t begin[kTileWarps + 1] = {};
};

struct CellShape {
  int systems = 0, channels = 0, width = 0, polarisations = 0, memory = 0;  // N, C, D, M (0 without passes), H
  bool gated = true, carried = true, stress = true;
};

// First rows of what a tile has in its scratch.
struct TileRows {
  int q = 0;      // 4
  int small = 0;  // tensors and vectors in the crystal's or the sample's frame: 8 M, at least 8
  int drive = 0;  // of the start, N; the state follows, so that both are one matrix
  int x = 0;      // C N
  int extra = 0;  // follows the state: drives of a pass 2 M N, or what the memory wants 2 H N
  int even = 0;   // inputs of the gates
  int u = 0, gate = 0;  // D N each
  int temp = 0;   // N a warp
  int count = 0;
  constexpr TileRows() = default;
  GRAINSPIN_HD constexpr explicit TileRows(const CellShape& s) {
    const int N = s.systems, inputs = s.channels + (2 * s.polarisations > 1 ? 2 * s.polarisations : 1);
    const int more = s.polarisations > s.memory ? s.polarisations : s.memory;
    small = q + 4;
    drive = small + 8 * (s.polarisations > 1 ? s.polarisations : 1);
    x = drive + N;
    extra = x + s.channels * N;
    even = extra + 2 * more * N;
    u = even + (s.gated ? (inputs + s.memory) * N : 0);
    gate = u + s.width * N;
    temp = gate + (s.gated ? s.width * N : 0);
    count = temp + (s.systems == 12 ? 0 : kTileWarps * N);  // with 12 systems they are registers
  }
};

// Numbers of a phase, one behind another: odd and even coordinates U [N, N] (adapted = U natural), then, times 3,
// P [N, 5] and a [N, 3] by slip system and by adapted coordinate.
struct BasisPlaces {
  int even, P, a, P_adapted, a_adapted, count;
  GRAINSPIN_HD constexpr explicit BasisPlaces(int n)
      : even(n * n), P(2 * n * n), a(P + 5 * n), P_adapted(a + 3 * n), a_adapted(P_adapted + 5 * n),
        count(a_adapted + 3 * n) {}
};

// gated() of nonlocal.h between rows of a tile: `first` is the odd and the even map (of the head the memory's too).
struct GatedMap {
  MapList first, out;
  const float *bias = nullptr, *rate = nullptr;  // [D]
};

// Tiles of one phase.
struct Tiles {
  std::int64_t n = 0;                    // voxels; the last tile may have fewer than kTile
  std::int64_t first = 0;                // voxel i of them is first + i ...
  const std::int64_t* voxels = nullptr;  // ... or, where this is set, voxels[first + i]
  GRAINSPIN_HD constexpr std::int64_t count() const { return (n + kTile - 1) / kTile; }
};

}  // namespace grainspin::cuda

// Embedded orientations of a block's voxels and of all that their cubes reach, in shared memory, and the operands of products
// read from there: each orientation is embedded once a block, no cube is ever written out.
//
// Why: 27 cubes of 9 numbers in bf16 are 496 bytes a voxel, written and read again, and their product 512 more each way: 2 kB, as
// much time as 40 % of the special functions of all 13 steps (4.3 TB/s against 5 of 16 a clock and SM). A tile of 8 x 4 x 8
// voxels has 600 within radius 1: 38 bytes a voxel from the L2 cache, 2.3 embeddings in the place of one, 160 operations each
// against some 60,000.
#pragma once

#include <type_traits>

#include "cuda/fused_launchers.h"

#ifdef __CUDA_ARCH__
#define GRAINSPIN_UNROLL _Pragma("unroll")
#define GRAINSPIN_NO_UNROLL _Pragma("unroll 1")
#define GRAINSPIN_NO_INLINE __noinline__
#else
#define GRAINSPIN_UNROLL
#define GRAINSPIN_NO_UNROLL
#define GRAINSPIN_NO_INLINE
#endif

namespace grainspin::cuda {

struct Four {
  std::uint32_t v[4];
};

GRAINSPIN_HD inline float low_of(std::uint32_t pair) {
  union { std::uint32_t bits; float value; } u{pair << 16};
  return u.value;
}
GRAINSPIN_HD inline float high_of(std::uint32_t pair) {
  union { std::uint32_t bits; float value; } u{pair & 0xffff0000u};
  return u.value;
}

GRAINSPIN_HD constexpr int aligned(int bytes) { return (bytes + 15) / 16 * 16; }

// Where an octet of a tap lies beside a centre's: places to go on, and pairs of channels before its group.
struct OctetAt {
  std::int32_t step, group;
};

// Taps up to whole octets, and one more octet, with which the last k-block may be filled up.
GRAINSPIN_HD constexpr int offsets(const Patch& p) { return ((taps(p.radius) + 7) / 8 + 1) * 8; }

// Places in shared memory, from the tile's first byte on.
struct TileLayout {
  int hx, hy, hz;  // voxels along each axis, halo included
  int single, mask, octet, offset, bytes;
  GRAINSPIN_HD constexpr TileLayout(const Patch& p, int nx, int ny, int nz)
      : hx(nx + 2 * p.radius), hy(ny + 2 * p.radius), hz(nz + 2 * p.radius),
        single(p.radius < 0 ? 0 : octets_a_tap(p) * hx * hy * hz * 16), mask(single + (has_singles(p) ? aligned(hx * hy * hz * 2) : 0)),
        octet(mask + aligned(hx * hy * hz)), offset(octet + aligned(octets_of_taps(p) * int(sizeof(OctetAt)))),
        bytes(p.radius < 0 ? 0 : offset + offsets(p) * 2) {}
};

// Not cubic: out of line, for it takes more registers than what is around it can spare; and no member, so that a tile's pointers stay
// known to be shared memory.
template <class Warp>
GRAINSPIN_HD GRAINSPIN_NO_INLINE void put_other(const FusedModel& m, Warp warp, Quat q, std::uint32_t* main, std::uint16_t* single, int voxels, bool singles, int p) {
  float e[EmbeddingSpec::kMaxSize + 6] = {};
  embed(m.embedding, q, e);
  const int size = m.embedding.size, full = (singles ? size : size + 7) / 8;
  GRAINSPIN_NO_UNROLL
  for (int c = 0; c < size; ++c) e[c] = e[c] * m.input_scale[c] + m.input_shift[c];
  GRAINSPIN_NO_UNROLL
  for (int i = 0; i < 4 * full; ++i) main[(i / 4 * voxels + p) * 4 + i % 4] = warp.pack(e[2 * i], e[2 * i + 1]);
  if (singles) single[p] = std::uint16_t(warp.pack(e[size - 1], 0));
}

struct Tile {
  int octets_of_taps;
  bool singles;
  std::uint32_t* main;         // [octets a tap][voxels][4] pairs of channels
  std::uint16_t* single;       // [voxels] the last channel, where it is alone
  const std::uint8_t* mask;    // [voxels], null: none is masked
  const OctetAt* octet;        // [octets of taps]
  const std::int16_t* offset;  // [offsets] places to a neighbour; 0 beyond the last
  int voxels;

  GRAINSPIN_HD Tile(const Patch& p, const TileLayout& t, bool masked, char* memory)
      : octets_of_taps(cuda::octets_of_taps(p)), singles(has_singles(p)), main(reinterpret_cast<std::uint32_t*>(memory)),
        single(reinterpret_cast<std::uint16_t*>(memory + t.single)), mask(masked ? reinterpret_cast<std::uint8_t*>(memory + t.mask) : nullptr),
        octet(reinterpret_cast<OctetAt*>(memory + t.octet)), offset(reinterpret_cast<std::int16_t*>(memory + t.offset)), voxels(t.hx * t.hy * t.hz) {}

  // Columns 8 o + 2 part and the next of the cubes around places p[0 .. n). Beyond the last tap: anything, its weights are zero.
  template <bool kMasked, int n>
  GRAINSPIN_HD void pairs(int o, int part, const int (&p)[n], std::uint32_t (&to)[n]) const {
    const auto neighbour = [&](int step, int from) { return kMasked && !mask[from + step] ? from : from + step; };
    if (o < octets_of_taps) {
      const OctetAt at = octet[o];
      GRAINSPIN_UNROLL
      for (int i = 0; i < n; ++i) to[i] = main[(at.group + neighbour(at.step, p[i])) * 4 + part];
    } else if (!singles) {
      GRAINSPIN_UNROLL
      for (int i = 0; i < n; ++i) to[i] = 0;
    } else {
      const std::int16_t* two = offset + (o - octets_of_taps) * 8 + 2 * part;
      const int low = two[0], high = two[1];
      GRAINSPIN_UNROLL
      for (int i = 0; i < n; ++i) to[i] = single[neighbour(low, p[i])] | std::uint32_t(single[neighbour(high, p[i])]) << 16;
    }
  }

  // Place p takes this orientation.
  template <class Warp>
  GRAINSPIN_HD void put(const FusedModel& m, const Warp& warp, const Quat& q, int p) const {
    if (!m.embedding.cubic) return put_other(m, warp, q, main, single, voxels, singles, p);
    float e[9];
    embed_432(q, e);
    GRAINSPIN_UNROLL
    for (int c = 0; c < 9; ++c) e[c] = e[c] * m.input_scale[c] + m.input_shift[c];
    GRAINSPIN_UNROLL
    for (int i = 0; i < 4; ++i) main[p * 4 + i] = warp.pack(e[2 * i], e[2 * i + 1]);
    single[p] = std::uint16_t(warp.pack(e[8], 0));
  }
};

// The tables of a tile, by `threads` threads.
GRAINSPIN_HD inline void fill_tables(const Patch& patch, const TileLayout& t, char* memory, int thread, int threads) {
  const int side = 2 * patch.radius + 1, each = octets_a_tap(patch);
  const auto step = [&](int k) { return ((k / side / side - patch.radius) * t.hy + k / side % side - patch.radius) * t.hx + k % side - patch.radius; };
  for (int k = thread; k < offsets(patch); k += threads)
    reinterpret_cast<std::int16_t*>(memory + t.offset)[k] = std::int16_t(k < taps(patch.radius) ? step(k) : 0);
  for (int o = thread; o < octets_of_taps(patch); o += threads)
    reinterpret_cast<OctetAt*>(memory + t.octet)[o] = {step(o / each), o % each * t.hx * t.hy * t.hz};
}

// Block kk of the operand, of a warp's tiles of sixteen rows: places p[2 m] of this lane's upper row of tile m, p[2 m + 1] of its lower
// (PTX ISA: registers 0, 1 hold k below 8 of row l / 4 and of row l / 4 + 8; 2, 3 the others).
template <bool kMasked, int kTiles>
GRAINSPIN_HD inline void take(const Tile& tile, int kk, int part, const int (&p)[2 * kTiles], std::uint32_t (&a)[kTiles][4]) {
  GRAINSPIN_UNROLL
  for (int half = 0; half < 2; ++half) {
    std::uint32_t to[2 * kTiles];
    tile.pairs<kMasked>(2 * kk + half, part, p, to);
    GRAINSPIN_UNROLL
    for (int m = 0; m < kTiles; ++m) a[m][2 * half] = to[2 * m], a[m][2 * half + 1] = to[2 * m + 1];
  }
}
// The first blocks of it into registers, at most `blocks`.
template <int kHeld, int kTiles>
GRAINSPIN_HD inline void hold(const Tile& tile, int blocks, int part, const int (&p)[2 * kTiles], std::uint32_t (&in)[kHeld][kTiles][4]) {
  const auto all = [&](auto masked) {
    GRAINSPIN_UNROLL
    for (int kk = 0; kk < kHeld; ++kk)
      if (kk < blocks) take<decltype(masked)::value, kTiles>(tile, kk, part, p, in[kk]);
  };
  if (tile.mask) all(std::true_type());
  else all(std::false_type());
}

// A block's place in the box, and its rows.
struct BlockRows {
  Shape size;      // of the box
  int x0, y0, z0;  // first voxel
  int ly;
  int line0;       // of this warp
  GRAINSPIN_HD BlockRows(const Lattice& l, const Shape& box, std::int64_t block, int first_line)
      : size(box), x0(int(block % l.bx) * kLine), y0(int(block / l.bx % l.by) * l.ly), z0(int(block / l.bx / l.by) * l.lz), ly(l.ly), line0(first_line) {}
  // Voxel of the box of row r of this lane's (line of the warp r, place along it `at`); -1: beyond the box.
  GRAINSPIN_HD std::int64_t voxel(int r, int at) const {
    const int line = line0 + r, x = x0 + at, y = y0 + line % ly, z = z0 + line / ly;
    return x < size.nx && y < size.ny && z < size.nz ? (std::int64_t(z) * size.ny + y) * size.nx + x : -1;
  }
};
// Place in the tile of the voxel that lies at `at` along a block's line.
GRAINSPIN_HD inline int place_of(const TileLayout& t, int radius, int ly, int line, int at) {
  return ((line / ly + radius) * t.hy + line % ly + radius) * t.hx + at + radius;
}

// The tile of a block in `memory`, whose tables are there, filled by all its threads from field[hood.shape, 4], of which the box begins at lo. Between two
// barriers of the block.
template <class Warp>
GRAINSPIN_HD Tile fill_tile(const FusedModel& m, const Patch& patch, const TileLayout& t, const Neighbourhood& hood, const int* lo, const float* field,
                            const BlockRows& rows, const Warp& warp, char* memory) {
  std::uint8_t* const mask = reinterpret_cast<std::uint8_t*>(memory + t.mask);
  const Tile tile(patch, t, hood.mask, memory);
  GRAINSPIN_NO_UNROLL
  for (int p = warp.thread(); p < tile.voxels; p += warp.threads()) {
    const int x = fold(lo[0] + rows.x0 - patch.radius + p % t.hx, hood.shape.nx, hood.boundaries.x),
              y = fold(lo[1] + rows.y0 - patch.radius + p / t.hx % t.hy, hood.shape.ny, hood.boundaries.y),
              z = fold(lo[2] + rows.z0 - patch.radius + p / t.hx / t.hy, hood.shape.nz, hood.boundaries.z);
    const std::int64_t v = (std::int64_t(z) * hood.shape.ny + y) * hood.shape.nx + x;
    tile.put(m, warp, warp.orientation(field, v), p);
    if (hood.mask) mask[p] = hood.mask[v];
  }
  return tile;
}

}  // namespace grainspin::cuda

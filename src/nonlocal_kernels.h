// The arithmetic of the nonlocal cell on blocks of voxels: one implementation (nonlocal_body.h), compiled for several
// instruction sets, chosen once at run time.
//
// A block is kNonlocalBlock voxels, always full (tails are padded), voxels fastest: a row is kNonlocalBlock floats,
// 64-byte aligned. State on slip systems is [channel][adapted coordinate] rows (nonlocal_irreps.h), which are those
// of its phase. No voxel's arithmetic depends on its place in a block.
#pragma once

#include <cstdint>
#include <vector>

namespace grainspin {

constexpr int kNonlocalBlock = 32;

// y = W x for rows of `columns` floats (a multiple of a block): row i of y lies at out[i], row k of x at in[k],
// offsets in floats. w is packed in tiles of at most NonlocalKernels::rows rows: [tile][depth][rows of the tile].
struct ProductView {
  int rows = 0, depth = 0, columns = 0;
  const float* w = nullptr;
  const std::int32_t *in = nullptr, *out = nullptr;
};
// An orbit-tied map: one product for each kind of irreducible part.
struct MapView {
  int count = 0;
  const ProductView* parts = nullptr;
};
// gated() of nonlocal.h; its bias (bias + rate r, [width]) is StepView::bias + bias.
struct GatedView {
  int inputs = 0, outputs = 0, bias = 0;
  MapView odd, even, out;
};
struct PhaseView {
  int systems, channels, width, polarisations, memory;
  bool gated, carried, stress;
  bool odd_natural, even_natural;  // adapted coordinates are the slip systems themselves
  ProductView to_odd, from_odd, to_even, from_even;  // one channel, adapted from or to slip systems
  ProductView shear, shear_adapted;                  // 3 P_s : of a tensor (5 rows) on slip systems, adapted
  ProductView turn, turn_adapted;                    // 3 a_s . of a vector (3 rows)
  ProductView strain, axial;                         // adapted -> sum_s P_s (5 rows), sum_s a_s (3 rows)
  GatedView in, head;
  const GatedView* pass;       // [K]
  const MapView* polarise;     // [K]
  const float* carry;          // [C]
  MapView update, candidate;
  const float *update_bias, *candidate_bias;  // [H]
};

// What a step has of its own.
struct StepView {
  float E0[5];
  float exponent;        // s / 0.01
  const float* bias;     // all gated maps' biases
  const float* mean;     // [M, 8] e and w of D_m of the pass at hand
  const float* spin;     // [M] of the pass at hand
};

// One block at work.
struct BlockView {
  const PhaseView* phase;
  const StepView* step;
  int count;                // voxels that are there; the lanes beyond are copies of the last
  const std::int32_t* at;   // [kNonlocalBlock] places in a plane of a field
  bool contiguous;          // at[i] = at[0] + i
  const float* q;           // [4] rows
  float* x;                 // [C N]
  float* h;                 // [H N]
  float* spin;              // [3]: sum of spin[k,m] w_{k,m}, sample frame
  float* field;             // plane of channel 0; e_0 w_0 e_1 w_1 ... come in, p_0 p_1 ... go out
  std::int64_t stride;      // floats from channel to channel
  double* sums;             // [5 M] of p over the block
  float* scratch;           // scratch_rows() rows
};

struct NonlocalKernels {
  const char* name;  // "AVX-512"
  int rows;          // of a tile of a product
  void (*begin)(const BlockView&);               // x of the start of a step
  void (*polarise)(const BlockView&, int pass);  // p to the field, sums
  void (*pass)(const BlockView&, int pass);      // e and w from the field; x, spin
  // omega[3]: Q sum gamma a + the sum of spins; dev[5]: Q sum tau P Q^T (with stress). h after the step.
  void (*end)(const BlockView&, float* omega, float* dev);
  // Green operator along one pencil: lines[nz][8 M][2 lanes] complex, `lanes` frequencies of a plane side by side.
  // kx, ky [2 lanes] (each twice), kz [nz]; p times `scale` comes in in the first 5 M channels of a z, e_0 w_0 .. go
  // out. pressure [nz][2 lanes] or null: weight[m] g_m is added.
  void (*green)(int nz, int lanes, int polarisations, const float* kx, const float* ky, const float* kz, float scale,
                const float* beta, float* lines, const float* weight, float* pressure);
  void (*sigmoid)(std::int64_t n, const float* x, float* out);  // for the test of its accuracy, as
  void (*power)(std::int64_t n, float exponent, const float* x, float* out);  // 1 - (1 - sigmoid(x))^exponent
};

// Rows of scratch that a block of this phase needs.
int scratch_rows(const PhaseView& phase);
// Where NonlocalKernels::end leaves the head's result y of nonlocal.h: its first row, [1 or 2][N] adapted coordinates.
int head_row(const PhaseView& phase);

// What this machine can run, the fastest first; never empty.
const std::vector<const NonlocalKernels*>& nonlocal_kernels();

extern const NonlocalKernels kNonlocalBaseline, kNonlocalAvx2, kNonlocalAvx512;

}  // namespace grainspin

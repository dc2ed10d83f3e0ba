// The arithmetic of the recurrent cell on blocks of voxels: one implementation (recurrent_body.h), compiled
// for several instruction sets, chosen once at run time.
//
// A block is kBlock voxels, always full (tails are padded), voxels fastest: an array [n] of a block is
// [n][kBlock] floats, 64-byte aligned. No voxel's arithmetic depends on its place in a block.
#pragma once

#include <cstdint>
#include <vector>

#include "aligned.h"

namespace grainspin {

constexpr int kBlock = 32;

// One layer's weights as the kernels read them. Four accumulators a unit:
//   LSTM  i f g o;   GRU  r z, n from the input, n from the hidden state.
// The rows of sigmoid gates are halved: sigmoid(a) = tanh(a/2)/2 + 1/2, and a factor 1/2 is exact.
struct LayerView {
  int hidden, inputs;  // inputs: columns of x
  const float* wx;     // [hidden / units][inputs][units][gates]
  const float* wh;     // [hidden / units][hidden][units][gates]
  const float* bias;   // [hidden][4]
  // Of kernels in bf16, in the place of wx, wh and bias; columns in tiles of 32, zeros behind the last. What project() takes stays fp32,
  // in wx as [hidden / 16][gates][2][inputs][8 units].
  const std::uint16_t* tx;  // [hidden / 16][tiles of inputs][gates][16 units][32 columns]
  const std::uint16_t* th;  // [hidden / 16][tiles of hidden][gates][16 units][32 columns]
  const float* bias_tiles;  // [hidden / 16][4][16 units][16 times the same]
};
struct PackedLayer {
  int hidden = 0, inputs = 0;
  AlignedFloats wx, wh, bias, tx, th, bias_tiles;
  LayerView view() const {
    return {hidden, inputs, wx.get(), wh.get(), bias.get(), reinterpret_cast<const std::uint16_t*>(tx.get()),
            reinterpret_cast<const std::uint16_t*>(th.get()), bias_tiles.get()};
  }
};

// One step of one layer on one block.
struct LayerStep {
  LayerView layer;
  const float* start;  // accumulators [hidden][4][kBlock] to start from, null: the bias
  const float* x;      // [inputs]
  const float* h;      // [hidden], the state before
  float* c;            // [hidden], LSTM only, in place
  float* h_out;        // [hidden], another array than h; kernels in bf16: may be the same
  float* pairs;        // pair_floats(inputs) + pair_floats(hidden) floats to work in, kernels in bf16 only
};

struct TileKernels;

struct RecurrentKernels {
  const char* name;  // "AVX-512"
  int units;         // hidden units computed together: the packing of PackedLayer
  void (*lstm)(const LayerStep&);
  void (*gru)(const LayerStep&);
  // bias + wx x -> accumulators [hidden][4][kBlock]: the part of the input that does not change over the
  // steps, in fp32 by every kernel: its error would be the same at every step.
  void (*project)(const LayerView& layer, int gates, const float* x, float* start, float* pairs);
  // out[rows] = weight[rows][columns] x + bias[rows]
  void (*affine)(int rows, int columns, const float* weight, const float* bias, const float* x, float* out);
  // next[kBlock][4] = exp(w) q, unit, from w[3] and q[kBlock][4]. Bits of the result: voxels that turn by more than 1.41 rad,
  // whose `next` says nothing.
  std::uint32_t (*turn)(const float* w, const float* q, float* next);
  // tanh of n (a multiple of kBlock) floats: for the test of its accuracy.
  void (*tanh)(std::int64_t n, const float* x, float* out);
  bool bf16;  // products of weights and state rounded to bf16, activations within 7e-4
  // Where tiles multiply: the local family's kernels are these, and lstm, gru, project, affine and tanh are null (block_network.h).
  const TileKernels* tiles;
};

// Floats that hold a block of `columns` rows as tiles of bf16.
constexpr std::int64_t pair_floats(int columns) { return std::int64_t((columns + 31) / 32) * 16 * kBlock; }

// What this machine can run in fp32, the fastest first; never empty.
const std::vector<const RecurrentKernels*>& recurrent_kernels();
// What it can run in bf16, the fastest first; may be empty.
const std::vector<const RecurrentKernels*>& recurrent_kernels_bf16();

// Packs the rows of weight_ih [G H, P] columns [first, first + inputs), weight_hh [G H, H] and the biases
// for `kernels` (gates G: 4 LSTM, 3 GRU). Null biases: none. Null weight_hh: for project().
PackedLayer pack(const RecurrentKernels& kernels, int gates, int hidden, const float* weight_ih, int width,
                 int first, int inputs, const float* weight_hh, const float* bias_ih, const float* bias_hh);

extern const RecurrentKernels kRecurrentBaseline, kRecurrentAvx2, kRecurrentAvx512, kRecurrentAvx512Bf16, kRecurrentAmx;

}  // namespace grainspin

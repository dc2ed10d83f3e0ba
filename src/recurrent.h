// The arithmetic of the recurrent cell on blocks of voxels: one implementation (recurrent_body.h), compiled
// for several instruction sets, chosen once at run time.
//
// A block is kBlock voxels, always full (tails are padded), voxels fastest: an array [n] of a block is
// [n][kBlock] floats, 64-byte aligned. No voxel's arithmetic depends on its place in a block.
#pragma once

#include <cstdint>
#include <vector>

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
};
struct PackedLayer {
  int hidden = 0, inputs = 0;
  std::vector<float> wx, wh, bias;
  LayerView view() const { return {hidden, inputs, wx.data(), wh.data(), bias.data()}; }
};

// One step of one layer on one block.
struct LayerStep {
  LayerView layer;
  const float* start;  // accumulators [hidden][4][kBlock] to start from, null: the bias
  const float* x;      // [inputs]
  const float* h;      // [hidden], the state before
  float* c;            // [hidden], LSTM only, in place
  float* h_out;        // [hidden], another array than h
};

struct RecurrentKernels {
  const char* name;  // "AVX-512"
  int units;         // hidden units computed together: the packing of PackedLayer
  void (*lstm)(const LayerStep&);
  void (*gru)(const LayerStep&);
  // bias + wx x -> accumulators [hidden][4][kBlock]: the part of the input that does not change over the
  // steps.
  void (*project)(const LayerView& layer, int gates, const float* x, float* start);
  // out[rows] = weight[rows][columns] x + bias[rows]
  void (*affine)(int rows, int columns, const float* weight, const float* bias, const float* x, float* out);
  // tanh of n (a multiple of kBlock) floats: for the test of its accuracy.
  void (*tanh)(std::int64_t n, const float* x, float* out);
};

// What this machine can run, the fastest first; never empty.
const std::vector<const RecurrentKernels*>& recurrent_kernels();

// Packs the rows of weight_ih [G H, P] columns [first, first + inputs), weight_hh [G H, H] and the biases
// for `kernels` (gates G: 4 LSTM, 3 GRU). Null biases: none.
PackedLayer pack(const RecurrentKernels& kernels, int gates, int hidden, const float* weight_ih, int width,
                 int first, int inputs, const float* weight_hh, const float* bias_ih, const float* bias_hh);

extern const RecurrentKernels kRecurrentBaseline, kRecurrentAvx2, kRecurrentAvx512;

}  // namespace grainspin

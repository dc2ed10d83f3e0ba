// The local family's kernels where tiles multiply bf16 and vectors of 32 fp16 take the activations (AMX with AVX512-FP16), voxels
// slowest: what a tile stores for a voxel is what the vectors read, and what they write is a row of the next step's tile.
//
// A group is 32 hidden units. A block of columns [n][kBlock voxels][32] of bf16 is a "row tile" for every n; of sums and states
// likewise. Sums are whole numbers: weights and biases are scaled so that they are the activations' arguments in units of
// kHalfUnit (activation_halves.h), and a bias holds kWholeOffset, which keeps a float's last place at one.
#pragma once

#include <cstdint>

namespace grainspin {

constexpr float kWholeOffset = 12582912.0f;  // 1.5 * 2^23
constexpr double kGruUnit = 2048;            // of the two parts of a GRU's candidate, which are added before their activation

// Gates in the order they are worked on: LSTM i g f o; GRU r, candidate from the hidden state, candidate from the input, z.
//
// project() alone takes weights and inputs as two numbers each, the nearest bf16 and the bf16 of what that leaves: a start that is
// rounded is wrong in the same way at every step. Three of the four products count; the fourth is below the sums' last place.
struct TileLayer {
  int groups, x_tiles;      // of the hidden state, of the input (tiles of 32 columns; 0: none)
  const std::uint16_t* wx;  // [groups][4][x_tiles][2][16 pairs of columns][16 units][2]; project(): [groups][4][x_tiles][2 parts][2]..
  const std::uint16_t* wh;  // [groups][4][groups][2][16][16][2]; likewise
  const float* bias;        // [groups][4][2][16], kWholeOffset added
  const float* offset;      // [32] of kWholeOffset
};
struct TileStep {
  TileLayer layer;
  const std::int16_t* start;  // [groups][4][kBlock][32], in the place of input and bias; null: none
  const std::uint16_t* x;     // rows of the input: voxel v, tile t at x + v * x_pitch + t * x_step
  std::int64_t x_pitch, x_step;
  std::uint16_t* h;        // [groups][kBlock][32] bf16, in place
  std::uint16_t* h_out;    // as many to work in
  std::uint16_t* carried;  // [groups][kBlock][32] fp16, in place: LSTM c, GRU h
};

struct TileKernels {
  // Around calls of the others on one thread: the tiles' shape is the thread's, and setting it costs some hundred cycles.
  void (*begin)();
  void (*end)();
  void (*lstm)(const TileStep&);
  void (*gru)(const TileStep&);
  // What the input gives, with the bias: [groups][4][kBlock][32]; gates: 4 LSTM, 3 GRU. A row of x is x_tiles tiles, then as many of what
  // bf16 left of them.
  void (*project)(const TileLayer&, int gates, const std::uint16_t* x, std::int64_t x_pitch, std::int16_t* start);
  // out[rows][kBlock] = weight h + bias, rows <= 16; weight [2 groups][16 pairs][16 rows][2]: the weights' bf16, then what that leaves.
  void (*heads)(int rows, int groups, const std::uint16_t* weight, const float* bias, const std::uint16_t* h, float* out);
  // to[n] = bf16 of (from[n] - mean[k]) * factor[k], k = n modulo channels, rest[n] of what that leaves; mean, factor [channels + 16],
  // repeated; n a multiple of 16.
  void (*normalise)(std::int64_t n, int channels, const float* from, const float* mean, const float* factor, std::uint16_t* to, std::uint16_t* rest);
  // tanh of n (a multiple of 32) sums as tiles leave them, kWholeOffset + kHalfUnit x, to fp16: for the test of its accuracy and the
  // measurement of its rate. Of every 32, place 8 j + i holds number 4 j + i where i < 4, else 16 + 4 j + i - 4.
  void (*tanh)(std::int64_t n, const float* sums, std::uint16_t* out);
};

}  // namespace grainspin

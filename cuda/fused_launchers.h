// A part of launchers.h: the local family's open loop (`initial`, `own`) in bf16, all steps in one kernel.
#pragma once

#include <cstdint>

#include "grainspin/core.h"
#include "grainspin/input.h"
#include "grainspin/model.h"

namespace grainspin::cuda {

struct SubBox;

// Sums of a unit: LSTM i f g o; GRU r, z, n from the input, n from the state. Weights and biases of the sums that go through a
// sigmoid are halved: sigmoid(a) = tanh(a/2)/2 + 1/2.
constexpr int kSums = 4;

// Column of a unit's sum in the projected input and in the bias: what a lane of a warp needs of eight units lies together.
GRAINSPIN_HD constexpr int fused_column(int unit, int sum) { return ((unit / 8 * 4 + unit % 8 / 2) * kSums + sum) * 2 + unit % 2; }

// Weights in the order in which mma.m16n8k16 takes its second operand (PTX ISA, "Matrix Fragments for mma.m16n8k16"): lane l
// holds, of k = 16 kk .. and columns n = 0 .. 7, register b = 0, 1: rows 2 (l % 4) + 8 b + {0, 1} of column l / 4.
// Index of (unit, sum, k) in bf16 numbers, `blocks` k-blocks of 16: [unit / 8][kk][sum / 2][lane][sum % 2][b][2].
GRAINSPIN_HD constexpr int fused_weight(int unit, int sum, int k, int blocks) {
  const int lane = unit % 8 * 4 + k % 8 / 2, b = k % 16 / 8;
  return (((((unit / 8 * blocks + k / 16) * 2 + sum / 2) * 32 + lane) * 2 + sum % 2) * 2 + b) * 2 + k % 2;
}
// The heads' weights: (number, k) with `blocks` k-blocks: [number / 8][kk][lane][b][2].
GRAINSPIN_HD constexpr int fused_head(int number, int k, int blocks) {
  const int lane = number % 8 * 4 + k % 8 / 2, b = k % 16 / 8;
  return (((number / 8 * blocks + k / 16) * 32 + lane) * 2 + b) * 2 + k % 2;
}

constexpr int kMostHeads = 16;  // numbers of all heads, padded to whole tiles of 8

// n rows through all steps. Row i is voxel(box, first + i); results of step t (from 0) are at row t * inside + first + i.
struct FusedRun {
  Cell cell;
  int hidden;        // 32, 64, 96, 128
  int own;           // k-blocks of 16 of the own orientation's embedding, 0: `initial`
  int heads;         // numbers: 3, then 6 with stress, then 3 with variance
  bool has_stress;
  int n, steps;
  std::int64_t first, inside;
  const std::uint16_t* gx;         // [n, 4 hidden] bf16, columns fused_column: the projected neighbours, no bias
  const float* bias;               // [4 hidden], the same columns
  const std::uint16_t* recurrent;  // bf16, fused_weight, hidden / 16 blocks
  const std::uint16_t* own_weight; // bf16, fused_weight, `own` blocks; null
  const std::uint16_t* head;       // bf16, fused_head, hidden / 16 blocks
  float scale[kMostHeads], offset[kMostHeads];  // a number of the heads is offset + scale * product
  InputSpec input;                 // of `own`
  const std::uint8_t* mask;        // [outer of the box] or null
  const float* q;                  // [inside, 4] where the path starts
  const float* given;              // [steps, inside, 4]: taken in the place of the own path, or null
  float* orientation;              // [steps, inside, 4]
  float* increment;                // [steps, inside, 3]
  float* stress;                   // [steps, inside, 6] or null
  float* log_variance;             // [steps, inside, 3] or null
};

}  // namespace grainspin::cuda

// A part of launchers.h: the local family in bf16, fused (fused_run.h: all steps on chip; fused_step.h: one step, state in memory).
// Index maps of operands, weights and voxels, the same for who packs them, for the kernels and for the tests.
#pragma once

#include <cstdint>

#include "cuda/sub_box.h"
#include "grainspin/gather.h"
#include "grainspin/input.h"
#include "grainspin/model.h"

namespace grainspin::cuda {

// ---- operands ----
// A cube of embedded orientations as columns of a product, in octets of eight (half a k-block of mma.m16n8k16): each tap has
// channels / 8 octets of its own; what is left over is one more octet, filled up with zeros, or where it is a single channel
// (the cubic group: 9 = 8 + 1) octets of eight taps' last channels. 27 taps of 9: 27 + 4 octets, 16 blocks for 243 columns.
struct Patch {
  int channels, radius;
};
GRAINSPIN_HD constexpr bool has_singles(const Patch& p) { return p.channels % 8 == 1; }
GRAINSPIN_HD constexpr int octets_a_tap(const Patch& p) { return has_singles(p) ? p.channels / 8 : (p.channels + 7) / 8; }
GRAINSPIN_HD constexpr int octets_of_taps(const Patch& p) { return taps(p.radius) * octets_a_tap(p); }
GRAINSPIN_HD constexpr int octets(const Patch& p) { return octets_of_taps(p) + (has_singles(p) ? (taps(p.radius) + 7) / 8 : 0); }
GRAINSPIN_HD constexpr int blocks_of(const Patch& p) { return (octets(p) + 1) / 2; }
// The column tap * channels + channel of operand column k; -1: a zero.
constexpr int patch_column(const Patch& p, int k) {
  const int octet = k / 8, i = k % 8;
  if (octet < octets_of_taps(p)) {
    const int channel = octet % octets_a_tap(p) * 8 + i;
    return channel < p.channels ? octet / octets_a_tap(p) * p.channels + channel : -1;
  }
  const int tap = (octet - octets_of_taps(p)) * 8 + i;
  return has_singles(p) && tap < taps(p.radius) ? tap * p.channels + p.channels - 1 : -1;
}

// ---- weights ----
// Sums of a unit: LSTM i f g o; GRU r, z, n from the input, n from the state. Weights and biases of the sums that go through a
// sigmoid are halved: sigmoid(a) = tanh(a/2)/2 + 1/2.
constexpr int kSums = 4;
constexpr int kMostLayers = 2;
constexpr int kMostHeads = 16;  // numbers of all heads, padded to whole tiles of 8
constexpr int kBlockBytes = 2 * 32 * 16;  // of the weights of eight units and one k-block

// Place of a unit's sum among the biases: what a lane of a warp needs of eight units lies together.
GRAINSPIN_HD constexpr int fused_column(int unit, int sum) { return ((unit / 8 * 4 + unit % 8 / 2) * kSums + sum) * 2 + unit % 2; }

// Weights in the order in which mma.m16n8k16 takes its second operand (PTX ISA, "Matrix Fragments for mma.m16n8k16"): lane l
// holds, of k = 16 kk .. and columns n = 0 .. 7, register b = 0, 1: rows 2 (l % 4) + 8 b + {0, 1} of column l / 4.
// Index of (unit, sum, k) in bf16 numbers, `blocks` k-blocks of 16: [unit / 8][kk][sum / 2][lane][sum % 2][b][2].
GRAINSPIN_HD constexpr int fused_weight(int unit, int sum, int k, int blocks) {
  const int lane = unit % 8 * 4 + k % 8 / 2, b = k % 16 / 8;
  return (((((unit / 8 * blocks + k / 16) * 2 + sum / 2) * 32 + lane) * 2 + sum % 2) * 2 + b) * 2 + k % 2;
}
// The same 1024 bytes as wgmma takes its second operand from shared memory, [unit / 8][kk][sum][k half][unit % 8][k % 8]: 32 columns n = 8 sum +
// unit % 8 of 16 k. PTX ISA, "Asynchronous Warpgroup Level Matrix Shared Memory Layout", K-major without swizzling: core matrices of eight n
// times 16 bytes of k, one behind the other; the leading dimension's offset leads to the next eight k, the stride's to the next eight n.
constexpr int kCoreBytes = 128, kLeadBytes = kCoreBytes, kStrideBytes = 2 * kCoreBytes;
GRAINSPIN_HD constexpr int group_weight(int unit, int sum, int k, int blocks) {
  return ((((unit / 8 * blocks + k / 16) * kSums + sum) * 2 + k % 16 / 8) * 8 + unit % 8) * 8 + k % 8;
}
// "Matrix Descriptor Format": bits 0 .. 13 the address, 16 .. 29 the leading dimension's offset, 32 .. 45 the stride's, each by 16; the
// rest 0: no base offset, no swizzling. address: of shared memory, a multiple of 16.
GRAINSPIN_HD constexpr std::uint64_t group_descriptor(std::uint32_t address) {
  const auto field = [](std::uint32_t bytes) { return std::uint64_t((bytes & 0x3ffff) >> 4); };
  return field(address) | field(kLeadBytes) << 16 | field(kStrideBytes) << 32;
}
// The heads' weights: (number, k) with `blocks` k-blocks: [number / 8][kk][lane][b][2].
GRAINSPIN_HD constexpr int fused_head(int number, int k, int blocks) {
  const int lane = number % 8 * 4 + k % 8 / 2, b = k % 16 / 8;
  return (((number / 8 * blocks + k / 16) * 32 + lane) * 2 + b) * 2 + k % 2;
}

// All of a model that does not change from launch to launch.
struct FusedModel {
  Cell cell;
  Feedback feedback;
  int hidden, layers;  // 32, 64, 96, 128; 1, 2
  bool grouped;        // layer[0] lies as group_weight() says, not as fused_weight()
  Patch patch;
  int heads;  // numbers: 3, then 6 with stress, then 3 with variance
  bool has_stress;
  // bf16, fused_weight. projection (`initial`, `own`): blocks_of(patch). layer[l]: the layer's input (blocks_before) and then
  // its own state (hidden / 16).
  // In fp32 (strict_run.h): float [rows][hidden][sum], rows the columns of the cube; of the own orientation and then of the state; nothing halved.
  const void* projection;
  const void* layer[kMostLayers];
  const float* bias;  // [layers][4 hidden], columns fused_column; fp32: [hidden][sum]
  const void* head;   // bf16, fused_head, hidden / 16 blocks; fp32: float [hidden][kMostHeads]
  float scale[kMostHeads], offset[kMostHeads];  // a number of the heads is offset + scale * product
  EmbeddingSpec embedding;
  float input_scale[EmbeddingSpec::kMaxSize], input_shift[EmbeddingSpec::kMaxSize];  // e scale + shift is multiplied
};
GRAINSPIN_HD constexpr Patch own_patch(const FusedModel& m) { return {m.patch.channels, 0}; }
// What a step reads of orientations: the cube, the voxel itself, or (radius -1) nothing.
GRAINSPIN_HD constexpr Patch step_patch(const FusedModel& m) {
  return m.feedback == Feedback::kNeighbours ? m.patch : m.feedback == Feedback::kOwn ? own_patch(m) : Patch{m.patch.channels, -1};
}
// k-blocks of a layer's input in a step.
GRAINSPIN_HD constexpr int blocks_before(const FusedModel& m, int layer) {
  return layer > 0 ? m.hidden / 16 : step_patch(m).radius < 0 ? 0 : blocks_of(step_patch(m));
}

// ---- voxels ----
// A warp's rows are lines of eight voxels along x, two to a tile of sixteen rows; two tiles a warp halve the reading of weights,
// from hidden 96 on their registers would spill. The lines of a block lie four abreast along y.
constexpr int kLine = 8;
GRAINSPIN_HD constexpr int tiles_a_warp(int hidden) { return hidden <= 64 ? 2 : 1; }
struct Lattice {
  int ly, lz;      // lines of a block along y and z
  int bx, by, bz;  // blocks along x, y, z
  GRAINSPIN_HD constexpr std::int64_t blocks() const { return std::int64_t(bx) * by * bz; }
};
GRAINSPIN_HD constexpr Lattice lattice(int hidden, int warps, const Shape& box) {
  const int lines = warps * tiles_a_warp(hidden) * 2, ly = lines < 4 ? lines : 4, lz = lines / ly;
  return {ly, lz, (box.nx + kLine - 1) / kLine, (box.ny + ly - 1) / ly, (box.nz + lz - 1) / lz};
}
// Bytes for `blocks` blocks: h (bf16) of each layer, c (fp16: at most one larger than the step's number) of an LSTM's; and the
// projected neighbours (bf16).
GRAINSPIN_HD constexpr std::int64_t fused_rows(int hidden, int warps, std::int64_t blocks) { return blocks * warps * tiles_a_warp(hidden) * 16; }
GRAINSPIN_HD constexpr std::int64_t fused_state_bytes(const FusedModel& m, int warps, std::int64_t blocks) {
  return fused_rows(m.hidden, warps, blocks) * m.hidden * 2 * m.layers * (m.cell == Cell::kLstm ? 2 : 1);
}
GRAINSPIN_HD constexpr std::int64_t fused_projected_bytes(const FusedModel& m, int warps, std::int64_t blocks) {
  return fused_rows(m.hidden, warps, blocks) * m.hidden * kSums * 2;
}

// ---- launches ----
// Results of voxel i of the box at row i; null: not wanted.
struct FusedResults {
  float *orientation, *increment, *stress, *log_variance;  // 4, 3, 6, 3 numbers a voxel
};

// One step of blocks first .. first + blocks - 1 of the lattice over a box.
struct FusedStep {
  FusedModel model;
  int warps;
  SubBox box;
  const std::uint8_t* mask;  // [box.outer] or null
  std::int64_t first;
  int blocks;
  // Where orientations are read that the step sees: `neighbours`: the cubes; `own`: radius 0.
  Neighbourhood hood;
  int lo[3];           // of the box in hood.shape
  const float* field;  // [hood.shape, 4]
  const void* projected;  // `initial`, `own`: of these blocks
  void* state;            // of these blocks
  bool fresh;             // the state is zero and not read
  const float* q;         // [box.size, 4] what turns; may be results.orientation where nobody else reads it
  FusedResults results;   // orientation and increment are always wanted
};

// `initial`, `own`, one layer: all steps of a box.
struct FusedRun {
  FusedModel model;
  int warps;
  SubBox box;
  Neighbourhood hood;
  const float* q0;     // [hood.shape, 4]
  std::int64_t first;  // block of the lattice
  int blocks;
  void* projected;     // not null: the projection of these blocks is written there, and that is all
  int steps;
  const float* given;  // [steps, box.size, 4]: taken in the place of the own path, or null
  const int* slot;     // [steps]: results of step t go to place slot[t] of [.., box.size]; below 0: nowhere
  FusedResults results;
};

// In fp32: a line a warp.
GRAINSPIN_HD constexpr Lattice strict_lattice(int warps, const Shape& box) {
  const int ly = warps < 4 ? warps : 4, lz = warps / ly;
  return {ly, lz, (box.nx + kLine - 1) / kLine, (box.ny + ly - 1) / ly, (box.nz + lz - 1) / lz};
}
GRAINSPIN_HD constexpr std::int64_t strict_projected_bytes(const FusedModel& m, int warps, std::int64_t blocks) {
  return blocks * warps * kLine * m.hidden * kSums * int(sizeof(float));
}
GRAINSPIN_HD constexpr std::int64_t strict_state_bytes(const FusedModel& m, int warps, std::int64_t blocks) {
  return blocks * warps * kLine * m.hidden * int(sizeof(float)) * (m.cell == Cell::kLstm ? 2 : 1);
}

// `initial`, `own`, one layer, in fp32: blocks first .. first + blocks - 1 of the lattice through `steps` steps.
struct StrictRun {
  FusedModel model;
  int warps;
  SubBox box;
  Neighbourhood hood;
  const float* q0;  // [hood.shape, 4]
  std::int64_t first;
  int blocks;
  bool project;     // what the neighbours give is computed first, else it is there
  bool a_block;     // projected and state have a place for each block of the launch; else only for those that run at a time
  void* projected;
  int steps;
  void* state;      // read unless fresh, and written; null: on chip alone
  bool fresh;
  const float* q;      // [box.size, 4] where the path starts; null: q0
  const float* given;  // [steps, box.size, 4] or null
  const int* slot;     // [steps] as in FusedRun; null: step t goes to place t
  FusedResults results;
};

}  // namespace grainspin::cuda

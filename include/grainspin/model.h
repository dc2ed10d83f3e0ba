// The model file: safetensors layout (8-byte little-endian header length, JSON header, raw float32),
// self-describing through `__metadata__`. Format version 1, ensembles (ensemble.h) 2; what is not known is refused.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "grainspin/load.h"

namespace grainspin {

enum class Family : int { kLocal = 0, kNonlocal = 1 };
enum class Cell : int { kLstm = 0, kGru = 1 };
enum class Feedback : int { kInitial = 0, kOwn = 1, kNeighbours = 2 };

// Settings of the local family. With C the embedding's size and K = (2 radius + 1)^3 taps, the input of
// step t is, with e() normalised embeddings,
//   initial     x = [e(q_0) of the K taps]                                   P = K C
//   own         x = [e(q_0) of the K taps, e(q_(t-1)) of the voxel]          P = K C + C
//   neighbours  x = [e(q_(t-1)) of the K taps]                               P = K C
// column k*C + c for tap k (grid.h: tap), channel c. The cell is PyTorch's LSTM or GRU (gate order
// i,f,g,o or r,z,n; two biases), zero initial state; then
//   w_t = increment_scale * (head W h_t + b),  q_t = exp(w_t) q_(t-1).
struct LocalSpec {
  Cell cell = Cell::kLstm;
  int layers = 1;   // 1, 2
  int hidden = 64;  // 32 .. 256, a multiple of 16
  int radius = 1;   // 0 .. 3
  Feedback feedback = Feedback::kNeighbours;
  bool stress = false;    // head of 6: Cauchy stress, Pa after scaling
  bool variance = false;  // head of 3: log variance of the increment's components over increment_scale^2
};

// Green operator of the nonlocal family: beta = (lambda + mu) / (lambda + 2 mu) of the reference medium is 1
// (incompressible), one number for the whole model (compressible), or one for every pass and polarisation.
enum class Green : int { kIncompressible = 0, kCompressible = 1, kLearned = 2 };
// Frequencies per axis from f = j / extent, j in (-extent/2, extent/2]: 2 pi f / spacing, zero at the Nyquist
// frequency of an even extent (as DAMASK's spectral solver has them), or sin(2 pi f) / spacing.
enum class Frequencies : int { kContinuous = 0, kSine = 1 };

// A crystalline phase of the nonlocal family: voxels with Region::phase == its index.
struct PhaseSpec {
  std::string name;                        // as the archives call it
  std::string point_group;                 // 432 ...
  std::vector<std::string> slip_families;  // as in slip_systems.h
  double c_over_a = 0;
};

// Settings of the nonlocal family; the cell itself is written down in nonlocal.h.
struct NonlocalSpec {
  int passes = 8;         // K, 0 .. 32: sweeps of the Green operator a step
  int channels = 12;      // C, 1 .. 64: odd state on every slip system
  int width = 12;         // D, 1 .. 64: inner channels of a gated map
  int polarisations = 3;  // M, 1 .. 8: fields convolved in a pass
  int memory = 4;         // H, 0 .. 16: even channels on every slip system, carried over the steps
  bool carried = true;    // the odd state of the last pass enters the next step
  int warmup = 1;         // 0 .. 8: times that the first step is run beforehand for its state alone (with `carried`)
  bool gated = true;      // false: gated maps are linear (their gates are 1), for the study
  bool stress = true;     // head of the Cauchy stress
  Green green = Green::kIncompressible;
  double beta = 1;        // of kCompressible, (0, 1]
  Frequencies frequencies = Frequencies::kContinuous;
  std::vector<PhaseSpec> phases;  // 1 .. 8
};

struct ModelSpec {
  int format_version = 1;  // 2: an ensemble (ensemble.h)
  Family family = Family::kLocal;
  LocalSpec local;
  NonlocalSpec nonlocal;
  std::string point_group;                 // 432 ...; nonlocal: of phase 0, as are the next two
  std::vector<std::string> slip_families;  // as in slip_systems.h; may be empty for local
  double c_over_a = 0;
  // [T]: the load it was trained on. Nonlocal: the load that is taken where none is given; may be empty.
  std::vector<LoadStep> loads;
  std::vector<float> input_mean, input_scale;                          // [C]: e' = (e - mean) / scale; nonlocal: empty
  std::array<float, 3> increment_scale{1, 1, 1};                       // rad
  std::array<float, 6> stress_mean{}, stress_scale{1, 1, 1, 1, 1, 1};  // Pa
  std::string domain = "{}";                                           // JSON: ranges of the training data
  std::string provenance = "{}";  // JSON: archives with hashes, command, seed, version
  std::string scores = "{}";      // JSON
  int steps() const { return int(loads.size()); }
};

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// Tensors of the nonlocal family: nonlocal.h. Of the scales below it uses stress_scale[0] alone.
// Tensors of the local family, PyTorch's names and orders (G = 4 or 3):
//   rnn.weight_ih_l0 [G H, P]   rnn.weight_hh_l0 [G H, H]   rnn.bias_ih_l0 [G H]   rnn.bias_hh_l0 [G H]
//   rnn.*_l1 likewise with P -> H;  head.increment.weight [3, H], .bias [3]; head.stress.*, head.variance.*
struct Model {
  ModelSpec spec;
  std::map<std::string, Tensor> tensors;
};

// Every tensor has the shape that the spec asks for and finite values; else Error kFormat naming it.
void check(const Model& model);
// What the spec asks for: the shape of every tensor. Error kFormat for a phase that is no slip set.
std::map<std::string, std::vector<std::int64_t>> tensor_shapes(const ModelSpec& spec);
Model read_model(const std::string& path);
// Written whole or not at all (temporary name, then rename).
void write_model(const std::string& path, const Model& model);
// The input width P of layer 0; 0 for the nonlocal family.
int input_width(const ModelSpec& spec);
const char* name(Cell cell);
const char* name(Feedback feedback);
const char* name(Family family);
const char* name(Green green);
const char* name(Frequencies frequencies);

}  // namespace grainspin

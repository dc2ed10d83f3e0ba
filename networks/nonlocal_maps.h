// The maps of the nonlocal cell as tensors: parameters [D, C, orbits] and the dense matrices made of them.
#pragma once

#include <vector>

#include <torch/torch.h>

#include "grainspin/nonlocal.h"

namespace grainspin {

// Constants of a phase.
struct PhaseMaps {
  int systems = 0;   // N
  at::Tensor odd;    // [signed orbits, N N]: the basis matrices
  at::Tensor even;   // [plain orbits, N N]
  at::Tensor P;      // [N, 5]
  at::Tensor a;      // [N, 3]
};

// Parameters of a gated map; even, bias and rate are undefined where the model is not gated.
struct GatedTensors {
  at::Tensor odd, even, bias, rate, out;
};

// Matrices [D N, C N] of a gated map, rows and columns channel * N + system; bias and rate [D N, 1].
struct GatedMatrices {
  at::Tensor odd, even, bias, rate, out;
};

struct PhaseWeights {
  GatedMatrices in, head;
  std::vector<GatedMatrices> passes;
  std::vector<at::Tensor> polarise;  // [K] of [5 M, C N]: sum over s of odd(x)_{m,s} P_s, row m * 5 + component
  at::Tensor carry;                  // [C N, 1]
  at::Tensor update, update_bias, candidate, candidate_bias;  // [H N, (C + H) N], [H N, 1]
};

// All that a step reads of the parameters. Undefined where the model has none.
struct NonlocalWeights {
  std::vector<PhaseWeights> phases;
  at::Tensor spin, free, pressure;  // [K, M]
  at::Tensor beta;                  // [K, M], also where it is no parameter
  // Every defined tensor, in a fixed order; the second puts others in their places.
  std::vector<at::Tensor> tensors() const;
  NonlocalWeights with(const std::vector<at::Tensor>& tensors) const;
};

PhaseMaps phase_maps(const PhaseSpec& phase, torch::ScalarType type);

// w [D, C, orbits] -> [D N, C N].
at::Tensor dense(const at::Tensor& w, const at::Tensor& basis, int systems);

}  // namespace grainspin

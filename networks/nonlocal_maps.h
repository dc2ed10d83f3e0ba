// The maps of the nonlocal cell as tensors: parameters [D, C, orbits] and the dense matrices made of them.
#pragma once

#include <memory>
#include <vector>

#include <torch/torch.h>

#include "grainspin/nonlocal.h"
#include "networks/nonlocal_blocks.h"

namespace grainspin {

// Constants of a phase.
struct PhaseMaps {
  int systems = 0;  // N
  at::Tensor odd;   // [signed orbits, N N]: the basis matrices
  at::Tensor even;  // [plain orbits, N N]
  at::Tensor P;     // [N, 5]
  at::Tensor a;     // [N, 3]
  std::shared_ptr<const BlockMaps> blocks;
};

// Parameters of a gated map; even, bias and rate are undefined where the model is not gated.
struct GatedTensors {
  at::Tensor odd, even, bias, rate, out;
};

// A gated map: matrices [N D, N C], rows and columns system * channels + channel, with bias and rate [N D,
// 1]; or packed blocks [D, C, S] (nonlocal_blocks.h) with bias and rate [D].
struct GatedMatrices {
  at::Tensor odd, even, bias, rate, out;
};

struct PhaseWeights {
  GatedMatrices in, head;
  std::vector<GatedMatrices> passes;
  std::vector<at::Tensor>
      polarise;      // [K] of [5 M, N C]: sum over s of odd(x)_{m,s} P_s, row component * M + m
  at::Tensor carry;  // [N C, 1]
  at::Tensor update, update_bias, candidate, candidate_bias;  // [N H, N (C + H)], [N H, 1]
};

// All that a step reads of the parameters. Undefined where the model has none.
struct CellWeights {
  std::vector<PhaseWeights> phases;
  at::Tensor spin, free, pressure;  // [K, M]
  at::Tensor beta;                  // [K, M], also where it is no parameter
  // Every defined tensor, in a fixed order; the second puts others in their places.
  std::vector<at::Tensor> tensors() const;
  CellWeights with(const std::vector<at::Tensor>& tensors) const;

 private:
  template <class F>
  void visit(const F& f) {
    const auto map = [&](GatedMatrices& m) { f(m.odd), f(m.even), f(m.bias), f(m.rate), f(m.out); };
    for (PhaseWeights& p : phases) {
      map(p.in), map(p.head);
      for (GatedMatrices& m : p.passes) map(m);
      for (at::Tensor& t : p.polarise) f(t);
      f(p.carry), f(p.update), f(p.update_bias), f(p.candidate), f(p.candidate_bias);
    }
    f(spin), f(free), f(pressure), f(beta);
  }
};

PhaseMaps phase_maps(const PhaseSpec& phase, torch::ScalarType type);

// w [D, C, orbits] -> [N D, N C].
at::Tensor dense(const at::Tensor& w, const at::Tensor& basis, int systems);

// gated() of the definition, its arguments as in gated_blocks(); any device.
at::Tensor gated(const at::Tensor& x, const at::Tensor& e, const at::Tensor& w, const at::Tensor& h,
                 const GatedMatrices& map, const PhaseMaps& maps, double log_size, bool fields_first,
                 bool add);

}  // namespace grainspin

// The variance head of the `nonlocal` family (grainspin/variance.h) by LibTorch, on a fitted model's step.
#pragma once

#include <vector>

#include "networks/nonlocal.h"

namespace grainspin {

class NonlocalVariance {
 public:
  // None where the model states no uncertainty. Tensors of these options.
  NonlocalVariance(const Model& model, const at::TensorOptions& options);
  bool any() const { return !phases_.empty(); }
  // ln sigma^2 [V, 3] after a step: what it gave, and the state that it has left. 0 where a voxel is masked.
  at::Tensor log_variance(const NonlocalNetworkImpl::Grid& grid, const CellLoad& load, const NonlocalNetworkImpl::Step& step,
                          const NonlocalNetworkImpl::State& state) const;

 private:
  struct Phase {
    at::Tensor mean, scale, hidden, hidden_bias, out, out_bias;
  };
  int channels_ = 0, memory_ = 0;
  bool gated_ = true;
  std::vector<Phase> phases_;
};

}  // namespace grainspin

// The periodic Green operator G of grainspin/nonlocal.h as a differentiable function of fields.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include <torch/torch.h>

#include "grainspin/grid.h"
#include "grainspin/model.h"

namespace grainspin {

// Deviators are in the basis of grainspin/nonlocal.h. Fields [.., V] with x fastest.
class GreenOperator {
 public:
  GreenOperator(Shape cell, const std::array<double, 3>& spacing, Frequencies frequencies, torch::Device device,
                torch::ScalarType type);

  // p [M, 5, V], beta [M] -> u [M, 8 or 9, V]: e in 0..4, w in 5..7 and with `pressure` g in 8. Without the term
  // of the mean. Linear in p, affine in beta, differentiable in both.
  at::Tensor operator()(const at::Tensor& p, const at::Tensor& beta, bool pressure) const;

  Shape cell() const { return cell_; }
  const at::Tensor& directions() const { return n_; }  // [3, F] of n = k/|k| over the half spectrum, 0 where k is 0
  const at::Tensor& weights() const { return weight_; }  // [F]: 2 where a frequency stands for its conjugate too

 private:
  Shape cell_;
  at::Tensor n_, weight_;
};

// The operators of the grids met so far.
struct GreenCache {
  std::map<std::tuple<int, int, int, double, double, double, std::string>, std::shared_ptr<const GreenOperator>>
      made;
};

}  // namespace grainspin

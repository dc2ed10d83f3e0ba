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
  GreenOperator(Shape cell, const std::array<double, 3>& spacing, Frequencies frequencies,
                torch::Device device, torch::ScalarType type);

  // p [5, M, V], beta [M] -> u [8 or 9, M, V]: e in 0..4, w in 5..7 and with `pressure` g in 8. Without the
  // term of the mean. Linear in p, affine in beta, differentiable in both.
  at::Tensor operator()(const at::Tensor& p, const at::Tensor& beta, bool pressure) const;
  // The same by tensor operations, on any device; what the fused one is tested against.
  at::Tensor plain(const at::Tensor& p, const at::Tensor& beta, bool pressure) const;

  Shape cell() const { return cell_; }

  // Over the half spectrum, F frequencies, each twice (for the real and the imaginary part): n = k/|k|, 0
  // where k is 0, [3, 2 F]; and 2 where a frequency stands for its conjugate too, else 1, [2 F].
  struct Symbol {
    at::Tensor n, weight;
  };

 private:
  Shape cell_;
  Symbol symbol_;
};

// The operators of the grids met so far.
struct GreenCache {
  std::map<std::tuple<int, int, int, double, double, double, std::string>,
           std::shared_ptr<const GreenOperator>>
      made;
};

}  // namespace grainspin

// What training makes small.
#pragma once

#include <vector>

#include "networks/local.h"

namespace grainspin {

class Loss {
 public:
  // turned: mean square angle of the runs to the initial orientation after each step, rad^2.
  Loss(const ModelSpec& spec, const std::vector<double>& turned, torch::Device device);

  // Heads against the true increments [T, B, 3] and, with a stress head, stresses [T, B, 6]: squared
  // residuals per component over the scales. The variance head sees residuals that it cannot change.
  torch::Tensor heads(const std::vector<Heads>& heads, const torch::Tensor& w,
                      const torch::Tensor& stress) const;

  // Mean over steps of the squared angle to the true path [T + 1, B, 4] over that of persistence.
  torch::Tensor path(const std::vector<torch::Tensor>& q, const torch::Tensor& truth) const;

 private:
  torch::Tensor increment_scale_, stress_mean_, stress_scale_;
  torch::Tensor path_scale_;  // [T] 1 / rad^2
};

}  // namespace grainspin

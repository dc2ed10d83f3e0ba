// The small network of the variance head while it is fitted: one hidden layer, normal likelihood, Adam. In double, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "grainspin/model.h"

namespace grainspin {

// Voxel-steps: features [n, F]; of each component (n, 3) the squared error over s^2, and [4] what o_0 .. o_3 of variance.h are
// multiplied by in the logarithm of its variance over s^2.
struct VarianceSamples {
  std::vector<float> features, squares, basis;
  std::int64_t count() const { return std::int64_t(squares.size() / 3); }
};

class VarianceNet {
 public:
  // Normalised by the samples; it begins with one variance for all.
  VarianceNet(int features, int hidden, const VarianceSamples& samples, std::uint64_t seed);
  // -ln of the normal density without its ln(2 pi) / 2, mean over samples and components.
  double loss(const VarianceSamples& samples) const;
  double constant() const { return constant_; }  // of one variance for all
  void fit(const VarianceSamples& samples, int epochs, double lr, std::uint64_t seed, const std::function<void(double)>& progress);
  // mean, scale, hidden, hidden_bias, out, out_bias
  std::vector<std::pair<std::string, Tensor>> tensors() const;

 private:
  // Loss of a sample; `gradient` [parameters] is added to where it is not null.
  double one(const VarianceSamples& samples, std::int64_t i, double* gradient) const;
  // V [D, F], v0 [D], U [4, D], u0 [4] one after the other
  int F_, D_;
  std::vector<double> mean_, scale_, parameters_;
  double constant_ = 0;
};

}  // namespace grainspin

// The gradient of a batch that is computed in parts, each by one rank, and added up in the order of the
// parts: the same bits on every rank, and for any number of ranks. One rank adds up as autograd does, part
// after part.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "src/ranks/ranks.h"

namespace grainspin {

// What is said of a part beside its gradient.
struct PartResult {
  double loss = 0;              // of the part, weighed as it enters the batch's
  double shown = 0, count = 0;  // for the log: a sum and how many it is of
  double samples = 0;
  bool astray = false;  // nonlocal: the grid is to start anew
};

class GradientParts {
 public:
  // Keeps a reference; the same parameters on every rank.
  GradientParts(Ranks& ranks, std::vector<at::Tensor> parameters);

  // Part p of a batch belongs to rank (first + p) % ranks.
  bool mine(int part, int first) const { return (first + part) % ranks_.size() == ranks_.rank(); }
  // With several ranks takes the gradients from the parameters' places, so that the next part's do not add to
  // them.
  void add(const PartResult& result);
  // Collective. All parts' results in their order; the parameters' gradients are then the sums over the
  // parts. A parameter that no part has reached keeps none.
  std::vector<PartResult> combine(int parts, int first);

 private:
  Ranks& ranks_;
  std::vector<at::Tensor> parameters_;
  std::int64_t numbers_ = 0;         // of all parameters
  std::vector<PartResult> results_;  // of this rank's parts
  std::vector<std::vector<std::uint8_t>>
      flat_;  // records: PartResult, a byte for each parameter, its gradient
};

}  // namespace grainspin

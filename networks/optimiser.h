// The rule that turns gradients into steps, behind one interface, so that another can be added beside AdamW.
#pragma once

#include <memory>
#include <vector>

#include <torch/torch.h>

#include "networks/train.h"

namespace grainspin {

class Optimiser {
 public:
  virtual ~Optimiser() = default;
  virtual void zero_grad() = 0;
  virtual void step(double lr) = 0;  // from the gradients that the parameters hold
  // What it carries from step to step, for the checkpoint.
  virtual void save(torch::serialize::OutputArchive& archive) const = 0;
  virtual void load(torch::serialize::InputArchive& archive) = 0;
};

// As `options` ask for: weight_decay, beta2.
std::unique_ptr<Optimiser> make_optimiser(const TrainOptions& options, std::vector<at::Tensor> parameters);

}  // namespace grainspin

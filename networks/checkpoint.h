// The state of a training between two optimiser steps: everything that the rest depends on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "networks/optimiser.h"
#include "networks/train.h"

namespace grainspin {

struct TrainState {
  std::int64_t step = 0, draws = 0;  // optimiser steps; positions in the sequence of draws
  double samples = 0, seconds = 0, next_epoch = 1;
  double loss_sum = 0, loss_count = 0;  // since the last row
  double best = 0, best_epoch = 0;      // held-out score; best_epoch 0: none yet
  std::int64_t skipped = 0;             // optimiser steps left out
  std::vector<at::Tensor> best_weights;
  std::vector<at::Tensor> average;  // of the weights, where one is taken
  std::vector<at::Tensor> more;     // what else a family's training carries
  std::vector<TrainRow> rows;
};

// Whole or not at all: a temporary name beside `path`, then a rename. Error kIo.
void write_checkpoint(const std::string& path, const std::string& fingerprint, const TrainState& state,
                      torch::nn::Module& network, const Optimiser& optimiser);

// Error kIo or kFormat; kArgument where it belongs to other settings or archives than `fingerprint`.
void read_checkpoint(const std::string& path, const std::string& fingerprint, TrainState& state,
                     torch::nn::Module& network, Optimiser& optimiser);

}  // namespace grainspin

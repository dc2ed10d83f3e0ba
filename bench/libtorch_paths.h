// LibTorch as fast as it goes, for benchmarks: several ways through its operations and several numbers of voxels at a time, the
// fastest taken. No Torch header; without LibTorch libtorch_paths_none.cpp is linked in place and throws Error kDevice.
#pragma once

#include <memory>

#include "grainspin/surrogate.h"

namespace grainspin::bench {

// The local family, one layer, without masks and teachers. No gradients; taps are looked up once, the input that stays is
// projected once, weights lie as cuDNN wants them. half: products in bf16; else fp32, LibTorch's default. Tried on a periodic cube of
// `edge` voxels, twice each, the second time counting; description() tells what won. Ways:
//   sequence   torch::nn::LSTM or GRU over all steps at once (oneDNN, cuDNN), `initial` only; projects at every step
//   cells      a step a time: a product, then the project's own fused cell (CPU, fp32) or tensor operations
//   fp32 cells half only: products in bf16, state and activations in fp32
//   fused      CUDA only: PyTorch's fused cell behind a precomputed projection
std::unique_ptr<Surrogate> make_libtorch_best(const Model& model, const EngineOptions& options, bool half, int edge);

}  // namespace grainspin::bench

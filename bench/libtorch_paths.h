// LibTorch as fast as it goes, for benchmarks: several ways through its operations and several numbers of voxels at a time, the
// fastest taken. No Torch header; without LibTorch libtorch_paths_none.cpp is linked in place and throws Error kDevice.
#pragma once

#include <memory>

#include "grainspin/surrogate.h"

namespace grainspin::bench {

// kOwnCell: fp32 with this project's fused LSTM and GRU cells (networks/cell.h) between LibTorch's products, on the CPU.
enum class Kind { kFp32, kBf16, kOwnCell };

// The local family, one layer, without masks and teachers. No gradients; taps are looked up once, the input that stays is
// projected once, weights lie as cuDNN wants them. kFp32: LibTorch's default. kBf16: products in bf16. Tried on a periodic cube of
// `edge` voxels, twice each, the second time counting; description() tells what won. Ways:
//   sequence    torch::nn::LSTM or GRU over all steps at once (oneDNN, cuDNN), `initial` only; projects at every step
//   operations  a step a time, behind the projection: a product, then the cell by tensor operations
//   fp32 cells  kBf16 only: the same with state and activations in fp32; on the CPU by this project's fused cells
//   fused       CUDA only: PyTorch's fused cells behind the projection
std::unique_ptr<Surrogate> make_libtorch_best(const Model& model, const EngineOptions& options, Kind kind, int edge);

}  // namespace grainspin::bench

// Samples of a training as tensors: from the CPU's batches, or gathered where the fields lie in GPU memory.
#pragma once

#include <memory>
#include <vector>

#include <torch/torch.h>

#include "datasets/batch.h"
#include "datasets/run.h"
#include "grainspin/model.h"

namespace grainspin {

// B voxels over T steps, as in a Batch. stress and own are undefined where there are none.
struct Sample {
  torch::Tensor x;       // [S, B, K C]; not made for whole grids
  torch::Tensor own;     // [T, B, C]
  torch::Tensor q;       // [T + 1, B, 4]
  torch::Tensor w;       // [T, B, 3]
  torch::Tensor stress;  // [T, B, 6]
};

// A batch and a turned run as tensors on a device. On the CPU they share the memory.
Sample to_tensors(Batch& batch, const LocalSpec& local, int channels, torch::Device device);
Sample to_tensors(TurnedRun& run, int steps, torch::Device device);

// All runs in one device's memory, voxel by voxel; samples are gathered and turned there. The same samples as
// BatchMaker and turn() give.
class DeviceFields {
 public:
  using Runs = std::vector<std::shared_ptr<const Run>>;
  DeviceFields(Runs runs, const ModelSpec& spec, std::vector<Operation> operations, torch::Device device);
  Sample voxels(const std::vector<Draw>& draws) const;
  Sample grid(const Draw& draw) const;

 private:
  torch::Tensor rows(const torch::Tensor& table, const torch::Tensor& index,
                     const torch::Tensor& turns) const;
  Sample gathered(const torch::Tensor& voxels, const torch::Tensor& operations) const;

  Runs runs_;
  LocalSpec local_;
  std::vector<Operation> operations_;
  std::vector<std::vector<int>> taps_;  // of each operation
  std::vector<std::int64_t> first_;     // of each run in the tables
  torch::Device device_;
  torch::Tensor e_, q_, w_, stress_;                          // [all voxels, T (+ 1), C | 4 | 3 | 6]
  torch::Tensor turn_e_, turn_q_, turn_w_, turn_s_, offset_;  // [operations, n, n]: rows times these
};

}  // namespace grainspin

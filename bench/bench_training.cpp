// Training: samples (voxels, over all their steps) per second of optimiser steps, reading and scoring not counted.
#include <benchmark/benchmark.h>


#include "bench/datasets.h"
#include "networks/networks.h"
#include "networks/train.h"

namespace grainspin::bench {
namespace {

// teacher: the true path is given; else the model's own path, whose loop over the steps goes through the neighbours.
void training(benchmark::State& state, Device device, Cell cell, Feedback feedback, bool teacher) {
  if (device == Device::kCuda && !torch_has_cuda()) return state.SkipWithError("LibTorch finds no CUDA device");
  try {
    TrainOptions options;
    options.archives = {dataset("train/cu_uniaxial_01.h5"), dataset("train/cu_uniaxial_02.h5")};
    options.local = {cell, 1, 64, 1, feedback};
    options.steps = device == Device::kCuda ? 200 : 20;
    options.teacher = teacher ? 1 : 0;
    options.held_out = 0;
    options.device = device;
    if (device == Device::kCuda) options.batch = 16384;
    double samples = 0;
    for (auto _ : state) {
      const TrainReport report = train(options, [](double, double, const TrainRow*) { return true; });
      samples += report.samples_per_second * report.seconds;  // voxels, each through all steps
      state.SetIterationTime(report.seconds);
      state.counters["MB_peak"] = double(report.peak_bytes) / 1e6;
      state.counters["bytes_per_sample"] = double(report.bytes_per_sample);
    }
    state.SetItemsProcessed(std::int64_t(samples));
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

#define GRAINSPIN_TRAINING(name, ...) \
  BENCHMARK_CAPTURE(training, name, __VA_ARGS__)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond)
GRAINSPIN_TRAINING(cpu_lstm64_initial, Device::kCpu, Cell::kLstm, Feedback::kInitial, true);
GRAINSPIN_TRAINING(cpu_lstm64_neighbours_teacher, Device::kCpu, Cell::kLstm, Feedback::kNeighbours, true);
GRAINSPIN_TRAINING(cpu_lstm64_neighbours_own_path, Device::kCpu, Cell::kLstm, Feedback::kNeighbours, false);
GRAINSPIN_TRAINING(cpu_gru64_neighbours_teacher, Device::kCpu, Cell::kGru, Feedback::kNeighbours, true);
GRAINSPIN_TRAINING(cuda_lstm64_initial, Device::kCuda, Cell::kLstm, Feedback::kInitial, true);
GRAINSPIN_TRAINING(cuda_lstm64_neighbours_teacher, Device::kCuda, Cell::kLstm, Feedback::kNeighbours, true);
GRAINSPIN_TRAINING(cuda_lstm64_neighbours_own_path, Device::kCuda, Cell::kLstm, Feedback::kNeighbours, false);

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

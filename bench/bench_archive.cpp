// Reading archives: MB/s of orientations delivered as float32, all steps of the sample archives.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/datasets.h"
#include "grainspin/archive.h"

namespace grainspin::bench {
namespace {

void read(benchmark::State& state, const char* file, bool open_each_time) {
  try {
    const std::string path = dataset(file);
    auto archive = open_archive(path, {.means = false});
    const std::int64_t n = archive->info().shape.voxels();
    const int steps = archive->info().step_count();
    std::vector<float> q(std::size_t(n) * 4);
    for (auto _ : state) {
      if (open_each_time) archive = open_archive(path, {.means = false});
      for (int t = 0; t <= steps; ++t) archive->orientation(t, 0, n, q.data());
      benchmark::DoNotOptimize(q.data());
    }
    state.SetBytesProcessed(state.iterations() * (steps + 1) * n * 16);
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

BENCHMARK_CAPTURE(read, damask, "damask/cu_uniaxial_12.hdf5", false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(read, damask_opened_each_time, "damask/cu_uniaxial_12.hdf5", true)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(read, result, "train/cu_uniaxial_01.h5", false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(read, result_opened_each_time, "train/cu_uniaxial_01.h5", true)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

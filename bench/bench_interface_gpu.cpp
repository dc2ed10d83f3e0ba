// What the C interface adds to a step on a GPU at 64^3, the caller's arrays in its memory: the engine's own step, the step
// through libgrainspin, and with it orientations and increments into the caller's arrays, in turns in one run, wall time to
// the end of the caller's stream, the fastest of each. Counters in per cent of the engine's step.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "backend.h"
#include "grainspin/grainspin.hpp"
#include "tests/local_oracle.h"
#include "tests/random_nonlocal.h"

namespace grainspin::bench {
namespace {

namespace gs = grainspin::api;

constexpr int kEdge = 64;
constexpr std::int64_t kVoxels = std::int64_t(kEdge) * kEdge * kEdge;

template <class Work>
double seconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}
double fastest(const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); }

// The caller's memory and its waiting, by a context of its own.
struct Caller {
  const cuda::Table& table = cuda_table(0);
  cuda::Context* context = table.create(0);
  ~Caller() { table.destroy(context); }
  float* floats(std::int64_t n) { return static_cast<float*>(table.allocate(context, n * 4)); }
  void finish() {  // what the legacy default stream was given
    table.wait_for(context, nullptr);
    table.synchronise(context);
  }
};

void interface(benchmark::State& bench, const Model& m) {
  if (const std::string why = cuda_unavailable(); !why.empty()) return bench.SkipWithError(why.c_str());
  const std::string path = (std::filesystem::temp_directory_path() / "bench_interface_gpu.safetensors").string();
  write_model(path, m);
  gs::Model::Options options;
  options.device = GRAINSPIN_CUDA;
  const gs::Model model(path, options);
  std::filesystem::remove(path);
  const auto engine = make_cuda_engine(m, {.device = Device::kCuda});
  Caller caller;
  const std::vector<float> q0 = testing::random_orientations(kVoxels, 1);
  const gs::Array q = gs::device_array(caller.floats(4 * kVoxels), 4 * kVoxels);
  const gs::Array w = gs::device_array(caller.floats(3 * kVoxels), 3 * kVoxels);
  const auto rollout = engine->start(whole({kEdge, kEdge, kEdge}, {}), q0.data(), nullptr);
  gs::State state(model, gs::Grid({kEdge, kEdge, kEdge}), gs::array(q0));
  const auto step = [&] { gs::check(grainspin_advance(state.get(), 1, nullptr, nullptr, nullptr)); };
  std::vector<double> direct, through, read;
  for (auto _ : bench) {
    direct.clear(), through.clear(), read.clear();
    rollout->restart(q0.data());
    state.revert();
    for (int t = 0; t < 6; ++t) {
      direct.push_back(seconds([&] { rollout->advance(nullptr); }));
      through.push_back(seconds(step));
      step();
      read.push_back(seconds([&] { state.orientations(q), state.increments(w), caller.finish(); }));
    }
    bench.SetIterationTime(fastest(through));
  }
  bench.counters["engine_s"] = fastest(direct);
  bench.counters["overhead_percent"] = 100 * (fastest(through) / fastest(direct) - 1);
  bench.counters["read_percent"] = 100 * fastest(read) / fastest(direct);
  caller.table.release(caller.context, q.data);
  caller.table.release(caller.context, w.data);
}

Model nonlocal() {
  NonlocalSpec s;
  s.phases = {testing::phase_of("fcc")};
  return testing::random_cell(s, 1, 13);
}
void interface_nonlocal(benchmark::State& bench) { interface(bench, nonlocal()); }
void interface_local(benchmark::State& bench) {
  interface(bench, testing::random_model({Cell::kLstm, 1, 64, 1, Feedback::kNeighbours}, "432", 13, 1));
}
BENCHMARK(interface_nonlocal)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK(interface_local)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

// What the C interface adds to a step at 64^3, shipped models: the same step by the engine directly and through
// libgrainspin, in turns in one run, CPU time of all threads and the fastest of each, so that other work of the machine counts
// little. Counters,
// in per cent of the engine's step: overhead of grainspin_advance, read (orientations and increments into the caller's
// arrays beside it), verdict (every voxel judged).
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "grainspin/grainspin.hpp"
#include "grainspin/surrogate.h"
#include "tests/local_oracle.h"

namespace grainspin::bench {
namespace {

namespace gs = grainspin::api;

constexpr int kEdge = 64, kThreads = 2;
constexpr std::int64_t kVoxels = std::int64_t(kEdge) * kEdge * kEdge;

template <class Work>
double cpu_seconds(const Work& work) {
  timespec a{}, b{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
  work();
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
  return double(b.tv_sec - a.tv_sec) + 1e-9 * double(b.tv_nsec - a.tv_nsec);
}

double fastest(const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); }

void interface(benchmark::State& bench, const std::string& file) {
  const std::string path = std::string(GRAINSPIN_SOURCE_DIR) + "/networks/pretrained/" + file;
  const Model read = read_model(path);
  const auto engine = make_engine(read, {.threads = kThreads});
  gs::Model::Options options;
  options.device = GRAINSPIN_HOST;
  options.threads = kThreads;
  const gs::Model model(path, options);
  const std::vector<float> q = testing::random_orientations(kVoxels, 1);
  std::vector<float> now(q.size()), w(std::size_t(kVoxels) * 3);
  const auto rollout = engine->start(whole({kEdge, kEdge, kEdge}, {}), q.data(), nullptr);
  gs::State state(model, gs::Grid({kEdge, kEdge, kEdge}), gs::array(q));
  std::vector<std::uint8_t> verdicts(std::size_t(kVoxels), 0);

  std::vector<double> direct, through, reading, judging;
  for (auto _ : bench) {
    direct.clear(), through.clear(), reading.clear(), judging.clear();
    rollout->restart(q.data());
    state.revert();
    for (int t = 0; t < 8; ++t) {
      const auto by_engine = [&] { direct.push_back(cpu_seconds([&] { rollout->advance(nullptr); })); };
      if (t % 2) by_engine();  // who goes first finds the caches cold
      through.push_back(cpu_seconds([&] { gs::check(grainspin_advance(state.get(), 1, nullptr, nullptr, nullptr)); }));
      if (t % 2 == 0) by_engine();
      reading.push_back(cpu_seconds([&] { state.orientations(gs::array(now)), state.increments(gs::array(w)); }));
      judging.push_back(cpu_seconds([&] { state.verdicts(gs::array(verdicts)); }));
    }
    bench.SetIterationTime(fastest(through));
  }
  const double step = fastest(direct);
  bench.counters["engine_s"] = step;
  bench.counters["overhead_percent"] = 100 * (fastest(through) / step - 1);
  bench.counters["read_percent"] = 100 * fastest(reading) / step;
  bench.counters["verdict_percent"] = 100 * fastest(judging) / step;
  bench.counters["voxel_steps/s"] = double(kVoxels) / fastest(through);
}

BENCHMARK_CAPTURE(interface, nonlocal, "cu_uniaxial.safetensors")->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(interface, local, "cu_uniaxial_local.safetensors")->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

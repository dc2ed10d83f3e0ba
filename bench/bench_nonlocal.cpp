// The nonlocal family on one CPU core: voxel-steps per second of the engine and of LibTorch, same weights, same grid, one
// run, and beside them the ceiling of the transforms: FFTW's own 3-D real transforms of as many fields, nothing else.
// Counter ns_per_voxel_log: time of a voxel-step over log2 of the number of voxels along an edge, which is constant
// where the engine scales as an FFT does. error_deg is the largest angle to the engine after the last step on 16^3.
#include <benchmark/benchmark.h>
#include <fftw3.h>

#include <cmath>
#include <string>
#include <vector>

#include "grainspin/surrogate.h"
#include "networks/networks.h"
#include "tests/local_oracle.h"
#include "tests/nonlocal_oracle.h"

namespace grainspin::bench {
namespace {

constexpr int kSteps = 2;

NonlocalSpec default_spec() {
  NonlocalSpec s;  // K 8, C 12, M 3, H 4
  s.phases = {testing::named_phase("fcc")};
  s.warmup = 0;
  return s;
}

std::vector<float> last_orientations(const Surrogate& s, const Region& region, const std::vector<float>& q0) {
  std::vector<float> q;
  s.run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
    q.assign(o.orientation, o.orientation + region.inner.voxels() * 4);
  });
  return q;
}

void counters(benchmark::State& state, int edge) {
  const double voxel_steps = double(state.iterations()) * edge * edge * edge * kSteps;
  state.SetItemsProcessed(std::int64_t(voxel_steps));
  state.counters["ns_per_voxel_log"] = benchmark::Counter(voxel_steps * std::log2(double(edge)) * 1e-9,
                                                          benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void run(benchmark::State& state, bool libtorch) {
  const int edge = int(state.range(0));
  const Region region = whole({edge, edge, edge}, {});
  try {
    const Model model = testing::random_nonlocal(default_spec(), kSteps, 1);
    const EngineOptions one_core{.threads = 1};
    const auto s = libtorch ? make_libtorch(model, one_core) : make_engine(model, one_core);
    state.SetLabel(s->description());
    const Region small = whole({16, 16, 16}, {});
    const auto some = testing::random_orientations(small.shape.voxels(), 3);
    const auto a = last_orientations(*s, small, some), b = last_orientations(*make_engine(model, {}), small, some);
    double error = 0;
    for (std::size_t i = 0; i < a.size(); i += 4)
      error = std::max(error, testing::angle_between({a[i], a[i + 1], a[i + 2], a[i + 3]}, {b[i], b[i + 1], b[i + 2], b[i + 3]}));
    if (!(error < 1e-4)) return state.SkipWithError(("differs from the engine by " + std::to_string(error) + " rad").c_str());
    const auto q0 = testing::random_orientations(region.shape.voxels(), 2);
    for (auto _ : state) s->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    counters(state, edge);
    state.counters["error_deg"] = error * 180 / std::acos(-1.0);
    state.counters["memory_MB"] = double(s->workspace(region)) / 1e6;
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

// 5 M forward and 8 M inverse transforms a pass, and the pressure's one a step.
void transforms(benchmark::State& state) {
  const int edge = int(state.range(0));
  const NonlocalSpec s = default_spec();
  std::vector<float> field(std::size_t(2) * (edge / 2 + 1) * edge * edge);
  auto* const spectrum = reinterpret_cast<fftwf_complex*>(field.data());
  const fftwf_plan forward = fftwf_plan_dft_r2c_3d(edge, edge, edge, field.data(), spectrum, FFTW_ESTIMATE),
                   inverse = fftwf_plan_dft_c2r_3d(edge, edge, edge, spectrum, field.data(), FFTW_ESTIMATE);
  state.SetLabel("FFTW, 1 thread");
  for (auto _ : state)
    for (int step = 0; step < kSteps; ++step) {
      for (int i = 0; i < 5 * s.polarisations * s.passes; ++i) fftwf_execute(forward);
      std::fill(field.begin(), field.end(), 0.0f);  // unscaled transforms of transforms would overflow
      for (int i = 0; i < 8 * s.polarisations * s.passes + 1; ++i) fftwf_execute(inverse);
    }
  counters(state, edge);
  fftwf_destroy_plan(forward);
  fftwf_destroy_plan(inverse);
}

const bool registered = [] {
  const auto add = [](const std::string& name, auto function, const std::vector<int>& edges) {
    auto* b = benchmark::RegisterBenchmark(name.c_str(), function)->ArgName("edge")->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(1);
    for (const int edge : edges) b->Arg(edge);
  };
  add("engine_cpu/nonlocal", [](benchmark::State& s) { run(s, false); }, {16, 32, 64, 128, 160, 192, 256});
  add("transforms/nonlocal", transforms, {16, 32, 64, 128, 160, 192, 256});
  add("libtorch_cpu/nonlocal", [](benchmark::State& s) { run(s, true); }, {16, 32, 64});
  return true;
}();

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

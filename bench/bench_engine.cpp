// Voxel-steps per second of the engine on CPU and GPU and of LibTorch: same weights, same grid, one run, on one thread of the
// CPU. Counter of_ceiling: the floor of the network's products and activations at the rates measured in this run (ceilings.h),
// over the time it took; of_serial: where tiles and vectors take turns. Counter
// error_deg is the largest angle to the CPU engine after the last step; a result that is off by more than 1e-4 rad is
// an error, not a time.
#include <benchmark/benchmark.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "bench/ceilings.h"
#include "grainspin/surrogate.h"
#include "networks/networks.h"
#include "tests/local_oracle.h"

namespace grainspin::bench {
namespace {

constexpr int kSteps = 13;
enum Backend { kEngineCpu, kEngineCpuFast, kEngineCuda, kEngineCudaFast, kLibtorchCpu, kLibtorchCuda };

std::vector<float> last_orientations(const Surrogate& s, const Region& region, const std::vector<float>& q0) {
  std::vector<float> q;
  s.run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
    if (o.step == kSteps) q.assign(o.orientation, o.orientation + region.inner.voxels() * 4);
  });
  return q;
}

double largest_angle(const std::vector<float>& a, const std::vector<float>& b) {
  double most = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i + 3 < std::min(a.size(), b.size()); i += 4)
    most = std::max(most, testing::angle_between({a[i], a[i + 1], a[i + 2], a[i + 3]}, {b[i], b[i + 1], b[i + 2], b[i + 3]}));
  return most;
}

std::unique_ptr<Surrogate> surrogate(Backend backend, const Model& model) {
  switch (backend) {
    case kEngineCpu: return make_engine(model, {.threads = 1});
    case kEngineCpuFast: return make_engine(model, {.threads = 1, .precision = Precision::kFast});
    case kEngineCudaFast: return make_engine(model, {.device = Device::kCuda, .precision = Precision::kFast});
    case kEngineCuda: return make_engine(model, {.device = Device::kCuda});
    case kLibtorchCpu: return make_libtorch(model, {.threads = 1});
    case kLibtorchCuda: return make_libtorch(model, {.device = Device::kCuda});
  }
  return nullptr;
}

void run(benchmark::State& state, Backend backend, LocalSpec local) {
  const int edge = int(state.range(0));
  const Region region = whole({edge, edge, edge}, {});
  try {
    const Model model = testing::random_model(local, "432", kSteps, 1);
    const auto s = surrogate(backend, model);
    state.SetLabel(s->description());
    const auto q0 = testing::random_orientations(region.shape.voxels(), 2);
    // Checked on a grid that every backend does quickly; it also warms up.
    const Region small = whole({16, 16, 16}, {});
    const auto some = testing::random_orientations(small.shape.voxels(), 3);
    const double error = largest_angle(last_orientations(*s, small, some), last_orientations(*make_engine(model, {}), small, some));
    if (!(error < (backend == kEngineCpuFast || backend == kEngineCudaFast ? 3e-2 : 1e-4))) return state.SkipWithError(("differs from the CPU engine by " + std::to_string(error) + " rad").c_str());
    for (auto _ : state) s->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    if (backend == kEngineCpu || backend == kEngineCpuFast) {
      const bool bf16 = backend == kEngineCpuFast && s->description().find("bf16") != std::string::npos;
      const NetworkFloor floor = floor_of(local.cell == Cell::kLstm ? 4 : 3, local.hidden, input_width(model.spec), kSteps,
                                          local.feedback != Feedback::kNeighbours, bf16);
      const double steps = double(region.shape.voxels()) * kSteps;
      state.counters["of_ceiling"] = benchmark::Counter(steps * floor.least, benchmark::Counter::kIsIterationInvariantRate);
      state.counters["of_serial"] = benchmark::Counter(steps * floor.serial, benchmark::Counter::kIsIterationInvariantRate);
    }
    state.SetItemsProcessed(state.iterations() * region.shape.voxels() * kSteps);
    state.counters["error_deg"] = error * 180 / std::acos(-1.0);
    state.counters["memory_MB"] = double(s->workspace(region)) / 1e6;
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

const bool registered = [] {
  const std::map<std::string, LocalSpec> models{
      {"lstm64_initial", {Cell::kLstm, 1, 64, 1, Feedback::kInitial}},
      {"gru64_initial", {Cell::kGru, 1, 64, 1, Feedback::kInitial}},
      {"lstm64_own", {Cell::kLstm, 1, 64, 1, Feedback::kOwn}},
      {"lstm64_neighbours", {Cell::kLstm, 1, 64, 1, Feedback::kNeighbours}},
      {"gru64_neighbours", {Cell::kGru, 1, 64, 1, Feedback::kNeighbours}},
      {"lstm128_neighbours", {Cell::kLstm, 1, 128, 1, Feedback::kNeighbours}}};
  const std::pair<const char*, Backend> backends[] = {{"engine_cpu", kEngineCpu}, {"engine_cpu_fast", kEngineCpuFast}, {"libtorch_cpu", kLibtorchCpu},
                                                      {"engine_cuda", kEngineCuda}, {"engine_cuda_fast", kEngineCudaFast}, {"libtorch_cuda", kLibtorchCuda}};
  for (const auto& [model, local] : models)
    for (const auto& [name, backend] : backends) {
      auto* b = benchmark::RegisterBenchmark((std::string(name) + "/" + model).c_str(), run, backend, local);
      b->ArgName("edge")->Arg(32)->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(2);
      if (backend == kEngineCuda || backend == kEngineCudaFast || backend == kLibtorchCuda) b->Arg(128);
      if (backend == kEngineCuda || backend == kEngineCudaFast) b->Arg(256);
    }
  return true;
}();

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

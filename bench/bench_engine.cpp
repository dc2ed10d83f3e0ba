// Voxel-steps per second of the engine on CPU and GPU and of LibTorch: same weights, same grid, one run, on one thread of the
// CPU, beside ceilings measured first in the same run (ceilings.h, device_ceilings.h), which stand in the head of the output.
// Counters: floor_ms, what the network's products and activations take at least at those rates, and of_ceiling, that over the time
// it took (products in bf16 where the row's are); serial_ms and of_serial, where tiles and vectors take turns; over_libtorch, the rate
// over that of the row libtorch of the same model, the reference backend's, over_best and over_half over the
// fastest of its ways in fp32 and in bf16 (libtorch_paths.h);
// error_deg, the largest angle to the strict CPU engine after the last step, 16^3. A result that is off by more than 1e-4 rad, in bf16
// 0.03 (LibTorch, whose states and sums are bf16 too: 0.2), is an error, not a time.
#include <benchmark/benchmark.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "bench/ceilings.h"
#include "bench/device_ceilings.h"
#include "bench/libtorch_paths.h"
#include "bench/timing.h"
#include "grainspin/surrogate.h"
#include "networks/networks.h"
#include "tests/local_oracle.h"

namespace grainspin::bench {
namespace {

constexpr int kSteps = 13;
enum Backend { kEngineCpu, kEngineCpuFast, kEngineCuda, kEngineCudaFast, kLibtorchCpu, kLibtorchBest, kLibtorchCell, kLibtorchHalf, kLibtorchCuda, kLibtorchCudaBest, kLibtorchCudaHalf };
bool on_cuda(Backend b) { return b == kEngineCuda || b == kEngineCudaFast || b >= kLibtorchCuda; }
double largest_error(Backend b) { return b == kLibtorchHalf || b == kLibtorchCudaHalf ? 0.2 : b == kEngineCpuFast || b == kEngineCudaFast ? 3e-2 : 1e-4; }

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

std::unique_ptr<Surrogate> surrogate(Backend backend, const Model& model, int edge) {
  switch (backend) {
    case kEngineCpu: return make_engine(model, {.threads = 1});
    case kEngineCpuFast: return make_engine(model, {.threads = 1, .precision = Precision::kFast});
    case kEngineCudaFast: return make_engine(model, {.device = Device::kCuda, .precision = Precision::kFast});
    case kEngineCuda: return make_engine(model, {.device = Device::kCuda});
    case kLibtorchCpu: return make_libtorch(model, {.threads = 1});
    case kLibtorchBest: return make_libtorch_best(model, {.threads = 1}, Kind::kFp32, 20);
    case kLibtorchCell: return make_libtorch_best(model, {.threads = 1}, Kind::kOwnCell, 20);
    case kLibtorchHalf: return make_libtorch_best(model, {.threads = 1}, Kind::kBf16, 20);
    case kLibtorchCuda: return make_libtorch(model, {.device = Device::kCuda});
    case kLibtorchCudaBest: return make_libtorch_best(model, {.device = Device::kCuda}, Kind::kFp32, edge);
    case kLibtorchCudaHalf: return make_libtorch_best(model, {.device = Device::kCuda}, Kind::kBf16, edge);
  }
  return nullptr;
}

using Rates = std::map<std::string, double>;  // of LibTorch, by device, model and grid

void run(benchmark::State& state, Backend backend, LocalSpec local, std::string name) {
  const int edge = int(state.range(0));
  const Region region = whole({edge, edge, edge}, {});
  try {
    const Model model = testing::random_model(local, "432", kSteps, 1);
    const auto s = surrogate(backend, model, edge);
    const auto q0 = testing::random_orientations(region.shape.voxels(), 2);
    // Checked on a grid that every backend does quickly; it also warms up.
    const Region small = whole({16, 16, 16}, {});
    const auto some = testing::random_orientations(small.shape.voxels(), 3);
    const double error = largest_angle(last_orientations(*s, small, some), last_orientations(*make_engine(model, {}), small, some));
    if (!(error < largest_error(backend))) return state.SkipWithError(("differs from the CPU engine by " + std::to_string(error) + " rad").c_str());
    double took = 0;
    for (auto _ : state) took += seconds([&] { s->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {}); });
    const double steps = double(region.shape.voxels()) * kSteps, rate = steps * double(state.iterations()) / took;
    std::string label = s->description();
    if (!on_cuda(backend)) {
      const bool bf16 = backend == kLibtorchHalf || (backend == kEngineCpuFast && label.find("bf16") != std::string::npos);
      const NetworkFloor floor = floor_of(local.cell == Cell::kLstm ? 4 : 3, local.hidden, input_width(model.spec), kSteps,
                                          local.feedback != Feedback::kNeighbours, bf16);
      label += std::string("; bound by ") + floor.bound;
      state.counters["floor_ms"] = steps * floor.least * 1e3;
      state.counters["serial_ms"] = steps * floor.serial * 1e3;
      state.counters["of_ceiling"] = rate * floor.least;
      state.counters["of_serial"] = rate * floor.serial;
    }
    if (on_cuda(backend)) {
      const bool half = backend == kEngineCudaFast || backend == kLibtorchCudaHalf;
      const DeviceFloor floor = device_floor_of(device_ceilings(), local, input_width(model.spec), kSteps, half);
      label += std::string("; bound by ") + floor.bound;
      state.counters["floor_ms"] = steps * floor.seconds * 1e3;
      state.counters["of_ceiling"] = rate * floor.seconds;
    }
    state.SetLabel(label);
    static Rates plain, best, half;
    const std::string key = (on_cuda(backend) ? "cuda/" : "cpu/") + name + "/" + std::to_string(edge);
    if (backend == kLibtorchCpu || backend == kLibtorchCuda) plain[key] = rate;
    if (backend == kLibtorchBest || backend == kLibtorchCudaBest) best[key] = rate;
    if (backend == kLibtorchHalf || backend == kLibtorchCudaHalf) half[key] = rate;
    for (const auto& [counter, rates] : {std::pair{"over_libtorch", &plain}, {"over_best", &best}, {"over_half", &half}})
      if (const auto found = rates->find(key); found != rates->end()) state.counters[counter] = rate / found->second;
    state.SetItemsProcessed(state.iterations() * region.shape.voxels() * kSteps);
    state.counters["error_deg"] = error * 180 / std::acos(-1.0);
    if (const auto bytes = s->workspace(region)) state.counters["memory_MB"] = double(bytes) / 1e6;
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
  // LibTorch first, so that the engine's rows can say what they are over it.
  const std::pair<const char*, Backend> backends[] = {
      {"libtorch_cpu", kLibtorchCpu}, {"libtorch_cpu_best", kLibtorchBest}, {"libtorch_cpu_own_cell", kLibtorchCell}, {"libtorch_cpu_half", kLibtorchHalf}, {"engine_cpu", kEngineCpu}, {"engine_cpu_fast", kEngineCpuFast},
      {"libtorch_cuda", kLibtorchCuda}, {"libtorch_cuda_best", kLibtorchCudaBest}, {"libtorch_cuda_half", kLibtorchCudaHalf}, {"engine_cuda", kEngineCuda}, {"engine_cuda_fast", kEngineCudaFast}};
  for (const auto& [model, local] : models)
    for (const auto& [name, backend] : backends) {
      auto* b = benchmark::RegisterBenchmark((std::string(name) + "/" + model).c_str(), run, backend, local, model);
      b->ArgName("edge")->Arg(32)->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(1);
      if (on_cuda(backend)) b->Arg(128);
      if (backend == kEngineCuda || backend == kEngineCudaFast) b->Arg(256);
    }
  return true;
}();

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  grainspin::bench::report_ceilings();
  grainspin::bench::report_device_ceilings();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}

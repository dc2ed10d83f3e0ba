// Voxel-steps per second of the nonlocal engine on CPU and GPU and of LibTorch: same weights, same grid, one run.
// Counters: error_deg, the largest angle to the CPU engine after the last step at 16^3 (a result that is off by more
// than 1e-4 rad is an error, not a time); ns_voxel_log2, cost per voxel-step and log2(extent), which must not depend on
// the grid; on the GPU fft_share, what the transforms of a step take alone, in the same process, over what a step takes, and
// floor_ms, what a copy on the device in the same process (device_ceilings.h) would take for the compulsory traffic of all steps
// (engine_cuda_nonlocal_plan.h), and copy_share, that over what they take, warm-up and copies of the results to the host counted. Fast precision may be off by 0.01 rad.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "backend.h"
#include "bench/device_ceilings.h"
#include "device_memory.h"
#include "engine_cuda_nonlocal_plan.h"
#include "networks/networks.h"
#include "tests/local_oracle.h"
#include "tests/nonlocal_oracle.h"

namespace grainspin::bench {
namespace {

constexpr int kSteps = 13;
enum Backend { kCpu, kCuda, kCudaFast, kLibtorchCpu, kLibtorchCuda };

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Model model() {
  NonlocalSpec s;  // the defaults
  s.phases = {testing::named_phase("fcc")};
  return testing::random_nonlocal(s, kSteps, 1);
}

std::unique_ptr<Surrogate> surrogate(Backend backend, const Model& m) {
  switch (backend) {
    case kCpu: return make_engine(m, {});
    case kCuda: return make_engine(m, {.device = Device::kCuda});
    case kCudaFast: return make_engine(m, {.device = Device::kCuda, .precision = Precision::kFast});
    case kLibtorchCpu: return make_libtorch(m, {});
    case kLibtorchCuda: return make_libtorch(m, {.device = Device::kCuda});
  }
  return nullptr;
}

std::vector<float> last_orientations(const Surrogate& s, const Region& region, const std::vector<float>& q0) {
  std::vector<float> q;
  s.run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
    if (o.step == kSteps) q.assign(o.orientation, o.orientation + region.inner.voxels() * 4);
  });
  return q;
}

// Seconds of the transforms of one step alone.
double transforms(const NonlocalSpec& s, Shape shape) {
  const Gpu gpu(cuda_table(0), 0);
  const cuda::Spectrum spectrum = spectrum_of(shape);
  const cuda::SpectralShape batches = spectral_of(spectrum);
  const int forward = 5 * s.polarisations, inverse = 8 * s.polarisations;
  const std::int64_t floats = inverse * spectrum.channel();
  const DeviceBuffer<float> fields(gpu, floats);
  const DeviceBuffer<char> work(gpu, gpu->spectral_bytes(gpu, batches));
  gpu->zero(gpu, fields.get(), floats * std::int64_t(sizeof(float)));
  cuda::Spectral* plans = gpu->spectral_create(gpu, batches, work.get());
  const auto step = [&] {
    for (int k = 0; k < s.passes; ++k) {
      for (int c = 0; c < forward; c += batches.forward_batch)
        gpu->forward(gpu, plans, fields.get() + c * spectrum.channel());
      for (int c = 0; c < inverse; c += batches.inverse_batch)
        gpu->inverse(gpu, plans, fields.get() + c * spectrum.channel(), false);
    }
    gpu->synchronise(gpu);
  };
  step();
  const double start = seconds();
  int steps = 0;
  while (seconds() - start < 0.5) step(), ++steps;
  const double each = (seconds() - start) / steps;
  gpu->spectral_destroy(gpu, plans);
  return each;
}

// The largest cube that fits, of an extent that transforms are fast at.
int largest(const Surrogate& s) {
  for (int n = 1024; n > 64; n -= 32)
    if (s.fits(whole({n, n, n}, {}), false)) return n;
  return 64;
}

void run(benchmark::State& state, Backend backend) {
  try {
    const Model m = model();
    const auto s = surrogate(backend, m);
    state.SetLabel(s->description());
    const int edge = state.range(0) ? int(state.range(0)) : largest(*s);
    const Region region = whole({edge, edge, edge}, {}), small = whole({16, 16, 16}, {});
    const auto some = testing::random_orientations(small.shape.voxels(), 3);
    const auto a = last_orientations(*s, small, some), b = last_orientations(*make_engine(m, {}), small, some);
    double error = 0;
    for (std::size_t i = 0; i < a.size(); i += 4)
      error = std::max(error, testing::angle_between({a[i], a[i + 1], a[i + 2], a[i + 3]},
                                                     {b[i], b[i + 1], b[i + 2], b[i + 3]}));
    if (!(error < (backend == kCudaFast ? 1e-2 : 1e-4))) return state.SkipWithError(("differs from the CPU engine by " + std::to_string(error) + " rad").c_str());
    const auto q0 = testing::random_orientations(region.shape.voxels(), 2);
    const double start = seconds();
    for (auto _ : state) s->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    const double step = (seconds() - start) / double(state.iterations()) / kSteps, voxels = double(region.shape.voxels());
    state.SetItemsProcessed(state.iterations() * region.shape.voxels() * kSteps);
    state.counters["extent"] = edge;
    state.counters["error_deg"] = error * 180 / std::acos(-1.0);
    state.counters["memory_MB"] = double(s->workspace(region)) / 1e6;
    state.counters["ns_voxel_log2"] = step / voxels / std::log2(double(edge)) * 1e9;
    if (backend == kCuda || backend == kCudaFast) {
      const double rate = device_ceilings().copy;
      const double bytes = compulsory_bytes(m.spec.nonlocal, 12, backend == kCudaFast);
      state.counters["copy_GB_s"] = rate / 1e9;
      state.counters["bytes_voxel_step"] = bytes;
      state.counters["floor_ms"] = bytes * voxels / rate * kSteps * 1e3;
      state.counters["copy_share"] = bytes * voxels / rate / step;
    }
    if (backend == kCuda && edge <= 256) state.counters["fft_share"] = transforms(m.spec.nonlocal, region.shape) / step;
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

const bool registered = [] {
  const std::pair<const char*, Backend> backends[] = {
      {"engine_cpu", kCpu}, {"libtorch_cpu", kLibtorchCpu}, {"engine_cuda", kCuda}, {"engine_cuda_fast", kCudaFast}, {"libtorch_cuda", kLibtorchCuda}};
  for (const auto& [name, backend] : backends) {
    auto* b = benchmark::RegisterBenchmark((std::string(name) + "/nonlocal").c_str(), run, backend);
    b->ArgName("edge")->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(1);
    if (backend == kCpu || backend == kLibtorchCpu) b->Arg(32);
    else b->Arg(64)->Arg(128);
    if (backend == kCuda || backend == kCudaFast) b->Arg(192)->Arg(256)->Arg(384)->Arg(512)->Arg(0);  // 0: the largest that fits
  }
  return true;
}();

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) { return grainspin::bench::run_below_device_ceilings(argc, argv); }

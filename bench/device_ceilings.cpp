#include "bench/device_ceilings.h"

#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <cstdio>

#include "src/backend.h"
#include "src/open_library.h"

namespace grainspin::bench {

const cuda::Ceilings& device_ceilings() {
  static const cuda::Ceilings ceilings = [] {
    cuda_table(0);  // says what is missing
    void* const library = open_library({"libgrainspin_cuda_ceilings.so", "GRAINSPIN_CEILINGS_LIBRARY", "ceilings'"});
    const auto measure = reinterpret_cast<cuda::CeilingsFunction>(dlsym(library, cuda::kCeilingsSymbol));
    require(measure, Errc::kDevice, "libgrainspin_cuda_ceilings.so has no function of that name");
    return measure(0);
  }();
  return ceilings;
}

void report_device_ceilings() {
  if (!cuda_unavailable().empty()) return;
  const auto say = [](const char* name, double rate, const char* unit) {
    char text[64];
    std::snprintf(text, sizeof text, "%.4g %s", rate / 1e9, unit);
    benchmark::AddCustomContext(std::string("ceiling, GPU, ") + name, text);
  };
  try {
    const cuda::Ceilings& c = device_ceilings();
    say("copy, read and written", c.copy, "GB/s");
    say("products bf16", c.bf16_products, "GFLOP/s");
    say("products tf32", c.tf32_products, "GFLOP/s");
    say("products fp32", c.fp32_products, "GFLOP/s");
    say("special functions", c.special, "Gvalues/s");
    say("to the GPU, pinned", c.to_device, "GB/s");
    say("from the GPU, pinned", c.to_host, "GB/s");
  } catch (const Error& e) {
    benchmark::AddCustomContext("ceiling, GPU", e.what());
  }
}

DeviceFloor device_floor_of(const cuda::Ceilings& c, const LocalSpec& s, int inputs, int steps, bool half) {
  const bool lstm = s.cell == Cell::kLstm, coupled = s.feedback == Feedback::kNeighbours;
  const double H = s.hidden, gates = lstm ? 4 : 3;
  const double flops = 2 * gates * H * ((coupled ? inputs : double(inputs) / steps) + H + (s.layers - 1) * 2 * H);
  const double functions = (lstm ? 5 : 3) * H * s.layers;
  const double state = coupled || s.layers > 1 ? (half ? 2.0 : 4.0) * H * s.layers * (lstm ? 4 : 2) : 0;
  const double bytes = state + (coupled ? 70 : 16.0 / steps);
  DeviceFloor floor;
  const auto at_least = [&](double seconds, const char* what) {
    if (seconds > floor.seconds) floor = {seconds, what};
  };
  at_least(flops / (half ? c.bf16_products : c.fp32_products), "products");
  if (half) at_least(functions / c.special, "special functions");
  at_least(bytes / c.copy, "device memory");
  return floor;
}

int run_below_device_ceilings(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  report_device_ceilings();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace grainspin::bench

// What this machine can do at most on one thread: the rates that other benchmarks are a part of.
#include <benchmark/benchmark.h>

#include "bench/ceilings.h"

namespace grainspin::bench {
namespace {

void row(const char* name, const char* unit, double rate) {
  benchmark::RegisterBenchmark(name, [=](benchmark::State& state) {
    if (rate <= 0) return state.SkipWithError("not to be had here");
    for (auto _ : state) benchmark::DoNotOptimize(rate);
    state.counters[unit] = rate;
  })->Iterations(1);
}

const bool registered = [] {
  for (const Ceiling& c : product_ceilings()) row(("ceiling/products " + c.name).c_str(), "GFLOP_s", c.rate / 1e9);
  row("ceiling/tanh fp32", "Gvalues_s", activation_rate(false) / 1e9);
  row("ceiling/tanh of the bf16 kernels", "Gvalues_s", activation_rate(true) / 1e9);
  row("ceiling/copy of 64 MB, read and written", "GB_s", copy_rate() / 1e9);
  const DiskRate disk = disk_rate();
  row("ceiling/file of 256 MB, written to the disk", "GB_s", disk.written / 1e9);
  row("ceiling/file of 256 MB, read from the disk", "GB_s", disk.read / 1e9);
  return true;
}();

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

// The gather's rate on its compulsory bytes (field read once, patches written once) beside a plain copy of as many
// bytes, in turns in one run. Counters: GB_s and copy_GB_s are medians, of_copy their ratio; the time is the gather's.
#include <benchmark/benchmark.h>

#include <cstring>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "backend.h"
#include "device_memory.h"
#include "grainspin/gather.h"
#include "grainspin/input.h"
#include "timing.h"

namespace grainspin::bench {
namespace {

enum Kind { kInOrder, kScattered, kEmbedded };
constexpr int kChannels = 9;

// A grid whose patches are about a gigabyte, larger than most caches, or as much as the range given.
Shape grid(int radius) { return radius == 1 ? Shape{96, 96, 96} : Shape{96, 96, 20}; }

void record(benchmark::State& state, double bytes, const std::vector<double>& gather, const std::vector<double>& copy) {
  const double rate = bytes / median(gather) / 1e9, copy_rate = bytes / median(copy) / 1e9;
  state.counters["GB_s"] = rate;
  state.counters["copy_GB_s"] = copy_rate;
  state.counters["of_copy"] = rate / copy_rate;
}

void check_some(benchmark::State& state, const Neighbourhood& hood, const std::vector<float>& field,
                const std::vector<std::int64_t>& centres, const std::vector<float>& patches) {
  const int K = taps(hood.radius);
  for (std::size_t i = 0; i < centres.size(); i += 9973) {
    const std::int64_t v = centres[i];
    const int x = int(v % hood.shape.nx), y = int(v / hood.shape.nx % hood.shape.ny), z = int(v / hood.shape.nx / hood.shape.ny);
    for (int k = 0; k < K; ++k)
      if (std::memcmp(&patches[(i * std::size_t(K) + std::size_t(k)) * kChannels], &field[std::size_t(tap(hood, x, y, z, k)) * kChannels],
                      kChannels * sizeof(float)))
        return state.SkipWithError("a patch is wrong");
  }
}

void gather_cpu(benchmark::State& state) {
  const int radius = int(state.range(0)), threads = int(state.range(1));
  const Kind kind = Kind(state.range(2));
  const Neighbourhood hood{grid(radius), {}, radius, nullptr};
  const std::int64_t n = hood.shape.voxels();
  const std::size_t out = std::size_t(n) * std::size_t(taps(radius)) * kChannels;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> field(std::size_t(n) * kChannels), patches(out), q(std::size_t(n) * 4);
  for (float& f : field) f = normal(random);
  std::vector<std::int64_t> centres(static_cast<std::size_t>(n));
  std::iota(centres.begin(), centres.end(), std::int64_t(0));
  if (kind == kScattered) std::shuffle(centres.begin(), centres.end(), random);
  InputSpec spec;
  if (kind == kEmbedded) {
    spec.embedding = embedding(PointGroup::named("432"));
    std::fill_n(spec.scale, kChannels, 1.0f);
    for (std::size_t i = 0; i < q.size(); i += 4) {
      const Quat u = normalised(Quat{normal(random), normal(random), normal(random), normal(random)});
      q[i] = u.w, q[i + 1] = u.x, q[i + 2] = u.y, q[i + 3] = u.z;
    }
    embed(spec.embedding, n, q.data(), field.data());
  }
  const double bytes = double(out + (kind == kEmbedded ? q : field).size()) * sizeof(float);
  // Half is read and half is written.
  const std::size_t half = std::size_t(bytes / 2);
  std::vector<char> from(half, 1), to(half, 2);
  std::vector<double> gather_times, copy_times;
  for (auto _ : state) {
    copy_times.push_back(seconds([&] {
      std::vector<std::jthread> workers;
      for (int t = 0; t < threads; ++t) {
        const std::size_t lo = half * std::size_t(t) / std::size_t(threads), hi = half * std::size_t(t + 1) / std::size_t(threads);
        workers.emplace_back([&, lo, hi] { std::memcpy(to.data() + lo, from.data() + lo, hi - lo); });
      }
    }));
    benchmark::DoNotOptimize(to.data());
    gather_times.push_back(seconds([&] {
      if (kind == kEmbedded) gather_embedded(hood, spec, q.data(), n, nullptr, 0, patches.data(), threads);
      else
        gather_patches(hood, kChannels, field.data(), n, kind == kScattered ? centres.data() : nullptr, 0,
                       patches.data(), threads);
    }));
    state.SetIterationTime(gather_times.back());
  }
  if (kind != kEmbedded) check_some(state, hood, field, centres, patches);
  record(state, bytes, gather_times, copy_times);
}

void gather_gpu(benchmark::State& state) {
  if (const auto why = cuda_unavailable(); !why.empty()) return state.SkipWithError(why.c_str());
  const int radius = int(state.range(0));
  const Kind kind = Kind(state.range(1));
  const Gpu gpu(cuda_table(0), 0);
  const Neighbourhood hood{grid(radius), {}, radius, nullptr};
  const std::int64_t n = hood.shape.voxels(), out = n * taps(radius) * kChannels;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> host(std::size_t(n) * kChannels), got(static_cast<std::size_t>(out));
  for (float& f : host) f = normal(random);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t(0));
  if (kind == kScattered) std::shuffle(order.begin(), order.end(), random);
  InputSpec spec;
  spec.embedding = embedding(PointGroup::named("432"));
  std::fill_n(spec.scale, kChannels, 1.0f);
  const auto field = on_device(gpu, host.data(), std::int64_t(host.size()));
  const auto centres = on_device(gpu, order.data(), n);
  const DeviceBuffer<float> patches(gpu, out);
  const double bytes = double(out + n * (kind == kEmbedded ? 4 : kChannels)) * sizeof(float);
  const DeviceBuffer<char> from(gpu, std::int64_t(bytes / 2)), to(gpu, std::int64_t(bytes / 2));
  const cuda::Batch batch{{hood.shape, {}, hood.shape}, 0, kind == kScattered ? centres.get() : nullptr, int(n), int(n)};
  constexpr int kLaunches = 10;  // so that the host's part does not count
  const auto timed = [&](const auto& launch) {
    launch();
    gpu->synchronise(gpu);
    return seconds([&] {
             for (int i = 0; i < kLaunches; ++i) launch();
             gpu->synchronise(gpu);
           }) / kLaunches;
  };
  std::vector<double> gather_times, copy_times;
  for (auto _ : state) {
    copy_times.push_back(timed([&] { gpu->copy(gpu, to.get(), from.get(), std::int64_t(bytes / 2)); }));
    gather_times.push_back(timed([&] {
      // The embedded variant reads the first four of nine columns' memory as quaternions: any numbers will do.
      if (kind == kEmbedded) gpu->gather_embedded(gpu, hood, spec, field.get(), batch, patches.get());
      else gpu->gather_patches(gpu, hood, kChannels, field.get(), batch, patches.get());
    }));
    state.SetIterationTime(gather_times.back());
  }
  gpu->copy(gpu, got.data(), patches.get(), out * std::int64_t(sizeof(float)));
  gpu->synchronise(gpu);
  if (kind != kEmbedded) check_some(state, hood, host, order, got);
  record(state, bytes, gather_times, copy_times);
}

const int kThreads = int(std::max(1u, std::thread::hardware_concurrency()));

BENCHMARK(gather_cpu)
    ->ArgNames({"radius", "threads", "kind"})
    ->Args({1, 1, kInOrder})
    ->Args({1, kThreads, kInOrder})
    ->Args({2, kThreads, kInOrder})
    ->Args({1, kThreads, kScattered})
    ->Args({1, kThreads, kEmbedded})
    ->Iterations(9)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(gather_gpu)
    ->ArgNames({"radius", "kind"})
    ->Args({1, kInOrder})
    ->Args({2, kInOrder})
    ->Args({1, kScattered})
    ->Args({1, kEmbedded})
    ->Iterations(21)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace grainspin::bench

BENCHMARK_MAIN();

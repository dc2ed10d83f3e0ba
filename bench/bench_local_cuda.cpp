// Voxel-steps per second of the local family on a GPU, where only the last step is read, so that copies to the host do not bind.
// Counters: floor_ms: what the unit that binds (the label names it: special functions, products, device memory) takes at the rate that it
// reached in this run (device_ceilings.h; the rates stand in the head of the output); of_ceiling: that over the time it took; mean_deg, p999_deg: angle of the fast path to the strict one after the last
// step on 64^3; memory_MB: by the engine's own count.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "bench/device_ceilings.h"
#include "grainspin/surrogate.h"
#include "tests/local_oracle.h"

namespace grainspin::bench {
namespace {

constexpr int kSteps = 13;

Region last_step(int edge) {
  Region region = whole({edge, edge, edge}, {});
  region.wanted.assign(kSteps, 0);
  region.wanted.back() = 1;
  return region;
}

std::vector<float> last_orientations(const Surrogate& s, const Region& region, const std::vector<float>& q0) {
  std::vector<float> q;
  s.run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
    if (o.step == kSteps) q.assign(o.orientation, o.orientation + region.inner.voxels() * 4);
  });
  return q;
}

void run(benchmark::State& state, Precision precision, LocalSpec local) {
  const int edge = int(state.range(0));
  try {
    const Model model = testing::random_model(local, "432", kSteps, 1);
    const auto s = make_engine(model, {.device = Device::kCuda, .precision = precision});
    const DeviceFloor floor = device_floor_of(device_ceilings(), local, input_width(model.spec), kSteps, precision == Precision::kFast);
    state.SetLabel(s->description() + "; bound by " + floor.bound);
    if (precision == Precision::kFast) {
      const Region some = last_step(64);
      const auto q0 = testing::random_orientations(some.shape.voxels(), 3);
      const auto fast = last_orientations(*s, some, q0), strict = last_orientations(*make_engine(model, {.device = Device::kCuda}), some, q0);
      std::vector<double> angle;
      for (std::size_t i = 0; i < fast.size(); i += 4)
        angle.push_back(180 / std::acos(-1.0) * testing::angle_between({fast[i], fast[i + 1], fast[i + 2], fast[i + 3]}, {strict[i], strict[i + 1], strict[i + 2], strict[i + 3]}));
      double mean = 0;
      for (double a : angle) mean += a / double(angle.size());
      std::nth_element(angle.begin(), angle.begin() + std::ptrdiff_t(angle.size() / 1000 * 999), angle.end());
      state.counters["mean_deg"] = mean;
      state.counters["p999_deg"] = angle[angle.size() / 1000 * 999];
    }
    const Region region = last_step(edge);
    const auto q0 = testing::random_orientations(region.shape.voxels(), 2);
    for (auto _ : state) s->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    const double steps = double(region.shape.voxels()) * kSteps;
    state.SetItemsProcessed(std::int64_t(state.iterations() * steps));
    state.counters["floor_ms"] = steps * floor.seconds * 1e3;
    state.counters["of_ceiling"] = benchmark::Counter(steps * floor.seconds, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["memory_MB"] = double(s->workspace(region)) / 1e6;
  } catch (const Error& e) {
    state.SkipWithError(e.what());
  }
}

const bool registered = [] {
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
      for (const auto& [hidden, layers] : {std::pair{32, 1}, {64, 1}, {96, 1}, {128, 1}, {64, 2}, {128, 2}})
        for (const Precision precision : {Precision::kFast, Precision::kStrict}) {
          if (precision == Precision::kStrict && (hidden != 64 || layers != 1)) continue;
          const std::string model = std::string(name(cell)) + std::to_string(hidden) + (layers == 2 ? "x2_" : "_") + name(feedback);
          auto* b = benchmark::RegisterBenchmark(("cuda_" + std::string(precision == Precision::kFast ? "fast/" : "strict/") + model).c_str(), run, precision,
                                                 LocalSpec{cell, layers, hidden, 1, feedback});
          b->ArgName("edge")->Arg(128)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(0.5);
          if (hidden == 64 && layers == 1 && cell == Cell::kLstm) b->Arg(64)->Arg(512);
        }
  return true;
}();

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) { return grainspin::bench::run_below_device_ceilings(argc, argv); }

#include "engine_cpu.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "grainspin/core.h"
#include "local_work.h"

namespace grainspin {
namespace {

class CpuEngine final : public Surrogate {
 public:
  CpuEngine(const Model& model, const EngineOptions& options, const RecurrentKernels& kernels)
      : kernels_(kernels), work_(model, options.threads, kernels) {}

  const ModelSpec& spec() const override { return work_.spec; }
  std::string description() const override {
    return std::string("engine, CPU ") + kernels_.name + ", " + std::to_string(work_.pool.size()) +
           (work_.pool.size() == 1 ? " thread" : " threads");
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    check(region);
    const std::lock_guard lock(work_.busy);
    if (spec().local.feedback == Feedback::kNeighbours)
      run_coupled(region, q0, mask, teacher, sink);
    else
      run_alone(region, q0, mask, teacher, sink);
  }

  std::int64_t workspace(const Region& region) const override {
    const BlockNetwork& net = work_.net;
    const std::int64_t n = region.shape.voxels(), inner = region.inner.voxels(),
                       blocks = (n + kBlock - 1) / kBlock;
    const bool coupled = spec().local.feedback == Feedback::kNeighbours;
    std::int64_t floats = net.embedded_floats(n) + work_.pool.size() * LocalScratch::floats(net, !coupled) +
                          LocalResults::floats(spec().local) * inner * (coupled ? 1 : kept(region).back());
    if (coupled) floats += n * 4 + blocks * net.state_floats();
    return floats * std::int64_t(sizeof(float)) + (1 << 16);
  }

  std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const override {
    return start_local(work_, region, q0, mask);
  }
  RolloutSize rollout_size(const Region& region, bool masked) const override {
    return local_rollout_size(work_, region, masked);
  }

 private:
  // [T+1] how many steps before step t + 1 are wanted; last: of all.
  std::vector<int> kept(const Region& region) const {
    std::vector<int> before{0};
    for (int t = 1; t <= spec().steps(); ++t) before.push_back(before.back() + (wants(region, t) ? 1 : 0));
    return before;
  }

  // `initial` and `own`: each block runs through all steps by itself; the neighbours enter once.
  void run_alone(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
                 const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t n = region.shape.voxels(), inner = region.inner.voxels();
    const int steps = spec().steps();
    const Box box = inner_box(region);
    const AlignedFloats e(work_.net.embedded_floats(n));
    work_.embed_box(region, grown(region, box, spec().local.radius), q0, e.get());
    const std::vector<int> before = kept(region);  // wanted steps lie one behind the other
    LocalResults& results = results_of(before.back(), inner);
    const RegionTaps taps(region, spec().local.radius);
    const std::vector<LocalScratch> all = work_.scratch(true);

    work_.pool.run((inner + kBlock - 1) / kBlock, [&](std::int64_t block, int thread) {
      const LocalScratch& s = all[thread];
      const BlockNetwork::Busy busy(work_.net);
      const Lanes lanes(region, box, block * kBlock);
      work_.net.gather(taps, lanes, mask, e.get(), n, s.patch.get());
      work_.net.project(s.patch.get(), s.start.get(), s.hidden.get());
      std::fill_n(s.state.get(), work_.net.state_floats(), 0.0f);
      float q[kBlock][4];
      for (int i = 0; i < kBlock; ++i) std::memcpy(q[i], q0 + lanes.place[i] * 4, sizeof q[i]);
      for (int t = 0; t < steps; ++t) {
        if (teacher)
          for (int i = 0; i < kBlock; ++i)
            std::memcpy(q[i], teacher + (t * n + lanes.place[i]) * 4, sizeof q[i]);
        work_.step_alone(lanes, block, s.start.get(), s.state.get(), q[0], mask, s, results,
                         wants(region, t + 1) ? before[std::size_t(t)] : -1);
      }
    });
    for (int t = 0; t < steps; ++t)
      sink(wants(region, t + 1) ? results.output(before[std::size_t(t)], t + 1) : StepOutput{.step = t + 1});
  }

  // `neighbours`: all blocks do a step before any does the next; the state of the whole region is kept.
  // Next to cuts the box that is still worth something shrinks by the radius a step.
  void run_coupled(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
                   const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t n = region.shape.voxels(), blocks = (n + kBlock - 1) / kBlock,
                       state_floats = work_.net.state_floats();
    const int steps = spec().steps(), radius = spec().local.radius;
    const Box inner = inner_box(region);
    const AlignedFloats e(work_.net.embedded_floats(n)), q(n * 4), state(blocks * state_floats);
    std::memcpy(q.get(), q0, std::size_t(n) * 4 * sizeof(float));
    work_.pool.run(blocks,
              [&](std::int64_t b, int) { std::fill_n(state.get() + b * state_floats, state_floats, 0.0f); });
    LocalResults& results = results_of(1, region.inner.voxels());
    const RegionTaps taps(region, radius);
    const std::vector<LocalScratch> all = work_.scratch(false);

    for (int t = 1; t <= steps; ++t) {
      const Box box = teacher ? inner : grown(region, inner, radius * (steps - t));
      if (teacher) std::memcpy(q.get(), teacher + (t - 1) * n * 4, std::size_t(n) * 4 * sizeof(float));
      work_.embed_box(region, grown(region, box, radius), q.get(), e.get());
      work_.step_coupled(region, taps, box, mask, e.get(), q.get(), state.get(), all, results);
      sink(results.output(0, t));
    }
  }

  // Those of the run before where they are of the same size: a grid's pages are handed out once, not by every run.
  LocalResults& results_of(std::int64_t steps, std::int64_t count) const {
    if (!results_ || held_ != std::array{steps, count}) {
      results_.reset();
      results_.emplace(spec().local, steps, count);
      held_ = {steps, count};
    }
    return *results_;
  }

  const RecurrentKernels& kernels_;
  LocalWork work_;
  mutable std::optional<LocalResults> results_;  // work_.busy guards it
  mutable std::array<std::int64_t, 2> held_{};
};

}  // namespace

std::unique_ptr<Surrogate> make_cpu_engine(const Model& model, const EngineOptions& options,
                                           const RecurrentKernels* kernels) {
  check(model);
  require(model.spec.family == Family::kLocal, Errc::kArgument, "the CPU engine runs the local family");
  const bool fast = options.precision == Precision::kFast && !recurrent_kernels_bf16().empty();
  if (!kernels) kernels = (fast ? recurrent_kernels_bf16() : recurrent_kernels()).front();
  return std::make_unique<CpuEngine>(model, options, *kernels);
}

}  // namespace grainspin

// The nonlocal family on a GPU: one workspace, one kernel for all that lies between two transforms, the Green operator on the
// whole periodic cell, and the steps of a run as CUDA graphs.
//
// A rollout whose launches and outputs are few enough is recorded whole: one graph of T steps, outputs copied by its
// nodes to pinned memory and handed out when it has run. A larger one is two graphs of one step (the step takes its load
// by a counter on the GPU), launched T times: outputs travel on a stream of their own while the next step's first graph runs,
// which does not touch them, and the sink reads the ones before. The steps of a teacher are launched as they are. All give the
// same bits: it is the same work in the same order. While a run goes on the host waits for outputs alone, with the next step
// already under way.
//
// With Precision::kFast the state (x, h) lies in device memory as 16-bit floats; all arithmetic is fp32 as before.
#include "engine_cuda_nonlocal.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace grainspin {

namespace {

template <class Work>
LaunchGraph recorded(const Gpu& gpu, const Work& work) {
  const auto call = [](void* with) { (*static_cast<const Work*>(with))(); };
  return {gpu->record(gpu, call, const_cast<Work*>(&work)), {&gpu}};
}

}  // namespace

CudaNonlocalEngine::CudaNonlocalEngine(const Model& model, const EngineOptions& options)
    : gpu_(cuda_table(options.gpu), options.gpu), spec_(model.spec), half_(options.precision == Precision::kFast) {
  Packed packed;
  place_ = pack(model, packed);
  weights_ = on_device(gpu_, packed.values().data(), std::int64_t(packed.values().size()));
  indices_ = on_device(gpu_, packed.indices().data(), std::int64_t(packed.indices().size()));
  tasks_ = on_device(gpu_, packed.tasks().data(), std::int64_t(packed.tasks().size()));
  gpu_->synchronise(gpu_);  // the numbers above end here
  description_ = std::string("engine, CUDA, ") + gpu_->info(gpu_).name + (half_ ? ", fp32, state in fp16" : ", fp32");
}

// One step's outputs in pinned memory: orientation, increment, stress of the inner part, what was found of the load.
struct CudaNonlocalEngine::Delivery {
  const CudaNonlocalEngine& engine;
  const Region& region;
  const NonlocalStep& step;
  float* sets;
  const std::vector<CellLoad>& loads;
  const std::function<void(const StepOutput&)>& sink;
  bool marked = false;  // for wait_and_hand_out

  float* set(int i) const { return sets + i * engine.set_floats(region); }
  void copy(int i) const {
    const Gpu& gpu = engine.gpu_;
    const std::int64_t n = region.inner.voxels();
    const cuda::SubBox box = step.inner();
    gpu->copy(gpu, set(i), step.found(), 9 * kFloat);
    gpu->copy_box(gpu, set(i) + 16, step.orientation(), box, 16);
    gpu->copy_box(gpu, set(i) + 16 + 4 * n, step.increment(), box, 12);
    if (step.stress()) gpu->copy_box(gpu, set(i) + 16 + 7 * n, step.stress(), box, 24);
  }
  // On the copies' stream, with a mark behind.
  void copy_beside(int i) const {
    const Gpu& gpu = engine.gpu_;
    gpu->on_stream(gpu, kCopyStream);
    gpu->follow(gpu, kMainStream);
    copy(i);
    if (marked) gpu->mark(gpu, i);
    gpu->on_stream(gpu, kMainStream);
  }
  void wait_and_hand_out(int t) const {
    engine.gpu_->wait(engine.gpu_, t & 1);
    hand_out(t, t & 1);
  }
  void hand_out(int t, int i) const {
    const std::int64_t n = region.inner.voxels();
    const float* from = set(i);
    LoadStep load = engine.loads(region)[std::size_t(t - 1)];
    for (std::size_t k = 0; k < 9; ++k) load.L[k] = loads[std::size_t(t - 1)].L[k] + double(from[k]);
    StepOutput output;
    output.step = t;
    output.orientation = from + 16;
    output.increment = from + 16 + 4 * n;
    if (step.stress()) output.stress = from + 16 + 7 * n;
    output.load = &load;
    sink(output);
  }
};

void CudaNonlocalEngine::run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
         const std::function<void(const StepOutput&)>& sink) const {
  check_region(region);
  const std::lock_guard lock(busy_);
  const WorkspaceSize size = required(region, mask);
  check_phases(region);
  std::vector<CellLoad> cell_loads;
  for (const LoadStep& load : loads(region)) cell_loads.push_back(cell_load(load));
  // Outlive the step, whose end waits for the GPU that may still be writing to them.
  const PinnedBuffer<float> outputs(gpu_, sets(region, size) * set_floats(region));
  const NonlocalStep step(gpu_, model(), region, phases(region), mask, cell_loads, size);
  const int T = size.steps;
  if (!teacher) step.orientations(q0);
  LaunchGraph first(nullptr, {&gpu_}), last(nullptr, {&gpu_});
  const Launching launching = teacher ? Launching::kPlain : this->launching(region, size);
  const Delivery delivery{*this, region, step, outputs.get(), cell_loads, sink, launching != Launching::kWholeRun};
  if (launching == Launching::kWholeRun) {
    first = recorded(gpu_, [&] {
      step.warm_up();
      for (int t = 1; t <= T; ++t) {
        step.approach();
        if (t > 1) gpu_->follow(gpu_, kCopyStream);
        step.arrive();
        delivery.copy_beside(t - 1);
      }
      gpu_->follow(gpu_, kCopyStream);
    });
    gpu_->launch(gpu_, first.get());
    gpu_->synchronise(gpu_);
    for (int t = 1; t <= T; ++t) delivery.hand_out(t, t - 1);
    return;
  }
  if (launching == Launching::kGraphsOfAStep) {
    first = recorded(gpu_, [&] { step.approach(); });
    last = recorded(gpu_, [&] { step.arrive(); });
  }
  if (teacher) step.orientations(teacher);
  step.warm_up();
  for (int t = 1; t <= T; ++t) {
    if (teacher && t > 1) {
      gpu_->follow(gpu_, kCopyStream);
      step.orientations(teacher + (t - 1) * region.shape.voxels() * 4);
    }
    if (first) gpu_->launch(gpu_, first.get());
    else step.approach();
    gpu_->follow(gpu_, kCopyStream);
    if (last) gpu_->launch(gpu_, last.get());
    else step.arrive();
    delivery.copy_beside(t & 1);
    if (t > 1) delivery.wait_and_hand_out(t - 1);
  }
  delivery.wait_and_hand_out(T);
}

std::int64_t CudaNonlocalEngine::launches(const Region& region) const {
  const cuda::SpectralShape batches = spectral_of(spectrum_of(padded_cell(region).whole));
  const std::int64_t transforms = 5 / batches.forward_batch + 8 / batches.inverse_batch;
  return cell().passes * (std::int64_t(place_.phases.size()) + 3 + cell().polarisations * (3 * transforms + 1)) + 12;
}

CudaNonlocalEngine::Launching CudaNonlocalEngine::launching(const Region& region, const WorkspaceSize& size) const {
  const std::int64_t step = launches(region);
  if (step * (size.steps + warmups(cell())) <= kGraphLaunches && set_floats(region) * kFloat * size.steps <= kGraphOutputs)
    return Launching::kWholeRun;
  return Launching::kGraphsOfAStep;
}

std::unique_ptr<Surrogate> make_cuda_nonlocal(const Model& model, const EngineOptions& options) {
  return std::make_unique<CudaNonlocalEngine>(model, options);
}

}  // namespace grainspin

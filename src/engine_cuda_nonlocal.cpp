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

#include "region.h"

namespace grainspin {

namespace {

int wanted(const Region& region, int steps) {
  int count = 0;
  for (int t = 1; t <= steps; ++t) count += wants(region, t);
  return count;
}

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

// Outputs in pinned memory: of each of `steps` steps what was found of its load, then sets of fields of the inner part,
// orientation, increment, stress, log variance, as far as they are read. Places of steps are counted from 0.
struct CudaNonlocalEngine::Delivery {
  const CudaNonlocalEngine& engine;
  const Region& region;
  const NonlocalStep& step;
  float* outputs;
  int steps;
  const std::vector<CellLoad>& loads;
  const std::function<void(const StepOutput&)>& sink;
  bool marked = false;  // for wait_and_hand_out

  float* found(int place) const { return outputs + place * kFound; }
  // The fields of set `i`, as far as they are read.
  struct Fields {
    float *orientation, *increment, *stress, *log_variance;
  };
  Fields fields(int i) const {
    const std::int64_t n = region.inner.voxels();
    float* at = outputs + steps * kFound + i * engine.set_floats(region);
    const auto take = [&](bool read, int floats) { return read ? std::exchange(at, at + n * floats) : nullptr; };
    const OutputFields& f = region.fields;
    return {take(true, 4), take(reads_increment(region), 3), take(f.stress && step.stress(), 6),
            take(f.log_variance && step.log_variance(), 3)};
  }
  NonlocalStep::Read read(int t) const {
    const bool wanted = wants(region, t);
    return {wanted && region.fields.stress, wanted && region.fields.log_variance};
  }
  // On the copies' stream, with a mark behind.
  void copy_beside(int t, int place, int set) const {
    const Gpu& gpu = engine.gpu_;
    gpu->on_stream(gpu, kCopyStream);
    gpu->follow(gpu, kMainStream);
    gpu->copy(gpu, found(place), step.found(), 9 * kFloat);
    if (wants(region, t)) {
      const cuda::SubBox box = step.inner();
      const Fields to = fields(set);
      gpu->copy_box(gpu, to.orientation, step.orientation(), box, 16);
      if (to.increment) gpu->copy_box(gpu, to.increment, step.increment(), box, 12);
      if (to.stress) gpu->copy_box(gpu, to.stress, step.stress(), box, 24);
      if (to.log_variance) gpu->copy_box(gpu, to.log_variance, step.log_variance(), box, 12);
    }
    if (marked) gpu->mark(gpu, place);
    gpu->on_stream(gpu, kMainStream);
  }
  void wait_and_hand_out(int t) const {
    engine.gpu_->wait(engine.gpu_, t & 1);
    hand_out(t, t & 1, t & 1);
  }
  void hand_out(int t, int place, int set) const {
    LoadStep load = engine.loads(region)[std::size_t(t - 1)];
    for (std::size_t k = 0; k < 9; ++k) load.L[k] = loads[std::size_t(t - 1)].L[k] + double(found(place)[k]);
    StepOutput output;
    output.step = t;
    output.load = &load;
    if (wants(region, t)) {
      const Fields f = fields(set);
      output.orientation = f.orientation, output.increment = f.increment;
      output.stress = f.stress, output.log_variance = f.log_variance;
    }
    sink(output);
  }
};

// The launches of a step as graphs, one for each set of outputs that is read.
class CudaNonlocalEngine::StepGraphs {
 public:
  StepGraphs(const Gpu& gpu, const NonlocalStep& step) : gpu_(gpu), step_(step) {}
  void prepare(NonlocalStep::Read read) { (void)of(read); }
  void approach(NonlocalStep::Read read) { gpu_->launch(gpu_, of(read).approach.get()); }
  void arrive(NonlocalStep::Read read) { gpu_->launch(gpu_, of(read).arrive.get()); }

 private:
  struct Pair {
    NonlocalStep::Read read;
    LaunchGraph approach, arrive;
  };
  Pair& of(NonlocalStep::Read read) {
    for (Pair& p : pairs_)
      if (p.read == read) return p;
    pairs_.push_back({read, recorded(gpu_, [&] { step_.approach(read); }), recorded(gpu_, [&] { step_.arrive(read); })});
    return pairs_.back();
  }

  const Gpu& gpu_;
  const NonlocalStep& step_;
  std::vector<Pair> pairs_;
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
  const PinnedBuffer<float> outputs(gpu_, output_floats(region, size));
  const NonlocalStep step(gpu_, model(), region, phases(region), mask, cell_loads, size);
  const int T = size.steps;
  if (!teacher) step.orientations(q0);
  const Launching launching = teacher ? Launching::kPlain : this->launching(region, size);
  const bool whole_run = launching == Launching::kWholeRun;
  const Delivery delivery{*this, region, step, outputs.get(), whole_run ? T : 2, cell_loads, sink, !whole_run};
  if (whole_run) {
    const LaunchGraph all = recorded(gpu_, [&] {
      step.warm_up();
      for (int t = 1, set = 0; t <= T; ++t) {
        step.approach(delivery.read(t));
        if (t > 1) gpu_->follow(gpu_, kCopyStream);
        step.arrive(delivery.read(t));
        delivery.copy_beside(t, t - 1, set);
        set += wants(region, t);
      }
      gpu_->follow(gpu_, kCopyStream);
    });
    gpu_->launch(gpu_, all.get());
    gpu_->synchronise(gpu_);
    for (int t = 1, set = 0; t <= T; ++t) {
      delivery.hand_out(t, t - 1, set);
      set += wants(region, t);
    }
    return;
  }
  StepGraphs graphs(gpu_, step);
  for (int t = 1; t <= T && !teacher; ++t) graphs.prepare(delivery.read(t));
  if (teacher) step.orientations(teacher);
  step.warm_up();
  for (int t = 1; t <= T; ++t) {
    const NonlocalStep::Read read = delivery.read(t);
    if (teacher && t > 1) {
      gpu_->follow(gpu_, kCopyStream);
      step.orientations(teacher + (t - 1) * region.shape.voxels() * 4);
    }
    if (teacher) step.approach(read);
    else graphs.approach(read);
    gpu_->follow(gpu_, kCopyStream);
    if (teacher) step.arrive(read);
    else graphs.arrive(read);
    delivery.copy_beside(t, t & 1, t & 1);
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
  if (step * (size.steps + warmups(cell())) <= kGraphLaunches && set_floats(region) * kFloat * wanted(region, size.steps) <= kGraphOutputs)
    return Launching::kWholeRun;
  return Launching::kGraphsOfAStep;
}

std::int64_t CudaNonlocalEngine::set_floats(const Region& region) const {
  const OutputFields& f = region.fields;
  return region.inner.voxels() * (4 + (reads_increment(region) ? 3 : 0) + (f.stress && cell().stress ? 6 : 0) + (f.log_variance && variance() ? 3 : 0));
}

std::int64_t CudaNonlocalEngine::output_floats(const Region& region, const WorkspaceSize& size) const {
  const bool whole_run = launching(region, size) == Launching::kWholeRun;
  // A teacher's run takes two in any case.
  const int steps = std::max(2, whole_run ? size.steps : 2), sets = std::max(2, whole_run ? wanted(region, size.steps) : 2);
  return steps * kFound + sets * set_floats(region);
}

std::unique_ptr<Surrogate> make_cuda_nonlocal(const Model& model, const EngineOptions& options) {
  return std::make_unique<CudaNonlocalEngine>(model, options);
}

}  // namespace grainspin

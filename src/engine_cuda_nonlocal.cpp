// The nonlocal family on a GPU: one workspace, products on blocks of voxels, the Green operator on the whole periodic
// cell, and the steps of a run as one CUDA graph.
//
// A rollout whose launches and outputs are few enough is recorded whole: one graph of T steps, outputs copied by its
// nodes to pinned memory and handed out when it has run. A larger one is a graph of one step (the step takes its load
// by a counter on the GPU), launched T times, outputs copied after each while the sink reads the ones before. A step of
// more launches than a graph is worth (grids of tens of millions of voxels, whose kernels run far longer than their
// launches take) is launched as it is, and so are the steps of a teacher. All give the same bits: it is the same work
// in the same order.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backend.h"
#include "device_rollout.h"
#include "engine_cuda_nonlocal_step.h"
#include "region.h"

namespace grainspin {
namespace {

constexpr std::int64_t kFloat = sizeof(float);

std::string gigabytes(std::int64_t bytes) {
  const std::int64_t hundredths = bytes / 10'000'000;
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (rest.size() == 1 ? ".0" : ".") + rest + " GB";
}

// Without large prime factors: what transforms are fastest at, with the smallest work area.
bool smooth(int n) {
  for (const int p : {2, 3, 5, 7})
    while (n % p == 0) n /= p;
  return n == 1;
}

enum class Launching { kWholeRun, kGraphOfAStep, kPlain };

class CudaNonlocal final : public Surrogate, public OnDevice {
 public:
  CudaNonlocal(const Model& model, const EngineOptions& options)
      : gpu_(cuda_table(options.gpu), options.gpu), spec_(model.spec) {
    Packed packed;
    place_ = pack(model, packed);
    weights_ = on_device(gpu_, packed.values().data(), std::int64_t(packed.values().size()));
    gpu_->synchronise(gpu_);  // the numbers above end here
    description_ = std::string("engine, CUDA, ") + gpu_->info(gpu_).name + ", fp32";
  }

  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override { return description_; }

  // Device memory and pinned host memory together: what does not fit in either is refused before it starts.
  std::int64_t workspace(const Region& region) const override {
    check_region(region);
    const WorkspaceSize size = sized(region, false);
    return device_bytes(region, size) + sets(region, size) * set_floats(region) * kFloat;
  }

  bool fits(const Region& region, bool masked) const override {
    check_region(region);
    return device_bytes(region, sized(region, masked)) <= room();
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    check_region(region);
    const std::lock_guard lock(busy_);
    const WorkspaceSize size = required(region, mask);
    check_phases(region);
    std::vector<CellLoad> cell_loads;
    for (const LoadStep& load : loads(region)) cell_loads.push_back(cell_load(load));
    // Outlive the step, whose end waits for the GPU that may still be writing to them.
    const PinnedBuffer<float> outputs(gpu_, sets(region, size) * set_floats(region));
    const NonlocalWeights model{cell(), place_, weights_.get(), spec_.stress_scale[0]};
    const NonlocalStep step(gpu_, model, region, phases(region), mask, cell_loads, size);
    const Delivery delivery{*this, region, step, outputs.get(), cell_loads, sink};
    const int T = size.steps;
    if (!teacher) step.orientations(q0);
    LaunchGraph graph(nullptr, {&gpu_});
    const Launching launching = teacher ? Launching::kPlain : this->launching(region, size);
    if (launching == Launching::kWholeRun) {
      graph = recorded([&] {
        step.warm_up();
        for (int t = 1; t <= T; ++t) {
          step.launch();
          delivery.copy(t - 1);
        }
      });
      gpu_->launch(gpu_, graph.get());
      gpu_->synchronise(gpu_);
      for (int t = 1; t <= T; ++t) delivery.hand_out(t, t - 1);
      return;
    }
    if (launching == Launching::kGraphOfAStep) graph = recorded([&] { step.launch(); });
    if (teacher) step.orientations(teacher);
    step.warm_up();
    for (int t = 1; t <= T; ++t) {
      if (teacher && t > 1) step.orientations(teacher + (t - 1) * region.shape.voxels() * 4);
      if (graph) gpu_->launch(gpu_, graph.get());
      else step.launch();
      delivery.copy(t & 1);
      gpu_->mark(gpu_, t & 1);
      if (t > 1) delivery.wait_and_hand_out(t - 1);
    }
    delivery.wait_and_hand_out(T);
  }

  const Gpu& gpu() const override { return gpu_; }
  std::mutex& busy() const override { return busy_; }
  std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const override {
    check_whole(region);
    const std::lock_guard lock(busy_);
    return std::make_unique<Steps>(*this, region, q0, mask);
  }
  RolloutSize rollout_size(const Region& region, bool masked) const override {
    const Region one = one_step(region);
    check_whole(one);
    check_region(one);
    const PaddedCell padded = padded_cell(one);
    int systems = 0;
    for (const PhasePlace& p : place_.phases) systems = std::max(systems, p.systems);
    RolloutSize size;
    size.device = device_bytes(padded.whole, masked || place_.phases.size() > 1, 1) + transform_bytes(padded.whole);
    size.host = set_floats(one) * kFloat;
    // Each phase's last block of rows may be padded.
    const std::int64_t rows = rows_of(padded.whole.voxels(), gpu_.table().batch_rows) +
                              std::int64_t(place_.phases.size()) * stride_of(gpu_.table().batch_rows);
    size.carried = region.shape.voxels() * 16 + padded.whole.voxels() * 16 +
                   (rows * systems * (cell().channels + cell().memory) + 4096) * kFloat;
    return size;
  }

 private:
  // Steps one by one; nothing is recorded, since each waits for its load.
  class Steps final : public DeviceRollout {
   public:
    Steps(const CudaNonlocal& engine, const Region& region, const float* q0, const std::uint8_t* mask)
        : engine_(engine), region_(one_step(region)), n_(region.shape.voxels()),
          model_{engine.cell(), engine.place_, engine.weights_.get(), engine.spec_.stress_scale[0]},
          found_there_(engine.gpu_, 9), copies_(engine.gpu_, n_) {
      engine.check_region(region_);
      const WorkspaceSize size = engine.required(region_, mask);
      engine.check_phases(region_);
      step_ = std::make_unique<NonlocalStep>(engine.gpu_, model_, region_, engine.phases(region_), mask,
                                             std::vector<CellLoad>{cell_load(region_.loads[0])}, size);
      region_.phase = nullptr;  // the caller's; in lists by now
      step_->orientations(q0);
      engine.gpu_->synchronise(engine.gpu_);
    }
    ~Steps() override {
      const std::lock_guard lock(engine_.busy_);
      step_.reset();  // waits for the GPU, which writes to the copies
      found_there_ = {};
      copies_.release();
    }

    int step() const override { return done_; }
    const LoadStep* advance(const LoadStep* load) override {
      const std::vector<LoadStep>& own = engine_.spec_.loads;
      require(load || done_ < int(own.size()), Errc::kArgument,
              own.empty() ? std::string("no load: none was given for the step, and the model states none of its own")
                          : "no load was given for the step, and the " + std::to_string(own.size()) +
                                " steps of the model's own load are done");
      found_ = load ? *load : own[std::size_t(done_)];
      const CellLoad cell = cell_load(found_);
      const std::lock_guard lock(engine_.busy_);
      step_->take_load(cell);
      if (done_ == 0) step_->warm_up();
      step_->launch();
      copies_.forget();
      engine_.gpu_->copy(engine_.gpu_, found_there_.get(), step_->found(), 9 * kFloat);
      engine_.gpu_->synchronise(engine_.gpu_);
      for (std::size_t k = 0; k < 9; ++k) found_.L[k] = cell.L[k] + double(found_there_.get()[k]);
      ++done_;
      return &found_;
    }
    const float* field(Field field) const override {
      const std::lock_guard lock(engine_.busy_);
      return copies_.get(field, device_field(field));
    }
    DeviceField device_field(Field field) const override {
      const float* const all[] = {step_->orientation(), step_->increment(), step_->stress(), nullptr};
      return {const_cast<float*>(all[int(field)]), step_->inner()};
    }
    void orientation_placed() override {
      step_->mirror();
      copies_.forget();
    }
    void set_orientation(const float* q) override {
      const std::lock_guard lock(engine_.busy_);
      step_->orientations(q);
      copies_.forget();
      engine_.gpu_->synchronise(engine_.gpu_);
    }
    void restart(const float* q0) override {
      {
        const std::lock_guard lock(engine_.busy_);
        step_->forget();
      }
      set_orientation(q0);
      done_ = 0;
    }
    RolloutSize size() const override {
      RolloutSize size = engine_.rollout_size(region_, true);
      size.carried = n_ * 16 + step_->carried_bytes();
      return size;
    }
    void carry(std::byte* to) const override {
      const std::lock_guard lock(engine_.busy_);
      // Saved states begin with the orientations of the grid.
      engine_.gpu_->copy_box(engine_.gpu_, to, step_->orientation(), step_->inner(), 16);
      step_->carry(to + n_ * 16);
    }
    void resume(const std::byte* from, int step) override {
      const std::lock_guard lock(engine_.busy_);
      step_->resume(from + n_ * 16);
      copies_.forget();
      done_ = step;
    }

   private:
    const CudaNonlocal& engine_;
    Region region_;
    std::int64_t n_;
    NonlocalWeights model_;
    PinnedBuffer<float> found_there_;  // [9]
    mutable HostCopies copies_;
    std::unique_ptr<NonlocalStep> step_;
    LoadStep found_;
    int done_ = 0;
  };

  static Region one_step(Region region) {
    region.loads.assign(1, LoadStep{});
    return region;
  }

  static constexpr std::int64_t kSlack = std::int64_t(32) << 20;  // of the plans and graphs, and what is rounded up
  static constexpr std::int64_t kGraphLaunches = 30'000;  // instantiating a graph takes some microseconds a launch
  static constexpr std::int64_t kGraphOutputs = std::int64_t(1) << 30;  // pinned bytes of all steps of one graph

  // One step's outputs in pinned memory: orientation, increment, stress of the inner part, what was found of the load.
  struct Delivery {
    const CudaNonlocal& engine;
    const Region& region;
    const NonlocalStep& step;
    float* sets;
    const std::vector<CellLoad>& loads;
    const std::function<void(const StepOutput&)>& sink;

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

  template <class Work>
  LaunchGraph recorded(const Work& work) const {
    const auto call = [](void* with) { (*static_cast<const Work*>(with))(); };
    return {gpu_->record(gpu_, call, const_cast<Work*>(&work)), {&gpu_}};
  }

  const NonlocalSpec& cell() const { return spec_.nonlocal; }
  const std::vector<LoadStep>& loads(const Region& region) const {
    return region.loads.empty() ? spec_.loads : region.loads;
  }
  // Lists are made of several phases only.
  const std::int32_t* phases(const Region& region) const {
    return cell().phases.size() == 1 ? nullptr : region.phase;
  }

  void check_region(const Region& region) const {
    check(region);
    for (const auto& axis : region.edge)
      require(axis[0] != Edge::kCut && axis[1] != Edge::kCut, Errc::kArgument,
              "the nonlocal family takes whole grids, not tiles: every voxel sees every other one");
    for (const double s : region.spacing)
      require(std::isfinite(s) && s > 0, Errc::kArgument, "the spacing of the voxels is not a positive number");
    require(region.padding >= 0, Errc::kArgument, "the padding is negative");
    require(!loads(region).empty(), Errc::kArgument, "no load is given, and the model has none of its own");
  }
  void check_phases(const Region& region) const {
    if (!region.phase || phases(region)) return;  // several are checked where their lists are made
    for (std::int64_t v = 0; v < region.shape.voxels(); ++v)
      require(region.phase[v] == 0, Errc::kArgument,
              "voxel " + std::to_string(v) + " is of phase " + std::to_string(region.phase[v]) +
                  ", the model has 1, counted from 0");
  }

  std::int64_t transform_bytes(Shape whole) const {
    if (cell().passes == 0 || whole.voxels() == 1) return 0;
    return gpu_->spectral_bytes(gpu_, spectral_of(spectrum_of(whole), cell().polarisations, cell().stress));
  }
  WorkspaceSize sized(const Region& region, bool masked) const {
    const PaddedCell padded = padded_cell(region);
    WorkspaceSize size;
    size.counts = phase_counts(cell(), padded, phases(region));
    for (const PhasePlace& p : place_.phases) size.systems.push_back(p.systems);
    size.listed = masked || phases(region);
    size.steps = int(loads(region).size());
    size.batch_rows = gpu_.table().batch_rows;
    size.transform_bytes = transform_bytes(padded.whole);
    return size;
  }
  std::int64_t device_bytes(const Region& region, const WorkspaceSize& size) const {
    return workspace_of(cell(), padded_cell(region), size).bytes;
  }
  // The same of a periodic cell all of whose voxels are of the phase with the most systems, without the transforms.
  std::int64_t device_bytes(Shape whole, bool listed, int steps) const {
    WorkspaceSize size{{whole.voxels()}, {0}, listed, steps, gpu_.table().batch_rows, 0};
    for (const PhasePlace& p : place_.phases) size.systems[0] = std::max(size.systems[0], p.systems);
    return workspace_of(cell(), {whole, whole, {}}, size).bytes;
  }
  std::int64_t room() const { return gpu_->info(gpu_).free_bytes - kSlack; }

  WorkspaceSize required(const Region& region, const void* mask) const {
    const std::int64_t room = this->room();
    const PaddedCell padded = padded_cell(region);
    const bool listed = mask || phases(region);
    const int steps = int(loads(region).size());
    const auto cube_bytes = [&](int n) { return device_bytes({n, n, n}, listed, steps); };
    // What cannot fit in any case is refused before its phases are read and its transforms are planned.
    std::int64_t wanted = place_.phases.size() == 1 ? device_bytes(padded.whole, listed, steps) : 0;
    if (wanted <= room) {
      WorkspaceSize size = sized(region, mask);
      wanted = device_bytes(region, size);
      if (wanted <= room) return size;
    }
    int fits = 0;
    for (int step = 1 << 12; step; step /= 2)
      if (cube_bytes(fits + step) <= room) fits += step;
    while (fits > 0 && (!smooth(fits) || cube_bytes(fits) + transform_bytes({fits, fits, fits}) > room)) --fits;
    const Shape n = padded.whole;
    throw Error(Errc::kMemory, std::to_string(n.nx) + " x " + std::to_string(n.ny) + " x " + std::to_string(n.nz) +
                                   " voxels" + (padded.padded() ? " with their padding" : "") + " need " +
                                   gigabytes(wanted) + " of GPU memory, " + gigabytes(std::max<std::int64_t>(room, 0)) +
                                   " are free: " +
                                   (fits ? "a grid of " + std::to_string(fits) + " voxels an edge, padding included, fits"
                                         : std::string("not even one voxel fits")));
  }

  // Of one step, nearly.
  std::int64_t launches(const WorkspaceSize& size) const {
    std::int64_t blocks = 0;
    for (const std::int64_t n : size.counts) blocks += (n + size.batch_rows - 1) / size.batch_rows;
    return blocks * (cell().passes * 8 + 16) + cell().passes * (4 + 14 * std::int64_t(cell().polarisations)) + 12;
  }
  std::int64_t set_floats(const Region& region) const { return 16 + region.inner.voxels() * (cell().stress ? 13 : 7); }
  Launching launching(const Region& region, const WorkspaceSize& size) const {
    const std::int64_t step = launches(size);
    if (step * (size.steps + warmups(cell())) <= kGraphLaunches && set_floats(region) * kFloat * size.steps <= kGraphOutputs)
      return Launching::kWholeRun;
    return step <= kGraphLaunches ? Launching::kGraphOfAStep : Launching::kPlain;
  }
  std::int64_t sets(const Region& region, const WorkspaceSize& size) const {
    return launching(region, size) == Launching::kWholeRun ? std::max(2, size.steps) : 2;
  }

  Gpu gpu_;
  ModelSpec spec_;
  ModelPlace place_;
  DeviceBuffer<float> weights_;
  std::string description_;
  mutable std::mutex busy_;  // one run at a time: there is one stream
};

}  // namespace

std::unique_ptr<Surrogate> make_cuda_nonlocal(const Model& model, const EngineOptions& options) {
  return std::make_unique<CudaNonlocal>(model, options);
}

}  // namespace grainspin

// The local family on a GPU: fixed padded batches of voxels, a launch for each part of a step (cuda/launchers.h).
//
// `neighbours` advances the whole region step by step, state in device memory. `initial` and `own` take a batch
// through all steps, the projection of the neighbours done once; then the steps are handed out. With Precision::kFast one
// kernel does a step, or all of them (engine_cuda_fused.h), and the steps of a small grid are one graph.
#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backend.h"
#include "device_memory.h"
#include "device_rollout.h"
#include "engine_cuda_local.h"
#include "engine_cuda_results.h"
#include "region.h"

namespace grainspin {
namespace {

using cuda::SubBox;

// A size for a person: three digits.
std::string gigabytes(std::int64_t bytes) {
  const std::int64_t hundredths = bytes / 10'000'000;
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (rest.size() == 1 ? ".0" : ".") + rest + " GB";
}

class CudaEngine final : public Surrogate, public OnDevice, private CudaLocal {
 public:
  CudaEngine(const Model& model, const EngineOptions& options) : CudaLocal(model, options) {}

  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override { return description_; }

  // Device memory and pinned host memory together: what does not fit in either is refused before it starts.
  std::int64_t workspace(const Region& region) const override {
    const int sets = recorded(region, nullptr) ? count_wanted(region) : 2;
    return device_bytes(region) + CudaResults::device_bytes(region, false) + sets * CudaResults::pinned_bytes(spec_.local, region);
  }

  bool fits(const Region& region, bool masked) const override {
    return device_bytes(region, masked ? this : nullptr, nullptr) + kSlack <= gpu_->info(gpu_).free_bytes;
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    check(region);
    const std::lock_guard lock(busy_);
    require_memory(region, mask, teacher);
    const DeviceBuffer<std::uint8_t> masks =
        mask ? on_device(gpu_, mask, region.shape.voxels()) : DeviceBuffer<std::uint8_t>();
    const Inputs inputs{region, q0, masks.get(), mask, teacher};
    if (recorded(region, teacher)) run_recorded(inputs, sink);
    else if (coupled()) run_coupled(inputs, sink);
    else run_alone(inputs, sink);
  }

  const Gpu& gpu() const override { return gpu_; }
  std::mutex& busy() const override { return busy_; }
  std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const override {
    return start_cuda_local(*this, region, q0, mask);
  }
  RolloutSize rollout_size(const Region& region, bool masked) const override {
    return cuda_local_rollout_size(*this, region, masked);
  }

 private:
  static constexpr std::int64_t kFloat = sizeof(float);
  static constexpr std::int64_t kSlack = std::int64_t(32) << 20;  // allocations are rounded up to 2 MB each
  struct Inputs {
    const Region& region;
    const float* q0;
    const std::uint8_t *mask, *host_mask;  // on the device, on the host
    const float* teacher;
  };
  std::int64_t device_bytes(const Region& region) const {
    const std::int64_t B = rows(), n = region.shape.voxels(), inner = region.inner.voxels(), T = spec_.steps();
    const std::int64_t results = count_wanted(region) * output_floats(spec_.local);
    if (fused_ && coupled()) return (n * (4 + output_floats(spec_.local)) + state_floats(region.shape)) * kFloat;
    if (fused_) return (n * 4 + inner * results) * kFloat + T * std::int64_t(sizeof(int)) + fused_->scratch_bytes(region.inner);
    std::int64_t floats = B * (cube() + 2 * gates() + head_width_) + n * (4 + channels());
    if (coupled()) floats += padded(n, B) * state() + n * (4 + output_floats(spec_.local) - 4);
    else floats += B * (state() + gates() + channels() + output_floats(spec_.local)) + inner * (4 + results);
    return floats * kFloat;
  }
  int count_wanted(const Region& region) const {
    int count = 0;
    for (int t = 1; t <= spec_.steps(); ++t) count += wants(region, t);
    return count;
  }
  // With the mask and, where it must be there at once, the teacher.
  std::int64_t device_bytes(const Region& region, const void* mask, const void* teacher) const {
    const std::int64_t T = spec_.steps();
    return device_bytes(region) + (mask ? region.shape.voxels() : 0) + CudaResults::device_bytes(region, mask) +
           (teacher && !coupled() ? T * region.inner.voxels() * 4 * kFloat : 0);
  }

  void require_memory(const Region& region, const void* mask, const void* teacher) const {
    const std::int64_t free_bytes = gpu_->info(gpu_).free_bytes, wanted = device_bytes(region, mask, teacher);
    if (wanted + kSlack <= free_bytes) return;
    int fits = 0;  // edge of the largest whole cube
    for (int step = 1 << 11; step; step /= 2) {
      const int n = fits + step;
      Region cube = whole({n, n, n}, {});
      cube.wanted = region.wanted, cube.fields = region.fields, cube.packing = region.packing, cube.judge = region.judge;
      if (device_bytes(cube, mask, teacher) + kSlack <= free_bytes) fits = n;
    }
    throw Error(Errc::kMemory, std::to_string(region.shape.nx) + " x " + std::to_string(region.shape.ny) + " x " +
                                   std::to_string(region.shape.nz) + " voxels at once need " + gigabytes(wanted) +
                                   " of GPU memory, " + gigabytes(free_bytes) + " are free: " +
                                   (fits ? "a tile of " + std::to_string(fits) + " voxels an edge, halo included, fits"
                                         : std::string("not even one batch fits")));
  }

  static SubBox inner(const Region& r) {
    return {r.shape, {r.inner_lo[0], r.inner_lo[1], r.inner_lo[2]}, r.inner};
  }

  // Hands out steps one behind the GPU: while the sink reads one pinned place, the next step is computed.
  class Delivery {
   public:
    Delivery(const CudaEngine& engine, const Inputs& in, const std::function<void(const StepOutput&)>& sink)
        : gpu_(engine.gpu_), sink_(sink), results_(gpu_, engine.spec_.local, in.region, in.host_mask, 2) {}
    // Step `step` of these device fields, of which `box` is asked for.
    void send(int step, const SubBox& box, const CudaFields& fields) {
      results_.copy(sent_ & 1, box, fields);
      gpu_->mark(gpu_, sent_ & 1);
      deliver();
      pending_ = step;
      ++sent_;
    }
    // A step that nobody reads.
    void pass(int step) {
      deliver();
      sink_({.step = step});
    }
    void deliver() {
      if (!pending_) return;
      gpu_->wait(gpu_, (sent_ - 1) & 1);
      sink_(results_.output((sent_ - 1) & 1, std::exchange(pending_, 0)));
    }

   private:
    const Gpu& gpu_;
    const std::function<void(const StepOutput&)>& sink_;
    CudaResults results_;
    int pending_ = 0, sent_ = 0;
  };

  void run_coupled(const Inputs& in, const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t n = in.region.shape.voxels(), numbers = state_floats(in.region.shape);
    const DeviceBuffer<float> first = on_device(gpu_, in.q0, n * 4), second(gpu_, n * 4), e(gpu_, fused_ ? 0 : n * channels());
    const Scratch s = scratch();
    const DeviceBuffer<float> state(gpu_, numbers);
    if (!fused_) gpu_->zero(gpu_, state.get(), numbers * kFloat);
    // Everything but the orientations, which are in `first` and `second`.
    Outputs<DeviceBuffer> out(gpu_, spec_.local, 0);
    out.increment = {gpu_, n * 3};
    if (spec_.local.stress) out.stress = {gpu_, n * 6};
    if (spec_.local.variance) out.log_variance = {gpu_, n * 3};
    Delivery delivery(*this, in, sink);
    const Finish finish{gpu_};

    float* q = first.get();
    float* q_out = second.get();
    for (int t = 1; t <= spec_.steps(); ++t) {
      if (in.teacher) gpu_->copy(gpu_, q, in.teacher + (t - 1) * n * 4, n * 4 * kFloat);
      if (fused_)
        fused_->step(hood(in.region, in.mask), {in.region.shape, {}, in.region.shape}, nullptr, state.get(), t == 1, q,
                     {q_out, out.increment.get(), out.stress.get(), out.log_variance.get()});
      else step_coupled(hood(in.region, in.mask), q, q_out, e.get(), state.get(), s, out);
      if (wants(in.region, t)) delivery.send(t, inner(in.region), {q_out, out.increment.get(), out.stress.get(), out.log_variance.get()});
      else delivery.pass(t);
      std::swap(q, q_out);
    }
    delivery.deliver();
  }

  // Small grids, where launches and waiting would show: all steps and the copies of the wanted ones as one graph, which nothing
  // interrupts. On others a step takes longer than its launch, and its copy runs beside the next one.
  static constexpr std::int64_t kRecordedBytes = std::int64_t(64) << 20;
  bool recorded(const Region& region, const void* teacher) const {
    return fused_ && coupled() && !teacher && count_wanted(region) * CudaResults::pinned_bytes(spec_.local, region) <= kRecordedBytes;
  }
  void run_recorded(const Inputs& in, const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t n = in.region.shape.voxels();
    const DeviceBuffer<float> first = on_device(gpu_, in.q0, n * 4), second(gpu_, n * 4), state(gpu_, state_floats(in.region.shape));
    Outputs<DeviceBuffer> out(gpu_, spec_.local, 0);
    out.increment = {gpu_, n * 3};
    if (spec_.local.stress) out.stress = {gpu_, n * 6};
    if (spec_.local.variance) out.log_variance = {gpu_, n * 3};
    const CudaResults results(gpu_, spec_.local, in.region, in.host_mask, count_wanted(in.region));
    const std::vector<int> slots = this->slots(in.region);
    const SubBox all{in.region.shape, {}, in.region.shape}, box = inner(in.region);
    const auto work = [&] {
      float *q = first.get(), *q_out = second.get();
      for (int t = 0; t < spec_.steps(); ++t, std::swap(q, q_out)) {
        fused_->step(hood(in.region, in.mask), all, nullptr, state.get(), t == 0, q, {q_out, out.increment.get(), out.stress.get(), out.log_variance.get()});
        if (const int place = slots[std::size_t(t)]; place >= 0)
          results.copy(place, box, {q_out, out.increment.get(), out.stress.get(), out.log_variance.get()});
      }
    };
    const auto forget = [this](cuda::Graph* graph) { gpu_->forget(gpu_, graph); };
    const std::unique_ptr<cuda::Graph, decltype(forget)> graph(
        gpu_->record(gpu_, [](void* with) { (*static_cast<decltype(work)*>(with))(); }, const_cast<void*>(static_cast<const void*>(&work))), forget);
    gpu_->launch(gpu_, graph.get());
    gpu_->synchronise(gpu_);
    for (int t = 0; t < spec_.steps(); ++t)
      sink(slots[std::size_t(t)] < 0 ? StepOutput{.step = t + 1} : results.output(slots[std::size_t(t)], t + 1));
  }

  void run_alone(const Inputs& in, const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t n = in.region.shape.voxels(), B = rows(), inside = in.region.inner.voxels();
    const int H = spec_.local.hidden, C = channels(), L = spec_.local.layers, T = spec_.steps();
    const SubBox box = inner(in.region);
    const DeviceBuffer<float> q0 = on_device(gpu_, in.q0, n * 4);
    const DeviceBuffer<float> given(gpu_, in.teacher ? T * inside * 4 : 0);
    if (in.teacher)
      for (int t = 0; t < T; ++t)
        gpu_->copy_box(gpu_, given.get() + t * inside * 4, in.teacher + t * n * 4, box, 16);
    const Outputs<DeviceBuffer> out(gpu_, spec_.local, count_wanted(in.region) * inside);
    const std::vector<int> slots = this->slots(in.region);
    if (fused_) {
      const DeviceBuffer<int> slot = on_device(gpu_, slots.data(), T);
      const DeviceBuffer<std::byte> scratch(gpu_, fused_->scratch_bytes(in.region.inner));
      Delivery delivery(*this, in, sink);
      const Finish finish{gpu_};
      fused_->run(hood(in.region, in.mask), box, q0.get(), in.teacher ? given.get() : nullptr, slot.get(), slots,
                  {out.orientation.get(), out.increment.get(), out.stress.get(), out.log_variance.get()}, scratch.get());
      deliver_all(delivery, in.region, out);
      return;
    }
    const DeviceBuffer<float> e(gpu_, n * C), start(gpu_, inside * 4);
    gpu_->embed(gpu_, input_, n, n, q0.get(), e.get());
    gpu_->copy_box(gpu_, start.get(), q0.get(), box, 16);
    const Scratch s = scratch();
    const Outputs<DeviceBuffer> spare(gpu_, spec_.local, B);  // of a batch, for steps that nobody reads
    const DeviceBuffer<float> state(gpu_, B * this->state()), projected(gpu_, B * gates()), now(gpu_, B * C);
    float* h = state.get();
    float* c = spec_.local.cell == Cell::kLstm ? h + L * B * H : nullptr;
    Delivery delivery(*this, in, sink);
    const Finish finish{gpu_};

    for (std::int64_t at = 0; at < inside; at += B) {
      const int m = int(std::min(B, inside - at));
      project(hood(in.region, in.mask), box, e.get(), at, m, s, projected.get());
      gpu_->zero(gpu_, state.get(), B * this->state() * kFloat);
      const float* q = start.get() + at * 4;
      for (int t = 0; t < T; ++t) {
        if (in.teacher) q = given.get() + (t * inside + at) * 4;
        const bool kept = slots[std::size_t(t)] >= 0;
        const std::int64_t to = kept ? slots[std::size_t(t)] * inside + at : 0;
        const Outputs<DeviceBuffer>& results = kept ? out : spare;
        float* q_out = results.orientation.get() + to * 4;
        step_alone(box, at, m, in.mask, projected.get(), now.get(), q, q_out, h, c, B, s, results, to);
        q = q_out;
      }
    }
    deliver_all(delivery, in.region, out);
  }

  // [T] where among the wanted steps each lies; -1: nowhere.
  std::vector<int> slots(const Region& region) const {
    std::vector<int> slots;
    int next = 0;
    for (int t = 1; t <= spec_.steps(); ++t) slots.push_back(wants(region, t) ? next++ : -1);
    return slots;
  }

  // Results of the wanted steps, [.., inner] on the GPU.
  void deliver_all(Delivery& delivery, const Region& region, const Outputs<DeviceBuffer>& out) const {
    const std::int64_t inside = region.inner.voxels();
    const SubBox dense{region.inner, {}, region.inner};
    const std::vector<int> slots = this->slots(region);
    for (int t = 0; t < spec_.steps(); ++t) {
      const std::int64_t i = slots[std::size_t(t)] * inside;
      if (i < 0) {
        delivery.pass(t + 1);
        continue;
      }
      delivery.send(t + 1, dense, {out.orientation.get() + i * 4, out.increment.get() + i * 3,
                                   spec_.local.stress ? out.stress.get() + i * 6 : nullptr,
                                   spec_.local.variance ? out.log_variance.get() + i * 3 : nullptr});
    }
    delivery.deliver();
  }
};

}  // namespace

std::unique_ptr<Surrogate> make_cuda_engine(const Model& model, const EngineOptions& options) {
  check(model);
  if (model.spec.family == Family::kNonlocal) return make_cuda_nonlocal(model, options);
  return std::make_unique<CudaEngine>(model, options);
}

}  // namespace grainspin

// The local family step by step on a GPU: state and results of all voxels in its memory.
#include <utility>

#include "device_rollout.h"
#include "engine_cuda_local.h"
#include "region.h"

namespace grainspin {
namespace {

constexpr std::int64_t kFloat = sizeof(float);
using cuda::SubBox;

class CudaLocalRollout final : public DeviceRollout {
 public:
  // With the engine's lock held.
  CudaLocalRollout(const CudaLocal& engine, const Region& region, const float* q0, const std::uint8_t* mask)
      : engine_(engine), gpu_(engine.gpu_), region_(region), n_(region.shape.voxels()), stride_(padded(n_, engine.rows())),
        mask_(mask ? on_device(gpu_, mask, n_) : DeviceBuffer<std::uint8_t>()),
        q_(gpu_, n_ * 4), q_out_(gpu_, n_ * 4), e_(gpu_, engine.fused_ ? 0 : n_ * engine.channels()),
        state_(gpu_, engine.state_floats(region.shape)),
        first_(gpu_, engine.coupled() ? 0 : n_ * 4),
        projected_(gpu_, engine.projected_floats(region.shape)),
        now_(gpu_, engine.coupled() || engine.fused_ ? 0 : engine.rows() * engine.channels()),
        scratch_(engine.scratch()), out_(gpu_, engine.spec_.local, 0), copies_(gpu_, n_) {
    region_.phase = nullptr;
    out_.increment = {gpu_, n_ * 3};
    if (engine.spec_.local.stress) out_.stress = {gpu_, n_ * 6};
    if (engine.spec_.local.variance) out_.log_variance = {gpu_, n_ * 3};
    begin(q0);
  }
  ~CudaLocalRollout() override {
    const std::lock_guard lock(engine_.busy_);
    Finish{gpu_};
    const auto release = [](auto&... buffers) { ((buffers = {}), ...); };
    release(mask_, q_, q_out_, e_, state_, first_, projected_, now_);
    release(scratch_.patches, scratch_.gx, scratch_.gh, scratch_.y);
    release(out_.orientation, out_.increment, out_.stress, out_.log_variance);
    copies_.release();
  }

  int step() const override { return done_; }
  const LoadStep* advance(const LoadStep* load) override {
    require(!load, Errc::kArgument, "a model of the local family knows the load it was trained on only: none can be given");
    require(done_ < engine_.spec_.steps(), Errc::kArgument,
            "a model of the local family knows the " + std::to_string(engine_.spec_.steps()) +
                " steps of its load only, and all are done");
    const std::lock_guard lock(engine_.busy_);
    const Neighbourhood hood = engine_.hood(region_, mask_.get());
    if (engine_.fused_) {
      engine_.fused_->step(hood, box(), projected_.get(), state_.get(), done_ == 0, q_.get(),
                           {q_out_.get(), out_.increment.get(), out_.stress.get(), out_.log_variance.get()});
    } else if (engine_.coupled()) {
      engine_.step_coupled(hood, q_.get(), q_out_.get(), e_.get(), state_.get(), scratch_, out_);
    } else {
      const int H = engine_.spec_.local.hidden;
      float* const c =
          engine_.spec_.local.cell == Cell::kLstm ? state_.get() + engine_.spec_.local.layers * stride_ * H : nullptr;
      for (std::int64_t at = 0; at < n_; at += engine_.rows()) {
        const int m = int(std::min<std::int64_t>(engine_.rows(), n_ - at));
        engine_.step_alone(box(), at, m, mask_.get(), projected_.get() + at * engine_.gates(), now_.get(),
                           q_.get() + at * 4, q_out_.get() + at * 4, state_.get() + at * H, c ? c + at * H : nullptr,
                           stride_, scratch_, out_, at);
      }
    }
    std::swap(q_, q_out_);
    copies_.forget();
    gpu_->synchronise(gpu_);  // errors of the step are told by the step
    ++done_;
    return nullptr;
  }
  const float* field(Field field) const override {
    const std::lock_guard lock(engine_.busy_);
    return copies_.get(field, device_field(field));
  }
  DeviceField device_field(Field field) const override {
    const DeviceBuffer<float>* const all[] = {&q_, &out_.increment, &out_.stress, &out_.log_variance};
    return {all[int(field)]->get(), box()};
  }
  void orientation_placed() override { copies_.forget(); }
  void set_orientation(const float* q) override {
    require(engine_.coupled() || engine_.own(), Errc::kArgument,
            "the model's feedback is `initial`: the initial orientations drive all its steps, others would not be seen");
    const std::lock_guard lock(engine_.busy_);
    put(q);
  }
  void set_part(std::int64_t first, std::int64_t count, const float* q) override {
    if (!engine_.coupled()) return Rollout::set_part(first, count, q);
    const std::lock_guard lock(engine_.busy_);
    copies_.forget();
    gpu_->copy(gpu_, q_.get() + first * 4, q, count * 4 * kFloat);
    gpu_->synchronise(gpu_);
  }
  void read_part(std::int64_t first, std::int64_t count, float* to) const override {
    if (!engine_.coupled()) return Rollout::read_part(first, count, to);
    const std::lock_guard lock(engine_.busy_);
    gpu_->copy(gpu_, to, q_.get() + first * 4, count * 4 * kFloat);
    gpu_->synchronise(gpu_);
  }
  void restart(const float* q0) override {
    const std::lock_guard lock(engine_.busy_);
    begin(q0);
  }
  RolloutSize size() const override { return cuda_local_rollout_size(engine_, region_, mask_.get()); }
  void carry(std::byte* to) const override {
    const std::lock_guard lock(engine_.busy_);
    parts([&](float* values, std::int64_t bytes) { gpu_->copy(gpu_, std::exchange(to, to + bytes), values, bytes); });
    gpu_->synchronise(gpu_);
  }
  void resume(const std::byte* from, int step) override {
    const std::lock_guard lock(engine_.busy_);
    parts([&](float* values, std::int64_t bytes) { gpu_->copy(gpu_, values, std::exchange(from, from + bytes), bytes); });
    if (!engine_.coupled()) project();
    copies_.forget();
    gpu_->synchronise(gpu_);
    done_ = step;
  }

 private:
  SubBox box() const { return {region_.shape, {}, region_.shape}; }
  template <class Part>
  void parts(const Part& part) const {
    if (!engine_.coupled()) part(first_.get(), n_ * 4 * kFloat);  // what the neighbours gave comes from these
    part(q_.get(), n_ * 4 * kFloat);
    part(state_.get(), engine_.state_floats(region_.shape) * kFloat);
  }
  void put(const float* q) {
    copies_.forget();
    gpu_->copy(gpu_, q_.get(), q, n_ * 4 * kFloat);
    gpu_->synchronise(gpu_);
  }
  void begin(const float* q0) {
    gpu_->zero(gpu_, state_.get(), engine_.state_floats(region_.shape) * kFloat);
    put(q0);
    if (!engine_.coupled()) {
      gpu_->copy(gpu_, first_.get(), q_.get(), n_ * 4 * kFloat);
      project();
    }
    gpu_->synchronise(gpu_);
    done_ = 0;
  }
  // What the neighbours give every batch, once.
  void project() {
    if (engine_.fused_) return engine_.fused_->project(engine_.hood(region_, mask_.get()), box(), first_.get(), projected_.get());
    gpu_->embed(gpu_, engine_.input_, n_, n_, first_.get(), e_.get());
    for (std::int64_t at = 0; at < n_; at += engine_.rows())
      engine_.project(engine_.hood(region_, mask_.get()), box(), e_.get(), at,
                      int(std::min<std::int64_t>(engine_.rows(), n_ - at)), scratch_,
                      projected_.get() + at * engine_.gates());
  }

  const CudaLocal& engine_;
  const Gpu& gpu_;
  Region region_;
  std::int64_t n_, stride_;
  DeviceBuffer<std::uint8_t> mask_;
  DeviceBuffer<float> q_, q_out_, e_, state_, first_, projected_, now_;
  CudaLocal::Scratch scratch_;
  Outputs<DeviceBuffer> out_;
  mutable HostCopies copies_;
  int done_ = 0;
};

}  // namespace

std::unique_ptr<Rollout> start_cuda_local(const CudaLocal& engine, const Region& region, const float* q0,
                                          const std::uint8_t* mask) {
  check_whole(region);
  const std::lock_guard lock(engine.busy_);
  return std::make_unique<CudaLocalRollout>(engine, region, q0, mask);
}

RolloutSize cuda_local_rollout_size(const CudaLocal& engine, const Region& region, bool masked) {
  check_whole(region);
  const std::int64_t n = region.shape.voxels(), B = engine.rows();
  const bool alone = !engine.coupled(), plain = !engine.fused_;
  RolloutSize size;
  size.host = n * output_floats(engine.spec_.local) * kFloat;
  size.device = (n * (4 + output_floats(engine.spec_.local)) + engine.state_floats(region.shape) +
                 engine.projected_floats(region.shape) + (alone ? n * 4 : 0)) * kFloat + (masked ? n : 0);
  if (plain)
    size.device += (n * engine.channels() + (alone ? B * engine.channels() : 0) +
                    B * (engine.cube() + 2 * engine.gates() + engine.head_width_)) * kFloat;
  size.carried = (n * (alone ? 8 : 4) + engine.state_floats(region.shape)) * kFloat;
  return size;
}

}  // namespace grainspin

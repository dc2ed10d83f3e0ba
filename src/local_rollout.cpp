// The local family step by step: the state of all blocks is kept between steps, and for `initial` and `own` what the
// neighbours gave each block once.
#include <string>

#include "local_work.h"

namespace grainspin {
namespace {

constexpr std::int64_t kFloat = sizeof(float);

std::int64_t blocks_of_grid(const Region& region) { return (region.shape.voxels() + kBlock - 1) / kBlock; }

class LocalRollout : public Rollout {
 public:
  LocalRollout(const LocalWork& work, const Region& region, const std::uint8_t* mask, bool own_state)
      : work_(work), region_(region), n_(region.shape.voxels()),
        mask_(mask ? std::vector<std::uint8_t>(mask, mask + n_) : std::vector<std::uint8_t>()),
        taps_(region, work.spec.local.radius),
        state_(blocks_of_grid(region) * work.net.state_floats()),
        results_(work.spec.local, 1, n_),
        scratch_(work.scratch(own_state)) {
    region_.phase = nullptr;  // the caller's
  }

  int step() const override { return step_; }
  const LoadStep* advance(const LoadStep* load) final {
    require(!load, Errc::kArgument, "a model of the local family knows the load it was trained on only: none can be given");
    require(step_ < work_.spec.steps(), Errc::kArgument,
            "a model of the local family knows the " + std::to_string(work_.spec.steps()) +
                " steps of its load only, and all are done");
    const std::lock_guard lock(work_.busy);
    turn();
    ++step_;
    return nullptr;
  }
  const float* field(Field field) const override {
    const AlignedFloats* const all[] = {&results_.orientation, &results_.increment, &results_.stress, &results_.log_variance};
    return all[int(field)]->get();
  }

 protected:
  virtual void turn() = 0;
  const std::uint8_t* mask() const { return mask_.empty() ? nullptr : mask_.data(); }
  std::int64_t state_bytes() const { return blocks_of_grid(region_) * work_.net.state_floats() * kFloat; }
  void forget() { std::memset(state_.get(), 0, std::size_t(state_bytes())); }
  // `count` numbers of voxels or blocks to a saved state and back; both return what follows.
  static std::byte* put(std::byte* to, const float* from, std::int64_t bytes) {
    std::memcpy(to, from, std::size_t(bytes));
    return to + bytes;
  }
  static const std::byte* take(const std::byte* from, float* to, std::int64_t bytes) {
    std::memcpy(to, from, std::size_t(bytes));
    return from + bytes;
  }

  const LocalWork& work_;
  Region region_;
  std::int64_t n_;
  std::vector<std::uint8_t> mask_;
  RegionTaps taps_;
  AlignedFloats state_;
  LocalResults results_;
  std::vector<LocalScratch> scratch_;
  int step_ = 0;
};

// `initial`, `own`.
class AloneRollout final : public LocalRollout {
 public:
  AloneRollout(const LocalWork& work, const Region& region, const float* q0, const std::uint8_t* mask)
      : LocalRollout(work, region, mask, false), first_(n_ * 4), start_(blocks_of_grid(region) * work.net.start_floats()) {
    restart(q0);
  }

  void set_orientation(const float* q) override {
    require(work_.spec.local.feedback != Feedback::kInitial, Errc::kArgument,
            "the model's feedback is `initial`: the initial orientations drive all its steps, others would not be seen");
    std::memcpy(results_.orientation.get(), q, std::size_t(n_ * 4 * kFloat));
  }
  void restart(const float* q0) override {
    const std::lock_guard lock(work_.busy);
    forget();
    std::memcpy(results_.orientation.get(), q0, std::size_t(n_ * 4 * kFloat));
    begin(q0);
    step_ = 0;
  }
  RolloutSize size() const override { return local_rollout_size(work_, region_, !mask_.empty()); }
  void carry(std::byte* to) const override {
    to = put(to, first_.get(), n_ * 4 * kFloat);
    to = put(to, results_.orientation.get(), n_ * 4 * kFloat);
    put(to, state_.get(), state_bytes());
  }
  void resume(const std::byte* from, int step) override {
    const std::lock_guard lock(work_.busy);
    const AlignedFloats first(n_ * 4);
    from = take(from, first.get(), n_ * 4 * kFloat);
    from = take(from, results_.orientation.get(), n_ * 4 * kFloat);
    take(from, state_.get(), state_bytes());
    begin(first.get());
    step_ = step;
  }

 private:
  // What the neighbours give each block, from their initial orientations; known already where these are the same.
  void begin(const float* q0) {
    if (begun_ && std::memcmp(first_.get(), q0, std::size_t(n_ * 4 * kFloat)) == 0) return;
    begun_ = true;
    std::memcpy(first_.get(), q0, std::size_t(n_ * 4 * kFloat));
    const AlignedFloats e(work_.net.embedded_floats(n_));
    const Box box = inner_box(region_);
    work_.embed_box(region_, box, q0, e.get());
    work_.pool.run(blocks_of_grid(region_), [&](std::int64_t block, int thread) {
      const LocalScratch& s = scratch_[std::size_t(thread)];
      const BlockNetwork::Busy busy(work_.net);
      work_.net.gather(taps_, Lanes(region_, box, block * kBlock), mask(), e.get(), n_, s.patch.get());
      work_.net.project(s.patch.get(), start_.get() + block * work_.net.start_floats(), s.hidden.get());
    });
  }
  void turn() override {
    const Box box = inner_box(region_);
    work_.pool.run(blocks_of_grid(region_), [&](std::int64_t block, int thread) {
      const Lanes lanes(region_, box, block * kBlock);
      const BlockNetwork::Busy busy(work_.net);
      float q[kBlock][4];
      for (int i = 0; i < kBlock; ++i)
        std::memcpy(q[i], results_.orientation.get() + lanes.place[std::size_t(i)] * 4, sizeof q[i]);
      work_.step_alone(lanes, block, start_.get() + block * work_.net.start_floats(),
                       state_.get() + block * work_.net.state_floats(), q[0], mask(), scratch_[std::size_t(thread)],
                       results_, 0);
    });
  }

  AlignedFloats first_, start_;
  bool begun_ = false;
};

// `neighbours`.
class CoupledRollout final : public LocalRollout {
 public:
  CoupledRollout(const LocalWork& work, const Region& region, const float* q0, const std::uint8_t* mask)
      : LocalRollout(work, region, mask, false), q_(n_ * 4), e_(work.net.embedded_floats(n_)) {
    restart(q0);
  }

  void set_orientation(const float* q) override {
    std::memcpy(q_.get(), q, std::size_t(n_ * 4 * kFloat));
    std::memcpy(results_.orientation.get(), q, std::size_t(n_ * 4 * kFloat));
  }
  void set_part(std::int64_t first, std::int64_t count, const float* q) override {
    for (float* to : {q_.get(), results_.orientation.get()}) std::memcpy(to + first * 4, q, std::size_t(count * 4 * kFloat));
  }
  void read_part(std::int64_t first, std::int64_t count, float* to) const override {
    std::memcpy(to, results_.orientation.get() + first * 4, std::size_t(count * 4 * kFloat));
  }
  void restart(const float* q0) override {
    forget();
    set_orientation(q0);
    step_ = 0;
  }
  RolloutSize size() const override { return local_rollout_size(work_, region_, !mask_.empty()); }
  void carry(std::byte* to) const override {
    to = put(to, q_.get(), n_ * 4 * kFloat);
    put(to, state_.get(), state_bytes());
  }
  void resume(const std::byte* from, int step) override {
    from = take(from, q_.get(), n_ * 4 * kFloat);
    std::memcpy(results_.orientation.get(), q_.get(), std::size_t(n_ * 4 * kFloat));
    take(from, state_.get(), state_bytes());
    step_ = step;
  }

 private:
  void turn() override {
    const Box all = inner_box(region_);
    work_.embed_box(region_, all, q_.get(), e_.get());
    work_.step_coupled(region_, taps_, all, mask(), e_.get(), q_.get(), state_.get(), scratch_, results_);
  }

  AlignedFloats q_, e_;
};

}  // namespace

std::unique_ptr<Rollout> start_local(const LocalWork& work, const Region& region, const float* q0,
                                     const std::uint8_t* mask) {
  check_whole(region);
  if (work.spec.local.feedback == Feedback::kNeighbours)
    return std::make_unique<CoupledRollout>(work, region, q0, mask);
  return std::make_unique<AloneRollout>(work, region, q0, mask);
}

RolloutSize local_rollout_size(const LocalWork& work, const Region& region, bool masked) {
  check_whole(region);
  const std::int64_t n = region.shape.voxels(), state = blocks_of_grid(region) * work.net.state_floats();
  const bool coupled = work.spec.local.feedback == Feedback::kNeighbours;
  RolloutSize size;
  size.carried = (state + n * (coupled ? 4 : 8)) * kFloat;
  size.host = (state + n * LocalResults::floats(work.spec.local) + n * 4 + work.net.embedded_floats(n) +
               work.pool.size() * LocalScratch::floats(work.net, false) +
               (coupled ? 0 : blocks_of_grid(region) * work.net.start_floats())) * kFloat +
              (masked ? n : 0) + (1 << 16);
  return size;
}

}  // namespace grainspin

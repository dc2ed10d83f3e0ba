// The nonlocal family step by step on the CPU.
#include <algorithm>
#include <string>

#include "nonlocal_work.h"
#include "region.h"

namespace grainspin {
namespace {

constexpr std::int64_t kFloat = sizeof(float);

class NonlocalRollout final : public Rollout {
 public:
  NonlocalRollout(const NonlocalWork& work, const Region& region, const float* q0, const std::uint8_t* mask)
      : work_(work), region_(region), n_(region.shape.voxels()),
        mask_(mask ? std::vector<std::uint8_t>(mask, mask + n_) : std::vector<std::uint8_t>()),
        run_(work.prepare(region, mask)) {
    region_.phase = nullptr;  // the caller's; sorted into blocks by now
    region_.loads.clear();
    set_orientation(q0);
  }

  int step() const override { return step_; }
  const LoadStep* advance(const LoadStep* load) override {
    const std::vector<LoadStep>& own = work_.spec.loads;
    require(load || step_ < int(own.size()), Errc::kArgument,
            own.empty() ? std::string("no load: none was given for the step, and the model states none of its own")
                        : "no load was given for the step, and the " + std::to_string(own.size()) +
                              " steps of the model's own load are done");
    const LoadStep now = load ? *load : own[std::size_t(step_)];
    (void)cell_load(now);  // throws before anything has changed
    const std::lock_guard lock(work_.busy);
    if (step_ == 0) work_.warm_up(*run_, now);
    found_ = work_.step(*run_, region_, mask_.empty() ? nullptr : mask_.data(), now, nullptr);
    ++step_;
    return &found_;
  }
  const float* field(Field field) const override {
    return field == Field::kOrientation ? run_->orientation.get()
           : field == Field::kIncrement ? run_->increment.get()
           : field == Field::kStress    ? run_->stress.get()
                                        : run_->log_variance.get();
  }
  void set_orientation(const float* q) override {
    const std::lock_guard lock(work_.busy);
    work_.take_orientations(*run_, q);
    std::memcpy(run_->orientation.get(), q, std::size_t(n_ * 4 * kFloat));
  }
  void restart(const float* q0) override {
    std::fill_n(run_->x.get(), run_->cell.x_floats(), 0.0f);
    std::fill_n(run_->h.get(), run_->cell.h_floats(), 0.0f);
    set_orientation(q0);
    step_ = 0;
  }
  RolloutSize size() const override {
    RolloutSize size = nonlocal_rollout_size(work_, region_, !mask_.empty());
    size.carried = (n_ * 4 + work_.carried_floats(*run_)) * kFloat;
    return size;
  }
  void carry(std::byte* to) const override {
    each([&](float* values, std::int64_t count) {
      std::memcpy(to, values, std::size_t(count * kFloat));
      to += count * kFloat;
    });
  }
  void resume(const std::byte* from, int step) override {
    each([&](float* values, std::int64_t count) {
      std::memcpy(values, from, std::size_t(count * kFloat));
      from += count * kFloat;
    });
    step_ = step;
  }

 private:
  template <class Part>
  void each(const Part& part) const {
    part(run_->orientation.get(), n_ * 4);
    part(run_->q.get(), run_->q_floats());  // images of padded cells go their own way
    part(run_->x.get(), run_->cell.x_floats());
    part(run_->h.get(), run_->cell.h_floats());
  }

  const NonlocalWork& work_;
  Region region_;
  std::int64_t n_;
  std::vector<std::uint8_t> mask_;
  std::unique_ptr<NonlocalRun> run_;
  LoadStep found_;
  int step_ = 0;
};

}  // namespace

std::unique_ptr<Rollout> start_nonlocal(const NonlocalWork& work, const Region& region, const float* q0,
                                        const std::uint8_t* mask) {
  check_whole(region);
  check_nonlocal_grid(region, work.spec);
  return std::make_unique<NonlocalRollout>(work, region, q0, mask);
}

RolloutSize nonlocal_rollout_size(const NonlocalWork& work, const Region& region, bool masked) {
  check_whole(region);
  RolloutSize size;
  size.host = work.workspace(region) + (masked ? region.shape.voxels() : 0);
  size.carried = (region.shape.voxels() * 4 + work.most_carried_floats(region)) * kFloat;
  return size;
}

}  // namespace grainspin

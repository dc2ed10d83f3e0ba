// The nonlocal family step by step on a GPU.
#include <string>
#include <utility>
#include <vector>

#include "engine_cuda_nonlocal.h"
#include "region.h"

namespace grainspin {

// Steps one by one; nothing is recorded, since each waits for its load.
class CudaNonlocalEngine::Steps final : public DeviceRollout {
 public:
  Steps(const CudaNonlocalEngine& engine, const Region& region, const float* q0, const std::uint8_t* mask)
      : engine_(engine), region_(one_step(region)), n_(region.shape.voxels()),
        model_(engine.model()), found_there_(engine.gpu_, 9), copies_(engine.gpu_, n_) {
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
    step_->launch({});
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
    const float* const all[] = {step_->orientation(), step_->increment(), step_->stress(), step_->log_variance()};
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
  const CudaNonlocalEngine& engine_;
  Region region_;
  std::int64_t n_;
  NonlocalModel model_;
  PinnedBuffer<float> found_there_;  // [9]
  mutable HostCopies copies_;
  std::unique_ptr<NonlocalStep> step_;
  LoadStep found_;
  int done_ = 0;
};

std::unique_ptr<Rollout> CudaNonlocalEngine::start(const Region& region, const float* q0, const std::uint8_t* mask) const {
  check_whole(region);
  const std::lock_guard lock(busy_);
  return std::make_unique<Steps>(*this, region, q0, mask);
}

}  // namespace grainspin

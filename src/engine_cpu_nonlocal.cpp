// The nonlocal family on the CPU: whole runs. The work of a step: nonlocal_work.h.
#include "engine_cpu.h"
#include "nonlocal_work.h"

namespace grainspin {
namespace {

class CpuNonlocalEngine final : public Surrogate {
 public:
  CpuNonlocalEngine(const Model& model, const EngineOptions& options, const NonlocalKernels& kernels)
      : kernels_(kernels), work_(model, options.threads, kernels) {}

  const ModelSpec& spec() const override { return work_.spec; }
  std::string description() const override {
    return std::string("engine, CPU ") + kernels_.name + ", " + std::to_string(work_.pool.size()) +
           (work_.pool.size() == 1 ? " thread" : " threads");
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    check_nonlocal(region, spec());
    const std::vector<LoadStep>& loads = region.loads.empty() ? spec().loads : region.loads;
    for (const LoadStep& l : loads) (void)cell_load(l);  // all are checked before the first is run
    const std::lock_guard lock(work_.busy);
    const auto r = work_.prepare(region, mask);
    const std::int64_t n = region.shape.voxels();
    work_.take_orientations(*r, teacher ? teacher : q0);
    work_.warm_up(*r, loads.front());
    for (std::size_t t = 0; t < loads.size(); ++t) {
      const float* given = teacher ? teacher + std::int64_t(t) * n * 4 : nullptr;
      if (given && t > 0) work_.take_orientations(*r, given);
      const LoadStep result = work_.step(*r, region, mask, loads[t], given ? given : q0);
      sink({int(t) + 1, r->orientation.get(), r->increment.get(), r->stress.get(), r->log_variance.get(), &result});
    }
  }

  std::int64_t workspace(const Region& region) const override { return work_.workspace(region); }

  std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const override {
    return start_nonlocal(work_, region, q0, mask);
  }
  RolloutSize rollout_size(const Region& region, bool masked) const override {
    return nonlocal_rollout_size(work_, region, masked);
  }

 private:
  const NonlocalKernels& kernels_;
  NonlocalWork work_;
};

}  // namespace

std::unique_ptr<Surrogate> make_cpu_nonlocal_engine(const Model& model, const EngineOptions& options,
                                                    const NonlocalKernels* kernels) {
  check(model);
  return std::make_unique<CpuNonlocalEngine>(model, options, kernels ? *kernels : *nonlocal_kernels().front());
}

}  // namespace grainspin

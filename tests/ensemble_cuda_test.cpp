// An ensemble of engines on a GPU (the launchers on the host): what the CPU gives, whatever form of results is asked for.
#include <algorithm>
#include <cmath>

#include "ensemble_models.h"
#include "grainspin/domain.h"
#include "host_cuda_test.h"

namespace grainspin {
namespace {

using namespace testing;

class EnsembleCuda : public HostCudaTest {};

TEST_F(EnsembleCuda, AsOnTheCpu) {
  Model model = ensemble_of({nonlocal_member(1), nonlocal_member(2)});
  model.spec.domain = with_calibration(model.spec.domain, {5, 0.5, 1, {1, 1, 1}, {1, 1, 1}});
  Region region = whole({6, 5, 4}, {});
  const std::int64_t n = region.shape.voxels();
  const auto q0 = random_orientations(n, 5);
  struct Step {
    std::vector<float> orientation, increment, log_variance;
  };
  const auto run = [&](Device device) {
    std::vector<Step> steps;
    make_engine(model, {.device = device, .threads = 1})->run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
      ASSERT_TRUE(o.orientation && o.increment && o.log_variance);
      EXPECT_TRUE(!o.packed && !o.verdict && !o.verdicts);  // of the members' would be no mean
      steps.push_back({{o.orientation, o.orientation + 4 * n}, {o.increment, o.increment + 3 * n}, {o.log_variance, o.log_variance + 3 * n}});
    });
    return steps;
  };
  const auto cpu = run(Device::kCpu);
  const DomainJudge judge(model.spec);
  for (const bool asked : {false, true}) {
    if (asked) region.packing = Packing::k32, region.judge = &judge, region.fields.increment = false;
    const auto gpu = run(Device::kCuda);
    ASSERT_EQ(gpu.size(), cpu.size());
    for (std::size_t t = 0; t < cpu.size(); ++t) {
      for (std::size_t i = 0; i < cpu[t].orientation.size(); ++i) ASSERT_NEAR(gpu[t].orientation[i], cpu[t].orientation[i], 1e-5);
      for (std::size_t i = 0; i < cpu[t].increment.size(); ++i) {
        ASSERT_NEAR(gpu[t].increment[i], cpu[t].increment[i], 1e-6);
        ASSERT_NEAR(gpu[t].log_variance[i], cpu[t].log_variance[i], 5e-3);
      }
    }
  }
}

}  // namespace
}  // namespace grainspin

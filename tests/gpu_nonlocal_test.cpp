// The nonlocal family on a GPU. Skipped where there is none.
#include <gtest/gtest.h>

#include "backend.h"

namespace grainspin {
class CudaNonlocal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};
}  // namespace grainspin

#include "cuda_nonlocal_output_cases.h"

#include "ensemble_models.h"

namespace grainspin {

// On the host's stand-in: ensemble_cuda_test.
TEST_F(CudaNonlocal, AnEnsembleIsThatOfTheCpu) {
  const Model model = ensemble_of({testing::nonlocal_member(1), testing::nonlocal_member(2)});
  const Region region = whole({6, 5, 4}, {});
  const auto q0 = testing::random_orientations(region.shape.voxels(), 5);
  const auto last = [&](Device device) {
    std::vector<float> q;
    make_engine(model, {.device = device, .threads = 1})->run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
      q.assign(o.orientation, o.orientation + 4 * region.shape.voxels());
    });
    return q;
  };
  const auto cpu = last(Device::kCpu), gpu = last(Device::kCuda);
  ASSERT_EQ(gpu.size(), q0.size());
  for (std::size_t i = 0; i < q0.size(); ++i) ASSERT_NEAR(gpu[i], cpu[i], 1e-5);
}

}  // namespace grainspin

// rollout_cuda_test on a GPU.
#include "rollout_cuda_cases.h"

namespace grainspin {
namespace {

class GpuRollout : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why = cuda_unavailable();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(GpuRollout, NonlocalGivesTheBitsOfARun) { testing::nonlocal_gives_the_bits_of_a_run(); }
TEST_F(GpuRollout, FusedGivesTheBitsOfARun) { testing::fused_gives_the_bits_of_a_run(); }
TEST_F(GpuRollout, LocalGivesTheBitsOfARun) { testing::local_gives_the_bits_of_a_run(); }

}  // namespace
}  // namespace grainspin

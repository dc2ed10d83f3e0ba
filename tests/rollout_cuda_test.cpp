// Steps one by one by the engines on a GPU, against their whole runs, bit for bit; the launchers' table on the host.
#include <cstdlib>

#include "rollout_cuda_cases.h"

namespace grainspin {
namespace {

class CudaRollout : public ::testing::Test {
 protected:
  void SetUp() override { setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1); }
};

TEST_F(CudaRollout, NonlocalGivesTheBitsOfARun) { testing::nonlocal_gives_the_bits_of_a_run(); }
TEST_F(CudaRollout, LocalGivesTheBitsOfARun) { testing::local_gives_the_bits_of_a_run(); }

TEST_F(CudaRollout, OneKernelForAllStepsIsNotTakenApart) {
  const Model model = testing::random_model({Cell::kLstm, 1, 64, 1, Feedback::kInitial}, "432", 3, 7);
  const auto engine = make_cuda_engine(model, {.device = Device::kCuda, .precision = Precision::kFast});
  const auto q0 = testing::random_orientations(8, 1);
  if (engine->description().find("bf16") == std::string::npos) GTEST_SKIP() << engine->description();
  try {
    engine->start(whole({2, 2, 2}, {}), q0.data(), nullptr);
    FAIL() << "started";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kDevice);
  }
}

}  // namespace
}  // namespace grainspin

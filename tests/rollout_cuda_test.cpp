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

TEST_F(CudaRollout, FusedGivesTheBitsOfARun) { testing::fused_gives_the_bits_of_a_run(); }

}  // namespace
}  // namespace grainspin

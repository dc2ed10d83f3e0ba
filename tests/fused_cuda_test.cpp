// Mirrors cuda/fused_elements.h and src/engine_cuda_fused.cpp, with the launchers on the host (host_cuda_fused.cpp): the kernel's
// own code on a warp of 32 threads.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "cuda/fused_launchers.h"
#include "host_cuda_test.h"

namespace grainspin {
class CudaFused : public testing::HostCudaTest {};
}  // namespace grainspin

#include "cuda_fused_cases.h"

namespace grainspin {

TEST_F(CudaFused, WorkspaceIsWhatARunAllocates) {
  const Shape shape{9, 5, 7};
  const auto q0 = random_orientations(shape.voxels(), 9);
  Region region = whole(shape, {});
  region.inner_lo = {1, 2, 0};
  region.inner = {2, 2, 7};
  const auto engine = make_cuda_engine(random_model({Cell::kLstm, 1, 32, 1, Feedback::kOwn, true, true}, "432", 1, 2), {.precision = Precision::kFast});
  const std::int64_t before = host_->peak = host_->allocated;
  engine->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
  const std::int64_t pinned = 2 * 28 * 4 * 16;  // two steps of the inner part
  EXPECT_EQ(host_->peak - before + pinned, engine->workspace(region));
}

// Every place is used once, and a lane's eight numbers of two units lie together.
TEST(FusedMaps, ArePermutations) {
  for (const int hidden : {32, 96}) {
    std::set<int> columns, weights;
    for (int unit = 0; unit < hidden; ++unit)
      for (int sum = 0; sum < cuda::kSums; ++sum) {
        columns.insert(cuda::fused_column(unit, sum));
        EXPECT_EQ(cuda::fused_column(unit, sum) / 8, unit / 2);
        for (int k = 0; k < hidden; ++k) weights.insert(cuda::fused_weight(unit, sum, k, hidden / 16));
      }
    EXPECT_EQ(int(columns.size()), cuda::kSums * hidden);
    EXPECT_EQ(*columns.rbegin(), cuda::kSums * hidden - 1);
    EXPECT_EQ(int(weights.size()), cuda::kSums * hidden * hidden);
    EXPECT_EQ(*weights.rbegin(), cuda::kSums * hidden * hidden - 1);
    std::set<int> heads;
    for (int number = 0; number < cuda::kMostHeads; ++number)
      for (int k = 0; k < hidden; ++k) heads.insert(cuda::fused_head(number, k, hidden / 16));
    EXPECT_EQ(int(heads.size()), cuda::kMostHeads * hidden);
    EXPECT_EQ(*heads.rbegin(), cuda::kMostHeads * hidden - 1);
  }
}

}  // namespace grainspin

// Gram matrix and coordinate descent on a GPU (cuda/regression.cu) against the CPU. Skipped where there is no GPU.
#include <gtest/gtest.h>

#include "backend.h"

namespace grainspin::interactions {
class CudaRegression : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};
}  // namespace grainspin::interactions

#include "cuda_regression_cases.h"

namespace grainspin::interactions {

TEST_F(CudaRegression, RunsAgainWithTheSameBits) {
  const std::vector<BlockMoments> blocks = {block_of(random_rows(400, 300, 0.5, 8)), block_of(random_rows(90, 120, 0.5, 9))};
  const std::vector<Path> a = lasso_paths_on_gpu(blocks, {}), b = lasso_paths_on_gpu(blocks, {});
  for (std::size_t k = 0; k < a.size(); ++k)
    for (std::size_t i = 0; i < a[k].points.size(); ++i) EXPECT_EQ(a[k].points[i].value, b[k].points[i].value);
}

}  // namespace grainspin::interactions

// The fused open loop on a GPU. Skipped where there is none.
#include <gtest/gtest.h>

#include "backend.h"

namespace grainspin {
class CudaFused : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};
}  // namespace grainspin

#include "cuda_fused_cases.h"

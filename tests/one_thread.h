// Tests of small tensors run LibTorch on one thread: on a busy machine more only wait for each other.
#pragma once

#include <gtest/gtest.h>

#include <torch/torch.h>

namespace grainspin::testing {

struct OneThread : ::testing::Environment {
  void SetUp() override { at::set_num_threads(1); }
};
inline const ::testing::Environment* const one_thread = ::testing::AddGlobalTestEnvironment(new OneThread);

}  // namespace grainspin::testing

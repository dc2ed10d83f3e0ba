// A test of what runs on a GPU, with the launchers on the host (host_cuda.cpp).
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "backend.h"
#include "host_cuda.h"

namespace grainspin::testing {

class HostCudaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
    cuda_table();
    void* library = dlopen(GRAINSPIN_HOST_CUDA, RTLD_NOW);
    host_ = &reinterpret_cast<HostCudaFunction>(dlsym(library, "grainspin_host_cuda"))();
  }
  // Whatever a test does, nothing stays allocated.
  void TearDown() override { EXPECT_EQ(host_->allocated, 0); }
  HostCuda* host_ = nullptr;
};

}  // namespace grainspin::testing

// Mirrors src/engine_cuda_nonlocal.cpp, with the launchers on the host (host_cuda_nonlocal.cpp): maps, blocks, phases,
// padding, the workspace, graphs and delivery are the GPU's.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "backend.h"
#include "host_cuda.h"

namespace grainspin {
class CudaNonlocal : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
    cuda_table();
    void* library = dlopen(GRAINSPIN_HOST_CUDA, RTLD_NOW);
    refill_ = reinterpret_cast<cuda::TableFunction>(dlsym(library, cuda::kTableSymbol));
    host_ = &reinterpret_cast<testing::HostCudaFunction>(dlsym(library, "grainspin_host_cuda"))();
    before_ = *host_;
  }
  // Whatever a test does, nothing stays allocated.
  void TearDown() override {
    EXPECT_EQ(host_->allocated, 0);
    *host_ = before_;
    refill_();
  }
  cuda::TableFunction refill_ = nullptr;  // puts what the knobs say into the table
  testing::HostCuda* host_ = nullptr;
  testing::HostCuda before_;
};
}  // namespace grainspin

#include "cuda_nonlocal_cases.h"

namespace grainspin {

TEST_F(CudaNonlocal, WorkspaceIsOneAllocationAndWhatARunTakes) {
  const Shape shape{9, 5, 7};
  const auto q0 = random_orientations(shape.voxels(), 9);
  std::vector<std::int32_t> phase(std::size_t(shape.voxels()));
  for (std::size_t i = 0; i < phase.size(); ++i) phase[i] = std::int32_t(i % 2);
  NonlocalSpec two = small_cell();
  two.phases.push_back(named_phase("bcc24"));
  Region region = whole(shape, {{}, Boundary::kClamped, {}});
  region.inner_lo = {1, 2, 0};
  region.inner = {5, 2, 7};
  for (const bool phases : {false, true}) {
    region.phase = phases ? phase.data() : nullptr;
    const auto engine = make_cuda_engine(random_nonlocal(phases ? two : small_cell(), 4, 2), {});
    const std::int64_t before = host_->peak = host_->allocated, workspace = engine->workspace(region);
    host_->allocations = 0;
    engine->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    const std::int64_t pinned = 4 * (70 * 13 + 16) * 4;  // four steps of the inner part
    EXPECT_EQ(host_->peak - before + pinned, workspace);
    EXPECT_EQ(host_->allocations, 1);
  }
}

TEST_F(CudaNonlocal, TheSizeThatFitsDoesFit) {
  NonlocalSpec s = small_cell();
  s.passes = 1;
  const auto engine = make_cuda_engine(random_nonlocal(s, 1, 2), {});
  host_->free_bytes = host_->allocated + (std::int64_t(33) << 20);
  const auto attempt = [&](int edge) -> std::string {
    const auto q0 = random_orientations(std::int64_t(edge) * edge * edge, 1);
    try {
      engine->run(whole({edge, edge, edge}, {}), q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    } catch (const Error& e) {
      return e.what();
    }
    return {};
  };
  const std::string text = attempt(64);
  const auto at = text.find("a grid of ");
  ASSERT_NE(at, std::string::npos) << text;
  const int fits = std::stoi(text.substr(at + 10));
  EXPECT_GE(fits, 8);
  EXPECT_TRUE(make_cuda_engine(random_nonlocal(s, 1, 2), {})->fits(whole({4, 4, 4}, {}), false));
  EXPECT_FALSE(engine->fits(whole({64, 64, 64}, {}), false));
  EXPECT_EQ(attempt(fits), "");
  EXPECT_NE(attempt(fits * 2), "");
}

// One graph of all steps, one graph of a step, single launches: chosen by the number of launches, the same bits.
TEST_F(CudaNonlocal, EveryWayOfLaunchingGivesTheSameBits) {
  const Shape shape{11, 10, 9};
  const auto q0 = random_orientations(shape.voxels(), 5);
  const auto run = [&](int batch_rows) {
    host_->batch_rows = batch_rows;
    refill_();
    host_->graphs = host_->launches = 0;
    return handed(*make_cuda_engine(random_nonlocal(small_cell(), 6, 3), {}), whole(shape, {}), q0.data());
  };
  const auto whole_run = run(64);
  EXPECT_EQ(host_->graphs, 1);
  EXPECT_EQ(host_->launches, 1);
  const auto of_a_step = run(4);
  EXPECT_EQ(host_->graphs, 1);
  EXPECT_EQ(host_->launches, 6);
  const auto plain = run(1);
  EXPECT_EQ(host_->graphs, 0);
  EXPECT_TRUE(whole_run.same_fields(of_a_step));
  EXPECT_TRUE(whole_run.same_fields(plain));
}

}  // namespace grainspin

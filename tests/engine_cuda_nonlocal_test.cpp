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

#include "cuda_nonlocal_output_cases.h"

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

// One graph of all steps, two graphs of a step, single launches: the same bits.
TEST_F(CudaNonlocal, EveryWayOfLaunchingGivesTheSameBits) {
  const Shape shape{3, 2, 2};
  const auto q0 = random_orientations(12, 5);
  NonlocalSpec s = small_cell();
  s.passes = 1, s.channels = s.width = 1;
  const auto engine = make_cuda_engine(random_nonlocal(s, 2, 3), {});
  Region region = whole(shape, {});
  region.loads.assign(1200, various_loads()[0]);  // more launches than one graph is given
  region.loads[7] = various_loads()[2];
  host_->graphs = host_->launches = 0;
  const Handed steps = handed(*engine, region, q0.data());
  EXPECT_EQ(host_->graphs, 2);
  EXPECT_EQ(host_->launches, 2400);
  Region some = region;
  some.loads.resize(40);
  host_->graphs = host_->launches = 0;
  const Handed whole_run = handed(*engine, some, q0.data());
  EXPECT_EQ(host_->graphs, 1);
  EXPECT_EQ(host_->launches, 1);
  const std::size_t n = whole_run.orientation.size();
  EXPECT_TRUE(std::equal(whole_run.orientation.begin(), whole_run.orientation.end(), steps.orientation.begin()));
  EXPECT_TRUE(std::equal(whole_run.stress.begin(), whole_run.stress.end(), steps.stress.begin()));
  std::vector<float> path = q0;
  path.insert(path.end(), steps.orientation.begin(), steps.orientation.begin() + std::ptrdiff_t(n) - 48);
  host_->graphs = 0;
  EXPECT_TRUE(whole_run.same_fields(handed(*engine, some, q0.data(), nullptr, path.data())));
  EXPECT_EQ(host_->graphs, 0);
}

// Between its first launch and its last nothing of a run waits on the host; a run too long for one graph waits for each
// step's outputs, when the next step is under way.
TEST_F(CudaNonlocal, TheHostWaitsForOutputsAlone) {
  const auto q0 = random_orientations(12, 5);
  NonlocalSpec s = small_cell();
  s.passes = 1, s.channels = s.width = 1;
  const auto engine = make_cuda_engine(random_nonlocal(s, 2, 3), {});
  Region region = whole({3, 2, 2}, {});
  for (const int T : {20, 1200}) {
    region.loads.assign(std::size_t(T), various_loads()[0]);
    host_->waits = host_->synchronised = host_->launches = 0;
    int seen = 0;
    engine->run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
      ++seen;
      if (T == 20) {
        EXPECT_EQ(host_->synchronised, 1);
        EXPECT_EQ(host_->waits, 0);
      } else {
        EXPECT_EQ(host_->synchronised, 0);
        EXPECT_EQ(host_->waits, o.step);
        EXPECT_EQ(host_->launches, 2 * std::min(o.step + 1, T));
      }
    });
    EXPECT_EQ(seen, T);
  }
}

// A thread a warp with barriers, rows in device memory in the place of shared memory: the same bits.
TEST_F(CudaNonlocal, ATileIsTheSameByWarpsAndInAnyMemory) {
  NonlocalSpec s = small_cell();
  s.phases.push_back(named_phase("hcp18", 1.62));
  s.passes = 1;
  const Shape shape{9, 5, 2};
  const auto q0 = random_orientations(shape.voxels(), 9);
  std::vector<std::int32_t> phase(90);
  for (std::size_t i = 0; i < 90; ++i) phase[i] = std::int32_t(i / 3 % 2);
  Region region = whole(shape, {});
  region.phase = phase.data();
  const Model model = testing::with_random_head(random_nonlocal(s, 2, 3), 4, 6);
  for (const Precision precision : {Precision::kStrict, Precision::kFast}) {
    const auto engine = make_cuda_engine(model, {.precision = precision});
    host_->tile_threads = false, host_->shared_bytes = 227 << 10;
    const Handed plain = handed(*engine, region, q0.data());
    const std::int64_t bytes = engine->workspace(region);
    host_->tile_threads = true;
    EXPECT_TRUE(plain.same_fields(handed(*engine, region, q0.data())));
    host_->tile_threads = false, host_->shared_bytes = 1 << 10;
    EXPECT_TRUE(plain.same_fields(handed(*engine, region, q0.data())));
    EXPECT_GT(engine->workspace(region), bytes);
  }
}

// Bytes to the host of a run: what was found of every load, and the fields of the wanted steps that are read.
TEST_F(CudaNonlocal, OnlyWhatIsWantedIsCopied) {
  const Model model = testing::with_random_head(random_nonlocal(small_cell(), 6, 17), 4, 6);
  const auto q0 = random_orientations(60, 3);
  const auto engine = make_cuda_engine(model, {});
  Region region = whole({5, 4, 3}, {});
  const auto bytes = [&] {
    host_->to_host = 0;
    engine->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    return host_->to_host;
  };
  const std::int64_t all = engine->workspace(region);
  EXPECT_EQ(bytes(), 6 * (36 + 60 * 64));
  region.wanted = {0, 0, 1, 0, 0, 1};
  EXPECT_EQ(bytes(), 6 * 36 + 2 * 60 * 64);
  EXPECT_EQ(all - engine->workspace(region), 4 * 60 * 64);
  region.fields = {false, false, false};
  EXPECT_EQ(bytes(), 6 * 36 + 2 * 60 * 16);
  EXPECT_EQ(all - engine->workspace(region), 6 * 60 * 64 - 2 * 60 * 16);
}

// Steps that differ in what is read are different graphs, each recorded once, all of them before the first is launched.
TEST_F(CudaNonlocal, LongRunsSkipWhatNobodyReads) {
  const auto q0 = random_orientations(12, 5);
  NonlocalSpec s = small_cell();
  s.passes = 1, s.channels = s.width = 1;
  const auto engine = make_cuda_engine(testing::with_random_head(random_nonlocal(s, 2, 3), 3, 1), {});
  Region region = whole({3, 2, 2}, {});
  region.loads.assign(1200, various_loads()[0]);
  const Handed all = handed(*engine, region, q0.data());
  region.wanted.assign(1200, 0);
  region.wanted[3] = region.wanted[1199] = 1;
  host_->graphs = host_->launches = 0;
  host_->to_host = 0;
  engine->run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
    EXPECT_EQ(host_->graphs, 4);
    EXPECT_EQ(o.orientation != nullptr, wants(region, o.step));
    if (!o.orientation) return;
    EXPECT_TRUE(std::equal(o.orientation, o.orientation + 48, all.orientation.begin() + (o.step - 1) * 48));
    EXPECT_TRUE(std::equal(o.stress, o.stress + 72, all.stress.begin() + (o.step - 1) * 72));
    EXPECT_TRUE(std::equal(o.log_variance, o.log_variance + 36, all.log_variance.begin() + (o.step - 1) * 36));
  });
  EXPECT_EQ(host_->launches, 2400);
  EXPECT_EQ(host_->to_host, 1200 * 36 + 2 * 12 * 64);
}

}  // namespace grainspin

// Mirrors src/engine_cuda.cpp, with the launchers on the host (host_cuda.cpp): batches, offsets, feedback, masks,
// delivery and memory are the GPU's.
#include <gtest/gtest.h>

#include "host_cuda_test.h"

namespace grainspin {
class CudaEngine : public testing::HostCudaTest {};
}  // namespace grainspin

#include "cuda_engine_cases.h"

namespace grainspin {

TEST_F(CudaEngine, WorkspaceIsWhatARunAllocates) {
  const Shape shape{9, 5, 7};
  const auto q0 = random_orientations(shape.voxels(), 9);
  Region region = whole(shape, {});
  region.inner_lo = {1, 2, 0};
  region.inner = {5, 2, 7};
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Feedback feedback : kFeedbacks)
      for (const int layers : {1, 2}) {
        const bool heads = layers == 2;
        const LocalSpec local{cell, layers, 32, 1, feedback, heads, heads};
        const auto engine = make_cuda_engine(random_model(local, "432", 4, 2), {});
        const std::int64_t before = host_->peak = host_->allocated;
        engine->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
        const std::int64_t pinned = 2 * 70 * 4 * (heads ? 16 : 7);  // two steps of the inner part
        EXPECT_EQ(host_->peak - before + pinned, engine->workspace(region)) << name(feedback) << " x" << layers;
      }
}

// 4 bytes of packed orientation and a verdict a voxel in the place of 28.
TEST_F(CudaEngine, PackedStepsAreLessToCopy) {
  const Shape shape{9, 5, 7};
  const auto q0 = random_orientations(shape.voxels(), 9);
  Model model = random_model({Cell::kGru, 1, 32, 1, Feedback::kOwn}, "432", 4, 2);
  model.spec.domain = narrow_domain(0.1);
  const DomainJudge judge(model.spec);
  const auto engine = make_cuda_engine(model, {});
  Region region = whole(shape, {});
  const auto bytes = [&] {
    host_->to_host = 0;
    const std::int64_t before = host_->peak = host_->allocated;
    engine->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    const std::int64_t copied = std::exchange(host_->to_host, 0);
    EXPECT_EQ(host_->peak - before + copied / 2, engine->workspace(region));  // two of four steps are pinned at a time
    return copied;
  };
  EXPECT_EQ(bytes(), 4 * 315 * 28);
  region.fields = {false, false, false};
  region.judge = &judge;
  region.packing = Packing::k32;
  EXPECT_EQ(bytes(), 4 * (315 * 5 + std::int64_t(sizeof(cuda::VoxelSums))));
  region.packing = Packing::k64;
  EXPECT_EQ(bytes(), 4 * (315 * 9 + std::int64_t(sizeof(cuda::VoxelSums))));
}

TEST_F(CudaEngine, TheSizeThatFitsDoesFit) {
  const auto engine = make_cuda_engine(random_model({Cell::kGru, 1, 32, 0, Feedback::kInitial}, "432", 2, 2), {});
  const std::int64_t all = host_->free_bytes;
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
  const auto at = text.find("a tile of ");
  ASSERT_NE(at, std::string::npos) << text;
  const int fits = std::stoi(text.substr(at + 10));
  EXPECT_GT(fits, 8);
  EXPECT_EQ(attempt(fits), "");
  EXPECT_NE(attempt(fits + 1), "");
  host_->free_bytes = all;
}

}  // namespace grainspin

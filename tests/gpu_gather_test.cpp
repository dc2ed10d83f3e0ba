// The gather on a GPU (cuda/grid.cu), by the definition in gather_cases.h. Skipped where there is no GPU.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "backend.h"
#include "device_memory.h"
#include "gather_cases.h"
#include "local_oracle.h"

namespace grainspin {

using namespace testing;

class CudaGather : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};

// What a launch writes to n floats of memory that was NaN before.
std::vector<float> result(const Gpu& gpu, std::size_t n, const std::function<void(float*)>& launch) {
  std::vector<float> values(n, std::nanf(""));
  const auto memory = on_device(gpu, values.data(), std::int64_t(n));
  launch(memory.get());
  gpu->copy(gpu, values.data(), memory.get(), std::int64_t(n * sizeof(float)));
  gpu->synchronise(gpu);
  return values;
}

TEST_F(CudaGather, FollowsTheDefinition) {
  const Gpu gpu(cuda_table(0), 0);
  for (const GatherCase& c : gather_cases()) {
    const std::int64_t n = c.shape.voxels();
    const auto field = ramp(n * c.channels);
    const auto mask = c.masked ? third_masked(c.shape) : std::vector<std::uint8_t>{};
    auto expected = by_definition(c.shape, c.boundaries, mask, c.radius, c.channels, field, every_voxel(c.shape));
    const int rows = int(n) + 5;
    expected.resize(std::size_t(rows) * std::size_t(taps(c.radius) * c.channels), 0.0f);  // padding
    const auto f = on_device(gpu, field.data(), std::int64_t(field.size()));
    const auto m = on_device(gpu, mask.data(), std::int64_t(mask.size()));
    const auto got = result(gpu, expected.size(), [&](float* out) {
      gpu->gather_patches(gpu, {c.shape, c.boundaries, c.radius, m.get()}, c.channels, f.get(),
                          {{c.shape, {}, c.shape}, 0, nullptr, int(n), rows}, out);
    });
    ASSERT_EQ(got, expected) << label(c);
  }
}

TEST_F(CudaGather, ListsAndBoxesOfCentres) {
  const Gpu gpu(cuda_table(0), 0);
  const Shape s{21, 13, 17};
  const auto field = ramp(s.voxels() * 9);
  const auto f = on_device(gpu, field.data(), std::int64_t(field.size()));
  auto list = every_voxel(s);
  std::shuffle(list.begin(), list.end(), std::mt19937(3));
  const auto centres = on_device(gpu, list.data(), std::int64_t(list.size()));
  auto expected = by_definition(s, {}, {}, 1, 9, field, list);
  EXPECT_EQ(result(gpu, expected.size(), [&](float* out) {
              gpu->gather_patches(gpu, {s, {}, 1, nullptr}, 9, f.get(), {{}, 0, centres.get(), int(list.size()), int(list.size())}, out);
            }), expected);
  std::vector<std::int64_t> box;  // its voxels from the fourth on
  for (int z = 2; z < 7; ++z)
    for (int y = 12; y < 13; ++y)
      for (int x = 5; x < 16; ++x) box.push_back((z * s.ny + y) * s.nx + x);
  box.erase(box.begin(), box.begin() + 3);
  expected = by_definition(s, {}, {}, 1, 9, field, box);
  EXPECT_EQ(result(gpu, expected.size(), [&](float* out) {
              gpu->gather_patches(gpu, {s, {}, 1, nullptr}, 9, f.get(),
                                  {{s, {5, 12, 2}, {11, 1, 5}}, 3, nullptr, int(box.size()), int(box.size())}, out);
            }), expected);
}

TEST_F(CudaGather, EmbeddedOnTheFlyIsTheEmbeddingOfEachTap) {
  const Gpu gpu(cuda_table(0), 0);
  const Shape s{9, 8, 7};
  for (const char* group : {"432", "622", "222"}) {
    const InputSpec spec = input_spec(random_model({}, group, 1, 5).spec);
    const int size = spec.embedding.size, n = int(s.voxels()), rows = n + 3;
    const auto q = random_orientations(n, 4);
    const auto on_gpu = on_device(gpu, q.data(), std::int64_t(q.size()));
    std::vector<float> e(std::size_t(n * size));
    for (int v = 0; v < n; ++v)
      embed_input(spec, Quat{q[4 * v], q[4 * v + 1], q[4 * v + 2], q[4 * v + 3]}, &e[std::size_t(v * size)]);
    auto expected = by_definition(s, {}, {}, 1, size, e, every_voxel(s));
    expected.resize(std::size_t(rows) * 27 * std::size_t(size), 0.0f);
    const auto got = result(gpu, expected.size(), [&](float* out) {
      gpu->gather_embedded(gpu, {s, {}, 1, nullptr}, spec, on_gpu.get(), {{s, {}, s}, 0, nullptr, n, rows}, out);
    });
    const auto embedded = result(gpu, std::size_t(rows * size),
                                 [&](float* out) { gpu->embed(gpu, spec, n, rows, on_gpu.get(), out); });
    // The GPU contracts multiply and add; normalised embeddings are of order 5.
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(got[i], expected[i], 2e-5) << group << " at " << i;
    for (std::size_t i = 0; i < embedded.size(); ++i)
      ASSERT_NEAR(embedded[i], i < e.size() ? e[i] : 0.0f, 2e-5) << group << " at " << i;
  }
}

}  // namespace grainspin

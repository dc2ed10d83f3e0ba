// The nonlocal family behind make_libtorch(): whole runs against the definition, faces, masks, loads,
// teacher.
#include <gtest/gtest.h>

#include <vector>

#include "local_oracle.h"
#include "networks/networks.h"
#include "nonlocal_definition.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::NonlocalDefinition;
using testing::phase_of;
using testing::random_cell;
using testing::random_orientations;
using testing::small_nonlocal;

// The surrogate's run, [steps][inner voxels][numbers].
struct Collected {
  std::vector<float> orientation, increment, stress;
  std::vector<LoadStep> loads;
};
Collected collect(const Surrogate& s, const Region& region, const std::vector<float>& q0,
                  const std::uint8_t* mask = nullptr, const float* teacher = nullptr) {
  Collected all;
  const std::int64_t n = region.inner.voxels();
  s.run(region, q0.data(), mask, teacher, [&](const StepOutput& o) {
    all.orientation.insert(all.orientation.end(), o.orientation, o.orientation + 4 * n);
    all.increment.insert(all.increment.end(), o.increment, o.increment + 3 * n);
    if (o.stress) all.stress.insert(all.stress.end(), o.stress, o.stress + 6 * n);
    all.loads.push_back(*o.load);
  });
  return all;
}

TEST(NonlocalReference, RunsTheDefinitionOverItsSteps) {
  const Model model = random_cell(small_nonlocal(), 5, 4);
  const Shape shape{3, 4, 2};
  const auto q0 = random_orientations(24, 8);
  std::vector<std::uint8_t> mask(24, 1);
  mask[5] = mask[17] = 0;
  Region region = whole(shape, {});
  region.spacing = {1, 2, 1};
  const auto got = collect(*make_libtorch(model, {.threads = 1}, true), region, q0, mask.data());
  NonlocalDefinition oracle(model, shape, region.spacing, {}, mask);
  std::vector<Quatd> q;
  for (int v = 0; v < 24; ++v) q.push_back({q0[4 * v], q0[4 * v + 1], q0[4 * v + 2], q0[4 * v + 3]});
  for (int t = 0; t < 4; ++t) {
    const auto want = oracle.step(model.spec.loads[t], q);
    for (int v = 0; v < 24; ++v) {
      const auto& w = want.increment[v];
      q[v] = exp(Vec3<double>{w[0], w[1], w[2]}) * q[v];
      const double expected[4] = {q[v].w, q[v].x, q[v].y, q[v].z};
      for (int i = 0; i < 4; ++i) ASSERT_NEAR(got.orientation[(t * 24 + v) * 4 + i], expected[i], 2e-7);
      for (int i = 0; i < 3; ++i) ASSERT_NEAR(got.increment[(t * 24 + v) * 3 + i], w[i], 1e-7);
      for (int i = 0; i < 6; ++i)
        ASSERT_NEAR(got.stress[(t * 24 + v) * 6 + i], want.stress[v][i] * model.spec.stress_scale[0], 60);
    }
    for (int i = 0; i < 9; ++i) EXPECT_NEAR(got.loads[t].L[i], want.L[i], 1e-10);
    EXPECT_EQ(got.loads[t].prescribed, model.spec.loads[t].prescribed);
  }
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(got.orientation[(3 * 24 + 5) * 4 + i], q0[5 * 4 + i]);  // masked: kept
  // In single precision the same to rounding.
  const auto single = collect(*make_libtorch(model, {.threads = 1}), region, q0, mask.data());
  for (std::size_t i = 0; i < got.orientation.size(); ++i)
    EXPECT_NEAR(single.orientation[i], got.orientation[i], 2e-5);
}

// Faces: the same as the periodic cell that holds the mirror images.
TEST(NonlocalReference, PadsFacesWithMirrorImages) {
  Model model = random_cell(small_nonlocal({phase_of("fcc"), phase_of("bcc24")}), 5, 2);
  const Shape shape{2, 3, 2}, cell{6, 7, 2};  // padding 2: x is given its extent, y two layers, z wraps
  const auto q0 = random_orientations(12, 8);
  std::vector<std::int32_t> phase;
  for (int v = 0; v < 12; ++v) phase.push_back(v % 3 == 0);
  const int of_x[6] = {1, 0, 0, 1, 1, 0}, of_y[7] = {1, 0, 0, 1, 2, 2, 1};
  std::vector<float> q_cell;
  std::vector<std::int32_t> phase_cell;
  std::vector<std::size_t> inside(12);
  for (int z = 0; z < 2; ++z)
    for (int y = 0; y < 7; ++y)
      for (int x = 0; x < 6; ++x) {
        const std::size_t from = std::size_t((z * 3 + of_y[y]) * 2 + of_x[x]);
        if (x >= 2 && x < 4 && y >= 2 && y < 5) inside[from] = phase_cell.size();
        q_cell.insert(q_cell.end(), q0.begin() + std::ptrdiff_t(4 * from),
                      q0.begin() + std::ptrdiff_t(4 * from + 4));
        phase_cell.push_back(phase[from]);
      }
  const auto surrogate = make_libtorch(model, {.threads = 1}, true);
  Region region = whole(shape, {Boundary::kClamped, Boundary::kClamped, Boundary::kPeriodic}),
         all = whole(cell, {});
  region.padding = 2;
  region.phase = phase.data(), all.phase = phase_cell.data();
  region.loads = all.loads = testing::varied_loads(3);
  const auto got = collect(*surrogate, region, q0), want = collect(*surrogate, all, q_cell);
  ASSERT_EQ(got.loads.size(), 3u);
  for (int t = 0; t < 3; ++t)
    for (std::size_t v = 0; v < 12; ++v)
      for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(got.increment[(std::size_t(t) * 12 + v) * 3 + i],
                  want.increment[(std::size_t(t) * 84 + inside[v]) * 3 + i]);
}

TEST(NonlocalReference, ReadsTheTeacherAndTheInnerPart) {
  const Model model = random_cell(small_nonlocal(), 5, 2);
  const auto q0 = random_orientations(24, 8), other = random_orientations(24, 9);
  const auto surrogate = make_libtorch(model, {.threads = 1});
  Region region = whole({3, 4, 2}, {});
  const auto free = collect(*surrogate, region, q0);
  std::vector<float> teacher = q0;
  teacher.insert(teacher.end(), free.orientation.begin(), free.orientation.begin() + 96);
  EXPECT_EQ(collect(*surrogate, region, q0, nullptr, teacher.data()).increment, free.increment);
  std::copy(other.begin(), other.end(), teacher.begin() + 96);
  EXPECT_NE(collect(*surrogate, region, q0, nullptr, teacher.data()).increment, free.increment);
  region.inner = {1, 2, 1}, region.inner_lo = {2, 1, 1};
  const auto part = collect(*surrogate, region, q0);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(part.increment[i], free.increment[((1 * 4 + 1) * 3 + 2) * 3 + i]);
    EXPECT_EQ(part.increment[3 + i], free.increment[((1 * 4 + 2) * 3 + 2) * 3 + i]);
  }
}

TEST(NonlocalReference, RefusesCutsAndMissingLoads) {
  Model model = random_cell(small_nonlocal(), 5, 2);
  const auto q0 = random_orientations(8, 8);
  Region region = whole({2, 2, 2}, {});
  region.edge[1] = {Edge::kFace, Edge::kCut};
  EXPECT_THROW(collect(*make_libtorch(model, {}), region, q0), Error);
  model.spec.loads.clear();
  EXPECT_THROW(collect(*make_libtorch(model, {}), whole({2, 2, 2}, {}), q0), Error);
}

}  // namespace
}  // namespace grainspin

// The engine against LibTorch's own LSTM and GRU (networks/reference.cpp), on every setting, in fp32: within
// 1e-4 rad after 13 steps. The nearest oracle is engine_test's; this one shows that what was trained is what
// runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "grainspin/surrogate.h"
#include "local_oracle.h"
#include "networks/networks.h"

namespace grainspin {
namespace {

using testing::angle_between;
using testing::random_model;
using testing::random_orientations;

struct Collected {
  std::vector<float> orientation, increment, stress, log_variance;
};

Collected collect(const Surrogate& s, const Region& region, const float* q0, const std::uint8_t* mask,
                  const float* teacher) {
  Collected all;
  const std::int64_t n = region.inner.voxels();
  const auto append = [n](std::vector<float>& to, const float* from, int numbers) {
    if (from) to.insert(to.end(), from, from + n * numbers);
  };
  s.run(region, q0, mask, teacher, [&](const StepOutput& o) {
    append(all.orientation, o.orientation, 4);
    append(all.increment, o.increment, 3);
    append(all.stress, o.stress, 6);
    append(all.log_variance, o.log_variance, 3);
  });
  return all;
}

double worst(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    most = std::max(most, double(std::abs(a[i] - b[i])));
  return most;
}

void expect_agreement(const LocalSpec& local, const char* group, Shape shape, Boundaries boundaries,
                      bool masked, bool given) {
  constexpr int kSteps = 13;
  const Model model = random_model(local, group, kSteps, 3);
  const std::int64_t n = shape.voxels();
  const auto q0 = random_orientations(n, 1), teacher = random_orientations(n * kSteps, 2);
  std::vector<std::uint8_t> mask(n, 1);
  for (std::int64_t i = 0; i < n; i += 4) mask[i] = 0;
  const auto run = [&](const Surrogate& s) {
    return collect(s, whole(shape, boundaries), q0.data(), masked ? mask.data() : nullptr,
                   given ? teacher.data() : nullptr);
  };
  const auto engine = run(*make_engine(model, {.threads = 1}));
  const auto torch = run(*make_libtorch(model, {.threads = 1}));
  const std::string where = std::string(name(local.cell)) + " layers " + std::to_string(local.layers) +
                            " hidden " + std::to_string(local.hidden) + " radius " +
                            std::to_string(local.radius) + " " + name(local.feedback) + " " + group;
  ASSERT_EQ(engine.orientation.size(), torch.orientation.size()) << where;
  double angle = 0;
  for (std::size_t i = 0; i < engine.orientation.size(); i += 4) {
    const float *a = &engine.orientation[i], *b = &torch.orientation[i];
    angle = std::max(angle, angle_between({a[0], a[1], a[2], a[3]}, {b[0], b[1], b[2], b[3]}));
  }
  EXPECT_LT(angle, 1e-4) << where;
  EXPECT_LT(worst(engine.increment, torch.increment), 1e-4) << where;
  EXPECT_EQ(engine.stress.empty(), !local.stress);
  EXPECT_EQ(engine.log_variance.empty(), !local.variance);
  if (masked) return;  // what a masked voxel's other heads say has no meaning
  EXPECT_LT(worst(engine.stress, torch.stress), 1e-3 * 3e7) << where;
  EXPECT_LT(worst(engine.log_variance, torch.log_variance), 1e-3) << where;
}

constexpr Cell kCells[] = {Cell::kLstm, Cell::kGru};
constexpr Feedback kFeedbacks[] = {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours};

TEST(EngineAndLibTorch, AgreeOnEverySetting) {
  for (Cell cell : kCells)
    for (Feedback feedback : kFeedbacks)
      for (int layers : {1, 2})
        for (int radius : {0, 1, 2, 3})
          for (bool heads : {false, true})
            expect_agreement({cell, layers, 32, radius, feedback, heads, heads}, "432", {4, 3, 5}, {}, false,
                             false);
}

TEST(EngineAndLibTorch, AgreeForEveryHiddenSize) {
  for (Cell cell : kCells)
    for (Feedback feedback : kFeedbacks)
      for (int hidden : {48, 64, 96, 128, 256})
        expect_agreement({cell, 1, hidden, 1, feedback}, "432", {4, 3, 5}, {}, false, false);
}

TEST(EngineAndLibTorch, AgreeForBoundariesMasksGroupsAndTeachers) {
  for (const char* group : {"622", "422", "32", "222"})
    for (Feedback feedback : kFeedbacks)
      for (bool masked : {false, true})
        for (bool given : {false, true}) {
          SCOPED_TRACE(std::string(group) + (masked ? ", masked" : "") + (given ? ", teacher" : ""));
          expect_agreement({Cell::kLstm, 1, 32, 1, feedback, true, true}, group, {5, 1, 6},
                           {.x = Boundary::kClamped, .z = Boundary::kClamped}, masked, given);
        }
}

}  // namespace
}  // namespace grainspin

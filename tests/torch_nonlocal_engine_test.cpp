// The nonlocal family's engine against LibTorch's own (networks/nonlocal_surrogate.h): within 1e-4 rad after 13 steps.
// The nearest oracle is nonlocal_engine_test's; this one shows that what was trained is what runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ensemble_models.h"
#include "grainspin/surrogate.h"
#include "local_oracle.h"
#include "networks/networks.h"
#include "nonlocal_oracle.h"

namespace grainspin {
namespace {

constexpr int kSteps = 13;

struct Last {
  std::vector<float> orientation, stress, log_variance;
  LoadStep load;
};

Last last_of(const Surrogate& s, const Region& region, const float* q0, const std::uint8_t* mask,
             const float* teacher) {
  Last last;
  const std::int64_t n = region.inner.voxels();
  s.run(region, q0, mask, teacher, [&](const StepOutput& o) {
    last.orientation.assign(o.orientation, o.orientation + n * 4);
    if (o.stress) last.stress.assign(o.stress, o.stress + n * 6);
    if (o.log_variance) last.log_variance.assign(o.log_variance, o.log_variance + n * 3);
    last.load = *o.load;
  });
  return last;
}

void expect_agreement(const NonlocalSpec& spec, Shape shape, Boundaries boundaries, bool masked, bool taught,
                      const std::string& where) {
  SCOPED_TRACE(where);
  Model model = testing::random_nonlocal(spec, kSteps, 3);
  testing::add_head(model, 3);
  const std::int64_t n = shape.voxels();
  const auto q0 = testing::random_orientations(n, 1), teacher = testing::random_orientations(n * kSteps, 2);
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  std::vector<std::int32_t> phase;
  for (std::int64_t v = 0; v < n; ++v) phase.push_back(std::int32_t(v / 5 % std::int64_t(spec.phases.size())));
  for (std::int64_t v = 0; v < n; v += 4) mask[std::size_t(v)] = 0;
  Region region = whole(shape, boundaries);
  region.spacing = {1, 1.5, 0.7};
  region.padding = 3;
  if (spec.phases.size() > 1) region.phase = phase.data();
  const auto run = [&](const Surrogate& s) {
    return last_of(s, region, q0.data(), masked ? mask.data() : nullptr, taught ? teacher.data() : nullptr);
  };
  const Last a = run(*make_engine(model, {.threads = 1})), b = run(*make_libtorch(model, {.threads = 1}));
  ASSERT_EQ(a.orientation.size(), b.orientation.size());
  double angle = 0, stress = 0, largest = 0, turned = 0;
  for (std::size_t i = 0; i < a.orientation.size(); i += 4) {
    const float *p = &a.orientation[i], *q = &b.orientation[i];
    angle = std::max(angle, testing::angle_between({p[0], p[1], p[2], p[3]}, {q[0], q[1], q[2], q[3]}));
    if (!taught) turned = std::max(turned, testing::angle_between({q0[i], q0[i + 1], q0[i + 2], q0[i + 3]}, {q[0], q[1], q[2], q[3]}));
  }
  EXPECT_LT(angle, 1e-4);
  if (!taught) {
    EXPECT_GT(turned, 1e-3);  // the weights do something
  }
  ASSERT_EQ(a.stress.size(), b.stress.size());
  EXPECT_EQ(a.stress.empty(), !spec.stress);
  for (std::size_t i = 0; i < a.stress.size(); ++i) {
    stress = std::max(stress, double(std::abs(a.stress[i] - b.stress[i])));
    largest = std::max(largest, double(std::abs(b.stress[i])));
  }
  EXPECT_LE(stress, 1e-4 * largest);
  ASSERT_EQ(a.log_variance.size(), std::size_t(3 * n));
  ASSERT_EQ(b.log_variance.size(), std::size_t(3 * n));
  double off = 0, spread = 0;
  for (std::size_t i = 0; i < a.log_variance.size(); ++i) {
    off = std::max(off, double(std::abs(a.log_variance[i] - b.log_variance[i])));
    spread = std::max(spread, double(std::abs(b.log_variance[i] - b.log_variance[6])));
    if (masked && !mask[i / 3]) {
      EXPECT_EQ(b.log_variance[i], 0);
    }
  }
  EXPECT_LT(off, 5e-3);
  EXPECT_GT(spread, 0.1);  // voxels do differ
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(a.load.L[i], b.load.L[i], 1e-6);
  EXPECT_EQ(a.load.prescribed, b.load.prescribed);
}

NonlocalSpec defaults(const std::string& set = "fcc", double c_over_a = 0) {
  NonlocalSpec s;
  s.phases = {testing::named_phase(set, c_over_a)};
  return s;
}

TEST(NonlocalEngineAndLibTorch, AgreeOnEverySlipSet) {
  for (const char* set : {"fcc", "bcc24", "hcp18", "hcp24", "hcp30"})
    expect_agreement(defaults(set, 1.6), {5, 4, 6}, {}, false, false, set);
  NonlocalSpec small = defaults("bcc48");
  small.passes = 3;
  expect_agreement(small, {4, 5, 3}, {}, false, false, "bcc48");
}

TEST(NonlocalEngineAndLibTorch, AgreeForBoundariesMasksPhasesAndTeachers) {
  NonlocalSpec s = defaults();
  s.passes = 4;
  s.phases.push_back(testing::named_phase("hcp18", 1.59));
  for (const bool masked : {false, true})
    for (const bool taught : {false, true})
      expect_agreement(s, {7, 6, 5}, {.y = Boundary::kClamped}, masked, taught,
                       std::string(masked ? "masked " : "") + (taught ? "teacher" : ""));
}

TEST(NonlocalEngineAndLibTorch, AgreeOnSettings) {
  const auto with = [](const std::string& what, auto change) {
    NonlocalSpec s = defaults();
    s.passes = 3;
    change(s);
    expect_agreement(s, {6, 5, 4}, {}, false, false, what);
  };
  with("K = 0", [](NonlocalSpec& s) { s.passes = 0; });
  with("not gated", [](NonlocalSpec& s) { s.gated = false; });
  with("not carried", [](NonlocalSpec& s) { s.carried = false; });
  with("no memory", [](NonlocalSpec& s) { s.memory = 0; });
  with("warm-up 0", [](NonlocalSpec& s) { s.warmup = 0; });
  with("warm-up 3", [](NonlocalSpec& s) { s.warmup = 3; });
  with("no stress", [](NonlocalSpec& s) { s.stress = false; });
  with("learned", [](NonlocalSpec& s) { s.green = Green::kLearned; });
  with("compressible", [](NonlocalSpec& s) { s.green = Green::kCompressible, s.beta = 0.6; });
  with("sine", [](NonlocalSpec& s) { s.frequencies = Frequencies::kSine; });
}

TEST(NonlocalEngineAndLibTorch, AgreeOnAnEnsemble) {
  Model model = ensemble_of({testing::nonlocal_member(1), testing::nonlocal_member(2), testing::nonlocal_member(3)});
  const Region region = whole({5, 4, 3}, {});
  const auto q0 = testing::random_orientations(60, 1), teacher = testing::random_orientations(180, 2);
  for (const float* taught : {static_cast<const float*>(nullptr), teacher.data()}) {
    const Last a = last_of(*make_engine(model, {.threads = 1}), region, q0.data(), nullptr, taught);
    const Last b = last_of(*make_libtorch(model, {.threads = 1}), region, q0.data(), nullptr, taught);
    ASSERT_TRUE(a.orientation.size() == b.orientation.size() && a.log_variance.size() == 180 && b.log_variance.size() == 180);
    for (std::size_t i = 0; i < a.orientation.size(); ++i) ASSERT_NEAR(a.orientation[i], b.orientation[i], 1e-5);
    for (std::size_t i = 0; i < a.log_variance.size(); ++i) ASSERT_NEAR(a.log_variance[i], b.log_variance[i], 5e-3);
  }
}

}  // namespace
}  // namespace grainspin

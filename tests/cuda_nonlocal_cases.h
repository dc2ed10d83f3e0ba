// The nonlocal family on the GPU against the oracle in double (nonlocal_oracle.h): one body for the GPU
// (gpu_nonlocal_test.cpp) and for the stand-in on the host (engine_cuda_nonlocal_test.cpp).
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "backend.h"
#include "grainspin/variance.h"
#include "local_oracle.h"
#include "nonlocal_oracle.h"

namespace grainspin {

using testing::angle_between;
using testing::named_phase;
using testing::random_nonlocal;
using testing::random_orientations;

// What a run hands out, step after step.
struct Handed {
  std::vector<float> orientation, increment, stress, log_variance;
  std::vector<LoadStep> loads;
  bool same_fields(const Handed& o) const {
    return orientation == o.orientation && increment == o.increment && stress == o.stress && log_variance == o.log_variance;
  }
};

inline Handed handed(const Surrogate& s, const Region& region, const float* q0, const std::uint8_t* mask = nullptr,
                     const float* teacher = nullptr) {
  Handed all;
  s.run(region, q0, mask, teacher, [&](const StepOutput& o) {
    const std::int64_t n = region.inner.voxels();
    EXPECT_EQ(o.step, int(all.loads.size()) + 1);
    EXPECT_EQ(o.stress == nullptr, !s.spec().nonlocal.stress);
    EXPECT_EQ(o.log_variance == nullptr, !calibration(s.spec()).has_value());
    all.orientation.insert(all.orientation.end(), o.orientation, o.orientation + 4 * n);
    all.increment.insert(all.increment.end(), o.increment, o.increment + 3 * n);
    if (o.stress) all.stress.insert(all.stress.end(), o.stress, o.stress + 6 * n);
    if (o.log_variance) all.log_variance.insert(all.log_variance.end(), o.log_variance, o.log_variance + 3 * n);
    all.loads.push_back(*o.load);
  });
  return all;
}

inline double most_apart(const std::vector<float>& got, const std::vector<double>& want) {
  EXPECT_EQ(got.size(), want.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i) {
    EXPECT_TRUE(std::isfinite(got[i]));
    most = std::max(most, std::abs(got[i] - want[i]));
  }
  return most;
}

inline NonlocalSpec small_cell(const std::string& set = "fcc", double c_over_a = 0) {
  NonlocalSpec s;
  s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
  s.phases = {named_phase(set, c_over_a)};
  return s;
}

// Tension with free sides, shear with a spin, tension with one free side and free shears, and a prescribed step: each
// with its own size.
inline std::vector<LoadStep> various_loads() {
  LoadStep shear, mixed, given;
  shear.L = {0, 0, 0.02, 0, 0, 0, 0, 0, 0};
  shear.prescribed.fill(true);
  mixed.L = {0, 0, 0, 0, -0.002, 0, 0, 0, 0.006};
  mixed.prescribed = {false, false, true, true, true, true, true, false, true};
  given.L = {0.004, 0.003, 0, -0.001, -0.007, 0.002, 0, 0, 0.003};
  given.prescribed.fill(true);
  return {testing::tension(0.01), shear, mixed, testing::tension(-0.004), given};
}

struct NonlocalCase {
  NonlocalSpec spec = small_cell();
  Shape shape{5, 4, 3};
  Boundaries boundaries{};
  std::array<double, 3> spacing{1, 1, 1};
  int padding = 2;
  bool masked = false, teacher = false, phases = false;
  std::vector<LoadStep> loads = {};
};

inline void expect_definition(const NonlocalCase& c, const char* what) {
  SCOPED_TRACE(std::string(what) + ", " + std::to_string(c.shape.nx) + "x" + std::to_string(c.shape.ny) + "x" +
               std::to_string(c.shape.nz));
  const Model model = random_nonlocal(c.spec, 3, 17);
  Region region = whole(c.shape, c.boundaries);
  region.spacing = c.spacing;
  region.padding = c.padding;
  region.loads = c.loads;
  const std::size_t n = std::size_t(c.shape.voxels()), T = c.loads.empty() ? 3 : c.loads.size();
  const auto q0 = random_orientations(std::int64_t(n), 3), teacher = random_orientations(std::int64_t(n * T), 4);
  std::vector<std::uint8_t> mask(n, 1);
  for (std::size_t i = 0; i < n; i += 3) mask[i] = 0;
  std::vector<std::int32_t> phase(n);
  for (std::size_t i = 0; i < n; ++i) phase[i] = std::int32_t(i * i / 2 % c.spec.phases.size());
  if (c.phases) region.phase = phase.data();
  const std::uint8_t* m = c.masked ? mask.data() : nullptr;
  const float* given = c.teacher ? teacher.data() : nullptr;
  const auto engine = make_cuda_engine(model, {.device = Device::kCuda});
  std::vector<double> orientation, increment, stress;
  const std::vector<LoadStep>& loads = c.loads.empty() ? model.spec.loads : c.loads;
  const auto want = testing::NonlocalOracle(model, region, m).run(q0.data(), given, loads);
  for (const auto& step : want) {
    orientation.insert(orientation.end(), step.orientation.begin(), step.orientation.end());
    increment.insert(increment.end(), step.increment.begin(), step.increment.end());
    stress.insert(stress.end(), step.stress.begin(), step.stress.end());
  }
  const auto got = handed(*engine, region, q0.data(), m, given);
  double angle = 0, turned = 0, stressed = 0;
  ASSERT_EQ(got.orientation.size(), orientation.size());
  for (std::size_t i = 0; i < got.orientation.size(); i += 4) {
    const float* g = &got.orientation[i];
    const double* w = &orientation[i];
    angle = std::max(angle, angle_between({g[0], g[1], g[2], g[3]}, {w[0], w[1], w[2], w[3]}));
  }
  for (const double w : increment) turned = std::max(turned, std::abs(w));
  for (const double t : stress) stressed = std::max(stressed, std::abs(t));
  // 1e-4 rad is promised; single precision comes far nearer, and what is small is as exact.
  EXPECT_LT(angle, 5e-6);
  EXPECT_LT(most_apart(got.increment, increment), 1e-4 * turned);
  EXPECT_LE(most_apart(got.stress, stress), 1e-4 * stressed);
  ASSERT_EQ(got.loads.size(), want.size());
  for (std::size_t t = 0; t < want.size(); ++t)
    for (std::size_t k = 0; k < 9; ++k) {
      EXPECT_NEAR(got.loads[t].L[k], want[t].L[k], 2e-6);
      EXPECT_EQ(got.loads[t].prescribed[k], loads[t].prescribed[k]);
    }
  EXPECT_GT(turned, 1e-4);  // the comparison means something only where something turns
}

TEST_F(CudaNonlocal, AgreesWithTheDefinition) { expect_definition({}, "plain"); }

TEST_F(CudaNonlocal, AgreesOnEverySetting) {
  const auto with = [](const char* what, auto change) {
    NonlocalCase c;
    change(c.spec);
    expect_definition(c, what);
  };
  with("no pass", [](NonlocalSpec& s) { s.passes = 0; });
  with("no pass, no stress, no memory", [](NonlocalSpec& s) { s.passes = 0, s.stress = false, s.memory = 0; });
  with("not gated", [](NonlocalSpec& s) { s.gated = false; });
  with("not gated, no memory", [](NonlocalSpec& s) { s.gated = false, s.memory = 0; });
  with("no memory", [](NonlocalSpec& s) { s.memory = 0; });
  with("not carried", [](NonlocalSpec& s) { s.carried = false; });
  with("no stress", [](NonlocalSpec& s) { s.stress = false; });
  with("no warm-up", [](NonlocalSpec& s) { s.warmup = 0; });
  with("three warm-ups", [](NonlocalSpec& s) { s.warmup = 3; });
  with("compressible", [](NonlocalSpec& s) { s.green = Green::kCompressible, s.beta = 0.6; });
  with("learned", [](NonlocalSpec& s) { s.green = Green::kLearned; });
  with("sine", [](NonlocalSpec& s) { s.frequencies = Frequencies::kSine; });
  with("one of each", [](NonlocalSpec& s) { s.passes = s.channels = s.width = s.polarisations = s.memory = 1; });
  with("wide", [](NonlocalSpec& s) { s.passes = 1, s.channels = 2, s.width = 9, s.polarisations = 5, s.memory = 7; });
}

// State as 16-bit floats: 11 bits, so 2.4e-4 of it in the mean at each of its 3 (warm-up, 2 passes) and 2 roundings a step; gates
// and operator carry that on. Not the same as in single precision, and near it.
TEST_F(CudaNonlocal, FastStaysNearTheDefinition) {
  NonlocalSpec two = small_cell();
  two.phases.push_back(named_phase("hcp18", 1.62));
  for (const NonlocalSpec& s : {small_cell(), two}) {
    const Model model = random_nonlocal(s, 3, 17);
    const Shape shape{5, 4, 3};
    const auto q0 = random_orientations(shape.voxels(), 3);
    std::vector<std::int32_t> phase(60);
    for (std::size_t i = 0; i < 60; ++i) phase[i] = std::int32_t(i % s.phases.size());
    Region region = whole(shape, {});
    region.phase = phase.data();
    const auto engine = make_cuda_engine(model, {.device = Device::kCuda, .precision = Precision::kFast});
    EXPECT_NE(engine->description().find("state in fp16"), std::string::npos);
    const auto fast = handed(*engine, region, q0.data());
    const auto strict = handed(*make_cuda_engine(model, {.device = Device::kCuda}), region, q0.data());
    EXPECT_FALSE(fast.same_fields(strict));
    const auto want = testing::NonlocalOracle(model, region, nullptr).run(q0.data(), nullptr, model.spec.loads);
    double error = 0, size = 0, stress_error = 0, stress = 0;
    std::size_t i = 0, j = 0;
    for (const auto& step : want) {
      for (const double w : step.increment) error += (fast.increment[i] - w) * (fast.increment[i] - w), size += w * w, ++i;
      for (const double t : step.stress) stress_error += (fast.stress[j] - t) * (fast.stress[j] - t), stress += t * t, ++j;
    }
    EXPECT_LT(std::sqrt(error / size), 2e-3);
    EXPECT_LT(std::sqrt(stress_error / stress), 2e-3);
    EXPECT_TRUE(fast.same_fields(handed(*engine, region, q0.data())));
  }
}

TEST_F(CudaNonlocal, AgreesOnEverySlipSet) {
  for (const char* set : {"bcc24", "bcc48", "fcc18"}) expect_definition({.spec = small_cell(set), .shape = {3, 2, 2}}, set);
  for (const char* set : {"hcp18", "hcp24", "hcp30", "hcp39"})
    expect_definition({.spec = small_cell(set, 1.59), .shape = {3, 2, 2}}, set);
}

TEST_F(CudaNonlocal, AgreesOnEveryShape) {
  for (const Shape shape : {Shape{1, 1, 1}, Shape{7, 1, 1}, Shape{1, 6, 1}, Shape{1, 1, 5}, Shape{1, 6, 5}, Shape{6, 1, 5},
                            Shape{5, 6, 1}, Shape{2, 2, 2}, Shape{3, 5, 7}, Shape{8, 3, 2}})
    expect_definition({.shape = shape, .spacing = {1, 0.4, 2.3}}, "spacing");
  expect_definition({.shape = {1, 4, 5}, .spacing = {3e-9, 1e-9, 2e-9}}, "small spacing");
}

TEST_F(CudaNonlocal, AgreesForLoadsPhasesMasksPaddingAndTeachers) {
  expect_definition({.loads = various_loads()}, "loads");
  NonlocalSpec two = small_cell();
  two.phases.push_back(named_phase("hcp18", 1.62));
  two.phases.push_back(named_phase("bcc24"));
  const Boundaries mixed{Boundary::kClamped, Boundary::kPeriodic, Boundary::kClamped};
  for (const bool masked : {false, true})
    for (const bool teacher : {false, true}) {
      expect_definition({.masked = masked, .teacher = teacher, .loads = various_loads()}, "one phase");
      expect_definition({.spec = two, .masked = masked, .teacher = teacher, .phases = true}, "phases");
      expect_definition({.shape = {3, 4, 1}, .boundaries = mixed, .masked = masked, .teacher = teacher}, "padded");
    }
  expect_definition({.spec = two, .shape = {3, 2, 4}, .boundaries = mixed, .padding = 9, .masked = true, .phases = true},
                    "padded, phases");
  expect_definition({.spec = two, .shape = {3, 2, 2}, .boundaries = mixed, .padding = 0}, "no padding, one of three phases");
}

TEST_F(CudaNonlocal, TheInnerPartIsThatOfTheWhole) {
  const Shape shape{6, 5, 4};
  const auto q0 = random_orientations(shape.voxels(), 5);
  const auto engine = make_cuda_engine(random_nonlocal(small_cell(), 2, 3), {});
  Region region = whole(shape, {Boundary::kClamped, {}, {}});
  const auto all = handed(*engine, region, q0.data());
  region.inner_lo = {1, 2, 0};
  region.inner = {4, 2, 3};
  const auto part = handed(*engine, region, q0.data());
  std::size_t at = 0;
  for (int t = 0; t < 2; ++t)
    for (int z = 0; z < 3; ++z)
      for (int y = 2; y < 4; ++y)
        for (int x = 1; x < 5; ++x, ++at) {
          const std::size_t v = std::size_t(((t * 4 + z) * 5 + y) * 6 + x);
          for (std::size_t k = 0; k < 4; ++k) ASSERT_EQ(part.orientation[4 * at + k], all.orientation[4 * v + k]);
          for (std::size_t k = 0; k < 3; ++k) ASSERT_EQ(part.increment[3 * at + k], all.increment[3 * v + k]);
          for (std::size_t k = 0; k < 6; ++k) ASSERT_EQ(part.stress[6 * at + k], all.stress[6 * v + k]);
        }
  EXPECT_EQ(part.orientation.size(), 4 * at);
}

// A teacher's steps are launched one by one, a rollout is one graph: on the rollout's own path they are the same.
TEST_F(CudaNonlocal, AGraphGivesTheBitsOfSingleSteps) {
  const Shape shape{9, 8, 7};
  const auto q0 = random_orientations(shape.voxels(), 5);
  const auto engine = make_cuda_engine(random_nonlocal(small_cell(), 13, 3), {});
  const Region region = whole(shape, {});
  const auto graph = handed(*engine, region, q0.data());
  std::vector<float> path = q0;
  path.insert(path.end(), graph.orientation.begin(), graph.orientation.end() - 4 * shape.voxels());
  const auto single = handed(*engine, region, q0.data(), nullptr, path.data());
  EXPECT_TRUE(graph.same_fields(single));
  EXPECT_TRUE(graph.same_fields(handed(*engine, region, q0.data())));
}

TEST_F(CudaNonlocal, MaskedVoxelsKeepTheirBits) {
  const Shape shape{5, 4, 3};
  const auto q0 = random_orientations(shape.voxels(), 9);
  std::vector<std::uint8_t> mask(60, 1);
  mask[7] = mask[8] = mask[59] = 0;
  const auto engine = make_cuda_engine(random_nonlocal(small_cell(), 3, 2), {});
  const auto got = handed(*engine, whole(shape, {}), q0.data(), mask.data());
  for (std::size_t t = 0; t < 3; ++t)
    for (const std::size_t v : {7u, 8u, 59u}) {
      for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(got.orientation[(t * 60 + v) * 4 + k], q0[v * 4 + k]);
      for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(got.increment[(t * 60 + v) * 3 + k], 0.0f);
      for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(got.stress[(t * 60 + v) * 6 + k], 0.0f);
    }
}

TEST_F(CudaNonlocal, StopsWhenTheSinkThrowsAndRunsAgain) {
  const Shape shape{4, 4, 4};
  const auto q0 = random_orientations(shape.voxels(), 9);
  const auto teacher = random_orientations(shape.voxels() * 5, 2);
  const auto engine = make_cuda_engine(random_nonlocal(small_cell(), 5, 2), {});
  for (const float* given : {static_cast<const float*>(nullptr), teacher.data()}) {
    const auto before = handed(*engine, whole(shape, {}), q0.data(), nullptr, given);
    int seen = 0;
    const auto stop = [&](const StepOutput& o) {
      seen = o.step;
      if (o.step == 2) throw Error(Errc::kInterrupted, "enough");
    };
    EXPECT_THROW(engine->run(whole(shape, {}), q0.data(), nullptr, given, stop), Error);
    EXPECT_EQ(seen, 2);
    EXPECT_TRUE(before.same_fields(handed(*engine, whole(shape, {}), q0.data(), nullptr, given)));
  }
}

TEST_F(CudaNonlocal, WhatDoesNotFitIsRefusedWithASizeThatDoes) {
  const auto engine = make_cuda_engine(random_nonlocal(small_cell(), 13, 2), {});
  try {  // refused before anything of the grid is read
    engine->run(whole({4096, 4096, 4096}, {}), nullptr, nullptr, nullptr, [](const StepOutput&) {});
    FAIL() << "30 TB fit?";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kMemory);
    EXPECT_NE(std::string(e.what()).find("voxels an edge, padding included, fits"), std::string::npos) << e.what();
  }
}

TEST_F(CudaNonlocal, WhatMakesNoSenseIsRefused) {
  Model model = random_nonlocal(small_cell(), 2, 2);
  const Shape shape{3, 2, 2};
  const auto q0 = random_orientations(shape.voxels(), 1);
  const auto refused = [&](const Surrogate& s, const Region& region) {
    try {
      s.run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {});
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      return std::string(e.what());
    }
    return std::string("no error");
  };
  const auto says = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  const auto engine = make_cuda_engine(model, {});
  Region region = whole(shape, {});
  region.edge[0] = {Edge::kCut, Edge::kFace};
  EXPECT_TRUE(says(refused(*engine, region), "whole grids"));
  region = whole(shape, {});
  region.spacing[1] = 0;
  EXPECT_TRUE(says(refused(*engine, region), "spacing"));
  region = whole(shape, {});
  region.padding = -1;
  EXPECT_TRUE(says(refused(*engine, region), "padding"));
  region = whole(shape, {});
  std::vector<std::int32_t> phase(12);
  phase[5] = 1;
  region.phase = phase.data();
  EXPECT_TRUE(says(refused(*engine, region), "voxel 5 is of phase 1"));
  NonlocalSpec two = small_cell();
  two.phases.push_back(named_phase("bcc24"));
  phase[5] = 2;
  EXPECT_TRUE(says(refused(*make_cuda_engine(random_nonlocal(two, 2, 2), {}), region), "voxel 5 is of phase 2"));
  model.spec.loads.clear();
  EXPECT_TRUE(says(refused(*make_cuda_engine(model, {}), whole(shape, {})), "no load is given"));
}

}  // namespace grainspin

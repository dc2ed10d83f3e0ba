// The fused kernels of the local family against the double precision oracle: one body for the GPU (gpu_fused_test.cpp) and for the stand-in on the
// host (fused_cuda_test.cpp). Everything here is of Precision::kFast, so bounds are those of bf16: 2^-9 of a factor.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "cuda_case.h"

namespace grainspin {

// Root mean square of got - want over that of want.
inline double off_by(const std::vector<float>& got, const std::vector<double>& want) {
  EXPECT_EQ(got.size(), want.size());
  double off = 0, size = 0;
  for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i) off += std::pow(got[i] - want[i], 2), size += want[i] * want[i];
  return std::sqrt(off / size);
}

inline void expect_fused_agrees(const CudaCase& c, int steps) {
  SCOPED_TRACE(std::string(name(c.local.cell)) + " x" + std::to_string(c.local.layers) + ", hidden " + std::to_string(c.local.hidden) + ", radius " +
               std::to_string(c.local.radius) + ", " + name(c.local.feedback) + ", group " + c.group);
  const Model model = random_model(c.local, c.group, steps, 17);
  const std::int64_t n = c.shape.voxels();
  const auto q0 = random_orientations(n, 3), teacher = random_orientations(n * steps, 4);
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
  const std::uint8_t* m = c.masked ? mask.data() : nullptr;
  const float* given = c.teacher ? teacher.data() : nullptr;
  const auto engine = make_cuda_engine(model, {.device = Device::kCuda, .precision = Precision::kFast});
  EXPECT_NE(engine->description().find("bf16"), std::string::npos);
  const auto want = testing::Oracle(model, c.shape, c.boundaries).run(q0.data(), m, given);
  const auto got = steps_of(*engine, whole(c.shape, c.boundaries), q0.data(), m, given);
  EXPECT_LT(off_by(got.increment, want.increment), 0.01);
  EXPECT_GT(off_by(got.increment, want.increment), 0) << "fp32 ran, not bf16";
  EXPECT_LT(off_by(got.orientation, want.orientation), 0.01);
  EXPECT_EQ(got.stress.empty(), !c.local.stress);
  EXPECT_EQ(got.log_variance.empty(), !c.local.variance);
  if (c.local.stress) {
    EXPECT_LT(off_by(got.stress, want.stress), 0.01);
  }
  if (c.local.variance) {
    EXPECT_LT(off_by(got.log_variance, want.log_variance), 0.02);
  }
}

TEST_F(CudaFused, AgreesWithTheDefinition) {
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
      for (const int layers : {1, 2}) expect_fused_agrees({.local = {cell, layers, 32, 1, feedback, true, true}, .shape = {9, 5, 3}}, 2);
}

TEST_F(CudaFused, AgreesForEveryHiddenSize) {
  for (const int hidden : {64, 96, 128}) {
    expect_fused_agrees({.local = {Cell::kLstm, 1, hidden, 0, Feedback::kOwn}, .shape = {3, 2, 2}}, 2);
    expect_fused_agrees({.local = {Cell::kGru, 1, hidden, 0, Feedback::kInitial, false, true}, .shape = {3, 2, 2}}, 2);
    expect_fused_agrees({.local = {Cell::kGru, 1, hidden, 0, Feedback::kNeighbours}, .shape = {3, 2, 2}}, 2);
    expect_fused_agrees({.local = {Cell::kLstm, 2, hidden, 0, Feedback::kNeighbours, true, false}, .shape = {3, 2, 2}}, 2);
  }
}

// More k-blocks than are held in registers: 125 cubic taps, and 27 of 18 numbers.
TEST_F(CudaFused, AgreesForLargeCubes) {
  for (const Feedback feedback : {Feedback::kOwn, Feedback::kNeighbours}) {
    expect_fused_agrees({.local = {Cell::kLstm, 1, 32, 2, feedback}, .shape = {5, 3, 3}}, 2);
    expect_fused_agrees({.local = {Cell::kGru, 1, 32, 1, feedback}, .group = "622", .shape = {3, 3, 2}}, 2);
  }
}

TEST_F(CudaFused, AgreesForMasksTeachersAndOtherGroups) {
  const Boundaries mixed{Boundary::kClamped, Boundary::kPeriodic, Boundary::kClamped};
  for (const bool teacher : {false, true})
    for (const Feedback feedback : {Feedback::kOwn, Feedback::kNeighbours})
      for (const char* group : {"622", "422", "222"})
        expect_fused_agrees({.local = {Cell::kLstm, teacher ? 2 : 1, 32, group[0] == '6' ? 0 : 1, feedback, true, false}, .group = group, .shape = {7, 1, 6}, .boundaries = mixed, .masked = true, .teacher = teacher}, 2);
}

TEST_F(CudaFused, MaskedVoxelsKeepTheirBits) {
  const Shape shape{5, 4, 3};
  const auto q0 = random_orientations(shape.voxels(), 9);
  std::vector<std::uint8_t> mask(std::size_t(shape.voxels()), 1);
  mask[7] = mask[8] = mask[59] = 0;
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kNeighbours}) {
    const auto engine = make_cuda_engine(random_model({Cell::kGru, 1, 32, 1, feedback, true}, "432", 2, 2), {.precision = Precision::kFast});
    engine->run(whole(shape, {}), q0.data(), mask.data(), nullptr, [&](const StepOutput& o) {
      for (const std::size_t i : {7, 8, 59}) {
        for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(o.orientation[i * 4 + k], q0[i * 4 + k]);
        for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(o.increment[i * 3 + k], 0);
        for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(o.stress[i * 6 + k], 0);
      }
    });
  }
}

// A cut gives the bits of the whole grid: no voxel's result depends on its row, its block or its neighbours in the warp.
TEST_F(CudaFused, TilesDoNotChangeABit) {
  const Shape shape{13, 4, 3};
  const int steps = 2;
  const auto q0 = random_orientations(shape.voxels(), 6);
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
    for (const int layers : {1, 2}) {
      const Model model = random_model({Cell::kLstm, layers, 32, 1, feedback}, "432", steps, 2);
      const auto engine = make_cuda_engine(model, {.precision = Precision::kFast});
      const auto all = steps_of(*engine, whole(shape, {.x = Boundary::kClamped}), q0.data(), nullptr, nullptr);
      const int halo = reach(model.spec), lo = 5, inner = 3, from = lo - halo;  // of the grid's thirteen planes
      Region r;
      r.shape = {inner + 2 * halo, 4, 3};
      r.inner = {inner, 4, 3};
      r.inner_lo = {halo, 0, 0};
      r.edge = {{{Edge::kCut, Edge::kCut}, {Edge::kWrap, Edge::kWrap}, {Edge::kWrap, Edge::kWrap}}};
      std::vector<float> q;
      for (int row = 0; row < 12; ++row) q.insert(q.end(), &q0[std::size_t(row * 13 + from) * 4], &q0[std::size_t(row * 13 + from) * 4] + r.shape.nx * 4);
      const auto part = steps_of(*engine, r, q.data(), nullptr, nullptr);
      for (int t = 0; t < steps; ++t)
        for (int row = 0; row < 12; ++row)
          for (int x = 0; x < inner * 4; ++x)
            ASSERT_EQ(part.orientation[std::size_t((t * 12 + row) * inner * 4 + x)], all.orientation[std::size_t(((t * 12 + row) * 13 + lo) * 4 + x)])
                << name(feedback) << " x" << layers;
    }
}

TEST_F(CudaFused, StepsThatAreWantedAreThoseOfAWholeRun) { expect_wanted_steps(Precision::kFast); }

// wgmma, where there is a kernel for it (sm_90a; the stand-in on the host): the definition, and the bits of tiles and masks as with mma.sync, whose
// order of sums within a product it need not have.
TEST_F(CudaFused, GroupsOfWarpsGiveTheSame) {
  const auto run = [](const Model& model, const Region& region, const std::vector<float>& q0, const std::uint8_t* mask) {
    return steps_of(*make_cuda_engine(model, {.device = Device::kCuda, .precision = Precision::kFast}), region, q0.data(), mask, nullptr);
  };
  struct Setting {
    explicit Setting(const char* value) { setenv("GRAINSPIN_WGMMA", value, 1); }
    ~Setting() { unsetenv("GRAINSPIN_WGMMA"); }
  };
  const Shape shape{9, 5, 3};
  const auto q0 = random_orientations(shape.voxels(), 9);
  std::vector<std::uint8_t> mask(std::size_t(shape.voxels()), 1);
  for (std::size_t i = 0; i < mask.size(); i += 5) mask[i] = 0;
  for (const auto& [cell, hidden] : {std::pair{Cell::kLstm, 32}, {Cell::kGru, 32}, {Cell::kLstm, 64}}) {
    const CudaCase c{.local = {cell, 1, hidden, 1, Feedback::kNeighbours, hidden == 32, false}, .shape = shape};
    const Model model = random_model(c.local, "432", 2, 17);
    const Region region = whole(shape, {Boundary::kClamped, {}, {}});
    const Steps plain = run(model, region, q0, mask.data());
    const Setting setting("1");
    expect_fused_agrees(c, 2);
    const Steps grouped = run(model, region, q0, mask.data());
    ASSERT_EQ(plain.orientation.size(), grouped.orientation.size());
    double off = 0, size = 0;
    for (std::size_t i = 0; i < plain.increment.size(); ++i)
      off += std::pow(plain.increment[i] - grouped.increment[i], 2), size += std::pow(plain.increment[i], 2);
    EXPECT_LT(std::sqrt(off / size), 2e-3);  // bf16 rounds a sum that differs in its last bit now and then another way
    for (std::size_t v = 0; v < mask.size(); v += 5)
      for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(grouped.orientation[4 * v + k], q0[4 * v + k]);
  }
}

TEST_F(CudaFused, WhatIsNotFusedRunsInFp32) {
  EXPECT_NE(make_cuda_engine(random_model({Cell::kGru, 1, 48, 1, Feedback::kOwn}, "432", 2, 2), {.precision = Precision::kFast})->description().find("fp32"), std::string::npos);
  EXPECT_NE(make_cuda_engine(random_model({Cell::kLstm, 1, 32, 1, Feedback::kInitial}, "432", 2, 2), {})->description().find("fp32"), std::string::npos);
}

}  // namespace grainspin

// The GPU engine against the double precision oracle (local_oracle.h): one body for the GPU (gpu_engine_test.cpp)
// and for the stand-in on the host (engine_cuda_test.cpp).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda_case.h"
#include "grainspin/domain.h"

namespace grainspin {

inline double largest_difference(const std::vector<float>& got, const std::vector<double>& want) {
  EXPECT_EQ(got.size(), want.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i) {
    EXPECT_TRUE(std::isfinite(got[i]));
    most = std::max(most, std::abs(got[i] - want[i]));
  }
  return most;
}

inline double largest_angle(const std::vector<float>& got, const std::vector<double>& want) {
  EXPECT_EQ(got.size(), want.size());
  double most = 0;
  for (std::size_t i = 0; i + 3 < std::min(got.size(), want.size()); i += 4)
    most = std::max(most, angle_between({got[i], got[i + 1], got[i + 2], got[i + 3]},
                                        {want[i], want[i + 1], want[i + 2], want[i + 3]}));
  return most;
}

inline void expect_cuda_agrees(const CudaCase& c) {
  SCOPED_TRACE(std::string(name(c.local.cell)) + " x" + std::to_string(c.local.layers) + ", hidden " +
               std::to_string(c.local.hidden) + ", radius " + std::to_string(c.local.radius) + ", " +
               name(c.local.feedback) + ", group " + c.group + (c.masked ? ", masked" : "") +
               (c.teacher ? ", teacher" : ""));
  const int steps = 13;
  const Model model = random_model(c.local, c.group, steps, 17);
  const std::int64_t n = c.shape.voxels();
  const auto q0 = random_orientations(n, 3), teacher = random_orientations(n * steps, 4);
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
  const std::uint8_t* m = c.masked ? mask.data() : nullptr;
  const float* given = c.teacher ? teacher.data() : nullptr;
  const auto engine = make_cuda_engine(model, {.device = Device::kCuda});
  const auto want = testing::Oracle(model, c.shape, c.boundaries).run(q0.data(), m, given);
  const auto got = steps_of(*engine, whole(c.shape, c.boundaries), q0.data(), m, given);
  // Half of the 1e-4 rad that is promised, as for the CPU engine.
  EXPECT_LT(largest_angle(got.orientation, want.orientation), 5e-5);
  EXPECT_LT(largest_difference(got.increment, want.increment), 5e-5);
  EXPECT_LT(largest_difference(got.stress, want.stress), 1e-4 * 3e7);
  EXPECT_LT(largest_difference(got.log_variance, want.log_variance), 1e-4);
  EXPECT_EQ(got.stress.empty(), !c.local.stress);
  EXPECT_EQ(got.log_variance.empty(), !c.local.variance);
  double turned = 0;  // the comparison means something only where something turns
  for (double w : want.increment) turned = std::max(turned, std::abs(w));
  EXPECT_GT(turned, 0.01);
}

constexpr Feedback kFeedbacks[] = {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours};

TEST_F(CudaEngine, AgreesWithTheDefinitionOnEverySetting) {
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Feedback feedback : kFeedbacks)
      for (const int layers : {1, 2})
        for (const bool heads : {false, true})
          expect_cuda_agrees({.local = {cell, layers, layers == 2 ? 48 : 32, 1, feedback, heads, heads}});
}

TEST_F(CudaEngine, AgreesForOneHeadBesideTheIncrement) {
  expect_cuda_agrees({.local = {Cell::kGru, 1, 32, 0, Feedback::kOwn, true, false}});
  expect_cuda_agrees({.local = {Cell::kLstm, 1, 32, 0, Feedback::kNeighbours, false, true}});
}

TEST_F(CudaEngine, AgreesForEveryRadiusAndHiddenSize) {
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Feedback feedback : kFeedbacks) {
      for (const int radius : {0, 2, 3})
        expect_cuda_agrees({.local = {cell, 1, 32, radius, feedback}, .shape = {3, 2, 4}});
      for (const int hidden : {64, 96, 112, 128, 256})
        expect_cuda_agrees({.local = {cell, 1, hidden, 0, feedback}, .shape = {3, 1, 2}});
    }
}

TEST_F(CudaEngine, AgreesForBoundariesMasksGroupsAndTeachers) {
  const Boundaries mixed{Boundary::kClamped, Boundary::kPeriodic, Boundary::kClamped};
  for (const Feedback feedback : kFeedbacks)
    for (const bool masked : {false, true})
      for (const bool teacher : {false, true})
        expect_cuda_agrees({.local = {Cell::kLstm, 1, 32, 1, feedback, true, true},
                            .group = masked ? "622" : "422",
                            .shape = {7, 1, 6},
                            .boundaries = mixed,
                            .masked = masked,
                            .teacher = teacher});
}

TEST_F(CudaEngine, MaskedVoxelsKeepTheirBits) {
  const Shape shape{5, 4, 3};
  const auto q0 = random_orientations(shape.voxels(), 9);
  std::vector<std::uint8_t> mask(std::size_t(shape.voxels()), 1);
  mask[7] = mask[8] = mask[59] = 0;
  for (const Feedback feedback : kFeedbacks) {
    const auto engine = make_cuda_engine(random_model({Cell::kGru, 1, 32, 1, feedback}, "432", 3, 2), {});
    const auto got = steps_of(*engine, whole(shape, {}), q0.data(), mask.data(), nullptr);
    for (int t = 0; t < 3; ++t)
      for (const std::size_t v : {7u, 8u, 59u})
        for (std::size_t k = 0; k < 4; ++k)
          EXPECT_EQ(got.orientation[(std::size_t(t) * 60 + v) * 4 + k], q0[v * 4 + k]);
  }
}

// A tile with all that reaches its inner part gives the bits of the whole grid.
TEST_F(CudaEngine, TilesDoNotChangeABit) {
  const Shape shape{24, 7, 6};
  const int steps = 3, radius = 1;
  const auto q0 = random_orientations(shape.voxels(), 6);
  for (const Feedback feedback : kFeedbacks) {
    const Model model = random_model({Cell::kLstm, 1, 32, radius, feedback, true, true}, "432", steps, 1);
    const auto engine = make_cuda_engine(model, {});
    const auto all = steps_of(*engine, whole(shape, {Boundary::kClamped, {}, {}}), q0.data(), nullptr, nullptr);
    const int halo = reach(model.spec);
    for (const auto& [lo, hi] : {std::pair{0, 5}, {5, 6}, {6, 17}, {17, 24}}) {
      const int from = std::max(0, lo - halo), to = std::min(shape.nx, hi + halo);
      Region tile = whole({to - from, shape.ny, shape.nz}, {});
      tile.edge[0] = {from == 0 ? Edge::kFace : Edge::kCut, to == shape.nx ? Edge::kFace : Edge::kCut};
      tile.inner_lo = {lo - from, 0, 0};
      tile.inner = {hi - lo, shape.ny, shape.nz};
      std::vector<float> part;
      for (int row = 0; row < shape.ny * shape.nz; ++row)
        part.insert(part.end(), q0.begin() + (row * shape.nx + from) * 4, q0.begin() + (row * shape.nx + to) * 4);
      const auto got = steps_of(*engine, tile, part.data(), nullptr, nullptr);
      const auto same = [&](const std::vector<float>& a, const std::vector<float>& b, int numbers) {
        for (int t = 0; t < steps; ++t)
          for (int row = 0; row < shape.ny * shape.nz; ++row)
            for (int x = lo * numbers; x < hi * numbers; ++x)
              ASSERT_EQ(a[std::size_t(((t * shape.ny * shape.nz + row) * shape.nx) * numbers + x)],
                        b[std::size_t(((t * shape.ny * shape.nz + row) * (hi - lo) - lo) * numbers + x)])
                  << name(feedback) << " tile " << lo << " to " << hi << " step " << t + 1;
      };
      same(all.orientation, got.orientation, 4);
      same(all.increment, got.increment, 3);
      same(all.stress, got.stress, 6);
      same(all.log_variance, got.log_variance, 3);
    }
  }
}

// Steps that nobody reads are not handed over, and change no bit of the others.
TEST_F(CudaEngine, StepsThatAreWantedAreThoseOfAWholeRun) { expect_wanted_steps(Precision::kStrict); }

// A domain of training that some voxels of a random grid leave by their orientation, and all that turn by more than `most`.
inline std::string narrow_domain(double most) {
  const auto nine = [](const char* value) {
    std::string list = value;
    for (int i = 1; i < 9; ++i) list += std::string(",") + value;
    return list;
  };
  return R"({"embedding":[{"phase":"","point_group":"432","low":[)" + nine("-0.23") + R"(],"high":[)" + nine("0.23") +
         R"(]}],"increment_rad":{"max":)" + std::to_string(most) + "}}";
}

// What is packed and judged before it is copied is what the host makes of the floats, bit for bit.
inline void expect_packed_and_judged(Feedback feedback, Precision precision, Shape shape, bool masked) {
  SCOPED_TRACE(std::string(name(feedback)) + (masked ? ", masked" : ""));
  Model model = random_model({Cell::kLstm, 1, 32, 1, feedback, true, false}, "432", 3, 2);
  const std::int64_t n = shape.voxels();
  const auto q0 = random_orientations(n, 9);
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  for (std::size_t i = 0; i < mask.size(); i += 7) mask[i] = 0;
  const std::uint8_t* const m = masked ? mask.data() : nullptr;
  Region region = whole(shape, {});
  region.inner_lo = {1, 0, 0};
  region.inner = {shape.nx - 2, shape.ny, shape.nz - 1};
  std::vector<std::uint8_t> inner_mask;
  for (int z = 0; z < region.inner.nz; ++z)
    for (int y = 0; y < shape.ny; ++y)
      for (int x = 1; x < shape.nx - 1; ++x) inner_mask.push_back(mask[std::size_t((z * shape.ny + y) * shape.nx + x)]);
  const std::size_t inside = std::size_t(region.inner.voxels());
  const auto engine = make_cuda_engine(model, {.device = Device::kCuda, .precision = precision});
  const Steps want = steps_of(*engine, region, q0.data(), m, nullptr);
  std::vector<double> turned;
  for (std::size_t i = 0; i < inside; ++i) turned.push_back(std::hypot(want.increment[3 * i], want.increment[3 * i + 1], want.increment[3 * i + 2]));
  std::nth_element(turned.begin(), turned.begin() + std::ptrdiff_t(inside / 2), turned.end());
  model.spec.domain = narrow_domain(turned[inside / 2]);
  const DomainJudge judge(model.spec);
  region.fields = {false, true, false};
  std::int64_t turned_away = 0;
  for (const Packing packing : {Packing::kNone, Packing::k32, Packing::k48, Packing::k64})
    for (const bool judged : {false, true}) {
      region.packing = packing, region.judge = judged ? &judge : nullptr;
      int seen = 0;
      engine->run(region, q0.data(), m, nullptr, [&](const StepOutput& o) {
        const std::size_t at = std::size_t(o.step - 1) * inside;
        const float *q = &want.orientation[4 * at], *w = &want.increment[3 * at];
        ASSERT_EQ(o.increment, nullptr);
        ASSERT_NE(o.stress, nullptr);
        EXPECT_TRUE(std::equal(o.stress, o.stress + 6 * inside, &want.stress[6 * at]));
        ASSERT_EQ(o.packed != nullptr, packing != Packing::kNone);
        ASSERT_EQ(o.orientation != nullptr, packing == Packing::kNone);
        if (o.packed) {
          std::vector<std::uint8_t> bytes(inside * std::size_t(packed_bytes(packing)));
          pack_orientations(packing, std::int64_t(inside), q, bytes.data());
          EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), o.packed)) << "step " << o.step << ", " << int(packing) << " bits";
        } else {
          EXPECT_TRUE(std::equal(o.orientation, o.orientation + 4 * inside, q));
        }
        ASSERT_EQ(o.verdict != nullptr, judged);
        ASSERT_EQ(o.verdicts != nullptr, judged);
        if (judged) {
          std::vector<std::uint8_t> verdict(inside);
          const VoxelVerdicts sums = judge.voxels(std::int64_t(inside), q, w, nullptr, masked ? inner_mask.data() : nullptr, verdict.data());
          EXPECT_TRUE(std::equal(verdict.begin(), verdict.end(), o.verdict));
          EXPECT_EQ(o.verdicts->voxels, sums.voxels);
          EXPECT_EQ(o.verdicts->doubtful, sums.doubtful);
          EXPECT_EQ(o.verdicts->outside, sums.outside);
          EXPECT_EQ(o.verdicts->orientation, sums.orientation);
          EXPECT_EQ(o.verdicts->increment, sums.increment);
          EXPECT_NEAR(o.verdicts->orientation_beyond, sums.orientation_beyond, 1e-5);
          EXPECT_NEAR(o.verdicts->increment_largest, sums.increment_largest, 1e-6);
          turned_away += sums.orientation;
          EXPECT_LT(sums.doubtful + sums.outside, sums.voxels);
        }
        ++seen;
      });
      EXPECT_EQ(seen, 3);
    }
  EXPECT_GT(turned_away, 0);  // the comparison means something only where some are not fine
}

TEST_F(CudaEngine, PacksAndJudgesBeforeTheCopy) {
  for (const Feedback feedback : kFeedbacks)
    for (const bool masked : {false, true}) expect_packed_and_judged(feedback, Precision::kStrict, {9, 5, 4}, masked);
  expect_packed_and_judged(Feedback::kNeighbours, Precision::kFast, {6, 3, 3}, true);  // all steps one graph
}

TEST_F(CudaEngine, StopsWhenTheSinkThrowsAndRunsAgain) {
  const Shape shape{4, 4, 4};
  const auto q0 = random_orientations(shape.voxels(), 9);
  for (const Feedback feedback : kFeedbacks) {
    const auto engine = make_cuda_engine(random_model({Cell::kGru, 1, 32, 1, feedback}, "432", 5, 2), {});
    const auto before = steps_of(*engine, whole(shape, {}), q0.data(), nullptr, nullptr);
    int seen = 0;
    const auto stop = [&](const StepOutput& o) {
      seen = o.step;
      if (o.step == 2) throw Error(Errc::kInterrupted, "enough");
    };
    EXPECT_THROW(engine->run(whole(shape, {}), q0.data(), nullptr, nullptr, stop), Error);
    EXPECT_EQ(seen, 2);
    EXPECT_TRUE(before == steps_of(*engine, whole(shape, {}), q0.data(), nullptr, nullptr));
  }
}

TEST_F(CudaEngine, WhatDoesNotFitIsRefusedWithASizeThatDoes) {
  const auto engine =
      make_cuda_engine(random_model({Cell::kLstm, 1, 256, 1, Feedback::kNeighbours}, "432", 13, 2), {});
  try {  // refused before anything of the grid is read
    engine->run(whole({2048, 2048, 2048}, {}), nullptr, nullptr, nullptr, [](const StepOutput&) {});
    FAIL() << "17 TB of state fit?";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kMemory);
    EXPECT_NE(std::string(e.what()).find("voxels an edge, halo included, fits"), std::string::npos) << e.what();
  }
}

}  // namespace grainspin

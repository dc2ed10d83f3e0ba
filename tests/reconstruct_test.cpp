// Mirrors include/grainspin/reconstruct.h. The expected result of a tiled run is the run over the whole grid
// in one piece: the same bits. That one is checked against the definition by engine_test.
#include "grainspin/reconstruct.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "engine_cpu.h"
#include "local_oracle.h"
#include "tiling.h"

namespace grainspin {
namespace {

using testing::random_model;
using testing::random_orientations;

class MemorySource final : public OrientationSource {
 public:
  MemorySource(Shape shape, std::vector<float> q) : shape_(shape), q_(std::move(q)) {}
  Shape shape() const override { return shape_; }
  void read(std::int64_t begin, std::int64_t count, float* q) override {
    ASSERT_GE(begin, 0);
    ASSERT_LE(begin + count, shape_.voxels());
    std::memcpy(q, &q_[begin * 4], std::size_t(count) * 16);
  }

 private:
  Shape shape_;
  std::vector<float> q_;
};

// Keeps every step; each voxel of each step must be written exactly once.
class MemorySink final : public OrientationSink {
 public:
  MemorySink(Shape shape, int steps)
      : shape_(shape), q(shape.voxels() * steps * 4), times(shape.voxels() * steps) {}
  void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) override {
    for (int z = 0; z < extent.nz; ++z)
      for (int y = 0; y < extent.ny; ++y)
        for (int x = 0; x < extent.nx; ++x) {
          const std::int64_t from = (std::int64_t(z) * extent.ny + y) * extent.nx + x;
          const std::int64_t to = (out.step - 1) * shape_.voxels() +
                                  (std::int64_t(lo[2] + z) * shape_.ny + lo[1] + y) * shape_.nx + lo[0] + x;
          std::memcpy(&q[to * 4], out.orientation + from * 4, 16);
          ++times[to];
        }
  }

 private:
  Shape shape_;

 public:
  std::vector<float> q;
  std::vector<int> times;
};

std::vector<float> untiled(const Surrogate& s, Shape shape, Boundaries boundaries,
                           const std::vector<float>& q0, const std::vector<std::uint8_t>& mask) {
  std::vector<float> all;
  s.run(
      whole(shape, boundaries), q0.data(), mask.empty() ? nullptr : mask.data(), nullptr,
      [&](const StepOutput& o) { all.insert(all.end(), o.orientation, o.orientation + shape.voxels() * 4); });
  return all;
}

void expect_same_bits(const Surrogate& s, Shape shape, const std::vector<float>& q0,
                      const ReconstructOptions& options, const std::vector<float>& want,
                      const std::string& where) {
  MemorySource source(shape, q0);
  MemorySink sink(shape, s.spec().steps());
  reconstruct(s, source, sink, options);
  for (int t : sink.times) ASSERT_EQ(t, 1) << where;
  ASSERT_EQ(want.size(), sink.q.size());
  ASSERT_EQ(0, std::memcmp(want.data(), sink.q.data(), want.size() * sizeof(float))) << where;
}

constexpr Feedback kFeedbacks[] = {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours};

TEST(Reconstruct, TiledIsUntiledForAnyTileBoundaryMaskAndThreadCount) {
  const Shape shape{13, 10, 9};
  const auto q0 = random_orientations(shape.voxels(), 1);
  std::vector<std::uint8_t> some(shape.voxels(), 1);
  for (std::size_t i = 0; i < some.size(); i += 7) some[i] = 0;
  const Boundaries kinds[] = {{},
                              {Boundary::kClamped, Boundary::kClamped, Boundary::kClamped},
                              {Boundary::kPeriodic, Boundary::kClamped, Boundary::kPeriodic}};
  for (Feedback feedback : kFeedbacks) {
    const Model model = random_model({Cell::kLstm, 1, 32, 1, feedback}, "432", 3, 5);
    const auto one = make_cpu_engine(model, {.threads = 1}), three = make_cpu_engine(model, {.threads = 3});
    for (const Boundaries& boundaries : kinds)
      for (bool masked : {false, true}) {
        const std::vector<std::uint8_t> mask = masked ? some : std::vector<std::uint8_t>{};
        const auto want = untiled(*one, shape, boundaries, q0, mask);
        for (int tile : {1, 2, 3, 5, 8, 12, 13, 100}) {
          if (tile == 1 && feedback == Feedback::kNeighbours)
            continue;  // slow: 1170 tiles, each the whole reach
          ReconstructOptions options;
          options.boundaries = boundaries;
          options.tile = tile;
          options.mask = mask;
          expect_same_bits(tile % 2 ? *one : *three, shape, q0, options, want,
                           std::string(name(feedback)) + " tile " + std::to_string(tile));
        }
      }
  }
}

TEST(Reconstruct, RadiusTwoAndThreeAndTwoLayers) {
  const Shape shape{17, 6, 5};
  const auto q0 = random_orientations(shape.voxels(), 2);
  for (Feedback feedback : kFeedbacks)
    for (int radius : {0, 2, 3}) {
      const Model model = random_model({Cell::kGru, 2, 32, radius, feedback}, "432", 2, 6);
      const auto engine = make_cpu_engine(model, {.threads = 2});
      ReconstructOptions options;
      options.boundaries.x = Boundary::kClamped;
      const auto want = untiled(*engine, shape, options.boundaries, q0, {});
      for (int tile : {3, 4, 7}) {
        options.tile = tile;
        expect_same_bits(*engine, shape, q0, options, want,
                         std::string(name(feedback)) + " radius " + std::to_string(radius));
      }
    }
}

// Small limits force small tiles; every run keeps to its own plan and gives the same bits.
TEST(Reconstruct, AnyMemoryLimitGivesTheSameBits) {
  const Shape shape{24, 20, 22};
  const auto q0 = random_orientations(shape.voxels(), 3);
  for (Feedback feedback : kFeedbacks) {
    const Model model = random_model({Cell::kLstm, 1, 32, 1, feedback}, "432", 3, 5);
    const auto engine = make_cpu_engine(model, {.threads = 2});
    ReconstructOptions options;
    options.boundaries.y = Boundary::kClamped;
    const auto want = untiled(*engine, shape, options.boundaries, q0, {});
    const std::int64_t most = plan_reconstruction(*engine, shape, options).bytes;
    int different = 0;
    Shape last;
    for (int percent : {100, 70, 45, 30}) {
      options.memory = most * percent / 100;
      const ReconstructPlan plan = plan_reconstruction(*engine, shape, options);
      EXPECT_LE(plan.bytes, options.memory);
      different += plan.tile == last ? 0 : 1;
      last = plan.tile;
      expect_same_bits(*engine, shape, q0, options, want,
                       std::string(name(feedback)) + " at " + std::to_string(percent) + " %");
    }
    EXPECT_GE(different, 3);
  }
}

TEST(Reconstruct, WhatCannotFitSaysWhatWouldDo) {
  const Shape shape{64, 64, 64};
  const Model model = random_model({Cell::kLstm, 1, 64, 1, Feedback::kNeighbours}, "432", 13, 5);
  const auto engine = make_cpu_engine(model, {.threads = 1});
  ReconstructOptions options;
  options.memory = 1'000'000;
  try {
    plan_reconstruction(*engine, shape, options);
    FAIL() << "fits into 1 MB";
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kMemory));
    // The least is true: with that much it fits, with a little less it does not.
    const std::string text = e.what(), before = "at least ";
    const std::int64_t least = std::stoll(text.substr(text.find(before) + before.size())) * 1'000'000;
    options.memory = least;
    EXPECT_LE(plan_reconstruction(*engine, shape, options).bytes, least);
    options.memory = least - 1'000'000;
    EXPECT_THROW(plan_reconstruction(*engine, shape, options), Error);
  }
}

// A device with room for so many voxels and no more.
class SmallDevice final : public Surrogate {
 public:
  SmallDevice(const Surrogate& engine, std::int64_t voxels) : engine_(engine), voxels_(voxels) {}
  const ModelSpec& spec() const override { return engine_.spec(); }
  std::string description() const override { return "a small device"; }
  std::int64_t workspace(const Region& region) const override { return engine_.workspace(region); }
  bool fits(const Region& region, bool) const override { return region.shape.voxels() <= voxels_; }
  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    ASSERT_LE(region.shape.voxels(), voxels_);
    engine_.run(region, q0, mask, teacher, sink);
  }

 private:
  const Surrogate& engine_;
  std::int64_t voxels_;
};

TEST(Reconstruct, TilesFitTheDevice) {
  const Shape shape{20, 18, 16};
  const auto q0 = random_orientations(shape.voxels(), 3);
  for (Feedback feedback : kFeedbacks) {
    const auto engine =
        make_cpu_engine(random_model({Cell::kLstm, 1, 32, 1, feedback}, "432", 3, 5), {.threads = 2});
    const auto want = untiled(*engine, shape, {}, q0, {});
    for (std::int64_t voxels : {5760, 3000, 1500})
      expect_same_bits(SmallDevice(*engine, voxels), shape, q0, {}, want, name(feedback));
    EXPECT_THROW(plan_reconstruction(SmallDevice(*engine, 5), shape, {}), Error);
  }
}

TEST(Reconstruct, StopsOnRequest) {
  const Shape shape{8, 8, 8};
  const Model model = random_model({Cell::kLstm, 1, 32, 0, Feedback::kInitial}, "432", 3, 5);
  const auto engine = make_cpu_engine(model, {.threads = 1});
  MemorySource source(shape, random_orientations(shape.voxels(), 1));
  MemorySink sink(shape, 3);
  ReconstructOptions options;
  options.tile = 4;
  double last = -1;
  int calls = 0;
  options.progress = [&](double fraction, std::string_view) {
    EXPECT_GE(fraction, last);
    EXPECT_LE(fraction, 1);
    last = fraction;
    return ++calls < 5;
  };
  try {
    reconstruct(*engine, source, sink, options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kInterrupted));
  }
  EXPECT_EQ(calls, 5);
}

// cut(): the stretches cover the axis once; each region holds the halo unless the axis ends or closes first.
TEST(Tiling, CutsCoverTheAxisOnce) {
  for (int n : {1, 2, 5, 16, 17})
    for (int tile = 1; tile <= n; ++tile)
      for (int halo : {0, 1, 3, 40})
        for (Boundary b : {Boundary::kPeriodic, Boundary::kClamped}) {
          int next = 0;
          for (const Stretch& s : cut(n, b, tile, halo)) {
            ASSERT_EQ(s.begin, next);
            next += s.count;
            const int low = s.begin - s.region_begin,
                      high = s.region_begin + s.region_count - s.begin - s.count;
            ASSERT_GE(low, 0);
            ASSERT_GE(high, 0);
            ASSERT_LE(s.region_count, n);
            for (int side = 0; side < 2; ++side) {
              const int got = side ? high : low;
              const int end = side ? s.region_begin + s.region_count : s.region_begin;
              ASSERT_TRUE(s.edge[side] != Edge::kCut || got == halo);
              ASSERT_TRUE(s.edge[side] != Edge::kWrap || (s.region_count == n && b == Boundary::kPeriodic));
              ASSERT_TRUE(s.edge[side] != Edge::kFace || (end == (side ? n : 0) && b == Boundary::kClamped));
            }
          }
          ASSERT_EQ(next, n);
        }
}

TEST(Tiling, RefusesMasksOfAnotherSize) {
  const Model model = random_model({Cell::kLstm, 1, 32, 0, Feedback::kInitial}, "432", 3, 5);
  const auto engine = make_cpu_engine(model, {.threads = 1});
  ReconstructOptions options;
  options.mask.resize(7);
  EXPECT_THROW(plan_reconstruction(*engine, {2, 2, 2}, options), Error);
  EXPECT_THROW(plan_reconstruction(*engine, {0, 2, 2}, {}), Error);
}

}  // namespace
}  // namespace grainspin

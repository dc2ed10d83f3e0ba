// The nonlocal family through include/grainspin/reconstruct.h: the grid in one piece, refused where it does not fit.
#include <gtest/gtest.h>

#include <cstring>

#include "grainspin/reconstruct.h"
#include "local_oracle.h"
#include "nonlocal_oracle.h"

namespace grainspin {
namespace {

using testing::random_nonlocal;
using testing::random_orientations;

class Source : public OrientationSource {
 public:
  Source(Shape shape, std::vector<float> q) : shape_(shape), q_(std::move(q)) {}
  Shape shape() const override { return shape_; }
  void read(std::int64_t begin, std::int64_t count, float* q) override {
    std::copy_n(q_.begin() + begin * 4, count * 4, q);
  }

 private:
  Shape shape_;
  std::vector<float> q_;
};

class Sink : public OrientationSink {
 public:
  void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) override {
    EXPECT_EQ(lo, (std::array<int, 3>{0, 0, 0}));
    orientation.insert(orientation.end(), out.orientation, out.orientation + extent.voxels() * 4);
    steps.push_back(out.step);
  }
  std::vector<float> orientation;
  std::vector<int> steps;
};

Model model() {
  NonlocalSpec s;
  s.passes = 1;
  s.channels = 3;
  s.width = 3;
  s.polarisations = 1;
  s.memory = 1;
  s.phases = {testing::named_phase("fcc"), testing::named_phase("bcc24")};
  return random_nonlocal(s, 2, 1);
}

std::string refusal(Errc code, const auto& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(code)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

TEST(NonlocalReconstruct, IsTheRunOfTheWholeGrid) {
  const Shape shape{5, 4, 6};
  const auto engine = make_engine(model(), {.threads = 1});
  const auto q0 = random_orientations(120, 1);
  ReconstructOptions options;
  options.boundaries.z = Boundary::kClamped;
  options.spacing = {1, 2, 1};
  options.padding = 2;
  options.loads.assign(3, testing::tension(0.02));
  std::vector<double> fractions;
  options.progress = [&](double f, std::string_view) { return fractions.push_back(f), true; };
  for (int v = 0; v < 120; ++v) options.phase.push_back(v % 2), options.mask.push_back(v % 9 != 0);
  Source source(shape, q0);
  Sink sink;
  reconstruct(*engine, source, sink, options);

  Region region = whole(shape, options.boundaries);
  region.spacing = options.spacing;
  region.padding = 2;
  region.loads = options.loads;
  region.phase = options.phase.data();
  std::vector<float> expected;
  engine->run(region, q0.data(), options.mask.data(), nullptr, [&](const StepOutput& out) {
    expected.insert(expected.end(), out.orientation, out.orientation + 480);
  });
  EXPECT_EQ(sink.steps, (std::vector<int>{1, 2, 3}));
  ASSERT_EQ(sink.orientation.size(), expected.size());
  EXPECT_EQ(0, std::memcmp(sink.orientation.data(), expected.data(), expected.size() * 4));
  EXPECT_EQ(fractions.size(), 4u);
  EXPECT_EQ(fractions.back(), 1);

  const ReconstructPlan plan = plan_reconstruction(*engine, shape, options);
  EXPECT_TRUE(plan.tile == shape);
  EXPECT_EQ(plan.tiles, 1);
  EXPECT_EQ(plan.halo, 0);
  EXPECT_EQ(plan.voxel_steps, 5 * 4 * (6 + 2 * 2) * 3);
}

TEST(NonlocalReconstruct, TilesAreRefusedWithTheReason) {
  const auto engine = make_engine(model(), {.threads = 1});
  ReconstructOptions options;
  options.tile = 8;
  const std::string text = refusal(Errc::kArgument, [&] { plan_reconstruction(*engine, {16, 16, 16}, options); });
  EXPECT_NE(text.find("every voxel acts on every other"), std::string::npos) << text;
}

// The grid that the refusal names fits, and one a little larger does not.
TEST(NonlocalReconstruct, WhatDoesNotFitSaysWhatWould) {
  const auto engine = make_engine(model(), {.threads = 1});
  ReconstructOptions options;
  options.memory = 40'000'000;
  const std::string text = refusal(Errc::kMemory, [&] { plan_reconstruction(*engine, {200, 100, 50}, options); });
  const std::size_t at = text.find("a grid of ", 10);
  ASSERT_NE(at, std::string::npos) << text;
  int nx = 0, ny = 0, nz = 0;
  ASSERT_EQ(std::sscanf(text.c_str() + at, "a grid of %d x %d x %d voxels would fit", &nx, &ny, &nz), 3) << text;
  EXPECT_LE(plan_reconstruction(*engine, {nx, ny, nz}, options).bytes, options.memory);
  EXPECT_NEAR(double(nx) / nz, 4, 0.3);
  refusal(Errc::kMemory, [&] { plan_reconstruction(*engine, {nx + 2, ny + 2, nz + 2}, options); });
  options.memory = 1000;
  EXPECT_NE(refusal(Errc::kMemory, [&] { plan_reconstruction(*engine, {8, 8, 8}, options); }).find("no grid"),
            std::string::npos);
}

TEST(NonlocalReconstruct, SizesMustBelongTogether) {
  const auto engine = make_engine(model(), {.threads = 1});
  ReconstructOptions options;
  options.phase.assign(7, 0);
  refusal(Errc::kShape, [&] { plan_reconstruction(*engine, {2, 2, 2}, options); });
  options.phase.assign(8, 2);
  refusal(Errc::kArgument, [&] { plan_reconstruction(*engine, {2, 2, 2}, options); });
  options.phase.clear();
  options.mask.assign(9, 1);
  refusal(Errc::kShape, [&] { plan_reconstruction(*engine, {2, 2, 2}, options); });
}

}  // namespace
}  // namespace grainspin

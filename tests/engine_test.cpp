// Mirrors include/grainspin/surrogate.h for the CPU engine, on every instruction set this machine has.
// Expected values: the double precision oracle (local_oracle.h). Equal bits where the order of work must
// not matter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "engine_cpu.h"
#include "grainspin/core.h"
#include "local_oracle.h"
#include "recurrent.h"

namespace grainspin {
namespace {

using testing::angle_between;
using testing::random_model;
using testing::random_orientations;

// All results of a run over a region, step after step.
struct Collected {
  std::vector<float> orientation, increment, stress, log_variance;
  bool operator==(const Collected&) const = default;
};

Collected collect(const Surrogate& s, const Region& region, const float* q0,
                  const std::uint8_t* mask = nullptr, const float* teacher = nullptr) {
  Collected all;
  int step = 0;
  const std::int64_t n = region.inner.voxels();
  const auto append = [n](std::vector<float>& to, const float* from, int numbers) {
    if (from) to.insert(to.end(), from, from + n * numbers);
  };
  s.run(region, q0, mask, teacher, [&](const StepOutput& o) {
    EXPECT_EQ(o.step, ++step);
    append(all.orientation, o.orientation, 4);
    append(all.increment, o.increment, 3);
    append(all.stress, o.stress, 6);
    append(all.log_variance, o.log_variance, 3);
  });
  EXPECT_EQ(step, s.spec().steps());
  return all;
}

double worst(const std::vector<float>& got, const std::vector<double>& want, double unit) {
  EXPECT_EQ(got.size(), want.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i)
    most = std::max(most, std::abs(got[i] - want[i]) / unit);
  return most;
}

double worst_angle(const std::vector<float>& got, const std::vector<double>& want) {
  EXPECT_EQ(got.size(), want.size());
  double most = 0;
  for (std::size_t i = 0; i + 3 < std::min(got.size(), want.size()); i += 4)
    most = std::max(most, angle_between({got[i], got[i + 1], got[i + 2], got[i + 3]},
                                        {want[i], want[i + 1], want[i + 2], want[i + 3]}));
  return most;
}

struct Case {
  LocalSpec local;
  const char* group = "432";
  Shape shape{4, 3, 3};  // more than a block, less than two
  Boundaries boundaries{};
  bool masked = false;
  bool teacher = false;
};

std::string label(const Case& c) {
  return std::string(name(c.local.cell)) + " x" + std::to_string(c.local.layers) + ", hidden " +
         std::to_string(c.local.hidden) + ", radius " + std::to_string(c.local.radius) + ", " +
         name(c.local.feedback) + ", group " + c.group + (c.masked ? ", masked" : "") +
         (c.teacher ? ", teacher" : "");
}

void expect_oracle(const Case& c, const RecurrentKernels& kernels) {
  const int steps = 13;
  const Model model = random_model(c.local, c.group, steps, 7);
  const std::int64_t n = c.shape.voxels();
  const auto q0 = random_orientations(n, 3), teacher = random_orientations(n * steps, 4);
  std::vector<std::uint8_t> mask(n, 1);
  for (std::int64_t i = 0; i < n; i += 3) mask[i] = 0;
  const std::uint8_t* m = c.masked ? mask.data() : nullptr;
  const float* given = c.teacher ? teacher.data() : nullptr;
  const auto engine = make_cpu_engine(model, {.threads = 2}, &kernels);
  const auto want = testing::Oracle(model, c.shape, c.boundaries).run(q0.data(), m, given);
  const auto got = collect(*engine, whole(c.shape, c.boundaries), q0.data(), m, given);
  const std::string where = label(c) + " on " + kernels.name;
  // fp32 carries 6e-8 a rounding; the random networks that see their own orientations again (`neighbours`,
  // 3000 inputs) multiply a difference several times over 13 steps. Half of the 1e-4 rad that is promised.
  EXPECT_LT(worst_angle(got.orientation, want.orientation), 5e-5) << where;
  EXPECT_LT(worst(got.increment, want.increment, 1), 5e-5) << where;
  EXPECT_LT(worst(got.stress, want.stress, 3e7), 1e-4) << where;
  EXPECT_LT(worst(got.log_variance, want.log_variance, 1), 1e-4) << where;
  double largest = 0;  // the comparison means something only where something turns
  for (double w : want.increment) largest = std::max(largest, std::abs(w));
  EXPECT_GT(largest, 0.01) << where;
  for (std::size_t i = 0; i + 3 < got.orientation.size(); i += 4) {
    const float* q = &got.orientation[i];
    ASSERT_NEAR(double(q[0]) * q[0] + double(q[1]) * q[1] + double(q[2]) * q[2] + double(q[3]) * q[3], 1,
                1e-6)
        << where;
  }
}

TEST(Engine, AgreesWithTheDefinitionOnEverySetting) {
  for (const RecurrentKernels* kernels : recurrent_kernels())
    for (Cell cell : {Cell::kLstm, Cell::kGru})
      for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
        for (int layers : {1, 2})
          for (bool heads : {false, true})
            expect_oracle({.local = {cell, layers, layers == 2 ? 48 : 32, 1, feedback, heads, heads}},
                          *kernels);
}

TEST(Engine, AgreesForEveryRadiusAndHiddenSize) {
  for (Cell cell : {Cell::kLstm, Cell::kGru})
    for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
      for (int radius : {0, 2, 3})
        expect_oracle({.local = {cell, 1, 32, radius, feedback}, .shape = {3, 2, 4}},
                      *recurrent_kernels().front());
      for (int hidden : {64, 128, 256})
        expect_oracle({.local = {cell, 1, hidden, 0, feedback}, .shape = {3, 1, 2}},
                      *recurrent_kernels().front());
    }
}

TEST(Engine, AgreesForBoundariesMasksGroupsAndTeachers) {
  const Boundaries mixed{Boundary::kClamped, Boundary::kPeriodic, Boundary::kClamped};
  for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
    for (bool masked : {false, true})
      for (bool teacher : {false, true})
        expect_oracle({.local = {Cell::kLstm, 1, 32, 1, feedback, true, true},
                       .group = masked ? "622" : "422",
                       .shape = {7, 1, 6},
                       .boundaries = mixed,
                       .masked = masked,
                       .teacher = teacher},
                      *recurrent_kernels().front());
}

std::vector<const RecurrentKernels*> all_kernels() {
  std::vector<const RecurrentKernels*> all = recurrent_kernels();
  all.insert(all.end(), recurrent_kernels_bf16().begin(), recurrent_kernels_bf16().end());
  return all;
}

TEST(Engine, ThreadsDoNotChangeABit) {
  const Shape shape{9, 7, 11};
  const auto q0 = random_orientations(shape.voxels(), 5);
  for (const RecurrentKernels* kernels : all_kernels())
    for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
      const Model model = random_model({Cell::kGru, 1, 32, 1, feedback, true, true}, "432", 4, 1);
      const auto one = collect(*make_cpu_engine(model, {.threads = 1}, kernels), whole(shape, {}), q0.data());
      for (int threads : {2, 5})
        EXPECT_TRUE(one == collect(*make_cpu_engine(model, {.threads = threads}, kernels), whole(shape, {}),
                                   q0.data()))
            << threads;
    }
}

// Any region that has all that reaches its inner box gives the bits of the whole grid.
TEST(Engine, CutsDoNotChangeABit) {
  const Shape shape{40, 9, 8};
  const int steps = 3;
  const auto q0 = random_orientations(shape.voxels(), 6);
  std::vector<std::uint8_t> mask(shape.voxels(), 1);
  for (std::size_t i = 0; i < mask.size(); i += 5) mask[i] = 0;
  for (const RecurrentKernels* kernels : all_kernels())
    for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
      const Model model = random_model({Cell::kLstm, 1, 32, 1, feedback}, "432", steps, 2);
      const auto engine = make_cpu_engine(model, {.threads = 2}, kernels);
      const auto all = collect(*engine, whole(shape, {.x = Boundary::kClamped}), q0.data(), mask.data());
      const int halo = reach(model.spec);
      // x: [0, 21) from the clamped face on, cut above. y: whole, periodic. z: [2, 4) cut out of the period.
      Region r;
      r.shape = {21 + halo, 9, 2 + 2 * halo};
      r.inner = {21, 3, 2};
      r.inner_lo = {0, 4, halo};
      r.edge = {{{Edge::kFace, Edge::kCut}, {Edge::kWrap, Edge::kWrap}, {Edge::kCut, Edge::kCut}}};
      std::vector<float> q;
      std::vector<std::uint8_t> m;
      for (int z = 0; z < r.shape.nz; ++z)
        for (int y = 0; y < 9; ++y)
          for (int x = 0; x < r.shape.nx; ++x) {
            const std::int64_t from = (std::int64_t((z + 2 - halo + 8) % 8) * 9 + y) * 40 + x;
            q.insert(q.end(), &q0[from * 4], &q0[from * 4] + 4);
            m.push_back(mask[from]);
          }
      const auto part = collect(*engine, r, q.data(), m.data());
      std::int64_t at = 0;
      for (int t = 0; t < steps; ++t)
        for (int z = 2; z < 4; ++z)
          for (int y = 4; y < 7; ++y)
            for (int x = 0; x < 21; ++x, ++at) {
              const std::int64_t v = t * shape.voxels() + (std::int64_t(z) * 9 + y) * 40 + x;
              ASSERT_EQ(0, std::memcmp(&part.orientation[at * 4], &all.orientation[v * 4], 16))
                  << name(feedback) << " step " << t + 1 << " at " << x << "," << y << "," << z;
              ASSERT_EQ(0, std::memcmp(&part.increment[at * 3], &all.increment[v * 3], 12));
            }
    }
}

TEST(Engine, MaskedVoxelsKeepTheirOrientationAndTouchNobody) {
  const Shape shape{6, 5, 4};
  auto q0 = random_orientations(shape.voxels(), 8);
  std::vector<std::uint8_t> mask(shape.voxels(), 1);
  for (std::size_t i = 1; i < mask.size(); i += 4) mask[i] = 0;
  for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    const Model model = random_model({Cell::kLstm, 1, 32, 1, feedback}, "432", 3, 2);
    const auto engine = make_cpu_engine(model, {.threads = 1});
    const auto before = collect(*engine, whole(shape, {}), q0.data(), mask.data());
    auto other = q0;
    for (std::size_t i = 0; i < mask.size(); ++i)
      if (!mask[i]) std::fill_n(&other[i * 4], 4, std::nanf(""));
    const auto after = collect(*engine, whole(shape, {}), other.data(), mask.data());
    for (std::size_t v = 0; v < before.orientation.size() / 4; ++v) {
      const std::size_t i = v % mask.size();
      const float* expected = mask[i] ? &after.orientation[v * 4] : &q0[i * 4];
      ASSERT_EQ(0, std::memcmp(&before.orientation[v * 4], expected, 16));
      ASSERT_TRUE(mask[i] || after.increment[v * 3] == 0.0f);
    }
  }
}

TEST(Engine, RefusesWhatDoesNotBelongTogether) {
  Model model = random_model({Cell::kLstm, 1, 32, 0, Feedback::kInitial}, "432", 2, 1);
  const auto engine = make_cpu_engine(model, {.threads = 1});
  const auto q0 = random_orientations(8, 1);
  const auto nothing = [](const StepOutput&) {};
  Region r = whole({2, 2, 2}, {});
  r.inner = {3, 2, 2};
  EXPECT_THROW(engine->run(r, q0.data(), nullptr, nullptr, nothing), Error);
  r = whole({2, 2, 2}, {});
  r.edge[1][0] = Edge::kCut;
  EXPECT_THROW(engine->run(r, q0.data(), nullptr, nullptr, nothing), Error);
  model.spec.point_group = "622";  // 18 numbers, the model's normaliser has 9
  EXPECT_THROW(make_cpu_engine(model, {}), Error);
  model.spec.point_group = "23";
  EXPECT_THROW(make_cpu_engine(model, {}), Error);
}

// tanh against the C library's double precision one, over the whole range: within 5 ulp of float.
TEST(Recurrent, TanhIsAccurate) {
  constexpr int kCount = kBlock * 4096;
  std::vector<float> x(kCount + 16), y(kCount + 16);
  float* in = x.data() + (16 - reinterpret_cast<std::uintptr_t>(x.data()) / 4 % 16) % 16;
  float* out = y.data() + (16 - reinterpret_cast<std::uintptr_t>(y.data()) / 4 % 16) % 16;
  for (int i = 0; i < kCount; ++i) {
    const double size = std::pow(10.0, -6 + 8.0 * (i / 2) / (kCount / 2));  // 1e-6 .. 1e2, both signs
    in[i] = float(i % 2 ? -size : size);
  }
  in[0] = 0;
  in[1] = std::nanf("");
  for (const RecurrentKernels* kernels : recurrent_kernels()) {
    kernels->tanh(kCount, in, out);
    EXPECT_EQ(out[0], 0.0f);
    EXPECT_TRUE(std::isnan(out[1]));
    double most = 0;
    for (int i = 2; i < kCount; ++i) {
      const double want = std::tanh(double(in[i]));
      const double ulp = std::ldexp(1.0, std::ilogb(want) - 23);
      most = std::max(most, std::abs(out[i] - want) / ulp);
      ASSERT_LE(std::abs(out[i]), 1.0f);
    }
    EXPECT_LT(most, 5) << kernels->name;
  }
}

}  // namespace
}  // namespace grainspin

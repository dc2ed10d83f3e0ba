// The local family's kernels in bf16: products exact where bf16 is, activations against tanh, whole runs against the
// double precision definition within what bf16 loses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "src/activation_table.h"
#include "src/engine_cpu.h"
#include "src/recurrent.h"
#include "tests/local_oracle.h"

namespace grainspin {
namespace {

using testing::random_model;
using testing::random_orientations;

AlignedFloats numbers(std::int64_t n, float (*value)(std::int64_t)) {
  AlignedFloats a(n);
  for (std::int64_t i = 0; i < n; ++i) a.get()[i] = value(i);
  return a;
}

class EngineBf16 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (recurrent_kernels_bf16().empty()) GTEST_SKIP() << "this processor has no products of bf16";
  }
};

// Small whole numbers and halves are exact in bf16 and their sums in fp32: any wrong place in a tile shows.
TEST_F(EngineBf16, ProductsAreExactWhereBf16Is) {
  for (const RecurrentKernels* kernels : recurrent_kernels_bf16()) {
    if (kernels->tiles) continue;  // tile_network_test
    for (const int gates : {4, 3})
      for (const int hidden : {32, 48, 64})
        for (const int inputs : {1, 31, 32, 33, 243}) {
          std::vector<float> weight(std::size_t(gates) * hidden * (inputs + 2)), bias(std::size_t(gates) * hidden);
          for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = float(int(i * 7919 % 31) - 15);
          for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = float(int(i * 13 % 17) - 8);
          const PackedLayer layer = pack(*kernels, gates, hidden, weight.data(), inputs + 2, 1, inputs, nullptr, bias.data(), bias.data());
          const AlignedFloats x = numbers(std::int64_t(inputs) * kBlock, [](std::int64_t i) { return float(i * 104729 % 23) / 2 - 5; });
          const AlignedFloats start(std::int64_t(hidden) * 4 * kBlock), scratch(pair_floats(inputs));
          kernels->project(layer.view(), gates, x.get(), start.get(), scratch.get());
          // start is in the kernels' own order: [hidden / 16][4][half][16 units][16 voxels].
          for (int half = 0; half < 2; ++half)
            for (int u = 0; u < hidden; ++u)
              for (int g = 0; g < gates; ++g)
                for (int v = 0; v < 16; ++v) {
                  const double scale = g == 2 ? 1 : 0.5;
                  double want = 0;
                  for (int k = 0; k < inputs; ++k)
                    want += scale * weight[(std::size_t(g) * hidden + u) * (inputs + 2) + 1 + k] * x.get()[k * kBlock + half * 16 + v];
                  want += scale * bias[std::size_t(g) * hidden + u] * (gates == 3 && g == 2 ? 1 : 2);
                  const std::int64_t at = (((std::int64_t(u / 16) * 4 + g) * 2 + half) * 16 + u % 16) * 16 + v;
                  ASSERT_EQ(start.get()[at], want) << kernels->name << ", gate " << g << ", unit " << u << ", " << inputs << " inputs";
                }
        }
  }
}

TEST_F(EngineBf16, ActivationsAreWithinTheirBound) {
  constexpr int kCount = 1 << 14;
  const AlignedFloats x = numbers(kCount, [](std::int64_t i) { return float(double(i) / kCount * 24 - 12); });
  const AlignedFloats y(kCount);
  for (const RecurrentKernels* kernels : recurrent_kernels_bf16()) {
    if (kernels->tiles) continue;  // tile_network_test
    kernels->tanh(kCount, x.get(), y.get());
    for (int i = 0; i < kCount; ++i) {
      ASSERT_NEAR(y.get()[i], std::tanh(double(x.get()[i])), 3.1e-4) << kernels->name << " at " << x.get()[i];
      ASSERT_LE(std::abs(y.get()[i]), 1.0f);
    }
  }
}

// A step on a given state: every increment is off by bf16's rounding of some hundred products, not by a wrong gate.
TEST_F(EngineBf16, StepsAreTheDefinitionWithinBf16) {
  const Shape shape{5, 3, 4};
  const int steps = 6;
  const std::int64_t n = shape.voxels();
  for (const RecurrentKernels* kernels : recurrent_kernels_bf16())
    for (const Cell cell : {Cell::kLstm, Cell::kGru})
      for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
        for (const int layers : {1, 2}) {
          const Model model = random_model({cell, layers, 48, 1, feedback, true, true}, "432", steps, 7);
          const auto q0 = random_orientations(n, 3), teacher = random_orientations(n * steps, 4);
          const auto want = testing::Oracle(model, shape, {}).run(q0.data(), nullptr, teacher.data());
          std::vector<float> got;
          make_cpu_engine(model, {.threads = 1}, kernels)->run(whole(shape, {}), q0.data(), nullptr, teacher.data(), [&](const StepOutput& o) {
            got.insert(got.end(), o.increment, o.increment + n * 3);
          });
          ASSERT_EQ(got.size(), want.increment.size());
          double off = 0, size = 0;
          for (std::size_t i = 0; i < got.size(); ++i) off += std::pow(got[i] - want.increment[i], 2), size += std::pow(want.increment[i], 2);
          EXPECT_LT(std::sqrt(off / size), 0.01) << kernels->name << ", " << name(cell) << ", " << name(feedback) << ", " << layers << " layers";
          EXPECT_GT(off, 0) << "fp32 ran, not bf16";
        }
}

// What an open loop of an LSTM may lose: 0.05 degrees in the mean and 0.2 at the 99.9th percentile after 13 steps, here of orientations
// that turn by tens of degrees. This GRU turns them further, and its candidates add up unweighted: twice as much.
TEST_F(EngineBf16, OpenLoopsStayNearFp32) {
  const Region region = whole({24, 16, 16}, {});
  const std::int64_t n = region.shape.voxels();
  const int steps = 13;
  const auto q0 = random_orientations(n, 2);
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn}) {
      const Model model = random_model({cell, 1, 64, 1, feedback}, "432", steps, 1);
      const auto last = [&](const RecurrentKernels* kernels) {
        std::vector<float> q;
        make_cpu_engine(model, {.threads = 1}, kernels)->run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
          if (o.step == steps) q.assign(o.orientation, o.orientation + n * 4);
        });
        return q;
      };
      const auto want = last(recurrent_kernels().front());
      for (const RecurrentKernels* kernels : recurrent_kernels_bf16()) {
        const auto got = last(kernels);
        std::vector<double> angles;
        double mean = 0;
        for (std::size_t i = 0; i < got.size(); i += 4) {
          const auto at = [i](const std::vector<float>& q) { return Quatd{q[i], q[i + 1], q[i + 2], q[i + 3]}; };
          angles.push_back(testing::angle_between(at(got), at(want)) * 180 / std::acos(-1.0));
          mean += angles.back() / double(n);
        }
        std::nth_element(angles.begin(), angles.end() - n / 1000 - 1, angles.end());
        const double factor = cell == Cell::kLstm ? 1 : 2;
        EXPECT_LT(mean, 0.05 * factor) << kernels->name << ", " << name(cell) << ", " << name(feedback);
        EXPECT_LT(angles[angles.size() - std::size_t(n) / 1000 - 1], 0.2 * factor) << kernels->name << ", " << name(cell) << ", " << name(feedback);
      }
    }
}

TEST_F(EngineBf16, PrecisionChoosesTheKernels) {
  const Model model = random_model({Cell::kLstm, 1, 32, 1, Feedback::kInitial}, "432", 2, 1);
  EXPECT_NE(make_engine(model, {.precision = Precision::kFast})->description().find("bf16"), std::string::npos);
  EXPECT_EQ(make_engine(model, {})->description().find("bf16"), std::string::npos);
}

}  // namespace
}  // namespace grainspin

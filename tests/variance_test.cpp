// The variance head: against its definition in double, its invariances, the sums along a path in closed form, what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "grainspin/domain.h"
#include "grainspin/nonlocal.h"
#include "grainspin/symmetry.h"
#include "grainspin/variance.h"
#include "local_oracle.h"
#include "nonlocal_oracle.h"
#include "random_head.h"

namespace grainspin {
namespace {

using testing::named_phase;
using testing::random_nonlocal;
using testing::random_orientations;
using testing::tension;

NonlocalSpec small() {
  NonlocalSpec s;
  s.passes = 2;
  s.channels = 3;
  s.width = 4;
  s.polarisations = 2;
  s.memory = 2;
  s.phases = {named_phase("fcc")};
  return s;
}

Model with_head(unsigned seed) { return testing::with_random_head(testing::random_nonlocal(small(), 2, seed), 5, seed); }

struct Steps {
  std::vector<float> orientation, log_variance;
};
Steps steps_of(const Model& m, const Region& region, const float* q, int threads, const std::uint8_t* mask = nullptr) {
  Steps out;
  const std::int64_t n = region.shape.voxels();
  make_engine(m, {.threads = threads})->run(region, q, mask, nullptr, [&](const StepOutput& o) {
    ASSERT_NE(o.log_variance, nullptr);
    out.log_variance.insert(out.log_variance.end(), o.log_variance, o.log_variance + 3 * n);
    out.orientation.insert(out.orientation.end(), o.orientation, o.orientation + 4 * n);
  });
  return out;
}

Region grid(Shape shape) {
  Region region = whole(shape, {});
  LoadStep shear = tension(0.012);  // with a spin, and another size than that of the state's scale
  shear.L = {0.004, 0.009, 0, -0.001, -0.006, 0.002, 0, 0, 0.002};
  shear.prescribed.fill(true);
  region.loads = {tension(0.01), shear};
  return region;
}

// variance.h, formula by formula.
TEST(Variance, AsDefined) {
  const Model m = with_head(3);
  const Region region = grid({4, 3, 5});
  const std::int64_t n = region.shape.voxels();
  const auto q = random_orientations(n, 5);
  const int F = variance_features(m.spec.nonlocal), D = 5;
  ASSERT_EQ(F, 3 + 2 + 2);
  const auto values = [&](const char* which) -> const std::vector<float>& { return m.tensors.at(std::string("phase0.variance.") + which).values; };
  testing::NonlocalOracle oracle(m, region, nullptr);
  const auto wanted_steps = oracle.run(q.data(), nullptr, region.loads);
  int seen = 0;
  run_with_features(m, region, q.data(), 2, [&](const StepOutput& o, const float* features) {
    const CellLoad load = cell_load(region.loads[std::size_t(o.step - 1)]);
    const auto E = tensor_of(load.E0);
    const auto& L = o.load->L;
    const double W[3] = {(L[7] - L[5]) / 2, (L[2] - L[6]) / 2, (L[3] - L[1]) / 2};
    const auto& state = wanted_steps[std::size_t(o.step - 1)];
    for (std::int64_t i = 0; i < n; ++i) {
      const float* f = features + i * F;
      for (std::int64_t c = 0; c < 3; ++c) ASSERT_NEAR(f[c], std::log(1e-6 + state.x_square[std::size_t(3 * i + c)]), 1e-3);
      for (std::int64_t d = 0; d < 2; ++d) ASSERT_NEAR(f[3 + d], state.h_square[std::size_t(2 * i + d)], 1e-5);
      double v[3], square = 0;
      for (int k = 0; k < 3; ++k) v[k] = o.increment[3 * i + k] - W[k], square += v[k] * v[k];
      ASSERT_NEAR(f[5], std::log(1e-6 + square / (load.size * load.size)), 2e-3);
      ASSERT_NEAR(f[6], std::log(load.size / 0.01), 1e-6);
      double out[4];
      for (int k = 0; k < 4; ++k) {
        out[k] = values("out_bias")[std::size_t(k)];
        for (int d = 0; d < D; ++d) {
          double a = values("hidden_bias")[std::size_t(d)];
          for (int j = 0; j < F; ++j)
            a += values("hidden")[std::size_t(d * F + j)] * (f[j] - values("mean")[std::size_t(j)]) / values("scale")[std::size_t(j)];
          out[k] += values("out")[std::size_t(k * D + d)] * std::tanh(a);
        }
      }
      for (int k = 0; k < 3; ++k) {
        double EE = 0;
        for (int j = 0; j < 3; ++j) EE += E[std::size_t(3 * k + j)] * E[std::size_t(3 * k + j)];
        const double wanted = 2 * std::log(load.size) + std::clamp(out[0] + out[1] * E[std::size_t(4 * k)] + out[2] * EE + out[3] * v[k] * v[k] / square, -30.0, 30.0);
        ASSERT_NEAR(o.log_variance[3 * i + k], wanted, 2e-3 * (1 + std::abs(wanted)));
        ++seen;
      }
    }
  });
  EXPECT_EQ(seen, 2 * 3 * n);
}

TEST(Variance, SameForAnyThreadsMaskedVoxelsHaveNone) {
  const Model m = with_head(4);
  const Region region = grid({5, 4, 3});
  const std::int64_t n = region.shape.voxels();
  const auto q = random_orientations(n, 6);
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  mask[7] = 0;
  const Steps one = steps_of(m, region, q.data(), 1, mask.data()), two = steps_of(m, region, q.data(), 2, mask.data());
  EXPECT_EQ(one.log_variance, two.log_variance);
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(one.log_variance[std::size_t(21 + k)], 0);
    EXPECT_NE(one.log_variance[std::size_t(24 + k)], 0);
  }
}

// Other, equivalent crystal frames for every voxel change nothing but the rounding.
TEST(Variance, EquivalentCrystalFrames) {
  const Model m = with_head(8);
  const Region region = grid({4, 4, 4});
  const std::int64_t n = region.shape.voxels();
  const auto q = random_orientations(n, 9);
  std::vector<float> other;
  const auto& all = PointGroup::named("432").operators();
  for (std::int64_t i = 0; i < n; ++i) {
    const Quatd a{q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]};
    const Quatd b = a * all[std::size_t(i * 7 % std::int64_t(all.size()))];
    for (const double c : {b.w, b.x, b.y, b.z}) other.push_back(float(c));
  }
  const Steps plain = steps_of(m, region, q.data(), 2), turned = steps_of(m, region, other.data(), 2);
  double spread = 0;
  for (std::size_t i = 0; i < plain.log_variance.size(); ++i) {
    ASSERT_NEAR(plain.log_variance[i], turned.log_variance[i], 5e-3);
    spread = std::max(spread, double(std::abs(plain.log_variance[i] - plain.log_variance[0])));
  }
  EXPECT_GT(spread, 0.1);  // voxels do differ
}

TEST(PathError, ClosedForms) {
  const float logs[2][3] = {{2 * std::log(0.01f), 2 * std::log(0.02f), 2 * std::log(0.03f)},
                            {2 * std::log(0.04f), 2 * std::log(0.05f), 2 * std::log(0.06f)}};
  const auto m_of = [&](double correlation) {
    PathError error(1, Calibration{1, correlation, 2, {}, {1, 2, 3}});
    error.add(logs[0]);
    error.add(logs[1]);
    EXPECT_NEAR(error.expected(0), 2 * error.m(0), 1e-12);
    EXPECT_NEAR(error.radius(0, 2), 3 * error.m(0), 1e-12);
    return error.m(0);
  };
  // Independent: sums of squares. Alike: squares of sums. Between: the covariance of neighbours is c sigma_1 sigma_2.
  EXPECT_NEAR(m_of(0), std::sqrt((0.01 * 0.01 + 0.02 * 0.02 + 0.03 * 0.03 + 0.04 * 0.04 + 0.05 * 0.05 + 0.06 * 0.06) / 3), 1e-7);
  EXPECT_NEAR(m_of(1), std::sqrt((0.05 * 0.05 + 0.07 * 0.07 + 0.09 * 0.09) / 3), 1e-7);
  const double c = 0.3;
  EXPECT_NEAR(m_of(c), std::sqrt((0.0091 + 2 * c * (0.01 * 0.04 + 0.02 * 0.05 + 0.03 * 0.06)) / 3), 1e-7);
}

TEST(Variance, FileAndRefusals) {
  Model m = with_head(1);
  const std::string path = ::testing::TempDir() + "variance.safetensors";
  write_model(path, m);
  const Model again = read_model(path);
  ASSERT_TRUE(calibration(again.spec).has_value());
  EXPECT_EQ(calibration(again.spec)->radius, (std::array<double, 3>{1.0, 2.0, 2.5}));
  EXPECT_EQ(again.tensors.at("phase0.variance.out").values, m.tensors.at("phase0.variance.out").values);
  const auto refused = [](const Model& model, const std::string& what) {
    try {
      check(model);
      FAIL() << what;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kFormat);
      EXPECT_NE(std::string(e.what()).find(what), std::string::npos) << e.what();
    }
  };
  Model missing = m;
  missing.tensors.erase("phase0.variance.out");
  refused(missing, "phase0.variance.out");
  Model none = m;
  none.spec.domain = "{}";  // tensors that no setting asks for
  refused(none, "phase0.variance");
  Model wrong = m;
  wrong.spec.domain = R"({"uncertainty": {"hidden": 5, "correlation": 1.5, "expected": 1, "increment": [1,1,1], "radius": [1,1,1]}})";
  refused(wrong, "correlation");
  wrong.spec.domain = R"({"uncertainty": {"hidden": 5}})";
  refused(wrong, "uncertainty");
  EXPECT_FALSE(calibration(random_nonlocal(small(), 2, 1).spec).has_value());
}

}  // namespace
}  // namespace grainspin

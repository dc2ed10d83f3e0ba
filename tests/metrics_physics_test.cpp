// Mirrors include/grainspin/metrics_physics.h: loads by hand, planted fibres, surrogates that break a symmetry or
// depend on the step by a known amount.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "draw.h"
#include "grainspin/metrics_physics.h"
#include "grainspin/operations.h"

namespace grainspin {
namespace {

using namespace testing;

constexpr double kDegree = std::numbers::pi / 180;
const VoxelSymmetry kCubic{{&PointGroup::named("432")}, nullptr};

TEST(MetricsPhysics, FreeComponentsByHand) {
  LoadStep truth = uniaxial(2, 0.01), predicted = truth;
  truth.L[0] = -0.004, truth.L[4] = -0.006;
  predicted.L[0] = -0.0047, predicted.L[4] = -0.0053, predicted.L[1] = 99;  // a prescribed one is not looked at
  const double size = std::sqrt(2.0 / 3.0 * (1e-4 + 16e-6 + 36e-6));
  EXPECT_NEAR(*free_component_error(predicted, truth), 0.0007 * std::sqrt(2.0) / size, 1e-12);
  EXPECT_NEAR(*free_component_error(completed(truth), truth), 0.001 * std::sqrt(2.0) / size, 1e-12);
  truth.prescribed.fill(true);
  EXPECT_FALSE(free_component_error(predicted, truth));
}

TEST(MetricsPhysics, WhatIsToldHoldsNothingOfTheTruth) {
  LoadStep load = uniaxial(0, 0.01);
  load.prescribed[3] = false;
  load.L[3] = 0.5, load.L[4] = -0.009, load.L[8] = -0.001;
  const LoadStep out = told({load}).front();
  EXPECT_EQ(out.L, (std::array<double, 9>{0.01, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(out.prescribed, load.prescribed);
  const LoadStep guess = completed(load);
  EXPECT_NEAR(guess.L[4], -0.005, 1e-15);
  EXPECT_NEAR(guess.L[8], -0.005, 1e-15);
  EXPECT_EQ(guess.L[3], 0);
}

TEST(MetricsPhysics, TensionAxis) {
  EXPECT_EQ(tension_axis({uniaxial(2, 0.01), uniaxial(2, 0.02)}), 2);
  EXPECT_EQ(tension_axis({uniaxial(1, 0.01)}), 1);
  EXPECT_FALSE(tension_axis({uniaxial(1, 0.01), uniaxial(2, 0.01)}));
  EXPECT_FALSE(tension_axis({uniaxial(1, -0.01)}));  // compression
  LoadStep full;
  full.prescribed.fill(true);
  full.L = {-0.005, 0, 0, 0, -0.005, 0, 0, 0, 0.01};
  EXPECT_EQ(tension_axis({full}), 2);
  full.L[0] = -0.01, full.L[4] = 0;  // plane strain
  EXPECT_FALSE(tension_axis({full}));
  full.L = {-0.005, 0.002, 0, 0, -0.005, 0, 0, 0, 0.01};
  EXPECT_FALSE(tension_axis({full}));
  EXPECT_FALSE(tension_axis({}));
}

TEST(MetricsPhysics, FibresArePlantedAndFound) {
  // Every third orientation is made to have <111> 10 degrees from y, and turned about y; the others have <100> on y,
  // 54.7 degrees from the nearest <111>.
  const auto& group = PointGroup::named("432");
  std::mt19937 random(3);
  std::uniform_real_distribution<double> angle(0, 2 * std::numbers::pi);
  const double tilt = 10 * kDegree, full = std::acos(1 / std::sqrt(3.0));  // from [100] to [111]
  const Vec3<double> about{0, -std::sqrt(0.5), std::sqrt(0.5)};         // [100] x [111] / |.|
  std::vector<float> q;
  for (int i = 0; i < 300; ++i) {
    const double t = i % 3 == 0 ? full - tilt : 0;
    // (0, 0, pi/2) carries x to y; before it the crystal turns so that the direction t from [100] comes to x.
    const Quatd r = exp(Vec3<double>{0, angle(random), 0}) * exp(Vec3<double>{0, 0, std::numbers::pi / 2}) *
                    exp(Vec3<double>{-t * about.x, -t * about.y, -t * about.z}) * group.operators()[std::size_t(0)];
    const Quatd s = r * group.operators()[std::size_t(i % 24)];
    for (const double x : {s.w, s.x, s.y, s.z}) q.push_back(float(x));
  }
  EXPECT_NEAR(fibre_fraction(group, 300, q.data(), {1, 1, 1}, {0, 2, 0}, 15 * kDegree), 1.0 / 3, 1e-12);
  EXPECT_NEAR(fibre_fraction(group, 300, q.data(), {1, 1, 1}, {0, 2, 0}, 9.9 * kDegree), 0, 1e-12);
  EXPECT_NEAR(fibre_fraction(group, 300, q.data(), {1, 0, 0}, {0, 2, 0}, 1 * kDegree), 2.0 / 3, 1e-12);
}

TEST(MetricsPhysics, RandomOrientationsHaveTheRandomFibres) {
  const int n = 20000;
  const auto q = random_orientations(n, 5);
  for (const char* name : {"432", "622"})
    for (const FibreDirection& d : fibre_directions(PointGroup::named(name))) {
      const double expected = random_fibre_fraction(PointGroup::named(name), d.direction, 15 * kDegree);
      EXPECT_NEAR(fibre_fraction(PointGroup::named(name), n, q.data(), d.direction, {0.3, -1, 2}, 15 * kDegree), expected,
                  4 * std::sqrt(expected / n)) << name << d.name;
    }
  // Four <111>, three <100>, six <110>; one c axis, three of each prism direction.
  const double cap = 1 - std::cos(15 * kDegree);
  const double counts[] = {4, 3, 6};
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(random_fibre_fraction(PointGroup::named("432"), fibre_directions(PointGroup::named("432"))[i].direction, 15 * kDegree), counts[i] * cap, 1e-12);
  EXPECT_TRUE(fibre_directions(PointGroup::named("222")).empty());
}

// Turns every voxel by a vector of the load and, planted, by what depends on the frame of its crystal or on the size
// of the step.
class Turner : public Surrogate {
 public:
  double frame = 0, quadratic = 0, fixed = 0;
  Turner() { spec_.family = Family::kNonlocal; }
  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override { return "test"; }
  std::int64_t workspace(const Region&) const override { return 0; }
  void run(const Region& region, const float* q0, const std::uint8_t*, const float*,
           const std::function<void(const StepOutput&)>& sink) const override {
    std::vector<float> q(q0, q0 + 4 * region.shape.voxels());
    int k = 0;
    for (const LoadStep& load : region.loads) {
      const double size = load.von_mises();
      for (std::int64_t i = 0; i < region.shape.voxels(); ++i) {
        float* v = q.data() + 4 * i;
        const double chosen = frame * (std::abs(q0[4 * i]) < 0.5 ? 1 : 0);  // a frame's own w: changes with the frame
        rotate(exp(Vec3<double>{0, 0, quadratic * size * size + chosen + fixed}), 1, std::vector<float>(v, v + 4).data(), v);
        // A turn by the load that goes along with it: about its spin.
        rotate(exp(mean_spin(load)), 1, std::vector<float>(v, v + 4).data(), v);
      }
      StepOutput out;
      out.step = ++k;
      out.orientation = q.data();
      sink(out);
    }
  }

 private:
  ModelSpec spec_;
};

std::vector<float> last_of(const Surrogate& model, const Region& region, const std::vector<float>& q) {
  std::vector<float> last(q.size());
  model.run(region, q.data(), nullptr, nullptr, [&](const StepOutput& s) { std::copy_n(s.orientation, last.size(), last.begin()); });
  return last;
}

Region some_region() {
  Region region = whole({3, 4, 2}, {});
  LoadStep shear;
  shear.prescribed.fill(true);
  shear.L = {0, 0.02, 0.004, 0, 0.001, 0, -0.003, 0, -0.001};
  region.loads = {shear, shear};
  return region;
}

TEST(MetricsPhysics, CrystalSymmetryErrorIsThePlantedOne) {
  const auto q = random_orientations(24, 8);
  Turner model;
  const Region region = some_region();
  auto last = last_of(model, region, q);
  EXPECT_LT(crystal_symmetry_error(model, region, kCubic, q.data(), last.data()).max, 1e-6);
  model.frame = 0.01;
  last = last_of(model, region, q);
  const EndDifference e = crystal_symmetry_error(model, region, kCubic, q.data(), last.data());
  EXPECT_NEAR(e.max, 0.02, 1e-5);  // some voxel changes sides; two steps
  EXPECT_GT(e.mean, 0.002);
  EXPECT_LT(e.mean, 0.02);
}

TEST(MetricsPhysics, HalfStepsMoveTheEndByWhatIsNotLinear) {
  const auto q = random_orientations(24, 9);
  Turner model;
  model.quadratic = 10;
  Region region = some_region();
  for (LoadStep& load : region.loads) load = uniaxial(2, 0.02), load.L[0] = load.L[4] = -0.01;  // von Mises 0.02, no spin
  const auto last = last_of(model, region, q);
  // Two steps of 10 (0.02)^2 = 0.004 against four of a quarter of it.
  const EndDifference e = half_step_error(model, region, kCubic, q.data(), last.data());
  EXPECT_NEAR(e.mean, 0.004, 1e-5);
  EXPECT_NEAR(e.max, 0.004, 1e-5);
  const auto halves = halved(region.loads);
  ASSERT_EQ(halves.size(), 4u);
  EXPECT_EQ(halves[3].L[8], 0.01);
}

TEST(MetricsPhysics, EquivarianceTurnsTheLoadAlong) {
  const auto q = random_orientations(24, 10);
  Turner model;
  Region region = some_region();
  region.spacing = {1, 2, 3};
  auto last = last_of(model, region, q);
  const Equivariance all = equivariance_error(model, region, kCubic, q.data(), last.data());
  EXPECT_EQ(all.operations, 47);
  EXPECT_LT(all.max, 2e-6);
  EXPECT_EQ(equivariance_error(model, region, kCubic, q.data(), last.data(), 0, false).operations, 3);
  model.fixed = 0.02;  // about z whatever the load is
  last = last_of(model, region, q);
  EXPECT_GT(equivariance_error(model, region, kCubic, q.data(), last.data(), 0, false).max, 0.05);
}

}  // namespace
}  // namespace grainspin

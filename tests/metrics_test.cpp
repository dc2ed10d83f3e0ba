// Mirrors include/grainspin/metrics.h. Expected values from the definitions, written out or by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "draw.h"
#include "grainspin/metrics.h"

namespace grainspin {
namespace {

using namespace testing;

Quatd at(const std::vector<float>& q, std::size_t i) { return {q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}; }
void put(std::vector<float>& q, std::size_t i, const Quatd& r) {
  q[4 * i] = float(r.w), q[4 * i + 1] = float(r.x), q[4 * i + 2] = float(r.y), q[4 * i + 3] = float(r.z);
}

const VoxelSymmetry kCubic{{&PointGroup::named("432")}, nullptr};

TEST(Metrics, SpreadIsNumpys) {
  // numpy.percentile([4, 1, 3, 2, 10], [50, 95, 99]) = 3, 8.8, 9.76
  const Spread s = spread({4, 1, 3, 2, 10});
  EXPECT_NEAR(s.mean, 4, 1e-12);
  EXPECT_NEAR(s.median, 3, 1e-12);
  EXPECT_NEAR(s.p95, 8.8, 1e-6);
  EXPECT_NEAR(s.p99, 9.76, 1e-6);
  EXPECT_NEAR(s.max, 10, 1e-12);
  EXPECT_NEAR(spread({1, 2}).median, 1.5, 1e-12);
  EXPECT_EQ(spread({}).max, 0);
}

TEST(Metrics, Skill) {
  EXPECT_NEAR(skill(4.9, 6.05), 1 - 4.9 / 6.05, 1e-15);
  EXPECT_EQ(skill(0, 0), 0);
  EXPECT_LT(skill(1, 0), -1e100);
}

TEST(Metrics, IncrementsDoNotSeeSymmetrySwitches) {
  const auto& ops = PointGroup::named("432").operators();
  const auto q = random_orientations(24, 1);
  std::vector<float> after(q.size()), w(72);
  std::mt19937 random(2);
  std::normal_distribution<double> normal(0, 0.02);
  std::vector<Vec3<double>> turn;
  for (std::size_t i = 0; i < 24; ++i) {
    turn.push_back({normal(random), normal(random), normal(random)});
    Quatd r = exp(turn.back()) * at(q, i) * ops[i];
    if (i % 2) r = {-r.w, -r.x, -r.y, -r.z};
    put(after, i, r);
  }
  rotation_increments(kCubic, 24, after.data(), q.data(), w.data());
  std::vector<float> angle(24);
  disorientation_angles(kCubic, 24, after.data(), q.data(), angle.data());
  for (std::size_t i = 0; i < 24; ++i) {
    EXPECT_NEAR(w[3 * i], turn[i].x, 1e-6);
    EXPECT_NEAR(w[3 * i + 1], turn[i].y, 1e-6);
    EXPECT_NEAR(w[3 * i + 2], turn[i].z, 1e-6);
    EXPECT_NEAR(angle[i], std::sqrt(turn[i].x * turn[i].x + turn[i].y * turn[i].y + turn[i].z * turn[i].z), 1e-6);
  }
}

TEST(Metrics, PhasesHaveTheirOwnGroup) {
  // 90 degrees about z: nothing in 432, 30 degrees in 622 (the nearest six-fold turn is 60 or 120).
  const std::vector<std::int32_t> phase{0, 1};
  const VoxelSymmetry two{{&PointGroup::named("432"), &PointGroup::named("622")}, phase.data()};
  const float h = std::sqrt(0.5f);
  const std::vector<float> a{1, 0, 0, 0, 1, 0, 0, 0}, b{h, 0, 0, h, h, 0, 0, h};
  float angle[2];
  disorientation_angles(two, 2, a.data(), b.data(), angle);
  EXPECT_NEAR(angle[0], 0, 1e-6);
  EXPECT_NEAR(angle[1], 30 * 3.14159265 / 180, 1e-6);
}

TEST(Metrics, R2AboutZeroIsPooled) {
  // residual 1 + 0, total 1 + 4: the mean of the two steps' own R2 (0 and 1) would be another number.
  IncrementR2 first, second;
  const float zero[3] = {0, 0, 0}, x[3] = {1, 0, 0}, y[3] = {0, 2, 0};
  first.add(1, zero, x);
  second.add(1, y, y);
  EXPECT_NEAR(first.value(), 0, 1e-15);
  EXPECT_NEAR(second.value(), 1, 1e-15);
  first.add(second);
  EXPECT_NEAR(first.value(), 0.8, 1e-15);
  EXPECT_TRUE(std::isnan(IncrementR2().value()));
}

TEST(Metrics, R2IsAboutTheSpinWhereTheLoadHasOne) {
  // |w - w_true|^2 = 1, |w_true - W|^2 = |(1, -1, 0)|^2 + |(0, 0, 2)|^2 = 6; persistence turns by W and scores 0.
  const Vec3<double> W{1, 1, 0};
  const float truth[6] = {2, 0, 0, 1, 1, 2}, predicted[6] = {2, 0, 1, 1, 1, 2}, turns[6] = {1, 1, 0, 1, 1, 0};
  IncrementR2 r2, persistence;
  r2.add(2, predicted, truth, W);
  persistence.add(2, turns, truth, W);
  EXPECT_NEAR(r2.value(), 1 - 1.0 / 6, 1e-12);
  EXPECT_NEAR(persistence.value(), 0, 1e-12);
}

TEST(Metrics, PersistenceIsCarriedByTheSpinThatIsPrescribed) {
  LoadStep shear;
  shear.prescribed.fill(true);
  shear.L = {0, 0.02, 0, 0, 0, 0, 0, 0, 0};  // L_xy: spin -0.01 about z
  auto turns = persistence_rotations({shear, shear});
  ASSERT_EQ(turns.size(), 2u);
  const Vec3<double> w = log(turns[1]);
  EXPECT_NEAR(w.x, 0, 1e-15);
  EXPECT_NEAR(w.y, 0, 1e-15);
  EXPECT_NEAR(w.z, -0.02, 1e-15);
  shear.prescribed[3] = false;  // L_yx is free: no spin is told
  EXPECT_NEAR(persistence_rotations({shear})[0].w, 1, 1e-15);
  const auto uniaxial_turn = persistence_rotations({uniaxial(2, 0.01)})[0];
  EXPECT_EQ(uniaxial_turn.w, 1);
}

TEST(Metrics, BoundaryLayers) {
  // A slab of 7 between two others, periodic: 1 2 3 4 3 2 1 and 1 1 around.
  const Shape shape{9, 2, 2};
  std::vector<std::int32_t> grain(36);
  for (int i = 0; i < 36; ++i) grain[std::size_t(i)] = i % 9 < 7 ? 0 : 1;
  const auto layer = boundary_layers(shape, {}, grain.data());
  const int expected[] = {1, 2, 3, 4, 3, 2, 1, 1, 1};
  for (int i = 0; i < 36; ++i) EXPECT_EQ(layer[std::size_t(i)], expected[i % 9]) << i;
  // Clamped: the slab's far side is no boundary.
  const auto clamped = boundary_layers(shape, {Boundary::kClamped, Boundary::kClamped, Boundary::kClamped}, grain.data());
  const int open[] = {7, 6, 5, 4, 3, 2, 1, 1, 2};
  for (int i = 0; i < 36; ++i) EXPECT_EQ(clamped[std::size_t(i)], open[i % 9]) << i;
  const std::vector<std::int32_t> one(36, 0);
  const auto none = boundary_layers(shape, {}, one.data());
  EXPECT_EQ(*std::max_element(none.begin(), none.end()), 0);
}

// Turns every voxel by a fixed sample vector a step (breaks the symmetry), or by nothing (keeps it).
class Spinner : public Surrogate {
 public:
  explicit Spinner(Vec3<double> w) : w_(w) { spec_.loads.assign(2, uniaxial(2, 0.01)); }
  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override { return "test"; }
  std::int64_t workspace(const Region&) const override { return 0; }
  void run(const Region& region, const float* q0, const std::uint8_t*, const float*,
           const std::function<void(const StepOutput&)>& sink) const override {
    std::vector<float> q(q0, q0 + 4 * region.shape.voxels());
    for (int k = 1; k <= 2; ++k) {
      rotate(exp(w_), region.shape.voxels(), std::vector<float>(q).data(), q.data());
      StepOutput out;
      out.step = k;
      out.orientation = q.data();
      sink(out);
    }
  }

 private:
  ModelSpec spec_;
  Vec3<double> w_;
};

TEST(Metrics, EquivarianceError) {
  const Shape shape{2, 3, 2};
  const auto q = random_orientations(12, 4);
  for (const double spin : {0.0, 0.03}) {
    // A constant spin about z is kept by the 8 operations of 4/m and turned around by the other 8: those
    // end 2 * 2 * spin away from the plain prediction.
    const Spinner model({0, 0, spin});
    std::vector<float> last(q.size());
    model.run(whole(shape, {}), q.data(), nullptr, nullptr, [&](const StepOutput& s) { std::copy_n(s.orientation, 48, last.begin()); });
    Region region = whole(shape, {});
    region.loads = model.spec().loads;
    const auto e = equivariance_error(model, region, kCubic, q.data(), last.data());
    EXPECT_EQ(e.operations, 15);
    EXPECT_NEAR(e.max, 4 * spin, 1e-6);
    EXPECT_NEAR(e.mean, 4 * spin * 8 / 15, 1e-6);
  }
}

}  // namespace
}  // namespace grainspin

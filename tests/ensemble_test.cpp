// An ensemble's results against their definitions, written out in double from runs of the members by themselves, and in closed
// forms; whole runs, rollouts, tiles and threads to the bit; errors inside a run.
#include "grainspin/ensemble.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ensemble_mean.h"
#include "ensemble_models.h"
#include "grainspin/core.h"
#include "grainspin/nonlocal.h"
#include "grainspin/reconstruct.h"
#include "rollout_cases.h"

namespace grainspin {
namespace {

using namespace testing;

Model nonlocal_three(bool head = true) { return ensemble_of({nonlocal_member(1, 3, head), nonlocal_member(2, 3, head), nonlocal_member(3, 3, head)}); }
Model local_three(Feedback f) { return ensemble_of({local_member(f, 1), local_member(f, 2), local_member(f, 3)}); }

Region grid(Shape shape, Boundaries boundaries = {}) {
  Region region = whole(shape, boundaries);
  region.padding = 2;
  return region;
}
Region nonlocal_grid() {
  Region region = grid({4, 3, 5}, {.y = Boundary::kClamped});
  LoadStep shear = tension(0.012);
  shear.L = {0.004, 0.009, 0, -0.001, -0.006, 0.002, 0, 0, 0.002};
  shear.prescribed.fill(true);
  region.loads = {tension(0.01), shear, tension(0.005)};
  return region;
}

// Rotations about one axis by angles a_i: the sum of |R - R_i|^2 is least at atan2(sum sin a_i, sum cos a_i).
TEST(EnsembleMean, RotationsAboutOneAxis) {
  const double axis[3] = {2 / 7.0, 3 / 7.0, 6 / 7.0};
  for (const auto& angles : {std::array{0.1, 0.2, 0.9}, std::array{-1.2, 0.3, 1.0}, std::array{0.01, 0.011, 0.013}}) {
    std::vector<std::array<float, 4>> q;
    double sine = 0, cosine = 0;
    for (const double a : angles) {
      const double sign = q.size() == 1 ? -1 : 1;  // the same rotation
      q.push_back({float(sign * std::cos(a / 2)), float(sign * std::sin(a / 2) * axis[0]), float(sign * std::sin(a / 2) * axis[1]),
                   float(sign * std::sin(a / 2) * axis[2])});
      sine += std::sin(a), cosine += std::cos(a);
    }
    float mean[4];
    mean_rotations({q[0].data(), q[1].data(), q[2].data()}, 1, 1, mean);
    const double half = std::atan2(sine, cosine) / 2;
    EXPECT_NEAR(mean[0], std::cos(half), 1e-6);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(mean[k + 1], std::sin(half) * axis[k], 1e-6);
  }
}

// No rotation near it has a smaller sum of |R - R_i|^2 = 8 - 8 (q . q_i)^2.
TEST(EnsembleMean, LeastSquaresOfMatrices) {
  const auto far = random_orientations(3, 4);
  std::vector<std::vector<float>> q(3);
  for (std::size_t m = 0; m < 3; ++m) {
    double norm = 0;
    for (std::size_t k = 0; k < 4; ++k) q[m].push_back(far[k] + 0.4f * far[4 * m + k]), norm += double(q[m][k]) * q[m][k];
    for (float& x : q[m]) x /= float(std::sqrt(norm));
  }
  const auto cost = [&](const std::array<double, 4>& p) {
    double sum = 0, norm = 0;
    for (const double x : p) norm += x * x;
    for (const auto& member : q) {
      double dot = 0;
      for (std::size_t k = 0; k < 4; ++k) dot += p[k] * member[k];
      sum += 8 - 8 * dot * dot / norm;
    }
    return sum;
  };
  float mean[4];
  mean_rotations({q[0].data(), q[1].data(), q[2].data()}, 1, 1, mean);
  const std::array<double, 4> at{mean[0], mean[1], mean[2], mean[3]};
  for (std::size_t k = 0; k < 4; ++k)
    for (const double d : {-1e-3, 1e-3}) {
      std::array<double, 4> moved = at;
      moved[k] += d;
      EXPECT_GE(cost(moved), cost(at) - 1e-9);
    }
  for (const auto& member : q) EXPECT_LT(cost(at), cost({member[0], member[1], member[2], member[3]}) - 1e-3);
}

TEST(EnsembleMean, EqualBitsStay) {
  const float q[4] = {0.5f, 0.5f, 0.5f, 0.500001f};  // not quite of length 1
  float mean[4];
  mean_rotations({q, q, q}, 1, 1, mean);
  for (int k = 0; k < 4; ++k) EXPECT_EQ(mean[k], q[k]);
}

// Every field of every step, from runs of the members alone.
void expect_the_definition(const Model& model, const Region& region, const std::uint8_t* mask, const float* teacher = nullptr) {
  const std::int64_t n = region.shape.voxels();
  const auto q0 = random_orientations(n, 5);
  const float* const start = teacher ? teacher : q0.data();
  std::vector<std::vector<StepCopy>> alone;
  for (const Model& m : members_of(model)) alone.push_back(whole_path(*make_engine(m, {.threads = 1}), region, start, mask, teacher));
  const auto all = whole_path(*make_engine(model, {.threads = 2}), region, start, mask, teacher);
  ASSERT_EQ(all.size(), alone[0].size());
  const double N = double(alone.size());
  for (std::size_t t = 0; t < all.size(); ++t) {
    ASSERT_EQ(all[t].increment.size(), std::size_t(3 * n));
    const auto mean = [&](auto member, std::size_t i) {
      double sum = 0;
      for (const auto& steps : alone) sum += (steps[t].*member)[i] / N;
      return sum;
    };
    for (std::size_t i = 0; i < std::size_t(3 * n); ++i) ASSERT_NEAR(all[t].increment[i], mean(&StepCopy::increment, i), 1e-8);
    ASSERT_EQ(all[t].stress.size(), alone[0][t].stress.size());
    for (std::size_t i = 0; i < all[t].stress.size(); ++i) ASSERT_NEAR(all[t].stress[i], mean(&StepCopy::stress, i), 64);
    for (std::size_t c = 0; c < 9; ++c) {
      double L = 0;
      for (const auto& steps : alone) L += steps[t].L[c] / N;
      ASSERT_NEAR(all[t].L[c], L, 1e-15);
    }
    ASSERT_EQ(all[t].log_variance.size(), alone[0][t].log_variance.size());
    for (std::size_t i = 0; i < all[t].log_variance.size(); ++i) {
      // In the local family's heads a variance is over the square of the scale, each member's its own.
      double total = 0;
      const double centre = mean(&StepCopy::increment, i);
      const auto members = members_of(model);
      const auto unit = [&](const ModelSpec& spec) { return spec.family == Family::kLocal ? double(spec.increment_scale[i % 3]) : 1.0; };
      for (std::size_t m = 0; m < alone.size(); ++m)
        total += (std::exp(double(alone[m][t].log_variance[i])) * std::pow(unit(members[m].spec), 2) +
                  std::pow(alone[m][t].increment[i] - centre, 2)) / N;
      const bool masked = mask && !mask[i / 3];
      ASSERT_NEAR(all[t].log_variance[i], masked ? 0 : std::log(total / std::pow(unit(model.spec), 2)), 2e-4);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      // At the least sum of squares of the distances to the members the gradient within the unit sphere is zero:
      // sum_m (q . q_m) q_m is along q.
      double s[4] = {}, along = 0, length = 0;
      const float* const q = &all[t].orientation[std::size_t(4 * i)];
      for (const auto& steps : alone) {
        double dot = 0;
        for (int k = 0; k < 4; ++k) dot += double(q[k]) * steps[t].orientation[std::size_t(4 * i + k)];
        for (int k = 0; k < 4; ++k) s[k] += dot * steps[t].orientation[std::size_t(4 * i + k)];
      }
      for (int k = 0; k < 4; ++k) along += s[k] * q[k], length += double(q[k]) * q[k];
      for (int k = 0; k < 4; ++k) ASSERT_NEAR(s[k], along * q[k] / length, 3e-6);
      ASSERT_NEAR(length, 1, 1e-6);
      for (int k = 0; k < 4 && mask && !mask[i]; ++k) ASSERT_EQ(q[k], start[4 * i + k]);
    }
  }
}

std::vector<std::uint8_t> some_mask(std::int64_t n) {
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  mask[7] = mask[11] = 0;
  return mask;
}

TEST(Ensemble, NonlocalAsDefined) {
  const Region region = nonlocal_grid();
  expect_the_definition(nonlocal_three(), region, nullptr);
  expect_the_definition(nonlocal_three(), region, some_mask(60).data());
  expect_the_definition(nonlocal_three(false), region, nullptr);  // no variance
  expect_the_definition(nonlocal_three(), region, nullptr, random_orientations(60 * 3, 9).data());
}

TEST(Ensemble, LocalAsDefined) {
  const Region region = grid({5, 4, 3});
  for (const Feedback f : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    expect_the_definition(local_three(f), region, some_mask(60).data());
    expect_the_definition(local_three(f), region, nullptr, random_orientations(60 * 3, 9).data());
  }
}

TEST(Ensemble, StepsGiveTheBitsOfARun) {
  const auto mask = some_mask(60);
  expect_the_bits_of_a_run(*make_engine(nonlocal_three(), {.threads = 1}), nonlocal_grid(), mask.data());
  expect_the_bits_of_a_teacher(*make_engine(nonlocal_three(), {.threads = 1}), nonlocal_grid(), mask.data());
  expect_the_bits_of_a_run(*make_engine(local_three(Feedback::kInitial), {.threads = 1}), grid({5, 4, 3}), nullptr);
  expect_the_bits_of_a_run(*make_engine(local_three(Feedback::kNeighbours), {.threads = 1}), grid({5, 4, 3}), mask.data());
  expect_the_bits_of_a_teacher(*make_engine(local_three(Feedback::kOwn), {.threads = 1}), grid({5, 4, 3}), nullptr);
}

struct Source final : OrientationSource {
  Shape extent;
  std::vector<float> q;
  Shape shape() const override { return extent; }
  void read(std::int64_t begin, std::int64_t count, float* to) override { std::copy_n(q.data() + 4 * begin, 4 * count, to); }
};
struct Sink final : OrientationSink {
  explicit Sink(Shape shape, int steps) : extent(shape), all(std::size_t(steps) * std::size_t(shape.voxels()) * 7) {}
  void write(std::array<int, 3> lo, Shape box, const StepOutput& o) override {
    for (int z = 0, i = 0; z < box.nz; ++z)
      for (int y = 0; y < box.ny; ++y)
        for (int x = 0; x < box.nx; ++x, ++i) {
          const std::int64_t v = (std::int64_t(lo[2] + z) * extent.ny + lo[1] + y) * extent.nx + lo[0] + x;
          float* const to = all.data() + (std::int64_t(o.step - 1) * extent.voxels() + v) * 7;
          std::copy_n(o.orientation + 4 * i, 4, to);
          std::copy_n(o.log_variance + 3 * i, 3, to + 4);
        }
  }
  Shape extent;
  std::vector<float> all;
};

TEST(Ensemble, TilesAndThreadsDoNotChangeABit) {
  Source source;
  source.extent = {9, 8, 7};
  source.q = random_orientations(source.extent.voxels(), 3);
  const auto run = [&](const Model& m, int threads, int tile) {
    Sink sink(source.extent, 3);
    ReconstructOptions o;
    o.tile = tile;
    reconstruct(*make_engine(m, {.threads = threads}), source, sink, o);
    return sink.all;
  };
  const Model local = local_three(Feedback::kNeighbours);
  const auto one = run(local, 1, 0);
  EXPECT_TRUE(run(local, 2, 0) == one);
  EXPECT_TRUE(run(local, 1, 4) == one);
  Model nonlocal = nonlocal_three();
  nonlocal.spec.domain = with_calibration(nonlocal.spec.domain, {5, 0.5, 1, {1, 1, 1}, {1, 1, 1}});
  EXPECT_TRUE(run(nonlocal, 1, 0) == run(nonlocal, 2, 0));
}

TEST(Ensemble, MemoryIsThatOfAllMembers) {
  const Model model = nonlocal_three();
  const auto all = make_engine(model, {.threads = 1});
  const Region region = nonlocal_grid();
  std::int64_t bytes = 0, carried = 0, host = 0;
  for (const Model& m : members_of(model)) {
    const auto one = make_engine(m, {.threads = 1});
    bytes += one->workspace(region), carried += one->rollout_size(region, true).carried, host += one->rollout_size(region, true).host;
  }
  EXPECT_EQ(all->workspace(region), bytes + 60 * 16 * 4);
  EXPECT_EQ(all->rollout_size(region, true).host, host + 60 * 16 * 4);
  EXPECT_EQ(all->rollout_size(region, true).carried, carried);
  ReconstructOptions o;
  o.loads = region.loads;
  o.memory = plan_reconstruction(*all, {16, 16, 16}, o).bytes - 1;
  o.memory /= 3;  // room for one
  EXPECT_NO_THROW((void)plan_reconstruction(*make_engine(members_of(model)[0], {.threads = 1}), {16, 16, 16}, o));
  EXPECT_THROW((void)plan_reconstruction(*all, {16, 16, 16}, o), Error);
}

// A member that throws at its second step.
class Failing final : public Surrogate {
 public:
  explicit Failing(const Model& m, bool fails) : inner_(make_engine(m, {.threads = 1})), fails_(fails) {}
  const ModelSpec& spec() const override { return inner_->spec(); }
  std::string description() const override { return "failing"; }
  std::int64_t workspace(const Region& r) const override { return inner_->workspace(r); }
  void run(const Region& r, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    inner_->run(r, q0, mask, teacher, [&](const StepOutput& o) {
      require(!fails_ || o.step < 2, Errc::kDevice, "lost");
      sink(o);
    });
  }

 private:
  std::unique_ptr<Surrogate> inner_;
  bool fails_;
};

TEST(Ensemble, ErrorsEndARunAndTheNextOneIsWhole) {
  const Model model = nonlocal_three();
  const Region region = nonlocal_grid();
  const auto q0 = random_orientations(60, 5);
  for (const int bad : {0, 1, 2}) {
    int made = 0;
    const auto s = ensemble_of(model, 1, [&](const Model& m) { return std::make_unique<Failing>(m, made++ == bad); });
    int steps = 0;
    try {
      s->run(region, q0.data(), nullptr, nullptr, [&](const StepOutput&) { ++steps; });
      ADD_FAILURE() << "no error";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kDevice);
      EXPECT_STREQ(e.what(), "lost");
    }
    EXPECT_EQ(steps, 1);
    EXPECT_THROW((void)s->start(region, q0.data(), nullptr), Error);  // these run whole paths only
  }
  const auto s = make_engine(model, {.threads = 1});
  const auto want = whole_path(*s, region, q0.data(), nullptr);
  EXPECT_THROW(s->run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) { throw Error(Errc::kInterrupted, "stop"); }), Error);
  EXPECT_TRUE(whole_path(*s, region, q0.data(), nullptr) == want);
}

}  // namespace
}  // namespace grainspin

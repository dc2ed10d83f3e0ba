#include "datasets/batch.h"

#include <gtest/gtest.h>

#include <map>

#include "datasets/normaliser.h"
#include "training_cases.h"

using namespace grainspin;
using namespace grainspin::testing;

using HeldRun = grainspin::Run;  // the name alone is a member of every test

namespace {

ModelSpec spec_of(std::span<const HeldRun> runs, Feedback feedback, int radius) {
  ModelSpec spec;
  spec.point_group = "432";
  spec.local.feedback = feedback;
  spec.local.radius = radius;
  spec.loads = runs[0].loads;
  set_scales(runs, spec);
  return spec;
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b, float tolerance,
                 const char* what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << what << " " << i;
}

}  // namespace

// Against the definition: tap by tap, step by step.
TEST(Batch, GathersNormalisedEmbeddingsOfTheTaps) {
  for (const Boundary b : {Boundary::kPeriodic, Boundary::kClamped})
    for (const int radius : {0, 1, 2}) {
      const Shape shape{4, 3, 2};
      const int T = 3;
      std::vector<HeldRun> runs;
      runs.push_back(make_run("a", shape, {b, b, b}, "432", 0, tension(T), follow_law(shape, T, 3), {}));
      for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
        const ModelSpec spec = spec_of(runs, feedback, radius);
        const BatchMaker maker(spec, false, {cube_operations()[0]}, 2);
        std::vector<Draw> draws;
        for (int i = 0; i < 100; ++i) draws.push_back({0, i % shape.voxels(), 0});
        Batch batch;
        maker.fill([&](int r) -> const HeldRun& { return runs[std::size_t(r)]; }, draws, batch);
        const int K = taps(radius), C = 9, B = int(draws.size());
        ASSERT_EQ(batch.patches, feedback == Feedback::kNeighbours ? T : 1);
        ASSERT_EQ(batch.x.size(), std::size_t(batch.patches) * B * K * C);
        auto expected = [&](std::int64_t voxel, int t, int c) {
          float e[9];
          const float* q = &runs[0].q[std::size_t((t * shape.voxels() + voxel) * 4)];
          embed(embedding(PointGroup::named("432")), Quat{q[0], q[1], q[2], q[3]}, e);
          return (e[c] - spec.input_mean[std::size_t(c)]) / spec.input_scale[std::size_t(c)];
        };
        for (int t = 0; t < batch.patches; ++t)
          for (int i = 0; i < B; ++i) {
            const int v = int(draws[std::size_t(i)].voxel), x = v % 4, y = v / 4 % 3, z = v / 12;
            for (int k = 0; k < K; ++k)
              for (int c = 0; c < C; ++c)
                ASSERT_NEAR(batch.x[std::size_t(((t * B + i) * K + k) * C + c)],
                            expected(tap(shape, {b, b, b}, x, y, z, radius, k), t, c), 2e-5);
          }
        ASSERT_EQ(batch.own.size(), feedback == Feedback::kOwn ? std::size_t(T * B * C) : 0u);
        if (feedback == Feedback::kOwn) {
          for (int t = 0; t < T; ++t)
            ASSERT_NEAR(batch.own[std::size_t((t * B + 5) * C + 2)], expected(5, t, 2), 2e-5);
        }
        for (int t = 0; t < T; ++t)
          for (int a = 0; a < 3; ++a)
            EXPECT_EQ(batch.w[std::size_t((t * B + 7) * 3 + a)],
                      runs[0].w[std::size_t((t * shape.voxels() + 7) * 3 + a)]);
      }
    }
}

// A batch turned by an operation is the batch of the turned run: two ways that share no index.
TEST(Batch, AugmentationIsTheTurnedRun) {
  const Shape shape{4, 3, 5};
  std::vector<HeldRun> runs;
  runs.push_back(made_run(shape, 2, 11));
  std::vector<float> stress(std::size_t(2 * shape.voxels() * 6));
  for (std::size_t i = 0; i < stress.size(); ++i) stress[i] = float(i % 17) - 8;
  runs[0].stress = stress;
  const ModelSpec spec = spec_of(runs, Feedback::kNeighbours, 1);
  const auto& all = cube_operations();
  const BatchMaker original(spec, true, all, 1);
  for (int k = 0; k < 48; ++k) {
    TurnedRun t = turn(runs[0], all[std::size_t(k)]);
    std::vector<HeldRun> turned;
    turned.push_back(make_run("turned", t.shape, t.boundaries, "432", 0, tension(2), t.q, t.stress));
    const BatchMaker plain(spec, true, {all[0]}, 1);
    const auto from = turned_voxels(all[std::size_t(k)], shape);
    std::vector<Draw> there, here;
    for (std::int64_t j = 0; j < shape.voxels(); ++j) {
      there.push_back({0, j, 0});
      here.push_back({0, from[std::size_t(j)], k});
    }
    Batch a, b;
    original.fill([&](int) -> const HeldRun& { return runs[0]; }, here, a);
    plain.fill([&](int) -> const HeldRun& { return turned[0]; }, there, b);
    expect_near(a.x, b.x, 1e-4f, "patches");
    expect_near(a.q, b.q, 1e-6f, "orientations");
    expect_near(a.w, b.w, 1e-6f, "increments");
    expect_near(a.w, std::vector<float>(t.w), 1e-6f, "increments of the whole grid");
    expect_near(a.stress, b.stress, 1e-5f, "stress");
  }
}

// The operations of the load carry the made-up law into itself; an operation that turns the load does not.
TEST(Batch, TurnedRunsObeyTheLaw) {
  const Shape shape{4, 3, 5};
  const HeldRun run = made_run(shape, 1, 12);
  auto worst = [&](const Operation& op) {
    const TurnedRun t = turn(run, op);
    double error = 0;
    for (std::int64_t i = 0; i < shape.voxels(); ++i) {
      const int x = int(i % t.shape.nx), y = int(i / t.shape.nx % t.shape.ny),
                z = int(i / t.shape.nx / t.shape.ny);
      Vec3<double> sum;
      for (const int k : {13, 12, 14, 10, 16, 4, 22}) {
        const float* q = &t.q[std::size_t(tap(t.shape, t.boundaries, x, y, z, 1, k) * 4)];
        const Vec3<double> w = law({q[0], q[1], q[2], q[3]}, 0.05 / 7);
        sum = {sum.x + w.x, sum.y + w.y, sum.z + w.z};
      }
      const float* w = &t.w[std::size_t(i * 3)];
      error = std::max({error, std::abs(w[0] - sum.x), std::abs(w[1] - sum.y), std::abs(w[2] - sum.z)});
    }
    return error;
  };
  for (const Operation& op : load_operations(tension(1))) EXPECT_LT(worst(op), 2e-6);
  int broken = 0;
  for (const Operation& op : cube_operations()) broken += worst(op) > 1e-3;
  EXPECT_EQ(broken, 32);
}

TEST(Batch, DrawsRepeatAndReachEveryVoxelEvenly) {
  std::vector<HeldRun> runs;
  runs.push_back(made_run({2, 2, 1}, 1, 1));
  runs.push_back(made_run({3, 2, 2}, 1, 2));
  std::map<std::tuple<int, std::int64_t, int>, int> count;
  const int n = 16 * 16 * 200;
  for (int i = 0; i < n; ++i) {
    const Draw d = draw(runs, 16, 5, i), again = draw(runs, 16, 5, i);
    ASSERT_EQ(d.voxel, again.voxel);
    ++count[{d.run, d.voxel, d.operation}];
  }
  ASSERT_EQ(count.size(), 16u * 16u);  // 4 + 12 voxels, 16 operations
  double chi2 = 0;
  for (const auto& [key, k] : count) chi2 += (k - 200.0) * (k - 200.0) / 200;
  EXPECT_LT(chi2, 255 + 5 * std::sqrt(2 * 255.0));  // chi squared of 255 degrees of freedom, five deviations
  EXPECT_NE(draw(runs, 16, 5, 0).voxel * 100 + draw(runs, 16, 5, 1).voxel * 10 + draw(runs, 16, 5, 2).voxel,
            draw(runs, 16, 6, 0).voxel * 100 + draw(runs, 16, 6, 1).voxel * 10 + draw(runs, 16, 6, 2).voxel);
}

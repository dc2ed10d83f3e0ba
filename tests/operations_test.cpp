#include "datasets/operations.h"

#include <gtest/gtest.h>

#include <random>

#include "training_cases.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

LoadStep prescribed(std::array<double, 9> L) {
  LoadStep load;
  load.L = L;
  load.prescribed.fill(true);
  return load;
}

Quatd random_rotation(std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  return normalised(Quatd{normal(random), normal(random), normal(random), normal(random)});
}

}  // namespace

TEST(Operations, TheCubeHas48AndTheyAreWhatTheySay) {
  const auto& all = cube_operations();
  ASSERT_EQ(all.size(), 48u);
  for (const Operation& op : all) {
    const Mat3<double> p = matrix(op.p);
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) EXPECT_NEAR(p(i, j), op.det * op.Q(i, j), 1e-12);
    double det = 0;  // by the definition, over the even and odd permutations
    for (int i = 0; i < 3; ++i)
      det += op.Q(0, i) *
             (op.Q(1, (i + 1) % 3) * op.Q(2, (i + 2) % 3) - op.Q(1, (i + 2) % 3) * op.Q(2, (i + 1) % 3));
    EXPECT_EQ(det, op.det);
  }
}

// Orders of the holohedral subgroups of m-3m that leave a strain path unchanged (International Tables A):
// 4/mmm 16, mmm 8, 2/m 4, -1 2.
TEST(Operations, LoadsKeepTheirSubgroups) {
  EXPECT_EQ(load_operations(tension(13)).size(), 16u);
  EXPECT_EQ(load_operations({}).size(), 48u);
  const LoadStep plane = prescribed({0.01, 0, 0, 0, 0, 0, 0, 0, -0.01});
  const LoadStep shear = prescribed({0, 0, 0.01, 0, 0, 0, 0, 0, 0});
  const LoadStep general = prescribed({0.01, 0.002, 0.003, 0.004, -0.007, 0.005, 0.006, 0.001, -0.003});
  const LoadStep axial = prescribed({-0.005, 0, 0, 0, -0.005, 0, 0, 0, 0.01});
  EXPECT_EQ(load_operations(std::vector{plane}).size(), 8u);
  EXPECT_EQ(load_operations(std::vector{shear}).size(), 4u);
  EXPECT_EQ(load_operations(std::vector{general}).size(), 2u);
  EXPECT_EQ(load_operations(std::vector{axial, axial}).size(), 16u);
  EXPECT_EQ(load_operations(std::vector{axial, plane}).size(), 8u);  // every step must be kept
}

// Q L Q^T written out as a product of matrices, and the mask as what Q does to the components' directions.
TEST(Operations, LoadsTurnAsTensors) {
  LoadStep load = prescribed({0.01, 0.002, 0.003, 0.004, -0.007, 0.005, 0.006, 0.001, -0.003});
  load.prescribed[1] = load.prescribed[8] = false;  // xy, zz
  for (const Operation& op : cube_operations()) {
    const LoadStep out = turned(op, load);
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        double sum = 0, free = 0;
        for (int k = 0; k < 3; ++k)
          for (int l = 0; l < 3; ++l) {
            sum += op.Q(i, k) * load.L[std::size_t(3 * k + l)] * op.Q(j, l);
            free += std::abs(op.Q(i, k) * op.Q(j, l)) * !load.prescribed[std::size_t(3 * k + l)];
          }
        EXPECT_NEAR(out.L[std::size_t(3 * i + j)], sum, 1e-15);
        EXPECT_EQ(out.prescribed[std::size_t(3 * i + j)], free == 0);
      }
    const LoadStep back = turned(inverse(op), out);
    EXPECT_EQ(back.L, load.L);
    EXPECT_EQ(back.prescribed, load.prescribed);
  }
}

TEST(Operations, FieldsComeBackByTheInverse) {
  const Shape shape{2, 3, 4};
  std::mt19937_64 random(5);
  std::vector<float> q;
  for (int i = 0; i < 24; ++i) {
    const Quatd r = random_rotation(random);
    for (const double x : {r.w, r.x, r.y, r.z}) q.push_back(float(x));
  }
  for (const Operation& op : cube_operations()) {
    const Shape to = turned(op, shape);
    const auto moved = turned_orientations(op, shape, q.data());
    const auto from = turned_voxels(op, shape);
    for (std::size_t j = 0; j < 24; ++j) {
      const float* v = q.data() + 4 * from[j];
      const Quatd expected = op.p * Quatd{v[0], v[1], v[2], v[3]};
      EXPECT_NEAR(moved[4 * j], expected.w, 1e-6);
      EXPECT_NEAR(moved[4 * j + 1], expected.x, 1e-6);
      EXPECT_NEAR(moved[4 * j + 2], expected.y, 1e-6);
      EXPECT_NEAR(moved[4 * j + 3], expected.z, 1e-6);
    }
    const auto back = turned_orientations(inverse(op), to, moved.data());
    for (std::size_t i = 0; i < q.size(); i += 4) {  // q and -q are one rotation
      const double same = back[i] * q[i] + back[i + 1] * q[i + 1] + back[i + 2] * q[i + 2] + back[i + 3] * q[i + 3];
      EXPECT_NEAR(std::abs(same), 1, 1e-6);
    }
    const std::array<double, 3> spacing{1, 2, 3};
    EXPECT_EQ(turned(inverse(op), turned(op, spacing)), spacing);
  }
}

TEST(Operations, EmbeddingsTurnByTheirMatrix) {
  std::mt19937_64 random(7);
  for (const char* group : {"432", "622", "422", "32", "222"}) {
    const EmbeddingSpec& spec = embedding(PointGroup::named(group));
    const Quatd p = random_rotation(random);
    const auto D = embedding_rotation(spec, p);
    for (int sample = 0; sample < 20; ++sample) {
      const Quatd q = random_rotation(random);
      std::vector<double> before(std::size_t(spec.size)), after(before);
      embed(spec, q, before.data());
      embed(spec, p * q, after.data());
      for (int i = 0; i < spec.size; ++i) {
        double sum = 0;
        for (int j = 0; j < spec.size; ++j) sum += D[std::size_t(i * spec.size + j)] * before[std::size_t(j)];
        EXPECT_NEAR(sum, after[std::size_t(i)], 1e-10) << group;
      }
    }
  }
}

TEST(Operations, GeneratorsAreTheDerivativeOfTheEmbedding) {
  std::mt19937_64 random(8);
  for (const char* group : {"432", "622"}) {
    const EmbeddingSpec& spec = embedding(PointGroup::named(group));
    const auto J = embedding_generators(spec);
    const std::size_t n = std::size_t(spec.size);
    const Quatd q = random_rotation(random);
    std::vector<double> e(n), plus(n), minus(n);
    embed(spec, q, e.data());
    for (int axis = 0; axis < 3; ++axis) {
      const double h = 1e-5;
      Vec3<double> v, u;
      (axis == 0 ? v.x : axis == 1 ? v.y : v.z) = h;
      (axis == 0 ? u.x : axis == 1 ? u.y : u.z) = -h;
      embed(spec, exp(v) * q, plus.data());
      embed(spec, exp(u) * q, minus.data());
      for (std::size_t i = 0; i < n; ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < n; ++j) sum += J[(std::size_t(axis) * n + i) * n + j] * e[j];
        EXPECT_NEAR(sum, (plus[i] - minus[i]) / (2 * h), 1e-7) << group;
      }
    }
  }
}

// Voxels go x -> Q x about the grid's centre, on any extents.
TEST(Operations, TurnedGridsHoldEveryVoxelWhereItBelongs) {
  const Shape shape{5, 3, 4};
  for (const Operation& op : cube_operations()) {
    const Shape out = turned(op, shape);
    const auto from = turned_voxels(op, shape);
    ASSERT_EQ(out.voxels(), shape.voxels());
    for (std::int64_t j = 0; j < out.voxels(); ++j) {
      const double to[3] = {j % out.nx - (out.nx - 1) / 2.0, j / out.nx % out.ny - (out.ny - 1) / 2.0,
                            j / out.nx / out.ny - (out.nz - 1) / 2.0};
      const std::int64_t i = from[std::size_t(j)];
      const double at[3] = {i % shape.nx - (shape.nx - 1) / 2.0,
                            i / shape.nx % shape.ny - (shape.ny - 1) / 2.0,
                            i / shape.nx / shape.ny - (shape.nz - 1) / 2.0};
      for (int a = 0; a < 3; ++a)
        EXPECT_EQ(to[a], op.Q(a, 0) * at[0] + op.Q(a, 1) * at[1] + op.Q(a, 2) * at[2]);
    }
  }
}

#include "grainspin/embedding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "draw.h"

namespace grainspin {
namespace {

using namespace testing;

const char* const kGroups[] = {"432", "622", "422", "32", "222"};

std::vector<double> embedded(const EmbeddingSpec& spec, const Quatd& q) {
  std::vector<double> e(spec.size);
  embed(spec, q, e.data());
  return e;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

double legendre(int l, double t) {
  switch (l) {
    case 2:
      return (3 * t * t - 1) / 2;
    case 3:
      return (5 * t * t - 3) * t / 2;
    case 4:
      return ((35 * t * t - 30) * t * t + 3) / 8;
    default:
      return (((231 * t * t - 315) * t * t + 105) * t * t - 5) / 16;
  }
}

// The addition theorem sum_m Y_lm(u) Y_lm(v) = P_l(u.v) for all u, v holds only for the harmonics of
// degree l, so it tests every polynomial and every constant.
TEST(Harmonics, AdditionTheorem) {
  Draw draw(7);
  for (int trial = 0; trial < 200; ++trial) {
    const Vec3<double> u = draw.direction(), v = draw.direction();
    const double t = u.x * v.x + u.y * v.y + u.z * v.z;
    for (const int l : {2, 3, 4, 6}) {
      double a[13] = {}, b[13] = {}, sum = 0;
      const auto add = l == 2   ? add_harmonics_2<double>
                       : l == 3 ? add_harmonics_3<double>
                       : l == 4 ? add_harmonics_4<double>
                                : add_harmonics_6<double>;
      add(1.0, u.x, u.y, u.z, a);
      add(1.0, v.x, v.y, v.z, b);
      for (int m = 0; m <= 2 * l; ++m) sum += a[m] * b[m];
      EXPECT_NEAR(sum, legendre(l, t), 1e-13) << "rank " << l;
    }
  }
}

TEST(Embedding, Sizes) {
  const int sizes[] = {9, 18, 14, 12, 10};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(embedding(PointGroup::named(kGroups[i])).size, sizes[i]);
}

TEST(Embedding, OtherGroupsAreRefusedByName) {
  for (const char* name : {"1", "2", "3", "4", "6", "23"}) {
    try {
      embedding(PointGroup::named(name));
      FAIL() << name;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      EXPECT_NE(std::string(e.what()).find(std::string("group ") + name), std::string::npos);
    }
  }
}

TEST(Embedding, Invariant) {
  Draw draw(7);
  for (const char* name : kGroups) {
    const PointGroup& group = PointGroup::named(name);
    const EmbeddingSpec& spec = embedding(group);
    for (int trial = 0; trial < 50; ++trial) {
      const Quatd q = draw.orientation();
      const auto e = embedded(spec, q);
      EXPECT_LT(distance(e, embedded(spec, {-q.w, -q.x, -q.y, -q.z})), 1e-15);
      for (const Quatd& s : group.operators()) EXPECT_LT(distance(e, embedded(spec, q * s)), 1e-14) << name;
    }
  }
}

// 432 by its definition: the traceless symmetric part of T = sum_i a_i a_i a_i a_i. Distances in an
// orthonormal basis are those of the tensors, whose trace part (1/5)(sum of delta delta) does not depend on
// q.
TEST(Embedding, CubicDistanceIsTheTensorDistance) {
  Draw draw(7);
  const EmbeddingSpec& spec = embedding(PointGroup::named("432"));
  double ratio = 0;
  for (int trial = 0; trial < 50; ++trial) {
    const Quatd a = draw.orientation(), b = draw.orientation();
    const Mat3<double> A = matrix(a), B = matrix(b);
    double sum = 0;
    for (int n = 0; n < 81; ++n) {
      const int i = n / 27, j = n / 9 % 3, k = n / 3 % 3, l = n % 3;
      double d = 0;
      for (int c = 0; c < 3; ++c)
        d += A(i, c) * A(j, c) * A(k, c) * A(l, c) - B(i, c) * B(j, c) * B(k, c) * B(l, c);
      sum += d * d;
    }
    const double r = distance(embedded(spec, a), embedded(spec, b)) / std::sqrt(sum);
    if (trial == 0) ratio = r;
    EXPECT_NEAR(r, ratio, 1e-12);
  }
}

// The short way for 432 against the sum over harmonics that the other groups take.
TEST(Embedding, CubicShortWayIsTheGeneralSum) {
  Draw draw(7);
  EmbeddingSpec general = embedding(PointGroup::named("432"));
  const EmbeddingSpec quick = general;
  general.cubic = false;
  for (int trial = 0; trial < 100; ++trial) {
    const Quatd q = draw.orientation();
    const auto a = embedded(general, q), b = embedded(quick, q);
    for (int i = 0; i < 9; ++i) EXPECT_NEAR(a[i], b[i], 2e-15) << i;
  }
}

TEST(Embedding, DistanceIsTheDisorientationAngleToFirstOrder) {
  Draw draw(7);
  for (const char* name : kGroups) {
    const PointGroup& group = PointGroup::named(name);
    const EmbeddingSpec& spec = embedding(group);
    for (int trial = 0; trial < 100; ++trial) {
      const Quatd q = draw.orientation();
      const Vec3<double> n = draw.direction();
      const double angle = 1e-4;
      const Quatd p = exp(Vec3<double>{n.x * angle, n.y * angle, n.z * angle}) * q;
      // error of second order in the angle, relative
      EXPECT_NEAR(distance(embedded(spec, p), embedded(spec, q)) / angle, 1, 1e-6) << name;
    }
  }
}

TEST(Embedding, FloatBatch) {
  Draw draw(7);
  for (const char* name : kGroups) {
    const EmbeddingSpec& spec = embedding(PointGroup::named(name));
    const int n = 37;
    std::vector<float> q(4 * n), out(n * spec.size);
    std::vector<Quatd> exact(n);
    for (int i = 0; i < n; ++i) {
      exact[i] = draw.orientation();
      q[4 * i] = float(exact[i].w), q[4 * i + 1] = float(exact[i].x);
      q[4 * i + 2] = float(exact[i].y), q[4 * i + 3] = float(exact[i].z);
    }
    embed(spec, n, q.data(), out.data());
    for (int i = 0; i < n; ++i) {
      const auto e = embedded(spec, exact[i]);
      std::vector<float> single(spec.size);
      embed(spec, Quat{q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}, single.data());
      for (int c = 0; c < spec.size; ++c) {
        EXPECT_NEAR(out[i * spec.size + c], e[c], 2e-6) << name;
        EXPECT_NEAR(single[c], e[c], 2e-6) << name;
      }
    }
  }
}

// Injective: from the numbers alone the orientation comes back, up to symmetry.
TEST(Unembed, RoundTrip) {
  Draw draw(7);
  for (const char* name : kGroups) {
    const PointGroup& group = PointGroup::named(name);
    const EmbeddingSpec& spec = embedding(group);
    for (int trial = 0; trial < 100; ++trial) {
      // random; in every fourth trial near a symmetry axis of the zone, where equivalents meet
      Quatd q = draw.orientation();
      if (trial % 4 == 0) q = normalised(Quatd{double(trial % 3), 1, double(trial % 2), 1e-3 * q.w});
      const Quatd back = unembed(group, embedded(spec, q).data());
      EXPECT_LT(disorientation_angle(group, back, q), 1e-12) << name;
      EXPECT_NEAR(disorientation_angle(group, back, Quatd{}), 2 * std::acos(std::min(1.0, back.w)), 1e-7)
          << name;
    }
  }
}

// Injective, seen without the inverse: pairs far apart in orientation stay apart in embedding. The bounds
// hold for all pairs; the embedded sets are compact, so a positive lower bound on a fine sample shows it.
TEST(Embedding, DistanceFollowsDisorientation) {
  Draw draw(7);
  for (const char* name : kGroups) {
    const PointGroup& group = PointGroup::named(name);
    const EmbeddingSpec& spec = embedding(group);
    double least = 10, largest = 0;
    for (int trial = 0; trial < 20000; ++trial) {
      const Quatd a = draw.orientation();
      const Vec3<double> n = draw.direction();
      const double t = 3.1 * trial / 20000;
      const Quatd b = exp(Vec3<double>{n.x * t, n.y * t, n.z * t}) * a;
      const double angle = disorientation_angle(group, a, b);
      if (angle < 1e-6) continue;
      const double ratio = distance(embedded(spec, a), embedded(spec, b)) / angle;
      least = std::min(least, ratio);
      largest = std::max(largest, ratio);
      if (angle < 0.1) {
        EXPECT_NEAR(ratio, 1, 4 * angle * angle) << name;
      }
    }
    // A chord is never longer than the arc, and the arc is the angle because the metric is the identity.
    EXPECT_LE(largest, 1 + 1e-9) << name;
    EXPECT_GT(least, 0.5) << name;
  }
}

// Smooth: along a path through many zones the second difference is that of a smooth curve, with no step
// where the fundamental zone changes.
TEST(Embedding, Smooth) {
  Draw draw(7);
  for (const char* name : kGroups) {
    const EmbeddingSpec& spec = embedding(PointGroup::named(name));
    const Quatd q = draw.orientation();
    const Vec3<double> n = draw.direction();
    const double h = 1e-3;
    const auto at = [&](int i) {
      return embedded(spec, exp(Vec3<double>{n.x * h * i, n.y * h * i, n.z * h * i}) * q);
    };
    for (int i = 1; i < 6283; ++i) {
      const auto a = at(i - 1), b = at(i), c = at(i + 1);
      double sum = 0;
      for (int k = 0; k < spec.size; ++k) sum += std::pow(a[k] - 2 * b[k] + c[k], 2);
      EXPECT_LT(std::sqrt(sum) / (h * h), 6.0) << name;  // curvature: at most the rank, 6, for unit speed
    }
  }
}

// Points off the image: nothing in a large random sample is nearer than what is found.
TEST(Unembed, NearestToAPointOffTheImage) {
  Draw draw(7);
  for (const char* name : kGroups) {
    const PointGroup& group = PointGroup::named(name);
    const EmbeddingSpec& spec = embedding(group);
    std::vector<std::vector<double>> sample;
    for (int i = 0; i < 20000; ++i) sample.push_back(embedded(spec, draw.orientation()));
    for (int trial = 0; trial < 20; ++trial) {
      auto e = embedded(spec, draw.orientation());
      for (double& c : e) c += 0.15 * draw.normal(draw.engine);
      const double found = distance(embedded(spec, unembed(group, e.data())), e);
      for (const auto& s : sample) ASSERT_LE(found, distance(s, e) + 1e-12) << name;
    }
  }
}

TEST(Unembed, Errors) {
  const std::vector<double> zero(18, 0.0), nan(18, std::nan(""));
  EXPECT_THROW(unembed(PointGroup::named("6"), zero.data()), Error);
  EXPECT_THROW(unembed(PointGroup::named("432"), nan.data()), Error);
}

}  // namespace
}  // namespace grainspin

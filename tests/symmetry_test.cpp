#include "grainspin/symmetry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "draw.h"

namespace grainspin {
namespace {

using namespace testing;

constexpr double kPi = 3.14159265358979323846, kDegree = kPi / 180;

struct Named {
  const char* name;
  int order;
  double largest;  // disorientation, degrees (Heinz & Neumann 1991, Morawiec 1995); cyclic groups reach 180
};
constexpr Named kGroups[] = {{"1", 1, 180},        {"2", 2, 180},  {"222", 4, 120},     {"3", 3, 180},
                             {"32", 6, 104.4775},  {"4", 4, 180},  {"422", 8, 98.4211}, {"6", 6, 180},
                             {"622", 12, 93.8414}, {"23", 12, 90}, {"432", 24, 62.7994}};

double dot(const Quatd& a, const Quatd& b) {
  return a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z;
}
double dot(const Vec3<double>& a, const Vec3<double>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
double length(const Vec3<double>& a) {
  return std::sqrt(dot(a, a));
}

TEST(PointGroups, AreGroupsOfTheStatedOrder) {
  for (const Named& g : kGroups) {
    const auto& ops = PointGroup::named(g.name).operators();
    ASSERT_EQ(int(ops.size()), g.order) << g.name;
    EXPECT_EQ(ops[0].w, 1);
    const auto members = [&](const Quatd& q) {
      return std::count_if(ops.begin(), ops.end(),
                           [&](const Quatd& s) { return std::abs(dot(s, q)) > 1 - 1e-12; });
    };
    for (const Quatd& s : ops) {
      EXPECT_NEAR(dot(s, s), 1, 1e-15);
      EXPECT_GE(s.w, 0);
      EXPECT_EQ(members(s), 1);
      EXPECT_EQ(members(conjugate(s)), 1);
      for (const Quatd& t : ops) EXPECT_EQ(members(s * t), 1) << g.name;
    }
  }
}

// Setting: what each group carries onto what.
TEST(PointGroups, Setting) {
  const auto has = [](const char* name, Quatd q) {
    q = normalised(q);
    const auto& ops = PointGroup::named(name).operators();
    return std::any_of(ops.begin(), ops.end(),
                       [&](const Quatd& s) { return std::abs(dot(s, q)) > 1 - 1e-12; });
  };
  EXPECT_TRUE(has("2", {0, 0, 1, 0}));    // b = y
  EXPECT_TRUE(has("32", {0, 1, 0, 0}));   // 321: twofold along a = x,
  EXPECT_FALSE(has("32", {0, 0, 1, 0}));  // none along y
  EXPECT_TRUE(has("622", {0, 1, 0, 0}));
  EXPECT_TRUE(has("622", {0, 0, 1, 0}));
  EXPECT_TRUE(has("3", {0.5, 0, 0, std::sqrt(0.75)}));
  EXPECT_TRUE(has("432", {1, 1, 0, 0}));
  EXPECT_FALSE(has("23", {1, 1, 0, 0}));
  EXPECT_TRUE(has("23", {1, 1, 1, 1}));
}

TEST(PointGroups, NamesAndLattices) {
  EXPECT_THROW(PointGroup::named("m-3m"), Error);
  EXPECT_THROW(PointGroup::named(""), Error);
  EXPECT_EQ(PointGroup::of_lattice("cF").name(), "432");
  EXPECT_EQ(PointGroup::of_lattice("cI").name(), "432");
  EXPECT_EQ(PointGroup::of_lattice("hP").name(), "622");
  EXPECT_EQ(PointGroup::of_lattice("tI").name(), "422");
  EXPECT_EQ(PointGroup::of_lattice("oS").name(), "222");
  EXPECT_EQ(PointGroup::of_lattice("mP").name(), "2");
  EXPECT_EQ(PointGroup::of_lattice("aP").name(), "1");
  EXPECT_THROW(PointGroup::of_lattice("xP"), Error);
  EXPECT_THROW(PointGroup::of_lattice("c"), Error);
}

// SciPy 1.17.1, Rotation.create_group and (B.inv() * A).reduce(group).magnitude(), for the groups
// 1 2 222 3 32 4 422 6 622 23 432; quaternions (w,x,y,z).
struct Reference {
  Quatd a, b;
  double angle[11];
};
const Reference kScipy[] = {
    {{0.258988036492981, -0.49397787494037915, -0.8157855169621357, -0.1529870789894313},
     {-0.3455690885269368, -0.059267360521937366, -0.8237093088254205, -0.4456145863700748},
     {1.6462803998430027, 1.6462803998430027, 1.6462803998430027, 1.29961107452338, 1.29961107452338,
      1.0970436576924056, 1.0970436576924056, 1.101087339729531, 1.101087339729531, 0.58694711899531,
      0.58694711899531}},
    {{-0.5262437287011079, 0.761789409181944, 0.07356492074289274, -0.3705841827399964},
     {-0.5457573437442951, -0.660460411038748, 0.51237588768763, -0.058411616276326635},
     {2.8271163022701624, 2.050840764726163, 1.8284123606555824, 1.8371976181159242, 1.4810673747384377,
      1.8284123606555824, 1.3671372580559409, 1.8284123606555824, 1.4158830458233944, 0.7432304369741685,
      0.7432304369741685}},
    {{-0.5612631005619699, 0.340739159861668, 0.7439569242138124, 0.1241315906554506},
     {-0.13489897775816162, 0.21524440795452124, 0.43604790055057663, -0.8633274807797706},
     {2.3915536862749196, 2.1737209298634816, 1.8001214560002228, 1.785457878296305, 1.552019983179702,
      1.7999016640098493, 1.388592414944571, 1.785457878296305, 1.3810172211673315, 0.3694543908515739,
      0.3694543908515739}},
    {{-0.6783675072004668, -0.3752917860211544, 0.6266261345732076, 0.07945620170582766},
     {0.012698328762481136, -0.6019147019314527, -0.10627066687297441, -0.7913557919215503},
     {2.9657473678029245, 2.298989314816134, 0.8996403208915873, 2.8470155834674697, 0.8996403208915873,
      2.848406058072021, 0.7745697091969308, 2.8470155834674697, 0.3542751488411607, 0.8996403208915874,
      0.7745697091969308}},
};

TEST(Disorientation, AgreesWithScipy) {
  for (const Reference& r : kScipy) {
    for (int g = 0; g < 11; ++g) {
      EXPECT_NEAR(disorientation_angle(PointGroup::named(kGroups[g].name), r.a, r.b), r.angle[g], 1e-14)
          << kGroups[g].name;
    }
  }
}

// Grimmer 1974: with the absolute components sorted, a >= b >= c >= d, the cubic disorientation has
// cos(angle/2) = max(a, (a + b)/sqrt(2), (a + b + c + d)/2).
TEST(Disorientation, CubicClosedForm) {
  Draw draw(11);
  for (int trial = 0; trial < 1000; ++trial) {
    const Quatd a = draw.orientation(), b = draw.orientation(), m = conjugate(b) * a;
    double c[] = {std::abs(m.w), std::abs(m.x), std::abs(m.y), std::abs(m.z)};
    std::sort(c, c + 4, std::greater<>());
    const double w = std::max({c[0], (c[0] + c[1]) / std::sqrt(2.0), (c[0] + c[1] + c[2] + c[3]) / 2});
    EXPECT_NEAR(disorientation_angle(PointGroup::named("432"), a, b), 2 * std::acos(std::min(w, 1.0)), 1e-7);
  }
}

TEST(Disorientation, IsTheSmallestRotationThatCarriesBToA) {
  Draw draw(11);
  for (const Named& g : kGroups) {
    const PointGroup& group = PointGroup::named(g.name);
    for (int trial = 0; trial < 30; ++trial) {
      const Quatd a = draw.orientation(), b = draw.orientation();
      const Vec3<double> w = disorientation(group, a, b);
      // exp(w) b is equivalent to a ...
      const Quatd moved = exp(w) * b;
      double nearest = 0;
      for (const Quatd& s : group.operators()) nearest = std::max(nearest, std::abs(dot(moved, a * s)));
      EXPECT_NEAR(nearest, 1, 1e-14);
      // ... and no equivalent of a is closer
      for (const Quatd& s : group.operators())
        EXPECT_LE(length(w), length(log(a * s * conjugate(b))) + 1e-14);
      // symmetric, and the same for -q and for equivalents
      EXPECT_NEAR(disorientation_angle(group, b, a), length(w), 1e-14);
      EXPECT_NEAR(disorientation_angle(group, {-a.w, -a.x, -a.y, -a.z}, b), length(w), 1e-14);
      for (const Quatd& s : group.operators())
        EXPECT_NEAR(disorientation_angle(group, a * s, b * s), length(w), 1e-14);
      EXPECT_LE(length(w), g.largest * kDegree + 1e-6);
    }
  }
}

// Mackenzie 1958: random cubic pairs have mean 40.74 and largest 62.80 degrees. The other largest values are
// approached from below.
TEST(Disorientation, RandomPairs) {
  Draw draw(11);
  for (const Named& g : kGroups) {
    const PointGroup& group = PointGroup::named(g.name);
    double sum = 0, largest = 0;
    const int n = 20000;
    for (int i = 0; i < n; ++i) {
      const double angle = disorientation_angle(group, draw.orientation(), Quatd{});
      sum += angle;
      largest = std::max(largest, angle);
    }
    EXPECT_LE(largest, g.largest * kDegree + 1e-6) << g.name;
    EXPECT_GT(largest, (g.largest - 6) * kDegree) << g.name;
    // standard deviation 11.3 degrees: four standard errors
    if (g.order == 24) {
      EXPECT_NEAR(sum / n / kDegree, 40.74, 4 * 11.3 / std::sqrt(double(n)));
    }
  }
}

TEST(Disorientation, TinyAngles) {
  Draw draw(11);
  const PointGroup& group = PointGroup::named("432");
  for (const double angle : {1e-3, 1e-6, 1e-9, 1e-12}) {
    const Quatd b = draw.orientation();
    const Vec3<double> n = draw.direction(), w{n.x * angle, n.y * angle, n.z * angle};
    const Quatd a = exp(w) * b * group.operators()[7];
    const Vec3<double> back = disorientation(group, a, b);
    EXPECT_NEAR(back.x, w.x, 4e-16);
    EXPECT_NEAR(back.y, w.y, 4e-16);
    EXPECT_NEAR(back.z, w.z, 4e-16);
  }
  EXPECT_EQ(disorientation_angle(group, Quatd{}, Quatd{}), 0);
}

// Sigma 3: 60 degrees about <111>; Sigma 9: 38.94 about <110>; hexagonal {10-12} twin of ideal c/a: about
// <2-1-10>.
TEST(Disorientation, KnownAxes) {
  const double r3 = 1 / std::sqrt(3.0), r2 = std::sqrt(0.5);
  Draw draw(11);
  const Quatd b = draw.orientation();
  const auto rotated = [&](double angle, const Vec3<double>& n) {
    return b * exp(Vec3<double>{n.x * angle, n.y * angle, n.z * angle});  // about a crystal axis
  };
  const PointGroup &cubic = PointGroup::named("432"), &hexagonal = PointGroup::named("622");
  const Quatd sigma3 = rotated(kPi / 3, {-r3, r3, -r3}) * cubic.operators()[5];
  EXPECT_NEAR(disorientation_angle(cubic, sigma3, b), kPi / 3, 1e-14);
  const Vec3<double> n3 = disorientation_axis(cubic, sigma3, b);
  EXPECT_NEAR(length({n3.x - r3, n3.y - r3, n3.z - r3}), 0, 1e-13);
  const double angle9 = std::acos(7.0 / 9);
  const Vec3<double> n9 = disorientation_axis(cubic, rotated(angle9, {r2, -r2, 0}), b);
  EXPECT_NEAR(length({n9.x - r2, n9.y, n9.z - r2}), 0, 1e-13);  // (z >= x >= y >= 0): [101]
  const Vec3<double> twin = disorientation_axis(hexagonal, rotated(1.5, {-0.5, std::sqrt(0.75), 0}), b);
  EXPECT_NEAR(length({twin.x - 1, twin.y, twin.z}), 0, 1e-13);
  EXPECT_EQ(length(disorientation_axis(cubic, b, b)), 0);
}

TEST(Disorientation, Arrays) {
  Draw draw(11);
  for (const Named& g : kGroups) {
    const PointGroup& group = PointGroup::named(g.name);
    const int n = 1000;  // several blocks and a tail
    std::vector<float> a(4 * n), b(4 * n), angle(n), w(3 * n);
    const auto put = [](std::vector<float>& v, int i, const Quatd& q) {
      v[4 * i] = float(q.w), v[4 * i + 1] = float(q.x), v[4 * i + 2] = float(q.y), v[4 * i + 3] = float(q.z);
    };
    const auto at = [](const std::vector<float>& v, int i) {
      return normalised(Quatd{v[4 * i], v[4 * i + 1], v[4 * i + 2], v[4 * i + 3]});
    };
    for (int i = 0; i < n; ++i) {
      const Quatd q = draw.orientation();
      put(b, i, q);
      const Vec3<double> d = draw.direction();
      const double t = i % 3 == 0 ? 3.0 : i % 3 == 1 ? 0.05 : 1e-4;
      put(a, i,
          exp(Vec3<double>{d.x * t, d.y * t, d.z * t}) * q * group.operators()[i % group.operators().size()]);
    }
    disorientation_angles(group, n, a.data(), b.data(), angle.data());
    disorientations(group, n, a.data(), b.data(), w.data());
    for (int i = 0; i < n; ++i) {
      EXPECT_NEAR(angle[i], disorientation_angle(group, at(a, i), at(b, i)), 1e-6) << g.name << " " << i;
      const Quatd moved = exp(Vec3<double>{w[3 * i], w[3 * i + 1], w[3 * i + 2]}) * at(b, i);
      EXPECT_LT(disorientation_angle(group, moved, at(a, i)), 1e-6) << g.name << " " << i;
      EXPECT_NEAR(std::hypot(w[3 * i], w[3 * i + 1], w[3 * i + 2]), angle[i], 1e-6);
    }
    // the same entry gives the same bits wherever it stands
    std::vector<float> shifted(n - 17);
    disorientation_angles(group, n - 17, a.data() + 4 * 17, b.data() + 4 * 17, shifted.data());
    for (int i = 0; i < n - 17; ++i) EXPECT_EQ(shifted[i], angle[i + 17]);
    a[4 * 5 + 2] = std::numeric_limits<float>::quiet_NaN();
    disorientation_angles(group, 6, a.data(), b.data(), angle.data());
    disorientations(group, 6, a.data(), b.data(), w.data());
    EXPECT_TRUE(std::isnan(angle[5]) && std::isnan(w[15])) << g.name;
    EXPECT_TRUE(std::isfinite(angle[4])) << g.name;
  }
  disorientation_angles(PointGroup::named("432"), 0, nullptr, nullptr, nullptr);
}

TEST(FundamentalZone, OneForAllEquivalents) {
  Draw draw(11);
  for (const Named& g : kGroups) {
    const PointGroup& group = PointGroup::named(g.name);
    for (int trial = 0; trial < 30; ++trial) {
      const Quatd q = draw.orientation(), f = fundamental_zone(group, q);
      EXPECT_GE(f.w, 0);
      EXPECT_NEAR(disorientation_angle(group, f, q), 0, 1e-14);
      EXPECT_NEAR(2 * std::acos(std::min(f.w, 1.0)), disorientation_angle(group, q, Quatd{}), 1e-7);
      for (const Quatd& s : group.operators()) EXPECT_NEAR(dot(fundamental_zone(group, q * s), f), 1, 1e-14);
    }
    // on the zone's corners and edges, where equivalents tie
    for (const Quatd& corner :
         {Quatd{0, 1, 0, 0}, Quatd{0, 0, 1, 0}, Quatd{1, 1, 0, 0}, Quatd{1, 0, 0, 1}, Quatd{2, 1, 1, 0},
          exp(Vec3<double>{kPi / 8, 0, kPi / 8}), exp(Vec3<double>{0, 0, kPi / 6})}) {
      const Quatd q = normalised(corner), f = fundamental_zone(group, q);
      for (const Quatd& s : group.operators()) {
        EXPECT_NEAR(dot(fundamental_zone(group, q * s), f), 1, 1e-14) << g.name;
        const Quatd p = q * s;
        EXPECT_NEAR(dot(fundamental_zone(group, {-p.w, -p.x, -p.y, -p.z}), f), 1, 1e-14) << g.name;
      }
    }
  }
}

TEST(StandardTriangle, OneForAllEquivalents) {
  // begin and end of the azimuth, degrees
  const double sectors[11][2] = {{0, 360}, {0, 180}, {0, 90}, {0, 120}, {-30, 30}, {0, 90},
                                 {0, 45},  {0, 60},  {0, 30}, {0, 90},  {0, 45}};
  Draw draw(11);
  for (int g = 0; g < 11; ++g) {
    const PointGroup& group = PointGroup::named(kGroups[g].name);
    for (int trial = 0; trial < 50; ++trial) {
      const Vec3<double> v = draw.direction(), t = standard_triangle(group, v);
      EXPECT_NEAR(length(t), 1, 1e-14);
      EXPECT_GE(t.z, 0);
      double azimuth = std::atan2(t.y, t.x) / kDegree;
      if (azimuth < sectors[g][0] - 1e-9) azimuth += 360;
      EXPECT_GE(azimuth, sectors[g][0] - 1e-9) << kGroups[g].name;
      EXPECT_LE(azimuth, sectors[g][1] + 1e-9) << kGroups[g].name;
      if (g >= 9) {
        EXPECT_GE(t.z, std::max(t.x, t.y));
      }
      double nearest = 0;
      for (const Quatd& s : group.operators()) {
        const Vec3<double> e = matrix(s) * v;
        nearest = std::max(nearest, std::abs(dot(e, t)));  // the direction or its inverse
        for (const double sign : {1.0, -1.0}) {
          const Vec3<double> u = standard_triangle(group, {sign * e.x, sign * e.y, sign * e.z});
          EXPECT_NEAR(length({u.x - t.x, u.y - t.y, u.z - t.z}), 0, 1e-13) << kGroups[g].name;
        }
      }
      EXPECT_NEAR(nearest, 1, 1e-14) << kGroups[g].name;
    }
  }
}

using Colour = std::array<std::uint8_t, 3>;

TEST(IpfColour, Corners) {
  const PointGroup &cubic = PointGroup::named("432"), &hexagonal = PointGroup::named("622");
  const Colour red{255, 0, 0}, green{0, 255, 0}, blue{0, 0, 255};
  const Quatd q;
  EXPECT_EQ(ipf_colour(cubic, q, {0, 0, 1}), red);
  EXPECT_EQ(ipf_colour(cubic, q, {0, -2, 0}), red);
  EXPECT_EQ(ipf_colour(cubic, q, {0, 1, -1}), green);
  EXPECT_EQ(ipf_colour(cubic, q, {-1, 1, 1}), blue);
  EXPECT_EQ(ipf_colour(hexagonal, q, {0, 0, -1}), red);
  EXPECT_EQ(ipf_colour(hexagonal, q, {1, 0, 0}), green);  // [2-1-10]
  EXPECT_EQ(ipf_colour(hexagonal, q, {0, 1, 0}), blue);   // [01-10]
  EXPECT_EQ(ipf_key_name(), "TSL-like");
}

// Half way in angle between two corners both channels have the share 1/2; at the polar share 1/2 and the
// azimuth share 1/2: (1/2, 1/4, 1/4), whose roots are in the ratio 1 : 0.7071.
TEST(IpfColour, Between) {
  const PointGroup &cubic = PointGroup::named("432"), &hexagonal = PointGroup::named("622");
  EXPECT_EQ(ipf_colour(cubic, Quatd{}, {std::sin(kPi / 8), 0, std::cos(kPi / 8)}), (Colour{255, 255, 0}));
  const double polar = kPi / 4, azimuth = 15 * kDegree;
  EXPECT_EQ(
      ipf_colour(hexagonal, Quatd{},
                 {std::sin(polar) * std::cos(azimuth), std::sin(polar) * std::sin(azimuth), std::cos(polar)}),
      (Colour{255, 180, 180}));
}

// The colour is that of the crystal direction R(q)^T axis, whatever equivalent describes the orientation.
TEST(IpfColour, OfTheOrientation) {
  Draw draw(11);
  for (const Named& g : kGroups) {
    const PointGroup& group = PointGroup::named(g.name);
    for (int trial = 0; trial < 20; ++trial) {
      const Quatd q = draw.orientation();
      const Vec3<double> axis = draw.direction();
      const Colour colour = ipf_colour(group, q, axis);
      EXPECT_EQ(*std::max_element(colour.begin(), colour.end()), 255);
      const Mat3<double> R = matrix(q);
      const Vec3<double> c{R(0, 0) * axis.x + R(1, 0) * axis.y + R(2, 0) * axis.z,
                           R(0, 1) * axis.x + R(1, 1) * axis.y + R(2, 1) * axis.z,
                           R(0, 2) * axis.x + R(1, 2) * axis.y + R(2, 2) * axis.z};
      const auto expect_near = [&](const Colour& other) {
        for (int i = 0; i < 3; ++i) EXPECT_NEAR(other[i], colour[i], 1) << g.name;  // rounding of a channel
      };
      expect_near(ipf_colour(group, Quatd{}, c));
      expect_near(ipf_colour(group, {-q.w, -q.x, -q.y, -q.z}, axis));
      for (const Quatd& s : group.operators()) expect_near(ipf_colour(group, q * s, axis));
    }
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(ipf_colour(PointGroup::named("432"), {nan, 0, 0, 0}, {0, 0, 1}), (Colour{0, 0, 0}));
  EXPECT_EQ(
      ipf_colour(PointGroup::named("432"), {0, 0, 0, std::numeric_limits<double>::infinity()}, {0, 0, 1}),
      (Colour{0, 0, 0}));
}

}  // namespace
}  // namespace grainspin

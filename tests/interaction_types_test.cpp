#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "grainspin/orbits.h"
#include "grainspin/slip_systems.h"

namespace grainspin {
namespace {

using Counts = std::vector<int>;

// Entries of each type, from 1.
Counts counts(const SlipSet& set) {
  Counts n;
  for (const int t : damask_slip_interaction_types(set)) {
    if (t > int(n.size())) n.resize(t, 0);
    ++n[t - 1];
  }
  return n;
}

// How many entries of each type the interaction matrices of DAMASK 3.0.2 hold (counted in the tables of its
// crystal module; the systems of each pair were matched by Miller indices when this was written). hP: one
// entry of type 65 that breaks the symmetry of its orbit is counted as 64.
TEST(InteractionTypes, CountsOfDamask) {
  EXPECT_EQ(counts(damask_slip_set("cF", {12}, 0)), (Counts{12, 24, 12, 24, 24, 24, 24}));
  EXPECT_EQ(counts(damask_slip_set("cF", {12, 6}, 0)),
            (Counts{18, 24, 12, 24, 24, 24, 24, 6, 24, 48, 48, 24, 24}));
  EXPECT_EQ(counts(damask_slip_set("cI", {12, 12, 24}, 0)),
            (Counts{48, 48, 12, 24, 24, 24, 24, 24, 48, 12, 12,  24,  24,  24,
                    24, 24, 24, 24, 24, 12, 24, 24, 24, 24, 144, 144, 120, 1296}));
  for (const double c : {1.5, 1.587, 1.633, 1.856}) {
    EXPECT_EQ(
        counts(damask_slip_set("hP", {3, 3, 6, 12, 6}, c)),
        (Counts{3,  6,  3,  6,  3,  6,  3,  6,  12, 6,  12, 6,  6,  24, 6,  12, 6,  12, 6,  12, 12, 12, 12,
                12, 12, 12, 24, 24, 12, 12, 12, 72, 12, 12, 12, 12, 12, 24, 24, 12, 12, 12, 12, 12, 12, 12,
                12, 6,  12, 6,  24, 12, 24, 24, 12, 12, 6,  24, 6,  24, 12, 24, 12, 24, 12, 12, 6,  12, 6}));
  }
}

TEST(InteractionTypes, ConstantOnOrbits) {
  for (const char* name : {"fcc18", "bcc48", "hcp18", "hcp30"}) {
    const SlipSet set = named_slip_set(name, 1.6);
    const Orbits orbits = pair_orbits(slip_action(set, PointGroup::named(set.point_group)));
    const std::vector<int> types = damask_slip_interaction_types(set);
    std::map<int, int> type_of;
    for (std::size_t e = 0; e < types.size(); ++e)
      EXPECT_EQ(type_of.emplace(orbits.of[e], types[e]).first->second, types[e]);
  }
}

// The type of reacting system r against acting system a, both by Miller indices.
int type(const SlipSet& set, const Vec3<double>& rb, const Vec3<double>& rn, const Vec3<double>& ab,
         const Vec3<double>& an) {
  const auto parallel = [](const Vec3<double>& u, const Vec3<double>& v) {
    const double uv = u.x * v.x + u.y * v.y + u.z * v.z;
    return uv * uv > (1 - 1e-9) * (u.x * u.x + u.y * u.y + u.z * u.z) * (v.x * v.x + v.y * v.y + v.z * v.z);
  };
  int r = -1, a = -1;
  for (int s = 0; s < set.count(); ++s) {
    if (parallel(set.systems[s].b, rb) && parallel(set.systems[s].n, rn)) r = s;
    if (parallel(set.systems[s].b, ab) && parallel(set.systems[s].n, an)) a = s;
  }
  EXPECT_TRUE(r >= 0 && a >= 0);
  return damask_slip_interaction_types(set)[std::size_t(r) * set.count() + a];
}

// Textbook junctions of [0 1 -1](1 1 1) with other FCC systems.
TEST(InteractionTypes, FccJunctions) {
  const SlipSet fcc = named_slip_set("fcc");
  const Vec3<double> b{0, 1, -1}, n{1, 1, 1};
  EXPECT_EQ(type(fcc, b, n, {0, 1, -1}, {1, 1, 1}), 1);
  EXPECT_EQ(type(fcc, b, n, {1, 0, -1}, {1, 1, 1}), 2);   // same plane
  EXPECT_EQ(type(fcc, b, n, {0, 1, -1}, {-1, 1, 1}), 3);  // cross slip
  EXPECT_EQ(type(fcc, b, n, {0, 1, 1}, {1, -1, 1}), 4);   // Hirth lock: [011] is perpendicular to [01-1]
  // [01-1] + [101] = [110]: lies in the acting plane (1 -1 -1)? 1 - 1 = 0, yes; in (111)? no
  EXPECT_EQ(type(fcc, b, n, {1, 0, 1}, {-1, 1, 1}), 5);
  EXPECT_EQ(type(fcc, {1, 0, 1}, {-1, 1, 1}, b, n), 6);  // and the other way round
  // [01-1] - [110] = [-10-1], in neither (111) nor (1 -1 1): Lomer lock
  EXPECT_EQ(type(fcc, b, n, {1, 1, 0}, {1, -1, 1}), 7);
}

TEST(InteractionTypes, BccAndHcpByName) {
  const SlipSet bcc = named_slip_set("bcc48");
  EXPECT_EQ(type(bcc, {1, -1, 1}, {0, 1, 1}, {1, -1, 1}, {1, 1, 0}), 2);    // collinear
  EXPECT_EQ(type(bcc, {1, -1, 1}, {0, 1, 1}, {1, 1, -1}, {0, 1, 1}), 3);    // coplanar
  EXPECT_EQ(type(bcc, {1, -1, 1}, {0, 1, 1}, {1, -1, 1}, {2, 1, -1}), 8);   // collinear, planes perpendicular
  EXPECT_EQ(type(bcc, {1, -1, 1}, {0, 1, 1}, {1, -1, 1}, {1, 2, 1}), 9);    // collinear
  EXPECT_EQ(type(bcc, {1, -1, 1}, {0, 1, 1}, {1, -1, 1}, {-1, 2, 3}), 25);  // {110}-{123} collinear
  const double c = 1.6, r = std::sqrt(3.0) / 2;
  const SlipSet hcp = named_slip_set("hcp30", c);
  const Vec3<double> basal{0, 0, 1}, prism{0, 1, 0}, pyr1{0, 1 / r, 1 / c}, pyr2{1, 0, 1 / c}, a{1, 0, 0};
  EXPECT_EQ(type(hcp, a, basal, a, prism), 3);                        // basal/prismatic collinear
  EXPECT_EQ(type(hcp, a, prism, a, basal), 7);                        // prismatic/basal collinear
  EXPECT_EQ(type(hcp, a, basal, a, pyr1), 10);                        // basal/pyramidal <a> collinear
  EXPECT_EQ(type(hcp, a, pyr1, {0.5, -r, c}, pyr1), 26);              // coplanar
  EXPECT_EQ(type(hcp, {0.5, -r, c}, pyr1, {-0.5, -r, c}, pyr1), 31);  // coplanar
  EXPECT_EQ(type(hcp, {-1, 0, c}, pyr2, {-1, 0, c}, pyr2), 57);
  EXPECT_EQ(type(hcp, {-1, 0, c}, pyr2, a, basal), 69);  // semi-collinear
}

TEST(InteractionTypes, FamiliesWithoutNumbersAreRefused) {
  try {
    damask_slip_interaction_types(named_slip_set("hcp39", 1.6));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kArgument);
  }
}

}  // namespace
}  // namespace grainspin

#include "grainspin/slip_systems.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

namespace grainspin {
namespace {

using Vec = Vec3<double>;

double dot(const Vec& a, const Vec& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
Vec unit(const Vec& v) {
  const double n = std::sqrt(dot(v, v));
  return {v.x / n, v.y / n, v.z / n};
}

struct Pair {
  Vec b, n;
};

// All permutations and signs of three Miller indices.
std::vector<std::array<int, 3>> cubic_form(std::array<int, 3> m) {
  std::set<std::array<int, 3>> all;
  std::sort(m.begin(), m.end());
  do {
    for (int s = 0; s < 8; ++s)
      all.insert({s & 1 ? -m[0] : m[0], s & 2 ? -m[1] : m[1], s & 4 ? -m[2] : m[2]});
  } while (std::next_permutation(m.begin(), m.end()));
  return {all.begin(), all.end()};
}

// Miller-Bravais forms: permutations of the first three indices, both signs of all three and of the last.
std::vector<std::array<int, 4>> hexagonal_form(std::array<int, 4> m) {
  std::set<std::array<int, 4>> all;
  std::array<int, 3> h{m[0], m[1], m[2]};
  std::sort(h.begin(), h.end());
  do {
    for (const int s : {1, -1}) {
      for (const int t : {1, -1}) all.insert({s * h[0], s * h[1], s * h[2], t * m[3]});
    }
  } while (std::next_permutation(h.begin(), h.end()));
  return {all.begin(), all.end()};
}

// [uvtw] = u a1 + v a2 + t a3 + w c with a1 + a2 + a3 = 0; normal of (hkil) = h a1* + k a2* + l c*.
Vec direction(const std::array<int, 4>& m, double c) {
  const double r = std::sqrt(3.0) / 2;
  return unit({m[0] - 0.5 * m[1] - 0.5 * m[2], r * m[1] - r * m[2], m[3] * c});
}
Vec normal(const std::array<int, 4>& m, double c) {
  return unit({double(m[0]), (m[0] + 2.0 * m[1]) / std::sqrt(3.0), m[3] / c});
}

std::vector<Pair> cubic_pairs(const std::array<int, 3>& plane, const std::array<int, 3>& line) {
  std::vector<Pair> all;
  for (const auto& n : cubic_form(plane)) {
    for (const auto& b : cubic_form(line)) {
      if (n[0] * b[0] + n[1] * b[1] + n[2] * b[2] != 0) continue;
      all.push_back({unit({double(b[0]), double(b[1]), double(b[2])}),
                     unit({double(n[0]), double(n[1]), double(n[2])})});
    }
  }
  return all;
}

std::vector<Pair> hexagonal_pairs(const std::array<int, 4>& plane, const std::array<int, 4>& line, double c) {
  std::vector<Pair> all;
  for (const auto& n : hexagonal_form(plane)) {
    for (const auto& b : hexagonal_form(line)) {
      // the condition h u + k v + i t + l w = 0 in Miller-Bravais indices
      if (n[0] * b[0] + n[1] * b[1] + n[2] * b[2] + n[3] * b[3] != 0) continue;
      all.push_back({direction(b, c), normal(n, c)});
    }
  }
  return all;
}

// The set's systems are the given pairs, each once, up to the sign of b and of n.
void expect_family(const SlipSet& set, const std::vector<Pair>& pairs) {
  std::vector<int> hits(set.systems.size(), 0);
  for (const Pair& p : pairs) {
    int found = 0;
    for (int s = 0; s < set.count(); ++s) {
      const bool same = std::abs(dot(p.b, set.systems[s].b)) > 1 - 1e-12 &&
                        std::abs(dot(p.n, set.systems[s].n)) > 1 - 1e-12;
      found += same;
      hits[s] += same;
    }
    EXPECT_EQ(found, 1) << set.name;
  }
  for (const int h : hits) EXPECT_EQ(h, 4) << set.name;  // the signs (+,+) (+,-) (-,+) (-,-)
}

TEST(SlipSystems, CubicFamiliesAreTheirMillerForms) {
  expect_family(slip_set({"fcc{111}<110>"}), cubic_pairs({1, 1, 1}, {0, 1, 1}));
  expect_family(slip_set({"fcc{110}<110>"}), cubic_pairs({0, 1, 1}, {0, 1, 1}));
  expect_family(slip_set({"bcc{110}<111>"}), cubic_pairs({0, 1, 1}, {1, 1, 1}));
  expect_family(slip_set({"bcc{112}<111>"}), cubic_pairs({1, 1, 2}, {1, 1, 1}));
  expect_family(slip_set({"bcc{123}<111>"}), cubic_pairs({1, 2, 3}, {1, 1, 1}));
}

TEST(SlipSystems, HexagonalFamiliesAreTheirMillerBravaisForms) {
  for (const double c : {1.5, 1.587, 1.633, 1.856}) {
    expect_family(slip_set({"hcp-basal<a>"}, c), hexagonal_pairs({0, 0, 0, 1}, {2, -1, -1, 0}, c));
    expect_family(slip_set({"hcp-prism<a>"}, c), hexagonal_pairs({1, 0, -1, 0}, {2, -1, -1, 0}, c));
    expect_family(slip_set({"hcp-pyr1<a>"}, c), hexagonal_pairs({1, 0, -1, 1}, {2, -1, -1, 0}, c));
    expect_family(slip_set({"hcp-pyr1<c+a>"}, c), hexagonal_pairs({1, 0, -1, 1}, {2, -1, -1, 3}, c));
    expect_family(slip_set({"hcp-pyr2<c+a>"}, c), hexagonal_pairs({2, -1, -1, 2}, {2, -1, -1, 3}, c));
    expect_family(slip_set({"hcp-prism<c+a>"}, c), hexagonal_pairs({1, 0, -1, 0}, {2, -1, -1, 3}, c));
    expect_family(slip_set({"hcp-prism<c>"}, c), hexagonal_pairs({1, 0, -1, 0}, {0, 0, 0, 1}, c));
  }
}

TEST(SlipSystems, NamedSets) {
  const std::vector<std::pair<const char*, int>> sizes = {
      {"fcc", 12},   {"fcc18", 18}, {"bcc110", 12}, {"bcc112", 12}, {"bcc123", 24}, {"bcc24", 24},
      {"bcc48", 48}, {"hcp18", 18}, {"hcp24", 24},  {"hcp30", 30},  {"hcp39", 39}};
  for (const auto& [name, count] : sizes) {
    const SlipSet set = named_slip_set(name, 1.587);
    EXPECT_EQ(set.count(), count) << name;
    EXPECT_EQ(set.name, name);
    for (int s = 0; s < count; ++s) {
      EXPECT_NEAR(dot(set.systems[s].b, set.systems[s].n), 0, 1e-14);
      EXPECT_NEAR(dot(set.systems[s].b, set.systems[s].b), 1, 1e-14);
      EXPECT_NEAR(dot(set.systems[s].n, set.systems[s].n), 1, 1e-14);
      EXPECT_GE(set.systems[s].family, set.systems[std::max(s - 1, 0)].family);  // family by family
    }
    EXPECT_EQ(set.systems.back().family + 1, int(set.families.size()));
  }
}

// The systems of the two families of one-directional shear keep its sense: under every operator of the group
// b (x) n of a member goes to plus that of another, never minus ({112} twinning sense, <c+a> pyramidal).
TEST(SlipSystems, SenseOfShearIsKept) {
  for (const char* family : {"bcc{112}<111>", "hcp-pyr1<c+a>", "hcp-pyr2<c+a>"}) {
    const SlipSet set = slip_set({family}, 1.6);
    for (const Quatd& g : PointGroup::named(set.point_group).operators()) {
      const Mat3<double> R = matrix(g);
      for (const SlipSystem& s : set.systems) {
        const Vec b = R * s.b, n = R * s.n;
        int plus = 0;
        for (const SlipSystem& t : set.systems) {
          plus += std::abs(dot(b, t.b)) > 1 - 1e-12 && std::abs(dot(n, t.n)) > 1 - 1e-12 &&
                  dot(b, t.b) * dot(n, t.n) > 0;
        }
        EXPECT_EQ(plus, 1) << family;
      }
    }
  }
}

TEST(SlipSystems, DamaskFamilies) {
  EXPECT_EQ(damask_slip_set("cF", {12}, 0).families, (std::vector<std::string>{"fcc{111}<110>"}));
  EXPECT_EQ(damask_slip_set("cI", {12, 12, 24}, 0).count(), 48);
  EXPECT_EQ(damask_slip_set("hP", {3, 3, 0, 12}, 1.587).families,
            (std::vector<std::string>{"hcp-basal<a>", "hcp-prism<a>", "hcp-pyr1<c+a>"}));
  EXPECT_EQ(damask_slip_set("hP", {3, 3, 6, 12, 6}, 1.6).count(), 30);
}

TEST(SlipSystems, Errors) {
  const auto code = [](auto&& call) {
    try {
      call();
    } catch (const Error& e) {
      return e.code();
    }
    return Errc::kInternal;
  };
  EXPECT_EQ(code([] { slip_set({"fcc{123}<110>"}); }), Errc::kArgument);
  EXPECT_EQ(code([] { slip_set({}); }), Errc::kArgument);
  EXPECT_EQ(code([] { slip_set({"fcc{111}<110>", "fcc{111}<110>"}); }), Errc::kArgument);
  EXPECT_EQ(code([] { slip_set({"fcc{111}<110>", "hcp-basal<a>"}, 1.6); }), Errc::kArgument);
  EXPECT_EQ(code([] { named_slip_set("hcp24"); }), Errc::kArgument);  // no c/a
  EXPECT_EQ(code([] { named_slip_set("hcp24", std::nan("")); }), Errc::kArgument);
  EXPECT_EQ(code([] { named_slip_set("hcp25", 1.6); }), Errc::kArgument);
  EXPECT_EQ(code([] { damask_slip_set("tI", {2}, 0.5); }), Errc::kArgument);
  EXPECT_EQ(code([] { damask_slip_set("cF", {11}, 0); }), Errc::kArgument);
  EXPECT_EQ(code([] { damask_slip_set("cF", {12, 6, 1}, 0); }), Errc::kArgument);
  EXPECT_EQ(code([] { damask_slip_set("cF", {0}, 0); }), Errc::kArgument);
}

}  // namespace
}  // namespace grainspin

// Ties by symmetry. Counts: enumeration of canonical representatives and Burnside's lemma, in a separate Python program.
#include "grainspin/interactions/ties.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "grainspin/interactions/families.h"

namespace grainspin::interactions {
namespace {

const PointGroup& own_group(const SlipSet& set) { return PointGroup::named(set.point_group); }

// Entries of the tensor that the operator makes of `tensor`: moved[g i, g j, ..] = signs * tensor[i, j, ..].
std::vector<double> turned(const SlipAction& action, std::size_t g, const TieOptions& o, const std::vector<double>& tensor) {
  const std::size_t n = action.perm[g].size();
  const bool odd[3] = {o.odd_i, o.odd_j, o.odd_k};
  std::vector<double> moved(tensor.size());
  for (std::size_t e = 0; e < tensor.size(); ++e) {
    std::size_t rest = e, to = 0, scale = 1;
    int sign = 1;
    for (int p = o.order - 1; p >= 0; --p, rest /= n, scale *= n) {
      to += scale * std::size_t(action.perm[g][rest % n]);
      if (odd[p]) sign *= action.sign[g][rest % n];
    }
    moved[to] = sign * tensor[e];
  }
  return moved;
}

std::vector<double> random_tensor(std::size_t entries) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> t(entries);
  for (double& x : t) x = uniform(random);
  return t;
}

TEST(Ties, CountsUnderSubgroups) {
  const SlipSet set = named_slip_set("hcp39", 1.6);
  const std::pair<const char*, std::array<int, 2>> rows[] = {
      {"622", {152, 5121}}, {"32", {266, 9949}}, {"6", {267, 10008}}, {"1", {1521, 59319}}};
  const Ties full2 = ties(set, own_group(set), {.order = 2}), full3 = ties(set, own_group(set), {.order = 3});
  for (const auto& [name, wanted] : rows) {
    const Ties pairs = ties(set, acting_group(name), {.order = 2}), triples = ties(set, acting_group(name), {.order = 3});
    EXPECT_EQ(pairs.count, wanted[0]) << name;
    EXPECT_EQ(triples.count, wanted[1]) << name;
    // Every unknown of the subgroup lies in one of the group, and all of the group's are met.
    for (const auto& [fine, coarse] : {std::pair(&pairs, &full2), std::pair(&triples, &full3)}) {
      const std::vector<std::int32_t> parent = parents(*fine, *coarse);
      std::vector<std::int64_t> entries(std::size_t(coarse->count), 0);
      for (std::size_t u = 0; u < parent.size(); ++u) entries[std::size_t(parent[u])] += fine->size[u];
      EXPECT_EQ(entries, coarse->size) << name;
    }
  }
  EXPECT_THROW(parents(full2, ties(set, acting_group("32"), {.order = 2})), Error);
  EXPECT_THROW(ties(set, acting_group("432"), {}), Error);
}

struct Signed {
  const char* set;
  std::array<std::int64_t, 3> directed;  // orbits of 1, 2, 3 of the 2N directed systems
  int i, j, ij, k, jk;                   // T_i odd; T_ij odd in j, in both; K_ijk odd in k, in j and k
};
const Signed kSigned[] = {
    {"fcc", {1, 24, 576}, 0, 5, 7, 70, 74},          {"bcc110", {1, 24, 576}, 0, 5, 7, 70, 74},
    {"bcc112", {2, 28, 592}, 1, 7, 7, 74, 74},       {"bcc24", {3, 100, 4624}, 1, 24, 24, 576, 576},
    {"hcp24", {5, 196, 9236}, 1, 44, 52, 1136, 1168}, {"hcp30", {7, 312, 18072}, 2, 73, 80, 2242, 2270},
    {"hcp39", {9, 520, 39620}, 2, 119, 130, 4892, 4963}};

TEST(Ties, SignedCounts) {
  for (const Signed& row : kSigned) {
    const SlipSet set = named_slip_set(row.set, 1.6);
    const PointGroup& group = own_group(set);
    EXPECT_EQ(ties(set, group, {.order = 1, .odd_i = true}).count, row.i) << row.set;
    EXPECT_EQ(ties(set, group, {.order = 2, .odd_j = true}).count, row.j) << row.set;
    EXPECT_EQ(ties(set, group, {.order = 2, .odd_i = true, .odd_j = true}).count, row.ij) << row.set;
    EXPECT_EQ(ties(set, group, {.order = 3, .odd_k = true}).count, row.k) << row.set;
    EXPECT_EQ(ties(set, group, {.order = 3, .odd_j = true, .odd_k = true}).count, row.jk) << row.set;
    const SlipAction action = slip_action(set, group);
    std::array<std::int64_t, 3> fixed{};
    for (std::size_t g = 0; g < action.perm.size(); ++g) {
      std::int64_t kept = 0;
      for (std::size_t s = 0; s < action.perm[g].size(); ++s)
        kept += 2 * (action.perm[g][s] == int(s) && action.sign[g][s] > 0);
      fixed[0] += kept, fixed[1] += kept * kept, fixed[2] += kept * kept * kept;
    }
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(fixed[k], row.directed[k] * std::int64_t(action.perm.size())) << row.set;
  }
}

// The number of invariants is the mean over the group of the product over indices of the trace, signed where odd.
TEST(Ties, EveryParityCountsAsItsCharacter) {
  const SlipSet set = named_slip_set("hcp39", 1.6);
  const SlipAction action = slip_action(set, own_group(set));
  for (int parity = 0; parity < 8; ++parity) {
    const bool odd[3] = {(parity & 1) != 0, (parity & 2) != 0, (parity & 4) != 0};
    std::int64_t sum = 0;
    for (std::size_t g = 0; g < action.perm.size(); ++g) {
      std::int64_t even_trace = 0, odd_trace = 0;
      for (std::size_t s = 0; s < action.perm[g].size(); ++s)
        if (action.perm[g][s] == int(s)) ++even_trace, odd_trace += action.sign[g][s];
      std::int64_t product = 1;
      for (const bool o : odd) product *= o ? odd_trace : even_trace;
      sum += product;
    }
    const Ties t = ties(set, own_group(set), {.order = 3, .odd_i = odd[0], .odd_j = odd[1], .odd_k = odd[2]});
    EXPECT_EQ(std::int64_t(t.count) * std::int64_t(action.perm.size()), sum) << parity;
  }
}

// Only BCC {112} and {123} and the pyramidal <c+a> tell forward from backward slip.
TEST(Ties, OddVectors) {
  for (const auto& [family, wanted] :
       std::vector<std::pair<std::string, int>>{{"fcc{111}<110>", 0}, {"bcc{110}<111>", 0}, {"bcc{112}<111>", 1},
                                                {"hcp-basal<a>", 0},  {"hcp-pyr1<a>", 0},   {"hcp-pyr1<c+a>", 1},
                                                {"hcp-pyr2<c+a>", 1}, {"hcp-prism<c+a>", 0}}) {
    const SlipSet set = interaction_slip_set(family);
    const Ties t = ties(set, own_group(set), {.order = 1, .odd_i = true});
    EXPECT_EQ(t.count, wanted) << family;
    for (std::size_t e = 0; e < t.of.size(); ++e) EXPECT_EQ(t.sign[e] != 0, wanted == 1);
  }
}

// Improper operations act as rotations do: 6/mmm as 622, m-3m as 432; among them the mirrors normal to x and z.
TEST(Ties, LaueGroupActsAsItsRotations) {
  EXPECT_EQ(&acting_group("6/mmm"), &PointGroup::named("622"));
  EXPECT_EQ(&acting_group("m-3m"), &PointGroup::named("432"));
  EXPECT_EQ(&acting_group("-62m"), &PointGroup::named("622"));
  EXPECT_THROW(acting_group("6/mm"), Error);
  for (const char* name : {"fcc18", "bcc48", "hcp39"}) {
    const SlipSet set = named_slip_set(name, 1.6);
    const SlipAction action = slip_action(set, own_group(set));
    const auto image = [&](const Vec3<double>& b, const Vec3<double>& n, int& sign) {
      for (int t = 0; t < set.count(); ++t) {
        const SlipSystem& s = set.systems[std::size_t(t)];
        const double bb = b.x * s.b.x + b.y * s.b.y + b.z * s.b.z, nn = n.x * s.n.x + n.y * s.n.y + n.z * s.n.z;
        if (std::abs(bb) > 1 - 1e-9 && std::abs(nn) > 1 - 1e-9) return sign = bb * nn > 0 ? 1 : -1, t;
      }
      return -1;
    };
    for (int axis = 0; axis < 3; axis += 2) {
      std::vector<int> perm, sign;
      for (const SlipSystem& s : set.systems) {
        const double x = axis == 0 ? -1 : 1, z = axis == 2 ? -1 : 1;
        int one = 0;
        perm.push_back(image({x * s.b.x, s.b.y, z * s.b.z}, {x * s.n.x, s.n.y, z * s.n.z}, one));
        sign.push_back(one);
      }
      bool found = false;
      for (std::size_t g = 0; g < action.perm.size(); ++g) found = found || (action.perm[g] == perm && action.sign[g] == sign);
      EXPECT_TRUE(found) << name << axis;
    }
  }
}

TEST(Ties, ProjectorIsTheGroupAverage) {
  const TieOptions cases[] = {{.order = 2}, {.order = 2, .odd_j = true}, {.order = 2, .odd_i = true, .odd_j = true},
                              {.order = 3}, {.order = 3, .odd_k = true}};
  for (const char* name : {"bcc24", "hcp18"})
    for (const TieOptions& o : cases) {
      const SlipSet set = named_slip_set(name, 1.6);
      const SlipAction action = slip_action(set, own_group(set));
      const Ties t = ties(set, own_group(set), o);
      const std::vector<double> tensor = random_tensor(t.of.size()), projected = project(t, tensor);
      std::vector<double> mean(tensor.size(), 0);
      for (std::size_t g = 0; g < action.perm.size(); ++g) {
        const std::vector<double> moved = turned(action, g, o, tensor), same = turned(action, g, o, projected);
        const std::vector<double> after = project(t, moved);
        for (std::size_t e = 0; e < mean.size(); ++e) {
          mean[e] += moved[e] / double(action.perm.size());
          ASSERT_EQ(same[e], projected[e]);            // invariant, to the bit
          ASSERT_NEAR(after[e], projected[e], 1e-14);  // P g = g P = P
        }
      }
      const std::vector<double> twice = project(t, projected);
      for (std::size_t e = 0; e < mean.size(); ++e) {
        ASSERT_NEAR(mean[e], projected[e], 1e-14);
        ASSERT_NEAR(twice[e], projected[e], 1e-15);
      }
    }
}

// Numbering the systems otherwise permutes ties and changes nothing else.
TEST(Ties, RelabellingPermutes) {
  const SlipSet set = named_slip_set("hcp24", 1.6);
  const std::size_t n = std::size_t(set.count());
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  SlipSet shuffled = set;
  for (std::size_t s = 0; s < n; ++s) shuffled.systems[s] = set.systems[order[s]];
  const TieOptions o{.order = 3, .odd_k = true};
  const Ties a = ties(set, own_group(set), o), b = ties(shuffled, own_group(set), o);
  ASSERT_EQ(a.count, b.count);
  std::vector<std::int32_t> to(std::size_t(a.count), -1);
  std::vector<int> turn(std::size_t(a.count), 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < n; ++k) {
        const std::size_t e = (i * n + j) * n + k, was = (order[i] * n + order[j]) * n + order[k];
        ASSERT_EQ(b.of[e] < 0, a.of[was] < 0);
        if (b.of[e] < 0) continue;
        const std::size_t id = std::size_t(a.of[was]);
        if (to[id] < 0) to[id] = b.of[e], turn[id] = a.sign[was] * b.sign[e];
        ASSERT_EQ(to[id], b.of[e]);
        ASSERT_EQ(a.sign[was] * b.sign[e], turn[id]);
        ASSERT_EQ(a.size[id], b.size[std::size_t(b.of[e])]);
      }
}

TEST(Ties, MaskedAndExpanded) {
  const SlipSet set = named_slip_set("fcc");
  const Ties t = ties(set, own_group(set), {.order = 2});
  std::vector<std::uint8_t> diagonal(144, 0);
  for (std::size_t i = 0; i < 12; ++i) diagonal[13 * i] = 1;
  const Ties d = masked(t, diagonal);
  EXPECT_EQ(d.count, 1);
  EXPECT_EQ(d.size, (std::vector<std::int64_t>{12}));
  const std::vector<double> identity = expand(d, {2.5});
  for (std::size_t e = 0; e < 144; ++e) EXPECT_EQ(identity[e], diagonal[e] ? 2.5 : 0);
  diagonal[0] = 0;  // cuts the orbit
  EXPECT_THROW(masked(t, diagonal), Error);
  EXPECT_THROW(masked(t, std::vector<std::uint8_t>(12, 1)), Error);
  EXPECT_THROW(expand(t, {1, 2}), Error);
  EXPECT_THROW(project(t, {1, 2}), Error);
  const Ties all = untied(3, 2);
  EXPECT_EQ(all.count, 9);
}

TEST(Ties, OptionsThatDoNotGoTogether) {
  const SlipSet set = named_slip_set("fcc");
  for (const TieOptions& o : std::vector<TieOptions>{{.order = 4},
                                                     {.order = 2, .jk = true},
                                                     {.order = 3, .jk = true, .odd_k = true},
                                                     {.order = 2, .symmetric = true, .odd_i = true},
                                                     {.order = 1, .odd_j = true}})
    EXPECT_THROW(ties(set, own_group(set), o), Error);
  EXPECT_EQ(ties(set, own_group(set), {.order = 3, .jk = true, .odd_j = true, .odd_k = true}).count, 43);
}

}  // namespace
}  // namespace grainspin::interactions

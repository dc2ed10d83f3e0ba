#include "grainspin/orbits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace grainspin {
namespace {

SlipAction action_of(const SlipSet& set) {
  return slip_action(set, PointGroup::named(set.point_group));
}

const std::string basal = "hcp-basal<a>", prism = "hcp-prism<a>", pyr1a = "hcp-pyr1<a>",
                  pyr1ca = "hcp-pyr1<c+a>", pyr2ca = "hcp-pyr2<c+a>", prismca = "hcp-prism<c+a>",
                  prismc = "hcp-prism<c>";
const std::vector<std::string> hcp39 = {basal, prism, pyr1a, pyr1ca, pyr2ca, prismca, prismc};

struct Row {
  std::vector<std::string> families;
  int systems, pairs, pairs_symmetric, triples, triples_jk, triples_full;
};

// Counted once by enumerating canonical representatives and by Burnside's lemma, in a separate Python
// program; by hand for FCC: (12^2 + 6 2^2)/24 = 7, (12^3 + 6 2^3)/24 = 74, and for the 39 HCP systems:
// (39^2 + 9^2 + 3 7^2 + 3 5^2)/12 = 152, (39^3 + 9^3 + 3 7^3 + 3 5^3)/12 = 5121.
const std::vector<Row> kRows = {
    {{"fcc{111}<110>"}, 12, 7, 6, 74, 43, 20},
    {{"fcc{111}<110>", "fcc{110}<110>"}, 18, 18, 13, 260, 148, 64},
    {{"bcc{110}<111>"}, 12, 7, 6, 74, 43, 20},
    {{"bcc{112}<111>"}, 12, 7, 6, 74, 43, 20},
    {{"bcc{123}<111>"}, 24, 24, 17, 576, 300, 111},
    {{"bcc{110}<111>", "bcc{112}<111>"}, 24, 28, 19, 592, 320, 126},
    {{"bcc{110}<111>", "bcc{112}<111>", "bcc{123}<111>"}, 48, 100, 60, 4624, 2384, 849},
    {{basal}, 3, 2, 2, 5, 4, 3},
    {{prism}, 3, 2, 2, 5, 4, 3},
    {{prismc}, 3, 2, 2, 5, 4, 3},
    {{pyr1a}, 6, 4, 4, 20, 13, 7},
    {{pyr2ca}, 6, 4, 4, 20, 13, 7},
    {{prismca}, 6, 4, 4, 20, 13, 7},
    {{pyr1ca}, 12, 12, 10, 144, 78, 31},
    {{basal, prism}, 6, 8, 6, 40, 26, 14},
    {{basal, prism, pyr1a}, 12, 20, 14, 180, 108, 50},
    {{basal, prism, pyr2ca}, 12, 20, 14, 180, 108, 50},
    {{basal, prism, pyr1ca}, 18, 32, 22, 508, 281, 114},
    {{basal, prism, pyr1a, pyr2ca}, 18, 38, 25, 536, 304, 128},
    {{basal, prism, pyr1a, pyr1ca}, 24, 56, 36, 1188, 642, 249},
    {{basal, prism, pyr1a, pyr1ca, pyr2ca}, 30, 86, 53, 2300, 1225, 462},
    {hcp39, 39, 152, 89, 5121, 2697, 995},
};

TEST(Orbits, Counts) {
  for (const Row& row : kRows) {
    const SlipSet set = slip_set(row.families, 1.6);
    const SlipAction action = action_of(set);
    EXPECT_EQ(set.count(), row.systems) << set.name;
    EXPECT_EQ(pair_orbits(action).count, row.pairs) << set.name;
    EXPECT_EQ(pair_orbits(action, true).count, row.pairs_symmetric) << set.name;
    EXPECT_EQ(triple_orbits(action).count, row.triples) << set.name;
    EXPECT_EQ(triple_orbits(action, true).count, row.triples_jk) << set.name;
    EXPECT_EQ(triple_orbits(action, true, true).count, row.triples_full) << set.name;
  }
}

// Burnside: orbits = mean over the group of the number of fixed entries, fixed systems^2 or ^3.
TEST(Orbits, Burnside) {
  for (const Row& row : kRows) {
    const SlipAction action = action_of(slip_set(row.families, 1.6));
    std::int64_t pairs = 0, triples = 0;
    for (const std::vector<int>& p : action.perm) {
      std::int64_t fixed = 0;
      for (std::size_t s = 0; s < p.size(); ++s) fixed += p[s] == int(s);
      pairs += fixed * fixed;
      triples += fixed * fixed * fixed;
    }
    const std::int64_t order = std::int64_t(action.perm.size());
    EXPECT_EQ(pairs, order * row.pairs);
    EXPECT_EQ(triples, order * row.triples);
  }
}

TEST(Orbits, IndependentOfCOverA) {
  const Orbits first = pair_orbits(action_of(slip_set(hcp39, 1.5)));
  for (const double c : {1.568, 1.587, 1.624, 1.6329931618554521, 1.856}) {
    EXPECT_EQ(pair_orbits(action_of(slip_set(hcp39, c))).of, first.of);
  }
}

TEST(Orbits, Subgroups) {
  const SlipSet set = slip_set(hcp39, 1.6);
  const SlipAction trigonal = slip_action(set, PointGroup::named("32")),
                   six = slip_action(set, PointGroup::named("6"));
  EXPECT_EQ(pair_orbits(trigonal).count, 266);
  EXPECT_EQ(triple_orbits(trigonal).count, 9949);
  EXPECT_EQ(pair_orbits(six).count, 267);
  EXPECT_EQ(triple_orbits(six).count, 10008);
}

std::map<std::int64_t, int> histogram(const Orbits& orbits) {
  std::map<std::int64_t, int> sizes;
  for (const std::int64_t s : orbits.size) ++sizes[s];
  return sizes;
}

TEST(Orbits, Sizes) {
  const SlipAction fcc = action_of(named_slip_set("fcc")), hcp = action_of(slip_set(hcp39, 1.6));
  using H = std::map<std::int64_t, int>;
  EXPECT_EQ(histogram(pair_orbits(fcc)), (H{{12, 2}, {24, 5}}));
  EXPECT_EQ(histogram(triple_orbits(fcc)), (H{{24, 70}, {12, 4}}));
  EXPECT_EQ(histogram(pair_orbits(hcp)), (H{{12, 106}, {6, 37}, {3, 9}}));
  EXPECT_EQ(histogram(triple_orbits(hcp)), (H{{12, 4779}, {6, 315}, {3, 27}}));
  for (const Orbits& o : {pair_orbits(hcp), triple_orbits(hcp)}) {
    EXPECT_EQ(std::accumulate(o.size.begin(), o.size.end(), std::int64_t(0)), std::int64_t(o.of.size()));
  }
}

std::vector<std::vector<int>> blocks(const SlipSet& set) {
  const Orbits orbits = pair_orbits(action_of(set));
  std::vector<std::vector<int>> table(set.families.size(), std::vector<int>(set.families.size(), 0));
  std::vector<bool> seen(orbits.count, false);
  for (int i = 0; i < set.count(); ++i) {
    for (int j = 0; j < set.count(); ++j) {
      const int id = orbits.of[i * set.count() + j];
      if (!seen[id]) ++table[set.systems[i].family][set.systems[j].family];
      seen[id] = true;
    }
  }
  return table;
}

TEST(Orbits, Blocks) {
  using Table = std::vector<std::vector<int>>;
  EXPECT_EQ(blocks(slip_set(hcp39, 1.6)), (Table{{2, 2, 2, 3, 2, 2, 2},
                                                 {2, 2, 2, 3, 2, 2, 2},
                                                 {2, 2, 4, 6, 3, 3, 2},
                                                 {3, 3, 6, 12, 6, 6, 3},
                                                 {2, 2, 3, 6, 4, 4, 2},
                                                 {2, 2, 3, 6, 4, 4, 2},
                                                 {2, 2, 2, 3, 2, 2, 2}}));
  EXPECT_EQ(blocks(named_slip_set("bcc24")), (Table{{7, 7}, {7, 7}}));
  EXPECT_EQ(blocks(named_slip_set("bcc48")), (Table{{7, 7, 12}, {7, 7, 12}, {12, 12, 24}}));
}

// The columns of the regression of each first-index family: orbits of (j), (j,k) under the stabiliser of i.
TEST(Orbits, ColumnsOfEachFamily) {
  const auto columns = [](const SlipSet& set, const Orbits& orbits) {
    const std::size_t row = orbits.of.size() / set.systems.size();
    std::vector<int> n(set.families.size(), 0);
    std::vector<bool> seen(orbits.count, false);
    for (std::size_t e = 0; e < orbits.of.size(); ++e) {
      if (!seen[orbits.of[e]]) ++n[set.systems[e / row].family];
      seen[orbits.of[e]] = true;
    }
    return n;
  };
  using C = std::vector<int>;
  const SlipSet bcc48 = named_slip_set("bcc48"), hcp = slip_set(hcp39, 1.6);
  EXPECT_EQ(columns(bcc48, pair_orbits(action_of(bcc48))), (C{26, 26, 48}));
  EXPECT_EQ(columns(bcc48, triple_orbits(action_of(bcc48))), (C{1160, 1160, 2304}));
  EXPECT_EQ(columns(bcc48, triple_orbits(action_of(bcc48), true)), (C{604, 604, 1176}));
  EXPECT_EQ(columns(hcp, pair_orbits(action_of(hcp))), (C{15, 15, 22, 39, 23, 23, 15}));
  EXPECT_EQ(columns(hcp, triple_orbits(action_of(hcp))), (C{419, 419, 773, 1521, 785, 785, 419}));
  EXPECT_EQ(columns(hcp, triple_orbits(action_of(hcp), true)), (C{229, 229, 406, 780, 412, 412, 229}));
}

// Action of a product is the product of actions, signs included; so signed sums over systems transform.
TEST(Orbits, ActionIsAHomomorphism) {
  for (const char* name : {"fcc18", "bcc48", "hcp39"}) {
    const SlipSet set = named_slip_set(name, 1.6);
    const PointGroup& group = PointGroup::named(set.point_group);
    const SlipAction action = slip_action(set, group);
    const auto& ops = group.operators();
    for (std::size_t g = 0; g < ops.size(); ++g) {
      for (std::size_t h = 0; h < ops.size(); ++h) {
        const Quatd gh = ops[g] * ops[h];
        std::size_t product = ops.size();
        for (std::size_t k = 0; k < ops.size(); ++k) {
          const double c = gh.w * ops[k].w + gh.x * ops[k].x + gh.y * ops[k].y + gh.z * ops[k].z;
          if (std::abs(c) > 1 - 1e-9) product = k;
        }
        ASSERT_LT(product, ops.size());
        for (int s = 0; s < set.count(); ++s) {
          const int t = action.perm[h][s];
          EXPECT_EQ(action.perm[product][s], action.perm[g][t]);
          EXPECT_EQ(action.sign[product][s], action.sign[g][t] * action.sign[h][s]);
        }
      }
    }
  }
}

// Invariant vectors that are odd under slip reversal: one for each orbit of systems in which no operator
// maps a system to its reverse. Non-zero exactly for BCC {112} and {123} (twinning sense) and the pyramidal
// <c+a>: {123} and first-order <c+a> have as many systems as the group has operators, so none is left to
// reverse.
TEST(Orbits, OddInvariantVectors) {
  const std::map<std::string, int> odd = {{"fcc{111}<110>", 0}, {"fcc{110}<110>", 0}, {"bcc{110}<111>", 0},
                                          {"bcc{112}<111>", 1}, {"bcc{123}<111>", 1}, {basal, 0},
                                          {prism, 0},           {pyr1a, 0},           {pyr1ca, 1},
                                          {pyr2ca, 1},          {prismca, 0},         {prismc, 0}};
  for (const auto& [family, expected] : odd) {
    const SlipAction action = action_of(slip_set({family}, 1.6));
    bool reversed = false;
    for (std::size_t g = 0; g < action.perm.size(); ++g) {
      reversed = reversed || (action.perm[g][0] == 0 && action.sign[g][0] < 0);
    }
    EXPECT_EQ(int(!reversed), expected) << family;
  }
}

// (1/|G|) sum over the group of the squared trace of the signed permutation: the dimension of the matrices that
// commute with it. FCC by hand: the identity has trace 12; of the others only the six half turns about <110> fix
// systems, two each, both reversed: (144 + 6 4)/24 = 7.
TEST(SignedOrbits, CountIsTheDimensionOfTheCommutant) {
  EXPECT_EQ(signed_pair_orbits(action_of(named_slip_set("fcc"))).count, 7);
  for (const Row& row : kRows) {
    const SlipAction action = action_of(slip_set(row.families, 1.6));
    std::int64_t sum = 0;
    for (std::size_t g = 0; g < action.perm.size(); ++g) {
      std::int64_t trace = 0;
      for (int s = 0; s < row.systems; ++s) trace += action.perm[g][s] == s ? action.sign[g][s] : 0;
      sum += trace * trace;
    }
    EXPECT_EQ(signed_pair_orbits(action).count * std::int64_t(action.perm.size()), sum);
  }
}

TEST(SignedOrbits, BasisMatricesAreInvariantAndDisjoint) {
  for (const char* name : {"fcc", "fcc18", "bcc24", "bcc48", "hcp18", "hcp24", "hcp30", "hcp39"}) {
    const SlipSet set = named_slip_set(name, 1.6);
    const SlipAction action = action_of(set);
    const SignedOrbits orbits = signed_pair_orbits(action);
    const std::size_t n = set.systems.size();
    std::vector<int> first(std::size_t(orbits.count), 0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const std::int32_t of = orbits.of[i * n + j];
        const int sign = orbits.sign[i * n + j];
        ASSERT_EQ(of < 0, sign == 0);
        if (of >= 0 && !first[of]) first[of] = sign;
        for (std::size_t g = 0; g < action.perm.size(); ++g) {
          const std::size_t image = action.perm[g][i] * n + action.perm[g][j];
          ASSERT_EQ(orbits.of[image], of) << name;
          ASSERT_EQ(orbits.sign[image] * action.sign[g][i] * action.sign[g][j], sign) << name;
        }
      }
    for (const int f : first) EXPECT_EQ(f, 1) << name;  // every id has entries, the first of them +1
  }
}

TEST(Orbits, SetThatIsNotClosed) {
  SlipSet set = named_slip_set("fcc");
  set.systems.pop_back();
  EXPECT_THROW(slip_action(set, PointGroup::named("432")), Error);
  EXPECT_THROW(slip_action(named_slip_set("fcc"), PointGroup::named("622")), Error);
}

}  // namespace
}  // namespace grainspin

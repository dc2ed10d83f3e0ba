// Names of unknowns and masks of reactions. Counts of masks: a separate Python program with Miller indices.
#include "grainspin/interactions/names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "grainspin/interactions/families.h"
#include "grainspin/interactions/masks.h"

namespace grainspin::interactions {
namespace {

Ties own(const SlipSet& set, const TieOptions& o) { return ties(set, PointGroup::named(set.point_group), o); }

TEST(Names, FccInteractions) {
  const SlipSet fcc = named_slip_set("fcc");
  const Ties t = own(fcc, {.order = 2});
  const std::vector<std::string> names = unknown_names(fcc, t);
  std::map<std::string, std::int64_t> sizes;
  for (std::size_t u = 0; u < names.size(); ++u) sizes[names[u]] = t.size[u];
  const std::map<std::string, std::int64_t> wanted{{"self", 12},       {"coplanar", 24},    {"collinear", 12}, {"Hirth", 24},
                                                   {"glissile I", 24}, {"glissile II", 24}, {"Lomer", 24}};
  EXPECT_EQ(sizes, wanted);
  // The types of DAMASK, in its order, from another criterion.
  const char* damask[] = {"self", "coplanar", "collinear", "Hirth", "glissile I", "glissile II", "Lomer"};
  const std::vector<int> types = damask_slip_interaction_types(fcc);
  for (std::size_t e = 0; e < types.size(); ++e) EXPECT_EQ(names[std::size_t(t.of[e])], damask[types[e] - 1]);
  // H_ij = H_ji makes one of the two glissile ones.
  const std::vector<std::string> six = unknown_names(fcc, own(fcc, {.order = 2, .symmetric = true}));
  EXPECT_EQ(std::set<std::string>(six.begin(), six.end()),
            (std::set<std::string>{"self", "coplanar", "collinear", "Hirth", "glissile", "Lomer"}));
}

TEST(Names, AreAllDifferent) {
  for (const char* name : {"fcc", "fcc18", "bcc48", "hcp39"}) {
    const SlipSet set = named_slip_set(name, 1.6);
    for (int order = 1; order <= 3; ++order) {
      const std::vector<std::string> names = unknown_names(set, own(set, {.order = order}));
      EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size()) << name << order;
    }
  }
  const SlipSet hcp = named_slip_set("hcp39", 1.6);
  const std::vector<std::string> pairs = unknown_names(hcp, own(hcp, {.order = 2}));
  EXPECT_EQ(pairs[0], "basal<a> x basal<a> self");
  const auto has = [&](const std::string& n) { return std::find(pairs.begin(), pairs.end(), n) != pairs.end(); };
  EXPECT_TRUE(has("basal<a> x prism<a> collinear"));
  EXPECT_TRUE(has("pyr1<c+a> x pyr1<a> coplanar"));
  EXPECT_TRUE(has("basal<a> x prism<c> perpendicular #2"));
}

TEST(Names, Systems) {
  const SlipSet hcp = named_slip_set("hcp39", 1.587), fcc = named_slip_set("fcc"), bcc = named_slip_set("bcc123");
  EXPECT_EQ(system_label(hcp, 0), "[2-1-10](0001)");
  EXPECT_EQ(system_label(hcp, 24), "[-2113](2-1-12)");
  EXPECT_EQ(system_label(fcc, 0), "[01-1](111)");
  EXPECT_EQ(system_label(bcc, 0), "[11-1](123)");
  EXPECT_EQ(system_name(hcp, 5), "prism<a> 3");
  EXPECT_EQ(short_family("bcc{110}<111>"), "{110}<111>");
}

struct Count {
  std::int64_t entries;
  int orbits;
};

TEST(Masks, CountsOfReactions) {
  const std::pair<const char*, std::map<std::string, Count>> rows[] = {
      {"fcc", {{"frank", {192, 8}}, {"glissile", {72, 3}}, {"annihilation", {36, 3}}, {"glissile+annihilation", {108, 6}},
               {"own", {276, 13}}, {"own+frank", {468, 21}}}},
      {"hcp24", {{"frank", {960, 84}}, {"glissile", {240, 22}}, {"annihilation", {120, 20}},
                 {"glissile+annihilation", {360, 42}}, {"own", {1128, 108}}, {"own+frank", {2088, 192}}}},
      {"hcp30", {{"frank", {1680, 144}}, {"glissile", {288, 26}}, {"annihilation", {174, 25}},
                 {"glissile+annihilation", {462, 51}}, {"own", {1770, 167}}, {"own+frank", {3450, 311}}}},
      {"hcp39", {{"frank", {4416, 384}}, {"glissile", {816, 77}}, {"annihilation", {267, 37}},
                 {"glissile+annihilation", {1083, 114}}, {"own", {3003, 297}}, {"own+frank", {7419, 681}}}}};
  for (const auto& [name, masks] : rows)
    for (const double c_over_a : {1.5, kIdealCOverA, 1.856}) {
      const SlipSet set = named_slip_set(name, c_over_a);
      const Ties t = own(set, {.order = 3}), jk = own(set, {.order = 3, .jk = true});
      for (const auto& [mask_name, wanted] : masks) {
        const std::vector<std::uint8_t> m = mask(set, 3, mask_name);
        EXPECT_EQ(std::accumulate(m.begin(), m.end(), std::int64_t(0)), wanted.entries) << name << " " << mask_name;
        EXPECT_EQ(masked(t, m).count, wanted.orbits) << name << " " << mask_name;
        EXPECT_NO_THROW(masked(jk, m)) << "same with j and k exchanged";
      }
    }
}

// {110}<111> and {112}<111> of BCC: no two <111> add up to a third (a/2[111] + a/2[1-1-1] = a[100]).
TEST(Masks, NoFrankReactionAmongBcc) {
  const std::vector<std::uint8_t> m = mask(named_slip_set("bcc24"), 3, "frank");
  EXPECT_EQ(std::accumulate(m.begin(), m.end(), std::int64_t(0)), 0);
}

TEST(Masks, PairsAndErrors) {
  const SlipSet fcc = named_slip_set("fcc");
  const std::vector<std::uint8_t> m = mask(fcc, 2, "own");
  EXPECT_EQ(masked(own(fcc, {.order = 2}), m).count, 1);
  EXPECT_EQ(masked(own(fcc, {.order = 3}), mask(fcc, 3, "all")).count, 74);
  for (const char* wrong : {"", "jogs", "frank+", "Frank"}) {
    try {
      mask(fcc, 3, wrong);
      FAIL() << wrong;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      EXPECT_NE(std::string(e.what()).find("annihilation"), std::string::npos);
    }
  }
  EXPECT_THROW(mask(fcc, 2, "frank"), Error);
}

}  // namespace
}  // namespace grainspin::interactions

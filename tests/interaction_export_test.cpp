// H for DAMASK and MFront. MFront's own answers are from its documentation and its tests (TFEL, singlecrystal.md and
// SlipSystemsDescriptionTest.cxx).
#include "grainspin/interactions/export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "grainspin/interactions/families.h"
#include "grainspin/interactions/names.h"
#include "grainspin/interactions/ties.h"
#include "src/interactions/indices.h"
#include "src/interactions/mfront_systems.h"

namespace grainspin::interactions {
namespace {

Ties own(const SlipSet& set) { return ties(set, PointGroup::named(set.point_group), {.order = 2}); }

// A different value for each orbit: its number.
std::vector<double> numbered(const SlipSet& set, double first = 1) {
  const Ties t = own(set);
  std::vector<double> values(std::size_t(t.count));
  for (std::size_t u = 0; u < values.size(); ++u) values[u] = first + double(u);
  return expand(t, values);
}

TEST(ExportDamask, FccCoefficientsInItsOrder) {
  const SlipSet fcc = named_slip_set("fcc");
  const Ties t = own(fcc);
  // Kubin, Devincre & Hoc 2008 with glissile I and II told apart.
  const std::map<std::string, double> kubin = {{"self", 0.122},       {"coplanar", 0.125},     {"collinear", 0.625}, {"Hirth", 0.07},
                                               {"glissile I", 0.137}, {"glissile II", 0.139}, {"Lomer", 0.121}};
  std::vector<double> values;
  for (const std::string& name : unknown_names(fcc, t)) values.push_back(kubin.at(name));
  const Exported out = export_damask(fcc, expand(t, values));
  EXPECT_TRUE(out.warnings.empty());
  EXPECT_NE(out.text.find("\nN_sl: [12]\n"), std::string::npos) << out.text;
  EXPECT_NE(out.text.find("\nh_sl-sl: [0.122, 0.125, 0.625, 0.07, 0.137, 0.139, 0.121]\n"), std::string::npos) << out.text;
}

// What DAMASK builds from the coefficients is H again where a type is one orbit.
TEST(ExportDamask, WithoutMergingNothingIsLost) {
  for (const char* name : {"fcc", "bcc110"}) {
    const SlipSet set = named_slip_set(name);
    const std::vector<double> H = numbered(set);
    const Exported out = export_damask(set, H);
    const std::vector<int> types = damask_slip_interaction_types(set);
    for (std::size_t e = 0; e < H.size(); ++e) EXPECT_EQ(out.coefficients[std::size_t(types[e] - 1)].value, H[e]);
    EXPECT_TRUE(out.warnings.empty()) << name;
  }
}

TEST(ExportDamask, MergedOrbitsAreSaid) {
  const SlipSet set = named_slip_set("hcp30", 1.6);
  const std::vector<double> H = numbered(set);
  const Exported out = export_damask(set, H);
  const std::vector<int> types = damask_slip_interaction_types(set);
  ASSERT_EQ(out.coefficients.size(), 69u);
  // By the definition: the mean over entries; type 32 merges six orbits of pyr1<c+a> (72 entries).
  double sum = 0;
  int entries = 0;
  for (std::size_t e = 0; e < H.size(); ++e)
    if (types[e] == 32) sum += H[e], ++entries;
  EXPECT_EQ(entries, 72);
  EXPECT_NEAR(out.coefficients[31].value, sum / 72, 1e-12);
  EXPECT_EQ(out.coefficients[31].orbits.size(), 6u);
  int merged = 0, broken = 0;
  for (const std::string& w : out.warnings) {
    merged += w.find("merges") != std::string::npos;
    broken += w.find("own table") != std::string::npos;
  }
  int types_with_several = 0;
  for (const Coefficient& c : out.coefficients) types_with_several += c.orbits.size() > 1;
  EXPECT_EQ(merged, types_with_several);
  EXPECT_GT(merged, 0);
  EXPECT_EQ(broken, 1);  // pyr2<c+a> against pyr1<a>: type 65 in the place of 64
  EXPECT_NE(out.text.find("N_sl: [3, 3, 6, 12, 6]"), std::string::npos);
  // Equal values: nothing is lost, nothing is said.
  EXPECT_TRUE(export_damask(set, std::vector<double>(H.size(), 0.25)).warnings.empty());
}

TEST(ExportDamask, FamiliesLeftOutAreZeros) {
  const SlipSet set = slip_set({"hcp-prism<a>", "hcp-pyr1<c+a>"}, 1.6);
  const Exported out = export_damask(set, std::vector<double>(225, 0.5));
  EXPECT_NE(out.text.find("N_sl: [0, 3, 0, 12]"), std::string::npos) << out.text;
  ASSERT_EQ(out.coefficients.size(), 43u);  // the largest type used: pyr1<c+a> against prism<a>
  EXPECT_EQ(out.coefficients[0].entries, 0);
  EXPECT_EQ(out.coefficients[0].value, 0);
}

TEST(ExportDamask, RefusesByName) {
  const auto refused = [](const SlipSet& set, const std::vector<double>& H, Errc code, const std::string& part) {
    try {
      export_damask(set, H);
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code);
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  const SlipSet hcp = named_slip_set("hcp39", 1.6), fcc = named_slip_set("fcc");
  refused(hcp, std::vector<double>(1521, 1), Errc::kArgument, "hcp-prism<c+a>");
  refused(slip_set({"hcp-prism<a>", "hcp-basal<a>"}, 1.6), std::vector<double>(36, 1), Errc::kArgument, "hcp-basal<a>");
  refused(fcc, std::vector<double>(143, 1), Errc::kShape, "143");
  refused(fcc, std::vector<double>(144, NAN), Errc::kArgument, "H[0][0]");
}

// mfront-query --slip-systems and --interaction-matrix for <1,-1,0>{1,1,1} of FCC, from MFront's documentation.
TEST(ExportMfront, FccRanksAreMfronts) {
  const std::vector<IndexedSystem> documented = {
      {{0, 1, -1}, {1, 1, 1}},  {{1, 0, -1}, {1, 1, 1}},  {{1, -1, 0}, {1, 1, 1}},  {{0, 1, 1}, {1, 1, -1}},
      {{1, 0, 1}, {1, 1, -1}},  {{1, -1, 0}, {1, 1, -1}}, {{0, 1, -1}, {1, -1, -1}}, {{1, 0, 1}, {1, -1, -1}},
      {{1, 1, 0}, {1, -1, -1}}, {{0, 1, 1}, {1, -1, 1}},  {{1, 0, -1}, {1, -1, 1}}, {{1, 1, 0}, {1, -1, 1}}};
  const std::vector<IndexedSystem> made = mfront_systems({{1, -1, 0}, {1, 1, 1}});
  ASSERT_EQ(made.size(), 12u);
  for (std::size_t s = 0; s < 12; ++s) {
    EXPECT_EQ(made[s].b, documented[s].b);
    EXPECT_EQ(made[s].n, documented[s].n);
  }
}

// Ranks of all pairs of systems in MFront's order: numodis::Hardening::getRankInteraction, run on these families
// (TFEL 5, August 2026).
const std::vector<std::vector<int>> kFccRanks = {
    {0, 1, 1, 2, 3, 4, 5, 6, 6, 2, 4, 3},
    {1, 0, 1, 3, 2, 4, 4, 2, 3, 6, 5, 6},
    {1, 1, 0, 6, 6, 5, 4, 3, 2, 3, 4, 2},
    {2, 3, 4, 0, 1, 1, 2, 4, 3, 5, 6, 6},
    {3, 2, 4, 1, 0, 1, 6, 5, 6, 4, 2, 3},
    {6, 6, 5, 1, 1, 0, 3, 4, 2, 4, 3, 2},
    {5, 6, 6, 2, 4, 3, 0, 1, 1, 2, 3, 4},
    {4, 2, 3, 6, 5, 6, 1, 0, 1, 3, 2, 4},
    {4, 3, 2, 3, 4, 2, 1, 1, 0, 6, 6, 5},
    {2, 4, 3, 5, 6, 6, 2, 3, 4, 0, 1, 1},
    {6, 5, 6, 4, 2, 3, 3, 2, 4, 1, 0, 1},
    {3, 4, 2, 4, 3, 2, 6, 6, 5, 1, 1, 0},
};
const std::vector<std::vector<int>> kHcp24Ranks = {
    {0, 1, 1, 2, 3, 2, 4, 5, 4, 4, 5, 4, 6, 7, 8, 8, 6, 7, 6, 7, 8, 8, 6, 7},
    {1, 0, 1, 3, 2, 2, 5, 4, 4, 4, 4, 5, 8, 8, 6, 7, 7, 6, 7, 6, 6, 7, 8, 8},
    {1, 1, 0, 2, 2, 3, 4, 4, 5, 5, 4, 4, 7, 6, 7, 6, 8, 8, 8, 8, 7, 6, 7, 6},
    {9, 10, 9, 11, 12, 12, 13, 14, 14, 14, 14, 13, 15, 15, 16, 17, 17, 16, 17, 16, 16, 17, 15, 15},
    {10, 9, 9, 12, 11, 12, 14, 13, 14, 14, 13, 14, 16, 17, 15, 15, 16, 17, 16, 17, 15, 15, 16, 17},
    {9, 9, 10, 12, 12, 11, 14, 14, 13, 13, 14, 14, 17, 16, 17, 16, 15, 15, 15, 15, 17, 16, 17, 16},
    {18, 19, 18, 20, 21, 21, 22, 23, 23, 24, 24, 25, 26, 26, 27, 28, 28, 27, 29, 30, 30, 29, 31, 31},
    {19, 18, 18, 21, 20, 21, 23, 22, 24, 23, 25, 24, 27, 28, 26, 26, 30, 29, 27, 28, 31, 31, 30, 29},
    {18, 18, 19, 21, 21, 20, 23, 24, 22, 25, 23, 24, 28, 27, 29, 30, 26, 26, 31, 31, 28, 27, 29, 30},
    {18, 18, 19, 21, 21, 20, 24, 23, 25, 22, 24, 23, 29, 30, 28, 27, 31, 31, 26, 26, 29, 30, 28, 27},
    {19, 18, 18, 21, 20, 21, 24, 25, 23, 24, 22, 23, 30, 29, 31, 31, 27, 28, 30, 29, 26, 26, 27, 28},
    {18, 19, 18, 20, 21, 21, 25, 24, 24, 23, 23, 22, 31, 31, 30, 29, 29, 30, 28, 27, 27, 28, 26, 26},
    {32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55},
    {34, 33, 32, 35, 37, 36, 38, 40, 39, 42, 41, 43, 45, 44, 49, 48, 47, 46, 53, 52, 51, 50, 55, 54},
    {33, 32, 34, 36, 35, 37, 39, 38, 41, 40, 43, 42, 46, 47, 44, 45, 51, 50, 49, 48, 54, 55, 52, 53},
    {33, 34, 32, 37, 35, 36, 40, 38, 42, 39, 43, 41, 49, 48, 45, 44, 52, 53, 46, 47, 55, 54, 51, 50},
    {32, 34, 33, 37, 36, 35, 40, 42, 38, 43, 39, 41, 48, 49, 53, 52, 44, 45, 54, 55, 47, 46, 50, 51},
    {34, 32, 33, 36, 37, 35, 39, 41, 38, 43, 40, 42, 47, 46, 50, 51, 45, 44, 55, 54, 48, 49, 53, 52},
    {32, 34, 33, 37, 36, 35, 41, 39, 43, 38, 42, 40, 50, 51, 47, 46, 54, 55, 44, 45, 53, 52, 48, 49},
    {34, 32, 33, 36, 37, 35, 42, 40, 43, 38, 41, 39, 53, 52, 48, 49, 55, 54, 45, 44, 50, 51, 47, 46},
    {33, 32, 34, 36, 35, 37, 42, 43, 40, 41, 38, 39, 52, 53, 54, 55, 49, 48, 51, 50, 44, 45, 46, 47},
    {33, 34, 32, 37, 35, 36, 41, 43, 39, 42, 38, 40, 51, 50, 55, 54, 46, 47, 52, 53, 45, 44, 49, 48},
    {32, 33, 34, 35, 36, 37, 43, 42, 41, 40, 39, 38, 54, 55, 52, 53, 50, 51, 48, 49, 46, 47, 44, 45},
    {34, 33, 32, 35, 37, 36, 43, 41, 42, 39, 40, 38, 55, 54, 51, 50, 53, 52, 47, 46, 49, 48, 45, 44},
};

// The rank that MFront gives a pair holds H of that pair.
void expect_ranks(const SlipSet& set, const std::vector<IndexedSystem>& declared, const std::vector<std::vector<int>>& ranks) {
  std::vector<int> order;  // MFront's systems, by the set's numbers
  for (const IndexedSystem& family : declared)
    for (const IndexedSystem& made : mfront_systems(family)) {
      std::vector<int> found;
      for (int s = 0; s < set.count(); ++s)
        if (same_system(made, {whole(direction_coordinates(set, s)), whole(plane_coordinates(set, s))})) found.push_back(s);
      ASSERT_EQ(found.size(), 1u);
      order.push_back(found[0]);
    }
  ASSERT_EQ(order.size(), ranks.size());
  const std::vector<double> H = numbered(set, 0.1);
  const Exported out = export_mfront(set, H);
  const std::size_t n = order.size();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      ASSERT_EQ(out.coefficients.at(std::size_t(ranks[i][j])).value, H[std::size_t(order[i]) * n + std::size_t(order[j])])
          << i << " " << j;
}

TEST(ExportMfront, ValuesByRank) {
  expect_ranks(named_slip_set("fcc"), {{{0, 1, -1}, {1, 1, 1}}}, kFccRanks);
  expect_ranks(named_slip_set("hcp24", 1.6),
               {{{2, -1, -1, 0}, {0, 0, 0, 1}},
                {{2, -1, -1, 0}, {0, 1, -1, 0}},
                {{2, -1, -1, 0}, {0, 1, -1, 1}},
                {{1, -2, 1, 3}, {0, 1, -1, 1}}},
               kHcp24Ranks);
  const SlipSet fcc = named_slip_set("fcc"), hcp = named_slip_set("hcp24", 1.6);
  EXPECT_NE(export_mfront(fcc, numbered(fcc)).text.find("@CrystalStructure FCC;\n@SlidingSystem <0,1,-1>{1,1,1};\n"),
            std::string::npos);
  const std::string text = export_mfront(hcp, numbered(hcp)).text;
  EXPECT_NE(text.find("@CrystalStructure HCP;\n@SlidingSystems{<2,-1,-1,0>{0,0,0,1},"), std::string::npos) << text;
  // Seven values between the braces, nothing else.
  const std::string values = export_mfront(fcc, std::vector<double>(144, 0.5)).text;
  EXPECT_NE(values.find("@InteractionMatrix{\n  0.5,  // rank 0: self, 12 entries\n"), std::string::npos) << values;
}

// Families, numbers and order of systems that MFront's tests know for hexagonal crystals.
TEST(ExportMfront, HexagonalSystemsAreMfronts) {
  const std::vector<IndexedSystem> pyramidal = mfront_systems({{-2, 1, 1, 3}, {1, -1, 0, 1}});
  const std::vector<IndexedSystem> documented = {
      {{-2, 1, 1, -3}, {-1, 0, 1, 1}}, {{1, 1, -2, 3}, {-1, 0, 1, 1}},  {{-2, 1, 1, -3}, {-1, 1, 0, 1}},
      {{1, -2, 1, 3}, {-1, 1, 0, 1}},  {{1, -2, 1, -3}, {0, -1, 1, 1}}, {{1, 1, -2, 3}, {0, -1, 1, 1}},
      {{1, -2, 1, 3}, {0, 1, -1, 1}},  {{1, 1, -2, -3}, {0, 1, -1, 1}}, {{-2, 1, 1, 3}, {1, -1, 0, 1}},
      {{1, -2, 1, -3}, {1, -1, 0, 1}}, {{-2, 1, 1, 3}, {1, 0, -1, 1}},  {{1, 1, -2, -3}, {1, 0, -1, 1}}};
  ASSERT_EQ(pyramidal.size(), documented.size());
  for (std::size_t s = 0; s < documented.size(); ++s) EXPECT_TRUE(same_system(pyramidal[s], documented[s])) << s;
  EXPECT_EQ(mfront_systems({{-2, 1, 1, 0}, {0, 0, 0, 1}}).size(), 3u);
  EXPECT_EQ(mfront_systems({{1, 1, -2, 0}, {1, -1, 0, 0}}).size(), 3u);
  EXPECT_EQ(mfront_systems({{1, 1, -2, 0}, {1, -1, 0, 1}}).size(), 6u);
}

TEST(ExportMfront, AsManyValuesAsOrbits) {
  const std::pair<const char*, std::size_t> rows[] = {{"fcc18", 18}, {"bcc112", 7}, {"bcc48", 100}, {"hcp24", 56}, {"hcp39", 152}};
  for (const auto& [name, ranks] : rows) {
    const SlipSet set = named_slip_set(name, 1.6);
    const std::vector<double> H = numbered(set);
    const Exported out = export_mfront(set, H);
    EXPECT_EQ(out.coefficients.size(), ranks) << name;
    EXPECT_TRUE(out.warnings.empty());
    int entries = 0;
    for (const Coefficient& c : out.coefficients) entries += c.entries;
    EXPECT_EQ(entries, set.count() * set.count());
  }
  // MFront makes three of the six {11-22}: two families.
  const SlipSet set = slip_set({"hcp-pyr2<c+a>"}, 1.6);
  const std::string text = export_mfront(set, numbered(set)).text;
  EXPECT_NE(text.find("@SlidingSystems{<"), std::string::npos) << text;
}

TEST(ExportMfront, ValuesThatBreakTheSymmetry) {
  const SlipSet fcc = named_slip_set("fcc");
  std::vector<double> H(144, 0.5);
  H[0] = 0.9;
  const Exported out = export_mfront(fcc, H);
  ASSERT_EQ(out.warnings.size(), 1u);
  EXPECT_NE(out.warnings[0].find("not constant"), std::string::npos);
  EXPECT_NEAR(out.coefficients[0].value, (0.9 + 11 * 0.5) / 12, 1e-15);
  SlipSet trigonal = fcc;
  trigonal.point_group = "23";
  EXPECT_THROW(export_mfront(trigonal, H), Error);
}

}  // namespace
}  // namespace grainspin::interactions

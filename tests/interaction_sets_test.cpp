// Slip sets by name, as unions, from files.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "grainspin/interactions/families.h"
#include "grainspin/interactions/names.h"
#include "grainspin/orbits.h"

namespace grainspin::interactions {
namespace {

class Files : public testing::Test {
 protected:
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("grainspin sets ä " + std::to_string(getpid()));
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::string file(const std::string& name, const std::string& text) const {
    const std::string path = (folder / name).string();
    std::ofstream(path) << text;
    return path;
  }
  void refused(const std::string& text, const std::vector<std::string>& parts, double c_over_a = 0) const {
    const std::string path = file("wrong.yaml", text);
    try {
      interaction_slip_set(path, c_over_a);
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      const std::string what = e.what();
      EXPECT_EQ(e.code(), Errc::kFormat) << what;
      EXPECT_NE(what.find("wrong.yaml"), std::string::npos) << what;
      for (const std::string& part : parts) EXPECT_NE(what.find(part), std::string::npos) << what;
    }
  }
};

void expect_same(const SlipSet& a, const SlipSet& b) {
  ASSERT_EQ(a.count(), b.count());
  EXPECT_EQ(a.point_group, b.point_group);
  EXPECT_EQ(a.families, b.families);
  for (int s = 0; s < a.count(); ++s) {
    const SlipSystem &x = a.systems[std::size_t(s)], &y = b.systems[std::size_t(s)];
    EXPECT_NEAR(x.b.x * y.b.x + x.b.y * y.b.y + x.b.z * y.b.z, 1, 1e-12) << s;
    EXPECT_NEAR(x.n.x * y.n.x + x.n.y * y.n.y + x.n.z * y.n.z, 1, 1e-12) << s;
    EXPECT_EQ(x.family, y.family);
    EXPECT_NEAR(x.length, y.length, 1e-12);
  }
}

TEST(Sets, NamesAndUnions) {
  expect_same(interaction_slip_set("hcp24+hcp-prism<c>", 1.6),
              slip_set({"hcp-basal<a>", "hcp-prism<a>", "hcp-pyr1<a>", "hcp-pyr1<c+a>", "hcp-prism<c>"}, 1.6));
  expect_same(interaction_slip_set("bcc110+bcc112"), named_slip_set("bcc24"));
  EXPECT_EQ(interaction_slip_set("hcp-pyr1<c+a>").count(), 12);
  EXPECT_DOUBLE_EQ(interaction_slip_set("hcp39").c_over_a, std::sqrt(8.0 / 3));
  EXPECT_EQ(interaction_slip_set("fcc", 1).c_over_a, 0);
  const std::pair<std::string, double> wrong[] = {{"hcp40", 0},     {"hcp39", -1.6},    {"hcp39", NAN},          {"fcc", 1.6},
                                                  {"fcc+bcc24", 0}, {"hcp24+hcp18", 0}, {"hcp-basal<a>+x", 0},  {"", 0},
                                                  {"/nowhere", 0},  {"fcc+", 0}};
  for (const auto& [name, c_over_a] : wrong) EXPECT_THROW(interaction_slip_set(name, c_over_a), Error) << name;
  try {
    interaction_slip_set("hcp-basal<a>+hcp-prsm<a>");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("'hcp-prsm<a>'"), std::string::npos) << e.what();
  }
}

// |b| of the built-in families, in lattice parameters: a/2<110>, a/2<111>, a, sqrt(a^2 + c^2), c.
TEST(Sets, LengthsOfBurgersVectors) {
  const double c = 1.587;
  const std::map<std::string, double> lengths = {{"fcc{111}<110>", std::sqrt(0.5)},  {"bcc{112}<111>", std::sqrt(0.75)},
                                                 {"hcp-basal<a>", 1},               {"hcp-pyr1<c+a>", std::sqrt(1 + c * c)},
                                                 {"hcp-prism<c+a>", std::sqrt(1 + c * c)}, {"hcp-prism<c>", c}};
  for (const auto& [family, length] : lengths)
    for (const SlipSystem& s : slip_set({family}, c).systems) EXPECT_NEAR(s.length, length, 1e-14) << family;
}

TEST_F(Files, FamiliesByIndicesAreTheBuiltInOnes) {
  const std::string hcp = file("my hcp.yaml", R"(# four indices, c/a stated
point_group: 6/mmm
c_over_a: 1.587
families:
  - {name: hcp-basal<a>, plane: [0, 0, 0, 1], direction: [2, -1, -1, 0]}
  - {name: hcp-pyr1<c+a>, plane: [0, 1, -1, 1], direction: [1, -2, 1, 3], systems: 12}
  - hcp-prism<c>
)");
  const SlipSet set = interaction_slip_set(hcp);
  EXPECT_EQ(set.name, "my hcp");
  EXPECT_EQ(set.c_over_a, 1.587);
  expect_same(set, slip_set({"hcp-basal<a>", "hcp-pyr1<c+a>", "hcp-prism<c>"}, 1.587));
  EXPECT_EQ(interaction_slip_set(hcp, 1.587).count(), 18);  // the same c/a said twice
  // Cubic, as JSON.
  expect_same(interaction_slip_set(file("f.json", R"({"name": "mine", "point_group": "m-3m", "families":
      [{"name": "fcc{111}<110>", "plane": [1, 1, 1], "direction": [0, 1, -1], "burgers": 0.5}]})")),
              named_slip_set("fcc"));
}

// Beta tin (tetragonal, c/a 0.546): {100)<001], {110)<001], {100)<010], {110)<1-11]/2 have 2, 2, 2 and 4 systems, by
// hand from 4/mmm: two planes, one direction in each but for the last, where there are two.
TEST_F(Files, Tetragonal) {
  const SlipSet tin = interaction_slip_set(file("tin.yaml", R"(
point_group: 4/mmm
c_over_a: 0.546
families:
  - {name: "{100)<001]", plane: [1, 0, 0], direction: [0, 0, 1], systems: 2}
  - {name: "{110)<001]", plane: [1, 1, 0], direction: [0, 0, 1], systems: 2}
  - {name: "{100)<010]", plane: [1, 0, 0], direction: [0, 1, 0], systems: 2}
  - {name: "{110)<1-11]", plane: [1, 1, 0], direction: [1, -1, 1], burgers: 1/2, systems: 4}
)"));
  EXPECT_EQ(tin.count(), 10);
  EXPECT_EQ(tin.point_group, "422");
  EXPECT_NEAR(tin.systems[0].length, 0.546, 1e-15);
  EXPECT_NEAR(tin.systems[9].length, 0.5 * std::sqrt(2 + 0.546 * 0.546), 1e-15);
  EXPECT_EQ(system_label(tin, 0), "[001](100)");
  EXPECT_NO_THROW(slip_action(tin, acting_group("4/mmm")));
}

// Alpha uranium (orthorhombic): (010)[100] alone, {110}<1-10> two systems, the direction in the plane for any b/a.
TEST_F(Files, OrthorhombicAndMonoclinic) {
  const SlipSet uranium = interaction_slip_set(file("uranium.yaml", R"(
point_group: mmm
b_over_a: 2.0567
c_over_a: 1.7362
families:
  - {name: wall, plane: [0, 1, 0], direction: [1, 0, 0]}
  - {name: chimney, plane: [1, 1, 0], direction: [1, -1, 0], burgers: 0.5}
)"));
  EXPECT_EQ(uranium.count(), 3);
  EXPECT_NEAR(uranium.systems[1].length, 0.5 * std::sqrt(1 + 2.0567 * 2.0567), 1e-14);
  // Monoclinic: c leans away from z by beta - 90 degrees in the xz plane; (001)[100] has the normal c* along z.
  const SlipSet mono = interaction_slip_set(file("mono.yaml", R"(
point_group: 2/m
b_over_a: 1.2
c_over_a: 0.9
beta: 110
families:
  - {name: base, plane: [0, 0, 1], direction: [1, 0, 0]}
  - {name: side, plane: [1, 0, 0], direction: [0, 0, 1]}
)"));
  ASSERT_EQ(mono.count(), 2);
  EXPECT_NEAR(std::abs(mono.systems[0].n.z), 1, 1e-14);
  const double beta = 110 * std::acos(-1.0) / 180;
  EXPECT_NEAR(std::abs(mono.systems[1].b.x), std::abs(std::cos(beta)), 1e-14);
  EXPECT_NEAR(std::abs(mono.systems[1].b.z), std::sin(beta), 1e-14);
  EXPECT_NEAR(mono.systems[1].length, 0.9, 1e-14);
}

TEST_F(Files, ExactSystemsComeBack) {
  for (const SlipSet& set : {named_slip_set("hcp39", 1.587), named_slip_set("fcc")}) {
    const SlipSet back = slip_set_from_json(slip_set_json(set), "here"), again = interaction_slip_set(file("s.json", slip_set_json(set)));
    for (const SlipSet& other : {back, again}) {
      EXPECT_EQ(other.name, set.name);
      EXPECT_EQ(other.point_group, set.point_group);
      EXPECT_EQ(other.c_over_a, set.c_over_a);
      EXPECT_EQ(other.families, set.families);
      ASSERT_EQ(other.count(), set.count());
      for (int s = 0; s < set.count(); ++s) {
        const SlipSystem &x = other.systems[std::size_t(s)], &y = set.systems[std::size_t(s)];
        EXPECT_TRUE(x.b.x == y.b.x && x.b.y == y.b.y && x.b.z == y.b.z && x.n.x == y.n.x && x.n.y == y.n.y && x.n.z == y.n.z &&
                    x.family == y.family && x.length == y.length);
      }
    }
  }
}

TEST_F(Files, WhatIsWrongIsSaidByName) {
  const std::string head = "point_group: 622\nc_over_a: 1.6\nfamilies:\n";
  refused("- just\n- a list\n", {"is not a slip set"});
  refused("point_group: [\n", {"is not YAML"});
  refused("c_over_a: 1.6\nfamilies: [hcp-basal<a>]\n", {"point_group is missing"});
  refused("point_group: 622\nc_over_a: 1.6\n", {"families are missing"});
  refused("point_group: 623\nc_over_a: 1\nfamilies: [hcp-basal<a>]\n", {"'623'", "6/mmm"});
  refused("point_group: 622\nfamilies: [hcp-basal<a>]\n", {"c_over_a is missing"});
  refused("point_group: 622\nc_over_a: wide\nfamilies: [hcp-basal<a>]\n", {"line 2", "c_over_a", "'wide'"});
  refused("point_group: 622\nc_over_a: -1.6\nfamilies: [hcp-basal<a>]\n", {"line 2", "c_over_a", "-1.6"});
  refused("point_group: 432\nc_over_a: 1.6\nfamilies:\n  - fcc{111}<110>\n", {"432 does not carry this lattice", "1.6"});
  refused("point_group: 622\nc_over_a: 1.6\ngamma: 90\nfamilies: [hcp-basal<a>]\n", {"does not carry this lattice"});
  refused("point_group: 622\nc_over_a: 1.6\nlattice: hP\nfamilies: [hcp-basal<a>]\n", {"line 3", "'lattice'", "c_over_a"});
  refused(head + "  - hcp-basl<a>\n", {"'hcp-basl<a>'"});
  refused(head + "  - fcc{111}<110>\n", {"line 4", "432"});
  refused(head + "  - {name: p, plane: [0, 0, 0, 1]}\n", {"line 4", "direction of family p is missing"});
  refused(head + "  - {name: p, plane: [0, 0, 0, 1], direction: [0, 0, 0, 1]}\n", {"line 4", "family p", "does not lie in its plane"});
  refused(head + "  - {name: p, plane: [0, 1, 0, 1], direction: [2, -1, -1, 0]}\n", {"line 4", "plane of family p", "add up to zero"});
  refused(head + "  - {name: p, plane: [0, 1], direction: [2, -1, -1, 0]}\n", {"line 4", "three or four indices"});
  refused(head + "  - {name: p, plane: [0, 0, 0, 0], direction: [2, -1, -1, 0]}\n", {"line 4", "all zeros"});
  refused(head + "  - {name: p, plane: [0, 0, x, 1], direction: [2, -1, -1, 0]}\n", {"line 4", "'x'"});
  refused(head + "  - {name: p, plane: [0, 0, 0, 1], direction: [2, -1, -1, 0], burgers: 0}\n", {"burgers of family p", "> 0"});
  refused(head + "  - {name: p, plane: [0, 0, 0, 1], direction: [2, -1, -1, 0], systems: 6}\n", {"line 4", "3 systems", "not 6"});
  refused(head + "  - {name: p, plane: [0, 0, 0, 1], direction: [2, -1, -1, 0]}\n  - hcp-basal<a>\n", {"p and hcp-basal<a>", "in common"});
  refused(head + "  - hcp-basal<a>\n  - hcp-basal<a>\n", {"named twice"});
  refused(head + "  - hcp-basal<a>\n", {"c_over_a is 1.6", "1.7"}, 1.7);
  refused("point_group: mmm\nc_over_a: 1.6\nfamilies:\n  - {name: p, plane: [0, 0, 1], direction: [1, 0, 0]}\n", {"b_over_a is missing"});
  refused("point_group: 432\nfamilies:\n  - {name: p, plane: [0, 0, 0, 1], direction: [1, 0, 0]}\n", {"four indices", "not hexagonal"});
  refused("point_group: 432\nfamilies: [a]\nsystems:\n  - {b: [1, 0, 0], n: [0, 0, 1], family: 0, length: 1}\n", {"not closed"});
  refused("point_group: 1\nfamilies: [a]\nsystems:\n  - {b: [1, 0, 0], n: [0, 0, 2], family: 0, length: 1}\n", {"line 4", "length one"});
  refused("point_group: 1\nfamilies: [a]\nsystems:\n  - {b: [1, 0, 0], n: [0, 0, 1], family: 1, length: 1}\n", {"line 4", "no family 1"});
  EXPECT_THROW(read_slip_set((folder / "none.yaml").string()), Error);
}

}  // namespace
}  // namespace grainspin::interactions

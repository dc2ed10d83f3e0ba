// Mirrors include/grainspin/interactions/data.h: files of DDD runs read back as they were written, and every way in which
// one can be wrong is named.
#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>

#include "ddd_laws.h"
#include "grainspin/interactions/data.h"
#include "grainspin/interactions/families.h"
#include "grainspin/interactions/planted.h"
#include "src/io/hdf5.h"

namespace grainspin::interactions {
namespace {

class Ddd : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("ddd test ü " + std::to_string(::getpid()) + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
    return file(name);
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::filesystem::path folder_;
};

std::string error(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}
std::string reading(const std::string& path) {
  return error([&] { read_ddd({path}); });
}
#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

DddData small(const SlipSet& slip, int runs = 3, int rows = 4) {
  SimulateOptions o;
  o.runs = runs, o.rows = rows;
  DddData data = simulate(plant(slip, {.h_fraction = 0.5, .k_entries = 48}), o);
  data.runs[0].columns["temperature"] = {300, 301, 302, 303.5};
  return data;
}

void expect_same(const DddData& a, const DddData& b) {
  EXPECT_EQ(a.slip.name, b.slip.name);
  EXPECT_EQ(a.slip.families, b.slip.families);
  EXPECT_EQ(a.slip.c_over_a, b.slip.c_over_a);
  EXPECT_EQ(a.material.shear_modulus, b.material.shear_modulus);
  EXPECT_EQ(a.material.burgers, b.material.burgers);
  EXPECT_EQ(a.material.friction, b.material.friction);
  ASSERT_EQ(a.runs.size(), b.runs.size());
  for (std::size_t r = 0; r < a.runs.size(); ++r) {
    const DddRun &x = a.runs[r], &y = b.runs[r];
    EXPECT_EQ(x.id, y.id);
    for (const auto member : {&DddRun::time, &DddRun::density, &DddRun::slip_rate, &DddRun::shear, &DddRun::resistance,
                              &DddRun::density_rate, &DddRun::stress, &DddRun::strain, &DddRun::weight})
      EXPECT_TRUE(x.*member == y.*member) << r;
    EXPECT_EQ(x.columns, y.columns);
  }
}

TEST_F(Ddd, RunsComeBackBitByBit) {
  for (const char* set : {"fcc", "hcp39", "hcp-basal<a>+hcp-pyr1<c+a>"}) {
    DddData data = small(interaction_slip_set(set, set[0] == 'h' ? 1.593 : 0));
    data.runs[1].id = "tension [0001] ä/2";
    write_ddd(file("runs.h5"), data, "{}");
    expect_same(read_ddd({file("runs.h5")}), data);
    for (DddRun& run : data.runs) run.columns.clear(), run.weight = {1, 2, 1, 0.25};
    write_ddd(file("runs.csv"), data, "{}");
    const DddData back = read_ddd({file("runs.csv")});
    expect_same(back, data);
    EXPECT_TRUE(back.remarks.empty()) << back.remarks[0];
  }
}

TEST_F(Ddd, ASetThatNoNameTellsIsKept) {
  SlipSet cubes;  // {100}<010> of a cubic crystal
  cubes.name = "cube slip", cubes.point_group = "432", cubes.families = {"{100}<010>"};
  for (const auto& [b, n] : {std::pair{Vec3<double>{1, 0, 0}, Vec3<double>{0, 1, 0}}, std::pair{Vec3<double>{0, 1, 0}, Vec3<double>{1, 0, 0}},
                             std::pair{Vec3<double>{1, 0, 0}, Vec3<double>{0, 0, 1}}, std::pair{Vec3<double>{0, 0, 1}, Vec3<double>{1, 0, 0}},
                             std::pair{Vec3<double>{0, 1, 0}, Vec3<double>{0, 0, 1}}, std::pair{Vec3<double>{0, 0, 1}, Vec3<double>{0, 1, 0}}})
    cubes.systems.push_back({b, n, 0});
  DddData data = small(cubes);
  for (DddRun& run : data.runs) run.columns.clear();
  for (const char* name : {"runs.h5", "runs.csv"}) {
    write_ddd(file(name), data, "{}");
    expect_same(read_ddd({file(name)}), data);
  }
}

// As a person writes it with pandas: to_csv after a few lines of head.
const char* const kHand =
    "# my runs, 2 systems would not do for fcc\n"
    "# slip: hcp-basal<a>\n# c_over_a: 1.6\n# shear_modulus_Pa: 17e9\n# burgers_m: 3.2e-10\n# friction_Pa: 1e6\n"
    "run,time,rho_1,rho_2,rho_3,gdot_1,gdot_2,gdot_3,T\n"
    "a,0.0,1e12,2e12,3e12,0.5,0.0,-1,300\n"
    "a,0.1,1.1e12,2e12,3e12,0.5,0.0,-1,300\n"
    "\"b\",0.0,1e12,2e12,3e12,0.5,0.0,-1,310\n";

TEST_F(Ddd, AHandWrittenTable) {
  const DddData data = read_ddd({write("hand.csv", kHand)});
  ASSERT_EQ(data.runs.size(), 2u);
  EXPECT_EQ(data.runs[0].id, "a");
  EXPECT_EQ(data.runs[1].id, "b");
  EXPECT_EQ(data.runs[0].time, (std::vector<double>{0, 0.1}));
  EXPECT_EQ(data.runs[0].density, (std::vector<double>{1e12, 2e12, 3e12, 1.1e12, 2e12, 3e12}));
  EXPECT_EQ(data.runs[1].columns.at("T"), std::vector<double>{310});
  EXPECT_EQ(data.material.burgers, std::vector<double>(3, 3.2e-10));
  EXPECT_EQ(data.material.friction, std::vector<double>(3, 1e6));
  ASSERT_EQ(data.remarks.size(), 1u);
  EXPECT_SAYS(data.remarks[0], "1 slip systems never slip: system 2");
  // With the line ends and the byte order mark of another system, and no line end at the end.
  std::string windows = std::string("\xef\xbb\xbf") + kHand;
  for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2) windows.replace(at, 1, "\r\n");
  windows.resize(windows.size() - 2);
  expect_same(read_ddd({write("windows.csv", windows)}), data);
}

TEST_F(Ddd, ListedSystemsSetTheOrderOfColumns) {
  const DddData data = read_ddd({write("hand.csv", kHand)});
  // The same crystal with its systems listed in another order, by indices, the second with the other sense of shear.
  const SlipSet basal = slip_set({"hcp-basal<a>"}, 1.6);
  const auto b = [&](std::size_t i, double sense) {
    const auto& v = basal.systems[i].b;
    return std::to_string(sense * v.x) + " " + std::to_string(sense * v.y) + " 0";
  };
  std::string text = kHand;
  text.insert(0, "# system[1]: (0 0 0 1)[" + std::string(basal.systems[2].b.x > 0 ? "-1 -1 2 0" : "-1 -1 2 0") + "]\n");
  // Which system is [-1 -1 2 0]? The direction (-1/2 - 1/2 (..)): x = -3/2, y = -3 sqrt3/2: along (-1/2, -sqrt3/2).
  std::size_t first = 0;
  for (std::size_t i = 0; i < 3; ++i)
    if (std::abs(-0.5 * basal.systems[i].b.x - std::sqrt(0.75) * basal.systems[i].b.y) > 0.99) first = i;
  const double sense = -0.5 * basal.systems[first].b.x - std::sqrt(0.75) * basal.systems[first].b.y > 0 ? 1 : -1;
  const std::size_t second = (first + 1) % 3, third = (first + 2) % 3;
  text.insert(0, "# system[2]: (0 0 1)[" + b(second, -1) + "]\n# system[3]: (0 0 1)[" + b(third, 1) + "]\n");
  const DddData moved = read_ddd({write("moved.csv", text)});
  const std::size_t to[3] = {first, second, third};
  const double senses[3] = {sense, -1, 1};
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(moved.runs[0].density[to[c]], data.runs[0].density[c]);
    EXPECT_EQ(moved.runs[0].slip_rate[to[c]], senses[c] * data.runs[0].slip_rate[c]);
  }
  EXPECT_GE(moved.remarks.size(), 2u);
}

TEST_F(Ddd, SystemsAloneAreAFamilyOfTheirGroup) {
  std::string text = kHand;
  text.replace(text.find("# slip: hcp-basal<a>"), 20, "# point_group: 622\n# system[1]: (0 0 0 1)[2 -1 -1 0]\n# system[2]: (0 0 0 1)[-1 2 -1 0]\n# system[3]: (0 0 0 1)[-1 -1 2 0]");
  const DddData data = read_ddd({write("listed.csv", text)});
  EXPECT_EQ(data.slip.families.size(), 1u);
  EXPECT_EQ(data.slip.count(), 3);
  text.replace(text.find("[-1 -1 2 0]"), 11, "[-1 0 1 0] ");
  EXPECT_SAYS(reading(write("open.csv", text)), "not closed under point group 622");
}

TEST_F(Ddd, WhatIsWrongInATableIsNamed) {
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = kHand;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return reading(write("bad.csv", text.replace(at, from.size(), to)));
  };
  EXPECT_SAYS(with("1.1e12", "nan"), "line 9, column rho_1 (run 'a', row 2): 'nan' is not a finite number");
  EXPECT_SAYS(with("1.1e12", ""), "line 9, column rho_1 (run 'a', row 2): is empty");
  EXPECT_SAYS(with("1.1e12", "1,1e12"), "line 9: has 10 fields, the line of names 9");
  EXPECT_SAYS(with("1.1e12", "-1.1e12"), "run 'a', row 2: density of system 1, [2-1-10](0001) is -1100");
  EXPECT_SAYS(with("a,0.1", "a,0.0"), "run 'a', row 2: time does not increase");
  EXPECT_SAYS(with("hcp-basal<a>", "hcp-basel<a>"), "unknown slip set 'hcp-basel<a>'");
  EXPECT_SAYS(with("hcp-basal<a>", "hcp-pyr1<a>"), "columns of 3 slip systems, but hcp-pyr1<a> has 6");
  EXPECT_SAYS(with("# slip: hcp-basal<a>\n", ""), "states no slip systems");
  EXPECT_SAYS(with("c_over_a: 1.6", "c_over_a: 16"), "c/a is 16, which is no hexagonal crystal's");
  EXPECT_SAYS(with("# c_over_a: 1.6\n", ""), "hexagonal, but c/a is not stated");
  EXPECT_SAYS(with("c_over_a: 1.6", "c_over_a: 1,6"), "wanted one number, found '1,6'");
  EXPECT_SAYS(with("# shear_modulus_Pa: 17e9\n", ""), "wanted a shear modulus above 0, found 0");
  EXPECT_SAYS(with("# burgers_m: 3.2e-10\n", ""), "states no Burgers lengths");
  EXPECT_SAYS(with("3.2e-10", "3.2"), "Burgers length of system 1 is 3.2 m");
  EXPECT_SAYS(with("3.2e-10", "3.2e-10 3.2e-10"), "Burgers lengths has 2 numbers, wanted 1, 1 (families) or 3 (systems)");
  EXPECT_SAYS(with("gdot_3", "gdot_4"), "has no column gdot[3]");
  EXPECT_SAYS(with("gdot_3", "v"), "has 2 columns gdot, and 3 columns rho");
  EXPECT_SAYS(with("time", "t"), "line 7: has no column time");
  EXPECT_SAYS(with("# my", "# runs: 3\n# my"), "runs are missing: says 3, has 2");
  EXPECT_SAYS(with("# my", "# rows: 30\n# my"), "cut off or incomplete: says 30 rows, has 3");
  EXPECT_SAYS(with("# my", "# grainspin ddd runs: 2\n# my"), "version 2 is not known");
  EXPECT_SAYS(with("# my", "# system[1]: (0 0 1)\n# my"), "wanted (plane)[direction]");
  EXPECT_SAYS(with("# my", "# system[1]: (0 0 1)[1 0 1]\n# my"), "is not in the plane");
  EXPECT_SAYS(with("# my", "# system[1]: (0 1 -1 1)[2 -1 -1 0]\n# system[2]: (0 0 1)[1 0 0]\n# system[3]: (0 0 1)[1 0 0]\n# my"), "is none of hcp-basal<a> at c/a 1.6");
  EXPECT_SAYS(reading(write("cut.csv", std::string(kHand).substr(0, std::string(kHand).size() - 12))), "is it cut off?");
  EXPECT_SAYS(reading(write("empty.csv", "")), "is empty");
  EXPECT_SAYS(reading(write("words.csv", "hello\nworld\n")), "has no column run");
  EXPECT_SAYS(reading(file("nowhere.csv")), "cannot be opened");
}

TEST_F(Ddd, AnotherCOverAIsFoundInTheSystemsAndInTheBurgersLengths) {
  DddData data = small(named_slip_set("hcp24", 1.624));
  for (DddRun& run : data.runs) run.columns.clear();
  write_ddd(file("runs.csv"), data, "{}");
  std::string text = read(file("runs.csv"));
  text.replace(text.find("c_over_a: 1.624"), 15, "c_over_a: 1.587");
  EXPECT_SAYS(reading(write("other.csv", text)), "degrees off: another c/a?");
  for (std::size_t at; (at = text.find("# system[")) != std::string::npos;) text.erase(at, text.find('\n', at) + 1 - at);
  EXPECT_SAYS(reading(write("other.csv", text)), "c/a is 1.587, but the Burgers lengths of system 13 and of <a> say 1.624");
}

TEST_F(Ddd, HierarchicalFilesThatAreWrong) {
  DddData data = small(named_slip_set("fcc"));
  write_ddd(file("runs.h5"), data, "{}");
  const std::string whole = read(file("runs.h5"));
  EXPECT_SAYS(reading(write("cut.h5", whole.substr(0, whole.size() / 2))), "damaged or truncated");
  data.runs[1].slip_rate[5] = std::nan("");
  EXPECT_SAYS(error([&] { write_ddd(file("nan.h5"), data, "{}"); }), "run 'r0002', row 1: slip rate of system 6");
  EXPECT_FALSE(std::filesystem::exists(file("nan.h5")));
  data.runs[1].slip_rate.pop_back();
  EXPECT_SAYS(error([&] { validate(data); }), "run 'r0002': slip rate has 47 numbers, wanted 4 rows of 12");
  EXPECT_SAYS(error([&] { write_ddd(file("runs.txt"), small(named_slip_set("fcc")), "{}"); }), "wanted a name that ends in .h5");
}

TEST_F(Ddd, HierarchicalFilesAsAnotherProgramWritesThem) {
  // Attributes and datasets as the page says, a hexagonal crystal by Miller-Bravais indices, one number for all lengths.
  const auto make = [&](const std::string& name, const std::function<void(h5::File&)>& change) {
    h5::File f = h5::File::create(file(name));
    const auto put = [&](const std::string& at, std::vector<hsize_t> shape, const std::vector<double>& values) {
      f.make_dataset(at, H5T_IEEE_F64LE, {shape, {}, {}, false}).write(values.data(), std::vector<hsize_t>(shape.size(), 0), shape);
    };
    f.make_group("slip");
    f.put("slip", "set", std::string("hcp-basal<a>"));
    f.put("slip", "c_over_a", std::vector<double>{1.6});
    put("slip/plane", {3, 4}, {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1});
    put("slip/direction", {3, 4}, {2, -1, -1, 0, -1, 2, -1, 0, -1, -1, 2, 0});
    f.make_group("material");
    f.put("material", "shear_modulus", std::vector<double>{17e9});
    f.put("material", "burgers", std::vector<double>{3.2e-10});
    f.make_group("runs/a");
    put("runs/a/time", {2}, {0, 1});
    put("runs/a/density", {2, 3}, {1e12, 2e12, 3e12, 1e12, 2e12, 3e12});
    if (name != "missing.h5") put("runs/a/slip_rate", {2, name == "shape.h5" ? hsize_t(2) : hsize_t(3)}, {1, 2, 3, name == "nan.h5" ? std::nan("") : 4, 5, 6});
    if (change) change(f);
    f.close();
    return file(name);
  };
  const DddData data = read_ddd({make("good.h5", {})});
  EXPECT_EQ(data.runs[0].id, "a");
  EXPECT_EQ(data.material.burgers, std::vector<double>(3, 3.2e-10));
  const SlipSystem& first = data.slip.systems[0];  // [2-1-10]: column 1, the sense of b fixed by the set
  EXPECT_NEAR(std::abs(first.b.x), 1, 1e-12);
  EXPECT_EQ(data.runs[0].density[0], 1e12);
  EXPECT_EQ(data.runs[0].slip_rate[0], first.b.x * first.n.z > 0 ? 1 : -1);
  EXPECT_SAYS(reading(make("missing.h5", {})), "slip_rate");
  EXPECT_SAYS(reading(make("shape.h5", {})), "wanted shape [2, 3], found [2, 2]");
  EXPECT_SAYS(reading(make("nan.h5", {})), "run 'a', row 2: slip rate of system ");
  EXPECT_SAYS(reading(make("count.h5", [](h5::File& f) { f.put("runs", "count", std::vector<double>{4}); })), "runs are missing: says 4, has 1");
  h5::File empty = h5::File::create(file("other.h5"));
  empty.close();
  EXPECT_SAYS(reading(file("other.h5")), "is no file of DDD runs: it has no group /slip");
}

TEST_F(Ddd, SeveralFilesAreOneSet) {
  DddData a = small(named_slip_set("fcc")), b = a;
  write_ddd(file("a.h5"), a, "{}");
  EXPECT_SAYS(error([&] { read_ddd({file("a.h5"), file("a.h5")}); }), "run 'r0001' is in ");
  for (DddRun& run : b.runs) run.id += "b", run.columns.clear();
  write_ddd(file("b.csv"), b, "{}");
  EXPECT_EQ(read_ddd({file("a.h5"), file("b.csv")}).runs.size(), 6u);
  b.material.shear_modulus *= 1.01;
  write_ddd(file("b.csv"), b, "{}");
  EXPECT_SAYS(error([&] { read_ddd({file("a.h5"), file("b.csv")}); }), "shear modulus");
  b = small(named_slip_set("bcc110"));
  for (DddRun& run : b.runs) run.id += "b";
  write_ddd(file("b.h5"), b, "{}");
  EXPECT_SAYS(error([&] { read_ddd({file("a.h5"), file("b.h5")}); }), "slip systems bcc110, not fcc");
}

TEST_F(Ddd, OddDataAreRemarkedUpon) {
  DddData data = small(named_slip_set("fcc"), 1);
  for (std::size_t t = 0; t < 4; ++t) data.runs[0].shear[12 * t + 3] *= -1;
  write_ddd(file("one.h5"), data, "{}");
  const auto remarks = read_ddd({file("one.h5")}).remarks;
  ASSERT_EQ(remarks.size(), 2u);
  EXPECT_SAYS(remarks[0], "one run only");
  EXPECT_SAYS(remarks[1], "resolved shears of system 4");
}

TEST_F(Ddd, NumbersAreTheSameInEveryLocale) {
  const char* before = std::setlocale(LC_ALL, nullptr);
  const std::string kept = before ? before : "C";
  if (!std::setlocale(LC_ALL, "de_DE.UTF-8")) GTEST_SKIP() << "no locale with a decimal comma";
  const DddData data = read_ddd({write("hand.csv", kHand)});
  EXPECT_EQ(data.slip.c_over_a, 1.6);
  EXPECT_EQ(data.runs[0].time[1], 0.1);
  std::setlocale(LC_ALL, kept.c_str());
}

TEST_F(Ddd, PlantedLawsComeBack) {
  const DislocationLaw law = plant(named_slip_set("hcp39", 1.6));
  write_planted(file("law.json"), law, "{}");
  const DislocationLaw back = read_planted(file("law.json"));
  EXPECT_EQ(back.H, law.H);
  EXPECT_EQ(back.K, law.K);
  EXPECT_EQ(back.terms[0].text, law.terms[0].text);
  EXPECT_EQ(back.material.burgers, law.material.burgers);
  EXPECT_EQ(back.density0, law.density0);
  EXPECT_SAYS(error([&] { read_planted(write("bad.json", "{}")); }), "is no interaction law");
  std::string text = read(file("law.json"));
  text.replace(text.find("\"format_version\": 1"), 19, "\"format_version\": 7");
  EXPECT_SAYS(error([&] { read_planted(write("bad.json", text)); }), "format version 7 is not known");
}

}  // namespace
}  // namespace grainspin::interactions

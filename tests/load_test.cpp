// Loads: completion, names, DAMASK's load cases, tables, and the judgement against a domain of training. Expected
// values: definitions and closed forms; for the DAMASK files the velocity gradients from which they were made.
#include "grainspin/load_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <clocale>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <locale>

#include "grainspin/core.h"
#include "grainspin/domain.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;
constexpr LoadDefaults kDefaults{0.13, 0.01};
const std::string kData = std::string(GRAINSPIN_SOURCE_DIR) + "/tests/data/";

void expect_L(const LoadStep& load, const std::array<double, 9>& want, double tolerance = 1e-12) {
  for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(load.L[c], want[c], tolerance) << "component " << c;
}

std::string free_of(const LoadStep& load) {
  static const char* const names[9] = {"xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"};
  std::string out;
  for (std::size_t c = 0; c < 9; ++c)
    if (!load.prescribed[c]) out.append(out.empty() ? "" : " ").append(names[c]);
  return out;
}

std::string refusal(const std::function<void()>& call, Errc code) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(code)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

std::string refused_name(const std::string& text) {
  return refusal([&] { named_load(text, kDefaults); }, Errc::kArgument);
}

TEST(Completed, SharesWhatKeepsTheVolumeAndReadsNothingFree) {
  LoadStep load{{7, 8, 0.001, 0, 9, 0, 0, 0, 0.02}, {false, false, true, true, false, true, true, true, true}};
  const LoadStep c = completed(load);
  expect_L(c, {-0.01, 0, 0.001, 0, -0.01, 0, 0, 0, 0.02});
  EXPECT_EQ(c.prescribed, load.prescribed);
  load.prescribed.fill(true);
  EXPECT_EQ(completed(load).L, load.L);
}

TEST(NamedLoad, EachHasItsVelocityGradientAndFreeComponents) {
  const double a = 0.01;
  const struct {
    const char* text;
    std::array<double, 9> L;  // completed
    const char* free;
  } cases[] = {{"uniaxial:z", {-a / 2, 0, 0, 0, -a / 2, 0, 0, 0, a}, "xx yy"},
               {"uniaxial:x", {a, 0, 0, 0, -a / 2, 0, 0, 0, -a / 2}, "yy zz"},
               {"compression:y", {a / 2, 0, 0, 0, -a, 0, 0, 0, a / 2}, "xx zz"},
               {"plane-strain:zx", {-a * std::sqrt(3) / 2, 0, 0, 0, 0, 0, 0, 0, a * std::sqrt(3) / 2}, "xx"},
               {"biaxial:xy", {a / 2, 0, 0, 0, a / 2, 0, 0, 0, -a}, "zz"},
               {"shear:xz", {0, 0, a * std::sqrt(3), 0, 0, 0, 0, 0, 0}, ""}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto loads = named_load(c.text, kDefaults);
    ASSERT_EQ(loads.size(), 13u);
    for (const LoadStep& l : loads) {
      expect_L(completed(l), c.L);
      EXPECT_EQ(free_of(l), c.free);
      EXPECT_NEAR(completed(l).von_mises(), 0.01, 1e-15);
    }
  }
}

TEST(NamedLoad, StrainStepAndPartsAsWritten) {
  auto loads = named_load("uniaxial:z:0.26", kDefaults);
  EXPECT_EQ(loads.size(), 26u);
  EXPECT_NEAR(loads[25].L[8], 0.01, 1e-15);
  loads = named_load("uniaxial:z:0.13:0.01+shear:xz:0.05", kDefaults);
  ASSERT_EQ(loads.size(), 18u);
  EXPECT_NEAR(loads[13].L[2], 0.01 * std::sqrt(3), 1e-15);
  EXPECT_EQ(free_of(loads[12]), "xx yy");
  loads = named_load("shear:xy:0.025:0.01", kDefaults);  // equal steps, none larger
  ASSERT_EQ(loads.size(), 3u);
  EXPECT_NEAR(loads[0].von_mises(), 0.025 / 3, 1e-15);
  loads = named_load("shear:xy:-0.02", kDefaults);
  ASSERT_EQ(loads.size(), 2u);
  EXPECT_NEAR(loads[1].L[1], -0.01 * std::sqrt(3), 1e-15);
  loads = named_load("uniaxial:z:0.05+compression:z+uniaxial:x", kDefaults);  // 0.08 left, shared
  EXPECT_EQ(loads.size(), 13u);
  EXPECT_NEAR(loads[5].L[8], -0.01, 1e-15);
  EXPECT_NEAR(loads[12].L[0], 0.01, 1e-15);
}

TEST(NamedLoad, RefusesNamingThePiece) {
  EXPECT_NE(refused_name("tension:z").find("'tension' is not the name"), std::string::npos);
  EXPECT_NE(refused_name("tension:z").find("plane-strain:zx"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:w").find("'w'"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial").find("one axis"), std::string::npos);
  EXPECT_NE(refused_name("shear:xx").find("two different axes"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:zx").find("one axis"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z:0,1").find("'0,1' is not a number"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z:nan").find("'nan'"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z:0.1:-0.01").find("step is negative"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z:0").find("zero"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z:0.1:0.01:5").find("'5'"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z+").find("''"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z:0.13+shear:xz").find("leave nothing of 0.13"), std::string::npos);
  EXPECT_NE(refused_name("uniaxial:z:1:1e-7").find("more than"), std::string::npos);
}

TEST(NamedLoad, DefaultsAreOfTheDomain) {
  ModelSpec spec;
  EXPECT_EQ(load_defaults(spec).strain, 0.13);
  spec.domain = R"({"step_strain":[0.02,0.04],"total_strain":[0,0.3]})";
  EXPECT_EQ(load_defaults(spec).strain, 0.3);
  EXPECT_EQ(load_defaults(spec).step, 0.02);
  spec.domain = R"({"total_strain":0.2})";  // of the local family
  EXPECT_EQ(load_defaults(spec).strain, 0.2);
  EXPECT_EQ(load_defaults(spec).step, 0.01);
}

TEST(DamaskLoad, TheProjectsRuns) {
  auto loads = read_load(kData + "loads/uniaxial.yaml", kDefaults);
  ASSERT_EQ(loads.size(), 13u);
  for (const LoadStep& l : loads) {
    expect_L(l, {0, 0, 0, 0, 0, 0, 0, 0, 0.01}, 1e-13);
    EXPECT_EQ(free_of(l), "xx yy");
  }
  loads = read_load(kData + "loads/change_of_direction.yaml", kDefaults);
  ASSERT_EQ(loads.size(), 13u);
  const std::array<double, 9> before{-0.27652071506471,   -0.49709579733908876, 0.08043090081086432,
                                     -0.49709579733908876, 0.3311717855059234,   0.6339274722118009,
                                     0.08043090081086432,  0.6339274722118009,   -0.054651070441213555},
      after{-0.17720600657141097, 0.4626098494201991,  0.005240831283105951,
            0.4626098494201991,   0.7451925904481661,  -0.28513733246099515,
            0.005240831283105951, -0.28513733246099515, -0.567986583876755};
  for (std::size_t k = 0; k < 13; ++k)
    for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(loads[k].L[c], 0.01 * (k < 5 ? before : after)[c], 1e-12) << k;
  EXPECT_EQ(free_of(loads[0]), "");
  EXPECT_EQ(read_load(kData + "loads/half_step.yaml", kDefaults).size(), 26u);
}

std::string load_case(const std::string& mechanical, const std::string& discretization, const std::string& f_out = "") {
  return "solver: {mechanical: spectral_basic}\nloadstep:\n- boundary_conditions:\n    mechanical:\n" + mechanical +
         "  discretization: " + discretization + "\n" + (f_out.empty() ? "" : "  f_out: " + f_out + "\n");
}
const std::string kFreeP = "      P: [[0, x, x], [x, 0, x], [x, x, x]]\n";

TEST(DamaskLoad, RatesOutputsAndGrowingIncrements) {
  // F_zz = 1 + 0.005 t: an output after increment 3 of 4, then the rest.
  auto loads = read_load_yaml(
      load_case("      dot_F: [[x, 0, 0], [0, x, 0], [0, 0, 0.005]]\n" + kFreeP, "{t: 4.0, N: 4}", "3"), "a.yaml");
  ASSERT_EQ(loads.size(), 2u);
  EXPECT_NEAR(loads[0].L[8], std::log(1.015), 1e-14);
  EXPECT_NEAR(loads[1].L[8], std::log(1.02 / 1.015), 1e-14);
  EXPECT_EQ(free_of(loads[1]), "xx yy");
  // Increments that grow by r = 2: times 1/7, 3/7, 1 of t.
  loads = read_load_yaml(load_case("      F: [[1, 0.07, 0], [0, 1, 0], [0, 0, 1]]\n", "{t: 1.0, N: 3, r: 2}"), "a.yaml");
  ASSERT_EQ(loads.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) expect_L(loads[k], {0, 0.01 * (1 << k), 0, 0, 0, 0, 0, 0, 0}, 1e-14);
  // A velocity gradient in many increments: the exponential. Euler steps differ by L^2 dt^2 / 2 each.
  loads = read_load_yaml(load_case("      L: [[0.01, 0, 0], [0, -0.01, 0], [0, 0, 0]]\n", "{t: 1.0, N: 1000}", "1000"), "a.yaml");
  ASSERT_EQ(loads.size(), 1u);
  expect_L(loads[0], {0.01, 0, 0, 0, -0.01, 0, 0, 0, 0}, 1e-7);
  // Free lateral faces beside a shear: F = [[m, 0, g], [0, m, 0], [0, 0, e]] with m^2 e = 1, so that
  // F1 F0^-1 has xz = g; its logarithm's xz is g ln(e/m) / (e - m).
  loads = read_load_yaml(load_case("      F: [[x, 0, 0.02], [0, x, 0], [0, 0, 1.01]]\n" + kFreeP, "{t: 1.0, N: 1}"), "a.yaml");
  const double e = 1.01, m = 1 / std::sqrt(e);
  expect_L(loads[0], {0, 0, 0.02 * std::log(e / m) / (e - m), 0, 0, 0, 0, 0, std::log(e)}, 1e-12);
}

TEST(DamaskLoad, RefusesNamingFileAndPlace) {
  const auto text = [](const std::string& yaml, Errc code) {
    return refusal([&] { read_load_yaml(yaml, "a.yaml"); }, code);
  };
  const std::string F = "      F: [[x, 0, 0], [0, x, 0], [0, 0, 1.01]]\n", time = "{t: 1, N: 1}";
  EXPECT_NE(text(load_case(F, time), Errc::kFormat).find("loadstep 1: component xx has neither"), std::string::npos);
  EXPECT_NE(text(load_case(F + "      P: [[1e6, x, x], [x, 0, x], [x, x, x]]\n", time), Errc::kArgument).find("component xx carries a stress of 1e+06"), std::string::npos);
  EXPECT_NE(text(load_case(F + "      P: [[0, x, x], [x, 0, x], [x, x, 0]]\n", time), Errc::kFormat).find("component zz has both"), std::string::npos);
  EXPECT_NE(text(load_case("      F: [[1, 0, 0], [0, y, 0], [0, 0, 1]]\n", time), Errc::kFormat).find("component yy"), std::string::npos);
  EXPECT_NE(text(load_case(F + kFreeP, "{t: 0, N: 1}"), Errc::kFormat).find("discretization t"), std::string::npos);
  EXPECT_NE(text(load_case(F + kFreeP, "{t: 1}"), Errc::kFormat).find("discretization N"), std::string::npos);
  EXPECT_NE(text(load_case(F + kFreeP + "      R: [0, 0, 1, 45]\n", time), Errc::kArgument).find("(R)"), std::string::npos);
  EXPECT_NE(text("loadstep: []\n", Errc::kFormat).find("a.yaml"), std::string::npos);
  EXPECT_NE(text("loadstep: [a: [\n", Errc::kFormat).find("is not YAML"), std::string::npos);
}

TEST(LoadTable, NumbersAndFreeComponents) {
  const auto loads = read_load_table("\xef\xbb\xbf# a path\r\nx 0 0  0 x 0  0 0 0.01\r\n\n0;1e-2;0;0;0;0;0;0;0\n-.5,0,0,0,+0.5,0,0,0,0", "t.txt");
  ASSERT_EQ(loads.size(), 3u);
  EXPECT_EQ(free_of(loads[0]), "xx yy");
  EXPECT_EQ(loads[0].L[8], 0.01);
  EXPECT_EQ(loads[1].L[1], 0.01);
  EXPECT_EQ(loads[2].L[0], -0.5);
  EXPECT_EQ(loads[2].L[4], 0.5);
  const auto turned = read_load_table("L_zz,L_zy,L_zx,L_yz,L_yy,L_yx,L_xz,L_xy,L_xx\n1,2,3,4,5,6,7,8,x\n", "t.csv");
  expect_L(turned.at(0), {0, 8, 7, 6, 5, 4, 3, 2, 1});
  EXPECT_EQ(free_of(turned.at(0)), "xx");
  const auto text = [](const std::string& t) { return refusal([&] { read_load_table(t, "t.csv"); }, Errc::kFormat); };
  EXPECT_NE(text("0 0 0 0 0 0 0 0 1\n0 0 a 0 0 0 0 0 0\n").find("t.csv, line 2: 'a'"), std::string::npos);
  EXPECT_NE(text("0 0 0 0 0 0 0 1\n").find("line 1: 8 values"), std::string::npos);
  EXPECT_NE(text("x x x x x x x x x\n").find("prescribes nothing"), std::string::npos);
  EXPECT_NE(text("# nothing\n").find("no step"), std::string::npos);
  EXPECT_NE(text("0 0 0 0 0 0 0 0 inf\n").find("'inf'"), std::string::npos);
}

TEST(ReadLoad, ToldByContentOrByName) {
  const fs::path folder = fs::temp_directory_path() / ("grainspin läst " + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string file = (folder / "weg 1").string();
  std::ofstream(file) << "0 0 0.01 0 0 0 0 0 0\n";
  EXPECT_EQ(read_load(file, kDefaults).size(), 1u);
  EXPECT_EQ(read_load("shear:xz:0.02", kDefaults).size(), 2u);
  EXPECT_NE(refusal([&] { read_load((folder / "none.yaml").string(), kDefaults); }, Errc::kIo).find("no such file"), std::string::npos);
  EXPECT_NE(refusal([&] { read_load("pull:z", kDefaults); }, Errc::kArgument).find("'pull'"), std::string::npos);
  fs::remove_all(folder);
  // An archive: what was prescribed; the lateral strains of the true run are left behind.
  const auto loads = read_load(kData + "dual_native.hdf5", kDefaults);
  ASSERT_EQ(loads.size(), 2u);
  for (const LoadStep& l : loads) {
    EXPECT_EQ(free_of(l), "xx yy");
    expect_L(l, {0, 0, 0, 0, 0, 0, 0, 0, 0.01}, 1e-8);
  }
}

TEST(ReadLoad, SameInALocaleWithCommas) {
  const char* const old = std::setlocale(LC_ALL, nullptr);
  const std::string before = old ? old : "C";
  if (!std::setlocale(LC_ALL, "de_DE.UTF-8")) GTEST_SKIP() << "no locale de_DE.UTF-8";
  const std::locale global;
  std::locale::global(std::locale("de_DE.UTF-8"));
  EXPECT_NEAR(named_load("uniaxial:z:0.02", kDefaults)[0].L[8], 0.01, 1e-15);
  EXPECT_EQ(read_load_table("0 0 0 0 0 0 0 0 0.5\n", "t")[0].L[8], 0.5);
  EXPECT_NEAR(read_load(kData + "loads/uniaxial.yaml", kDefaults)[0].L[8], 0.01, 1e-13);
  ModelSpec spec;
  spec.domain = R"({"total_strain":[0,0.13]})";
  EXPECT_EQ(judge_loads(spec, named_load("uniaxial:z:0.26", kDefaults)).reasons.at(0),
            "total strain 0.26 > 0.13 from step 14 on");
  std::locale::global(global);
  std::setlocale(LC_ALL, before.c_str());
}

// A domain of uniaxial runs along z.
ModelSpec uniaxial_domain() {
  ModelSpec spec;
  spec.domain = R"({"step_strain":[0.005,0.01],"total_strain":[0,0.13],"steps":26,
    "loads":[{"L":[0,0,0,0,0,0,0,0,1],"prescribed":[0,1,1,1,0,1,1,1,1]}]})";
  return spec;
}
std::vector<std::string> reasons(const std::string& load) {
  return judge_loads(uniaxial_domain(), named_load(load, kDefaults)).reasons;
}

TEST(Domain, InsideAndTurnedByTheCube) {
  for (const char* load : {"uniaxial:z", "uniaxial:x", "uniaxial:y:0.1:0.005", "uniaxial:z:0.01:0.0104"})
    EXPECT_TRUE(reasons(load).empty()) << load << ": " << reasons(load)[0];
  const auto nothing = judge_loads(ModelSpec{}, named_load("shear:xz:5", kDefaults));
  EXPECT_FALSE(nothing.stated);
  EXPECT_TRUE(nothing.reasons.empty());
}

TEST(Domain, EachReasonNamesItsSteps) {
  EXPECT_EQ(reasons("uniaxial:z:0.26"), std::vector<std::string>{"total strain 0.26 > 0.13 from step 14 on"});
  EXPECT_EQ(reasons("uniaxial:z:0.04:0.01+uniaxial:z:0.04:0.02"),
            std::vector<std::string>{"step strain 0.02 outside 0.005 to 0.01 from step 5 on"});
  // Among loads that leave xx and yy free there is extension along z only.
  EXPECT_EQ(reasons("uniaxial:z:0.02+compression:z:0.01+uniaxial:z:0.02"),
            std::vector<std::string>{"straining in a direction 180 degrees from the nearest one trained on in step 3"});
  EXPECT_EQ(reasons("shear:xz:0.05"), std::vector<std::string>{"free components as in no load trained on in all steps"});
  const auto j = judge_loads(uniaxial_domain(), named_load("uniaxial:z:0.14", kDefaults));
  EXPECT_EQ(j.steps[12], Verdict::kFine);
  EXPECT_EQ(j.steps[13], Verdict::kOutside);
}

TEST(Domain, AngleOfDeviatorsAndASingleFreeComponent) {
  ModelSpec spec;
  spec.domain = R"({"loads":[{"L":[0.8660254037844386,0,0,0,0,0,0,0,-0.8660254037844386],"prescribed":[1,1,1,1,1,1,1,1,1]}]})";
  // Plane strain with its free component is the same load; simple shear at 45 degrees is not a turn of the cube.
  EXPECT_TRUE(judge_loads(spec, named_load("plane-strain:xy", kDefaults)).reasons.empty());
  const auto mixed = [](double degrees) {  // turned in the plane of diag(1,0,-1) and diag(1,-2,1): 5-D angle
    const double a = degrees * std::acos(-1.0) / 180;
    LoadStep l;
    l.prescribed.fill(true);
    const double p = std::cos(a) / std::sqrt(2), u = std::sin(a) / std::sqrt(6);
    l.L = {p + u, 0, 0, 0, -2 * u, 0, 0, 0, -p + u};
    return std::vector<LoadStep>{l};
  };
  EXPECT_TRUE(judge_loads(spec, mixed(14)).reasons.empty());
  EXPECT_EQ(judge_loads(spec, mixed(16)).reasons.size(), 1u);
  EXPECT_EQ(judge_loads(spec, named_load("shear:xz:0.01", kDefaults)).reasons,
            std::vector<std::string>{"straining in a direction 90 degrees from the nearest one trained on"});
}

TEST(Domain, RefusesAnotherForm) {
  ModelSpec spec;
  spec.domain = R"({"loads":[{"L":[1,2]}]})";
  EXPECT_THROW(judge_loads(spec, {}), Error);
}

}  // namespace
}  // namespace grainspin

// grainspin predict, inspect and evaluate with a nonlocal model, as a user calls them. Expected results: the engine on
// the whole grid (tested elsewhere against the definition), what the input holds, and means taken here.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "grainspin/archive.h"
#include "grainspin/load_path.h"
#include "grainspin/surrogate.h"
#include "nonlocal_oracle.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;
using testing::random_nonlocal;

const std::string kDual = std::string(GRAINSPIN_SOURCE_DIR) + "/tests/data/dual_native.hdf5";  // Aluminum and Cu

PhaseSpec fcc(const std::string& name) {
  PhaseSpec phase = testing::named_phase("fcc");
  phase.name = name;
  return phase;
}

NonlocalSpec small(const std::vector<PhaseSpec>& phases) {
  NonlocalSpec s;
  s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
  s.phases = phases;
  return s;
}

class Nonlocal : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("grainspin nichtörtlich " + std::to_string(::getpid()));
    fs::create_directories(folder);
    model = path("model.safetensors"), input = path("in put.h5"), output = path("out.h5");
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const std::string& name) const { return (folder / name).string(); }

  // The exit status; `said` is what was printed on both streams.
  int call(const std::vector<std::string>& arguments) {
    std::string command = "'" GRAINSPIN_PROGRAM "'";
    for (const std::string& a : arguments) command += " '" + a + "'";
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    char buffer[4096];
    said.clear();
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) said.append(buffer, n);
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int predict(const std::string& from, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"predict", model, from, "-o", output, "--device", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return call(arguments);
  }
  void make(const std::vector<std::string>& cells) {
    ASSERT_EQ(call({"make", "voronoi", "-o", input, "--cells", cells[0], cells[1], cells[2], "--grains", "9", "--phase", "Cu"}), 0) << said;
  }
  bool told(const std::string& text) const { return said.find(text) != std::string::npos; }

  // What the engine gives for a run on the initial state of an archive.
  struct Run {
    std::vector<std::vector<float>> orientation, stress;  // [T]
    std::vector<LoadStep> loads;
  };
  static Run engine(const Model& m, const std::string& from, Region region, const std::vector<std::uint8_t>& mask = {}) {
    const auto reader = open_archive(from);
    const ArchiveInfo& info = reader->info();
    region.spacing = {info.size[0] / info.shape.nx, info.size[1] / info.shape.ny, info.size[2] / info.shape.nz};
    const std::int64_t n = reader->info().shape.voxels();
    std::vector<float> q(std::size_t(n) * 4);
    reader->orientation(0, 0, n, q.data());
    Run run;
    make_engine(m, {.threads = 1})->run(region, q.data(), mask.empty() ? nullptr : mask.data(), nullptr, [&](const StepOutput& o) {
      run.orientation.emplace_back(o.orientation, o.orientation + n * 4);
      if (o.stress) run.stress.emplace_back(o.stress, o.stress + n * 6);
      run.loads.push_back(*o.load);
    });
    return run;
  }
  static bool same(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  }
  void expect_same(const Run& want, int steps) const {
    const auto out = open_archive(output);
    const std::int64_t n = out->info().shape.voxels();
    ASSERT_EQ(out->info().step_count(), steps);
    ASSERT_TRUE(out->info().has_stress);
    std::vector<float> q(std::size_t(n) * 4), s(std::size_t(n) * 6);
    for (int k = 1; k <= steps; ++k) {
      out->orientation(k, 0, n, q.data());
      EXPECT_TRUE(same(q, want.orientation[std::size_t(k - 1)])) << k;
      out->stress(k, 0, n, s.data());
      EXPECT_TRUE(same(s, want.stress[std::size_t(k - 1)])) << k;
      EXPECT_EQ(out->info().loads[std::size_t(k - 1)].L, want.loads[std::size_t(k - 1)].L) << k;
      EXPECT_EQ(out->info().loads[std::size_t(k - 1)].prescribed, want.loads[std::size_t(k - 1)].prescribed) << k;
    }
  }

  fs::path folder;
  std::string model, input, output, said;
};

std::vector<std::vector<double>> table(const std::string& path, std::string& head) {
  std::ifstream in(path);
  std::getline(in, head);
  std::vector<std::vector<double>> rows;
  for (std::string line; std::getline(in, line);) {
    rows.emplace_back();
    std::stringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(std::stod(cell));
  }
  return rows;
}

TEST_F(Nonlocal, ResumingSaysThatNothingIsWhole) {
  make({"4", "4", "4"});
  write_model(model, random_nonlocal(small({fcc("Cu")}), 4, 3));
  ASSERT_EQ(predict(input, {"--load", "uniaxial:z:0.01", "--resume", "--quiet"}), 0) << said;
  EXPECT_TRUE(told("begins anew")) << said;
}

TEST_F(Nonlocal, PredictsAnyLoadAsTheEngineDoes) {
  make({"8", "7", "6"});
  const Model m = random_nonlocal(small({fcc("Cu")}), 4, 3);
  write_model(model, m);
  Region region = whole({8, 7, 6}, {.z = Boundary::kClamped});
  region.padding = 3;
  region.loads = named_load("uniaxial:z:0.02+shear:xz:0.01", {});
  const Run want = engine(m, input, region);
  ASSERT_EQ(predict(input, {"--load", "uniaxial:z:0.02+shear:xz:0.01", "--boundary", "periodic,periodic,clamped",
                            "--padding", "3", "--curve", path("curve 1.csv")}),
            0)
      << said;
  expect_same(want, 3);
  EXPECT_TRUE(told("padding: 3 mirrored layers beyond the faces along z")) << said;
  EXPECT_TRUE(told("load: 3 steps, von Mises strain 0.03")) << said;
  EXPECT_FALSE(told("begins anew")) << said;

  std::string head;
  const auto rows = table(path("curve 1.csv"), head);
  EXPECT_EQ(head.substr(0, 21), "step,strain,stress_xx");
  ASSERT_EQ(rows.size(), 4u);
  for (std::size_t k = 1; k <= 3; ++k) {
    ASSERT_EQ(rows[k].size(), 18u);
    double mean[6] = {};
    for (std::size_t i = 0; i < 336; ++i)
      for (std::size_t c = 0; c < 6; ++c) mean[c] += want.stress[k - 1][6 * i + c] / 336.0;
    double scale = 0, deviator = 0;
    const double p = (mean[0] + mean[1] + mean[2]) / 3;
    for (std::size_t c = 0; c < 6; ++c) scale = std::max(scale, std::abs(mean[c]));
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_NEAR(rows[k][2 + c], mean[c], 1e-6 * scale) << k << " " << c;
      deviator += c < 3 ? (mean[c] - p) * (mean[c] - p) : 2 * mean[c] * mean[c];
    }
    EXPECT_NEAR(rows[k][8], std::sqrt(1.5 * deviator), 1e-5 * rows[k][8]);
    for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(rows[k][9 + c], want.loads[k - 1].L[c], 1e-9);
  }
  // Half of them written: the curve still has all, the file no loads that would not belong to its steps.
  ASSERT_EQ(predict(input, {"--load", "uniaxial:z:0.03", "--steps", "last", "--no-stress", "--curve", path("curve 1.csv")}), 0) << said;
  EXPECT_EQ(table(path("curve 1.csv"), head).size(), 4u);
  EXPECT_FALSE(open_archive(output)->info().has_stress);
  EXPECT_TRUE(open_archive(output)->info().loads.empty());
}

TEST_F(Nonlocal, TakesItsOwnLoadWhereNoneIsGiven) {
  make({"6", "6", "6"});
  Model m = random_nonlocal(small({fcc("Cu")}), 2, 3);
  write_model(model, m);
  Region region = whole({6, 6, 6}, {});
  ASSERT_EQ(predict(input), 0) << said;
  expect_same(engine(m, input, region), 2);
  m.spec.loads.clear();
  write_model(model, m);
  EXPECT_EQ(predict(input), int(Errc::kArgument));
  EXPECT_TRUE(told("--load") && told("plane-strain:zx")) << said;
}

TEST_F(Nonlocal, PhasesByNameByHandOrMasked) {
  // The model's order is not the file's.
  const Model m = random_nonlocal(small({fcc("Cu"), fcc("Aluminum")}), 2, 5);
  write_model(model, m);
  const auto reader = open_archive(kDual);
  const ArchiveInfo& info = reader->info();
  const std::int64_t n = info.shape.voxels();
  std::vector<std::int32_t> phase(static_cast<std::size_t>(n));
  reader->phase(0, n, phase.data());
  std::vector<std::uint8_t> mask;
  for (std::int32_t& p : phase) {
    p = info.phases[std::size_t(p)].name == "Cu" ? 0 : 1;
    mask.push_back(p == 0 ? 1 : 0);
  }
  Region region = whole(info.shape, info.boundaries);
  region.phase = phase.data();
  ASSERT_EQ(predict(kDual), 0) << said;
  expect_same(engine(m, kDual, region), 2);

  Model other = m;
  other.spec.nonlocal.phases = {fcc("copper"), fcc("aluminium")};
  write_model(model, other);
  EXPECT_EQ(predict(kDual), int(Errc::kArgument));
  EXPECT_TRUE(told("phase 'Aluminum' (432) is none of the model's: copper (432), aluminium (432)") || told("phase 'Cu'")) << said;
  ASSERT_EQ(predict(kDual, {"--phase", "Cu=copper", "--phase", "Aluminum=1"}), 0) << said;
  expect_same(engine(m, kDual, region), 2);
  EXPECT_EQ(predict(kDual, {"--phase", "Cu=iron", "--phase", "Aluminum=1"}), int(Errc::kArgument));
  EXPECT_TRUE(told("'iron' is none of the model's phases")) << said;

  const Model one = random_nonlocal(small({fcc("Cu")}), 2, 6);
  write_model(model, one);
  EXPECT_EQ(predict(kDual), int(Errc::kArgument));
  EXPECT_TRUE(told("'Aluminum'") && told("--mask phase=Aluminum")) << said;
  ASSERT_EQ(predict(kDual, {"--mask", "phase=Aluminum"}), 0) << said;
  region.phase = nullptr;
  expect_same(engine(one, kDual, region, mask), 2);
}

TEST_F(Nonlocal, SaysWhereItIsOutsideItsTraining) {
  make({"4", "4", "4"});
  Model m = random_nonlocal(small({fcc("Cu")}), 2, 3);
  m.spec.domain = R"({"step_strain":[0.005,0.01],"total_strain":[0,0.02],"steps":2,"increment_rad":[0,3],
    "loads":[{"L":[-0.5,0,0,0,-0.5,0,0,0,1],"prescribed":[false,true,true,true,false,true,true,true,true]}]})";
  write_model(model, m);
  ASSERT_EQ(predict(input, {"--load", "uniaxial:x"}), 0) << said;  // strain of the domain
  EXPECT_TRUE(told("load: 2 steps") && told("inside the domain")) << said;
  EXPECT_TRUE(open_archive(output)->info().problems.empty());
  ASSERT_EQ(predict(input, {"--load", "uniaxial:z:0.04"}), 0) << said;
  const std::string verdict = "outside the domain of training: total strain 0.04 > 0.02 from step 3 on";
  EXPECT_TRUE(told(verdict)) << said;
  EXPECT_EQ(open_archive(output)->info().problems, std::vector<std::string>{verdict});
  ASSERT_EQ(call({"inspect", output}), 0);
  EXPECT_TRUE(told(verdict)) << said;
}

TEST_F(Nonlocal, RefusesWhatMakesNoSense) {
  make({"4", "4", "4"});
  Model m = random_nonlocal(small({fcc("Cu")}), 2, 3);
  write_model(model, m);
  EXPECT_EQ(predict(input, {"--tile", "8"}), int(Errc::kArgument));
  EXPECT_TRUE(told("run whole")) << said;
  EXPECT_EQ(predict(input, {"--load", "stretch:z"}), int(Errc::kArgument));
  EXPECT_TRUE(told("'stretch'")) << said;
  EXPECT_EQ(predict(input, {"--load", path("none.yaml")}), int(Errc::kIo));
  m = random_nonlocal([] { auto s = small({fcc("Cu")}); s.stress = false; return s; }(), 2, 3);
  write_model(model, m);
  EXPECT_EQ(predict(input, {"--stress"}), int(Errc::kArgument));
  EXPECT_TRUE(told("without stress")) << said;
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(Nonlocal, DryRunPlansTheWholeGrid) {
  make({"8", "8", "8"});
  write_model(model, random_nonlocal(small({fcc("Cu")}), 2, 3));
  ASSERT_EQ(predict(input, {"--dry-run", "--load", "shear:xy:0.05"}), 0) << said;
  EXPECT_TRUE(told("5 computed, 6 states") && told("run whole") && told("von Mises strain 0.05")) << said;
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(Nonlocal, InspectTellsSettingsPhasesAndLimit) {
  Model m = random_nonlocal(small({fcc("Cu")}), 2, 3);
  m.spec.domain = R"({"step_strain":[0.005,0.01],"total_strain":[0,0.13],"steps":26,"increment_rad":[0,0.1],"loads":[]})";
  write_model(model, m);
  ASSERT_EQ(call({"inspect", model, "--json"}), 0) << said;
  const auto j = nlohmann::json::parse(said);
  EXPECT_EQ(j["family"], "nonlocal");
  EXPECT_EQ(j["settings"]["passes"], 2);
  EXPECT_EQ(j["settings"]["green"], "incompressible");
  EXPECT_EQ(j["settings"]["stress"], true);
  EXPECT_EQ(j["phases"][0]["name"], "Cu");
  EXPECT_EQ(j["phases"][0]["slip_systems"], 12);
  EXPECT_EQ(j["phases"][0]["signed_orbits"], 7);  // seven interaction types of FCC (Franciosi & Zaoui 1982)
  EXPECT_EQ(j["domain"]["total_strain"][1], 0.13);
  EXPECT_NE(j["limits"][0].get<std::string>().find("no length scale"), std::string::npos);
  ASSERT_EQ(call({"inspect", model}), 0) << said;
  EXPECT_TRUE(told("no length scale: grain size effects are not in it")) << said;
  EXPECT_TRUE(told("steps of 0.005 to 0.01 strain, 0.13 in all")) << said;
  EXPECT_TRUE(told("Cu: point group 432, 12 slip systems")) << said;
}

TEST_F(Nonlocal, EvaluateTakesTheArchivesLoadAndReadsStressBack) {
  Model m = random_nonlocal(small({fcc("Cu"), fcc("Aluminum")}), 0, 5);
  m.spec.domain = R"({"total_strain":[0,0.01]})";
  write_model(model, m);
  ASSERT_EQ(call({"evaluate", model, kDual, "--device", "cpu", "--json", "-", "--no-texture"}), 0) << said;
  EXPECT_TRUE(told("outside the domain of training: total strain 0.02 > 0.01 in step 2")) << said;
  // The same by way of a predicted file: what is read back is what was judged directly.
  const auto direct = nlohmann::json::parse(said);
  ASSERT_EQ(predict(kDual, {"--load", kDual}), 0) << said;
  ASSERT_EQ(call({"evaluate", "--predicted", output, kDual, "--json", "-", "--no-texture"}), 0) << said;
  const auto back = nlohmann::json::parse(said);
  const auto &a = direct["archives"][0]["steps"][1], &b = back["archives"][0]["steps"][1];
  ASSERT_TRUE(a.contains("stress") && b.contains("stress"));
  EXPECT_EQ(a["error_deg"], b["error_deg"]);
  EXPECT_EQ(a["stress"], b["stress"]);
}

}  // namespace
}  // namespace grainspin

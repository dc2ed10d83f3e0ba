// grainspin interactions systems, orbits, export as a person runs them.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/interactions/families.h"
#include "grainspin/interactions/fit_file.h"

namespace grainspin::interactions {
namespace {

struct Ran {
  int status;
  std::string out;
};

Ran run(const std::string& arguments, bool errors = true) {
  const std::string command = std::string("'") + GRAINSPIN_PROGRAM + "' interactions " + arguments + (errors ? " 2>&1" : " 2>/dev/null");
  std::FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return {-1, "popen"};
  Ran ran{0, ""};
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) ran.out.append(buffer.data(), n);
  const int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return ran;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Counts: a separate Python program, by enumeration and by Burnside's lemma.
TEST(InteractionsCli, OrbitsAsJson) {
  const std::pair<const char*, std::array<int, 6>> rows[] = {
      {"fcc", {12, 7, 6, 74, 43, 20}},          {"fcc18", {18, 18, 13, 260, 148, 64}},     {"bcc110", {12, 7, 6, 74, 43, 20}},
      {"bcc112", {12, 7, 6, 74, 43, 20}},       {"bcc123", {24, 24, 17, 576, 300, 111}},   {"bcc24", {24, 28, 19, 592, 320, 126}},
      {"bcc48", {48, 100, 60, 4624, 2384, 849}}, {"hcp18", {18, 32, 22, 508, 281, 114}},   {"hcp24", {24, 56, 36, 1188, 642, 249}},
      {"hcp30", {30, 86, 53, 2300, 1225, 462}}, {"hcp39", {39, 152, 89, 5121, 2697, 995}}};
  for (const auto& [set, wanted] : rows) {
    const Ran ran = run(std::string("orbits --json ") + set);
    ASSERT_EQ(ran.status, 0) << ran.out;
    const auto j = nlohmann::json::parse(ran.out);
    const char* keys[] = {"systems", "pairs", "pairs_symmetric", "triples", "triples_jk", "triples_symmetric"};
    for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(j[keys[k]], wanted[k]) << set << " " << keys[k];
    EXPECT_EQ(j["pair_orbits"].size(), std::size_t(wanted[1]));
  }
}

TEST(InteractionsCli, OrbitsInDetail) {
  const Ran ran = run("orbits hcp39 --c-over-a 1.587 --mask annihilation+glissile --triples --json");
  ASSERT_EQ(ran.status, 0) << ran.out;
  const auto j = nlohmann::json::parse(ran.out);
  EXPECT_EQ(j["c_over_a"], 1.587);
  EXPECT_EQ(j["mask"]["entries"], 1083);
  EXPECT_EQ(j["mask"]["triples"], 114);
  EXPECT_EQ(j["triple_orbits"].size(), 114u);
  EXPECT_EQ(j["pair_sizes"], (nlohmann::json{{"12", 106}, {"6", 37}, {"3", 9}}));
  EXPECT_EQ(j["pair_blocks"][3], (nlohmann::json{3, 3, 6, 12, 6, 6, 3}));
  EXPECT_EQ(j["families"][3]["triples"], 1521);
  EXPECT_EQ(j["signed"]["ijk_odd_jk"], 4963);
  const auto trigonal = nlohmann::json::parse(run("orbits hcp39 --group 32 --json").out);
  EXPECT_EQ(trigonal["pairs"], 266);
  EXPECT_EQ(trigonal["triples"], 9949);
  const Ran table = run("orbits fcc");
  EXPECT_EQ(table.status, 0);
  for (const char* name : {"coplanar", "Hirth", "glissile I ", "glissile II", "Lomer", "[01-1](111)"})
    EXPECT_TRUE(contains(table.out, name)) << name;
}

TEST(InteractionsCli, SystemsReadBack) {
  const std::string path = (std::filesystem::temp_directory_path() / ("slip set ü " + std::to_string(getpid()) + ".json")).string();
  const Ran ran = run("systems hcp24+'hcp-prism<c>' --c-over-a 1.6 --json");
  ASSERT_EQ(ran.status, 0) << ran.out;
  std::ofstream(path) << ran.out;
  EXPECT_EQ(nlohmann::json::parse(run("orbits '" + path + "' --json").out)["systems"], 27);
  EXPECT_TRUE(contains(run("systems '" + path + "'").out, "[0001](01-10)"));
  EXPECT_EQ(run("systems '" + path + "' --c-over-a 1.7").status, int(Errc::kFormat));
  std::filesystem::remove(path);
}

TEST(InteractionsCli, ErrorsByName) {
  const std::pair<const char*, const char*> rows[] = {{"orbits hcp40", "unknown slip set 'hcp40'"},
                                                      {"orbits fcc --c-over-a 1.6", "cubic"},
                                                      {"orbits hcp39 --c-over-a 0", "c/a must be a positive number, got 0"},
                                                      {"orbits hcp39 --group 432", "not closed under point group 432"},
                                                      {"orbits hcp39 --mask jogs", "unknown mask 'jogs'"},
                                                      {"orbits", "SET is required"},
                                                      {"export nowhere.json --format abaqus", "abaqus"}};
  for (const auto& [arguments, text] : rows) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, int(Errc::kArgument)) << ran.out;
    EXPECT_TRUE(contains(ran.out, text)) << ran.out;
  }
  EXPECT_EQ(run("export nowhere.json --format damask").status, int(Errc::kIo));
}

TEST(InteractionsCli, ExportOfAFit) {
  InteractionFit fit;
  fit.slip = named_slip_set("fcc");
  fit.group = "432";
  fit.material.shear_modulus = 48e9;
  fit.material.burgers.assign(12, 2.56e-10);
  fit.material.friction.assign(12, 1e6);
  fit.density0.assign(12, 1e12);
  FitPart h;
  Tensor tensor;
  tensor.symbol = "H";
  tensor.term = parse_term("H");
  tensor.orbits = tensor.ties = ties(fit.slip, PointGroup::named("432"), {.order = 2});
  tensor.unknowns.resize(7);
  std::vector<double> values;
  for (int u = 0; u < 7; ++u) values.push_back(0.25 + 0.125 * u);
  tensor.value = expand(tensor.ties, values);
  h.tensors.push_back(tensor);
  fit.h = h;
  const std::string base = (std::filesystem::temp_directory_path() / ("fit " + std::to_string(getpid()))).string();
  write_fit(base + ".json", fit);
  const Ran damask = run("export '" + base + ".json' --format damask", false);
  EXPECT_EQ(damask.status, 0);
  // Orbits are numbered by first entry: self, coplanar, glissile I, collinear, Hirth, Lomer, glissile II.
  EXPECT_TRUE(contains(damask.out, "h_sl-sl: [0.25, 0.375, 0.625, 0.75, 0.5, 1, 0.875]\n")) << damask.out;
  const Ran mfront = run("export '" + base + ".json' --format mfront -o '" + base + ".mfront'");
  EXPECT_EQ(mfront.status, 0) << mfront.out;
  std::ifstream in(base + ".mfront");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  EXPECT_TRUE(contains(text, "@InteractionMatrix{\n  0.25,  // rank 0: self, 12 entries\n  0.375,  // rank 1: coplanar")) << text;
  fit.h.reset();
  write_fit(base + ".json", fit);
  const Ran none = run("export '" + base + ".json' --format damask");
  EXPECT_EQ(none.status, int(Errc::kArgument));
  EXPECT_TRUE(contains(none.out, "no H")) << none.out;
  std::filesystem::remove(base + ".json");
  std::filesystem::remove(base + ".mfront");
}

}  // namespace
}  // namespace grainspin::interactions

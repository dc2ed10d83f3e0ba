// grainspin slip-rates and inspect --coefficients as a person runs them, on a shipped model and a shipped archive.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <string>

#include "grainspin/archive.h"
#include "grainspin/slip_rates.h"
#include "src/safetensors.h"

namespace grainspin {
namespace {

const std::string kSource = GRAINSPIN_SOURCE_DIR;
const std::string kModel = kSource + "/networks/pretrained/cu.safetensors";
const std::string kLocal = kSource + "/networks/pretrained/cu_uniaxial_local.safetensors";
const std::string kRun = kSource + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5";

struct Ran {
  int status;
  std::string out;
};
std::string quoted(const std::string& text) { return "'" + text + "'"; }
Ran run(const std::string& arguments, bool errors = false) {
  const std::string command = quoted(GRAINSPIN_PROGRAM) + " " + arguments + (errors ? " 2>&1" : " 2>/dev/null");
  std::FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return {-1, "popen"};
  Ran ran{0, ""};
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) ran.out.append(buffer.data(), n);
  const int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

nlohmann::json pair_of(const nlohmann::json& step, const std::string& a, const std::string& b) {
  for (const auto& p : step.at("pairs"))
    if (p.at("a") == a && p.at("b") == b) return p;
  ADD_FAILURE() << "no pair " << a << " " << b;
  return {};
}

// The file's rates at the true stress are those of the archive; the stress that the model predicts tells the systems that move
// better than Taylor does.
TEST(SlipRatesProgram, WritesRatesAndComparesThem) {
  const std::string file = std::filesystem::temp_directory_path() / ("slip ü " + std::to_string(getpid()) + ".safetensors");
  const Ran ran = run("slip-rates " + quoted(kModel) + " " + quoted(kRun) + " -o " + quoted(file) + " --json - --threads 1");
  ASSERT_EQ(ran.status, 0) << ran.out;
  const auto report = nlohmann::json::parse(ran.out);
  ASSERT_EQ(report.at("steps").size(), 13u);
  EXPECT_EQ(report.at("slip_systems"), 12);
  const auto last = report.at("steps").back();
  EXPECT_GT(pair_of(last, "stress", "truth").at("rates").at("correlation"), pair_of(last, "taylor", "truth").at("rates").at("correlation"));

  const TensorFile written = read_safetensors(file);
  std::filesystem::remove(file);
  const std::vector<std::int64_t> shape{13, 1728, 12};
  for (const char* name : {"head", "taylor", "stress", "truth"}) EXPECT_EQ(written.tensors.at(name).shape, shape) << name;
  EXPECT_EQ(nlohmann::json::parse(written.metadata.at("systems")).at("Cu").size(), 12u);
  const auto archive = open_archive(kRun);
  const SlipMaps maps = slip_maps({"Cu", "432", {"fcc{111}<110>"}, 0});
  ASSERT_TRUE(archive->info().phases.at(0).law.has_value());
  const double n = archive->info().phases[0].law->n.at(0), xi0 = archive->info().phases[0].law->xi0.at(0);
  std::vector<float> q(4), stress(6), rates(12);
  const std::vector<double> xi(12, xi0);
  for (const auto& [step, voxel] : {std::pair{1, 0}, {13, 1727}, {7, 600}}) {
    archive->orientation(step, voxel, 1, q.data());
    archive->stress(step, voxel, 1, stress.data());
    rates_at_stress(maps, xi, n, q.data(), stress.data(), rates.data());
    for (int s = 0; s < 12; ++s)
      EXPECT_NEAR(written.tensors.at("truth").values[std::size_t(((step - 1) * 1728 + voxel) * 12 + s)], rates[std::size_t(s)], 1e-5);
  }
  // Likeness of the last step once more, from the tables.
  const std::size_t at = 12 * 1728 * 12;
  const SlipLikeness again = slip_likeness(1728, 12, &written.tensors.at("head").values[at], &written.tensors.at("taylor").values[at]);
  EXPECT_NEAR(double(pair_of(last, "head", "taylor").at("rates").at("correlation")), again.correlation, 1e-9);
}

TEST(SlipRatesProgram, RefusesByName) {
  const Ran local = run("slip-rates " + quoted(kLocal) + " " + quoted(kRun), true);
  EXPECT_EQ(local.status, int(Errc::kArgument));
  EXPECT_NE(local.out.find("this model is local"), std::string::npos) << local.out;
  const Ran member = run("slip-rates " + quoted(kModel) + " " + quoted(kRun) + " --member 9", true);
  EXPECT_EQ(member.status, int(Errc::kArgument));
  EXPECT_NE(member.out.find("no member 9"), std::string::npos) << member.out;
}

TEST(CoefficientsProgram, TableJsonAndCsvSayTheSame) {
  const Ran table = run("inspect " + quoted(kModel) + " --coefficients"), json = run("inspect " + quoted(kModel) + " --coefficients --json"),
            csv = run("inspect " + quoted(kModel) + " --coefficients --csv");
  ASSERT_EQ(table.status + json.status + csv.status, 0) << table.out;
  for (const char* type : {"self", "coplanar", "collinear", "Hirth", "glissile I", "glissile II", "Lomer"})
    EXPECT_NE(table.out.find(std::string("\n") + type), std::string::npos) << type;
  const auto phase = nlohmann::json::parse(json.out).at("phases").at(0);
  EXPECT_EQ(phase.at("odd_interactions").size(), 7u);
  std::size_t numbers = 0;
  for (const auto& map : phase.at("maps")) {
    const std::vector<double> share = map.at("share");
    EXPECT_NEAR(std::accumulate(share.begin(), share.end(), 0.0), 1, 1e-9);
    numbers += share.size();
  }
  std::size_t rows = 0;
  std::string line;
  for (std::istringstream text(csv.out); std::getline(text, line);) ++rows;
  EXPECT_EQ(rows, numbers + 1);
  const Ran local = run("inspect " + quoted(kLocal) + " --coefficients", true), archive = run("inspect " + quoted(kRun) + " --coefficients", true);
  EXPECT_EQ(local.status, int(Errc::kArgument));
  EXPECT_NE(local.out.find("nonlocal family"), std::string::npos) << local.out;
  EXPECT_EQ(archive.status, int(Errc::kArgument));
}

}  // namespace
}  // namespace grainspin

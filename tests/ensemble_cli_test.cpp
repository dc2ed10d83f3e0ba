// grainspin ensemble as a person runs it, and what the other verbs then do with the file.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "ensemble_models.h"
#include "grainspin/core.h"

namespace grainspin {
namespace {

const std::string kRun = "'" GRAINSPIN_SOURCE_DIR "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5'";

struct Ran {
  int status = -1;
  std::string text;
  bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
};
Ran run(const std::string& arguments) {
  Ran ran;
  std::FILE* pipe = popen(("'" GRAINSPIN_PROGRAM "' " + arguments + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (pipe && std::fgets(buffer, sizeof buffer, pipe)) ran.text += buffer;
  if (pipe) ran.status = WEXITSTATUS(pclose(pipe));
  return ran;
}

class EnsembleProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("grainspin ensemble ü " + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    for (const unsigned seed : {1u, 2u}) {
      Model m = testing::nonlocal_member(seed, 2, false);
      m.spec.nonlocal.phases[0].name = "Cu";
      m.spec.provenance = R"({"settings": {"seed": )" + std::to_string(seed) + "}}";
      write_model(folder / ("seed" + std::to_string(seed) + ".safetensors"), m);
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::string at(const std::string& name) const { return "'" + (folder / name).string() + "'"; }
  std::filesystem::path folder;
};

TEST_F(EnsembleProgram, FromSeedsToAPrediction) {
  const std::string all = at("all.safetensors");
  Ran ran = run("ensemble " + at("seed1.safetensors") + " " + at("seed2.safetensors") + " -o " + all);
  ASSERT_EQ(ran.status, 0) << ran.text;
  EXPECT_TRUE(ran.says("2 members") && ran.says("grainspin calibrate")) << ran.text;
  ran = run("inspect " + all);
  EXPECT_TRUE(ran.says("seed 1") && ran.says("seed 2") && ran.says("no variance head")) << ran.text;
  ran = run("inspect --json " + all);
  EXPECT_EQ(nlohmann::json::parse(ran.text).at("members").size(), 2u) << ran.text;

  // Scaled on the run that it is judged on: so its intervals hold what they say there.
  ran = run("calibrate " + all + " " + kRun + " --set-aside " + kRun + " --samples 2000 --epochs 2 -o " + all);
  ASSERT_EQ(ran.status, 0) << ran.text;
  EXPECT_TRUE(ran.says("member 1: variance fitted") && ran.says("all 2 members together calibrated on 1")) << ran.text;
  const std::string json = (folder / "judged.json").string();
  ran = run("evaluate " + all + " " + kRun + " --device cpu --no-texture --no-taylor --no-checks --no-equivariance --json '" + json + "'");
  ASSERT_EQ(ran.status, 0) << ran.text;
  const auto u = nlohmann::json::parse(std::ifstream(json)).at("archives").at(0).at("uncertainty");
  const double levels[3] = {0.5, 0.9, 0.95};
  for (std::size_t l = 0; l < 3; ++l) {
    double mean = 0;
    for (std::size_t a = 0; a < 3; ++a) mean += u.at("increment_coverage").at(l).at(a).get<double>() / 3;
    EXPECT_NEAR(mean, levels[l], 0.01);  // pooled over components, as the factor is
    EXPECT_NEAR(u.at("radius_coverage_path").at(l).get<double>(), levels[l], 0.01);
  }

  const std::string predict = "predict " + all + " " + kRun + " -o " + at("out.h5") + " --device cpu --steps last";
  ran = run(predict);
  ASSERT_EQ(ran.status, 0) << ran.text;
  EXPECT_TRUE(ran.says("ensemble of 2, each engine") && ran.says("estimated error:")) << ran.text;
  ran = run(predict + " --members 1");
  ASSERT_EQ(ran.status, 0) << ran.text;
  EXPECT_TRUE(!ran.says("ensemble of") && ran.says("estimated error:")) << ran.text;
  ran = run(predict + " --members 3");
  EXPECT_EQ(ran.status, int(Errc::kArgument));
  EXPECT_TRUE(ran.says("has 2")) << ran.text;

  ran = run("ensemble " + all + " --member 1 -o " + at("one.safetensors"));
  ASSERT_EQ(ran.status, 0) << ran.text;
  const Model one = read_model(folder / "one.safetensors"), seed2 = read_model(folder / "seed2.safetensors");
  EXPECT_FALSE(is_ensemble(one.spec));
  EXPECT_TRUE(calibration(one.spec).has_value());
  for (const auto& [name, tensor] : seed2.tensors) EXPECT_TRUE(one.tensors.at(name).values == tensor.values);
  EXPECT_EQ(run("ensemble " + all + " --member 2 -o " + at("one.safetensors")).status, int(Errc::kArgument));
  ran = run("ensemble " + at("seed1.safetensors") + " " + at("seed1.safetensors") + " -o " + all);
  EXPECT_EQ(ran.status, int(Errc::kArgument));
  EXPECT_TRUE(ran.says("the same model")) << ran.text;
}

}  // namespace
}  // namespace grainspin

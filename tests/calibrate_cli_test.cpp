// grainspin calibrate as a person runs it, and what predict and evaluate then say.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/core.h"

namespace grainspin {
namespace {

const std::string kSource = GRAINSPIN_SOURCE_DIR;
const std::string kRun = "'" + kSource + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5'";
const std::string kModel = "'" + kSource + "/networks/pretrained/cu_uniaxial.safetensors'";

struct Ran {
  int status = -1;
  std::string text;
};
Ran run(const std::string& arguments) {
  Ran ran;
  std::FILE* pipe = popen(("'" GRAINSPIN_PROGRAM "' " + arguments + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (pipe && std::fgets(buffer, sizeof buffer, pipe)) ran.text += buffer;
  if (pipe) ran.status = WEXITSTATUS(pclose(pipe));
  return ran;
}

TEST(Calibrate, ModelTellsItsErrorAfterwards) {
  const std::string folder = ::testing::TempDir(), model = "'" + folder + "sicher über.safetensors'", json = folder + "calibrate.json";
  // The run of the training is also what it is scaled on: so the intervals hold what they say on it, if not elsewhere.
  Ran ran = run("calibrate " + kModel + " " + kRun + " --set-aside " + kRun + " --samples 4000 --epochs 5 -o " + model);
  ASSERT_EQ(ran.status, 0) << ran.text;
  EXPECT_NE(ran.text.find("calibrated on 1"), std::string::npos) << ran.text;

  ran = run("predict " + model + " " + kRun + " -o '" + folder + "calibrate.h5' --device cpu --steps last");
  ASSERT_EQ(ran.status, 0) << ran.text;
  const auto estimate = [](const std::string& text) {
    const auto at = text.find("estimated error: ");
    return at == std::string::npos ? std::string() : text.substr(at, text.find('\n', at) - at);
  };
  const std::string last = estimate(ran.text);
  EXPECT_NE(last, "") << ran.text;
  // All steps count, whichever are written.
  ran = run("predict " + model + " " + kRun + " -o '" + folder + "calibrate.h5' --device cpu");
  EXPECT_EQ(estimate(ran.text), last) << ran.text;

  ran = run("evaluate " + model + " " + kRun + " --device cpu --no-texture --no-taylor --no-checks --json '" + json + "'");
  ASSERT_EQ(ran.status, 0) << ran.text;
  EXPECT_NE(ran.text.find("the model's own estimate of its mean error"), std::string::npos) << ran.text;
  const auto u = nlohmann::json::parse(std::ifstream(json)).at("archives").at(0).at("uncertainty");
  const double levels[3] = {0.5, 0.9, 0.95};
  for (std::size_t l = 0; l < 3; ++l) {
    double mean = 0;
    for (std::size_t a = 0; a < 3; ++a) mean += u.at("increment_coverage").at(l).at(a).get<double>() / 3;
    EXPECT_NEAR(mean, levels[l], 0.01);  // pooled over components, as the factor is
    EXPECT_NEAR(u.at("radius_coverage_path").at(l).get<double>(), levels[l], 0.01);
  }
  char stated[64];
  std::snprintf(stated, sizeof stated, "estimated error: %.2f degrees", u.at("predicted_deg").get<double>());
  EXPECT_EQ(last.find(stated), 0u) << last << " is not " << stated;
  EXPECT_NEAR(u.at("predicted_deg").get<double>(), u.at("error_deg").get<double>(), 0.2 * u.at("error_deg").get<double>());
  EXPECT_EQ(u.at("reliability").size(), 10u);
  EXPECT_GT(u.at("rank_correlation").get<double>(), 0.1);
}

TEST(Calibrate, RefusesByName) {
  Ran ran = run("calibrate " + kModel + " " + kRun + " -o '" + ::testing::TempDir() + "never.safetensors'");
  EXPECT_EQ(ran.status, int(Errc::kArgument)) << ran.text;
  EXPECT_NE(ran.text.find("--set-aside"), std::string::npos) << ran.text;
}

}  // namespace
}  // namespace grainspin

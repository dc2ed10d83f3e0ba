// A run against the domain of training: parts, measures and AUC of made-up runs, and the verb's --against and --every.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "grainspin/evaluation.h"
#include "nonlocal_models.h"

namespace grainspin {
namespace {

using nlohmann::json;
using testing::named_phase;
using testing::tension;

// 4x4x4 cubes that stay as they are, `turning` of them turning by 1.5 times what training has seen in the last step (outside).
struct Case {
  ModelSpec spec;
  RunFields truth;
  Prediction prediction;
  explicit Case(int turning, int steps = 2) {
    spec.family = Family::kNonlocal;
    spec.nonlocal.phases = {named_phase("fcc")};
    spec.point_group = "432";
    spec.domain = R"({"increment_rad":{"max":0.01,"rms":0.005},"total_strain":[0,0.02]})";
    truth.info.path = "made up";
    truth.info.shape = {4, 4, 4};
    truth.info.steps.resize(std::size_t(steps) + 1);
    PhaseInfo phase;
    phase.name = "fcc", phase.point_group = "432", phase.lattice = "cF";
    truth.info.phases = {phase};
    truth.info.loads.assign(std::size_t(steps), tension(0.01));
    for (int i = 0; i < 64 * (steps + 1); ++i) truth.orientation.insert(truth.orientation.end(), {1, 0, 0, 0});
    prediction.orientation.assign(truth.orientation.begin() + 256, truth.orientation.end());
    prediction.increment.assign(std::size_t(3 * 64 * steps), 0.0f);
    for (int i = 0; i < 64; ++i) prediction.increment[std::size_t(3 * i)] = 0.004f;  // first step: fine, measure 0.4
    for (int i = 0; i < turning; ++i) prediction.increment[std::size_t(3 * (64 * (steps - 1) + i))] = 0.015f;
  }
  Evaluation::Trust trust() const { return *evaluate_trust(spec, truth, prediction, 1); }
};

TEST(EvaluateTrust, TheWorstOfAllSteps) {
  const Evaluation::Trust t = Case(16).trust();
  EXPECT_EQ(t.judgement.verdict, Verdict::kOutside);
  EXPECT_NEAR(t.part[0], 0.75, 1e-12);
  EXPECT_NEAR(t.part[1], 0, 1e-12);
  EXPECT_NEAR(t.part[2], 0.25, 1e-12);
  EXPECT_NEAR(t.measure[0], 1 + 0.5 / 0.25, 1e-4);  // 50 % beyond, doubtful up to 25 %
  EXPECT_NEAR(t.measure[63], 0.4, 1e-5);
  EXPECT_NEAR(t.mean, 0.25 * 3 + 0.75 * 0.4, 1e-4);
}

TEST(EvaluateTrust, ComparedWithRunsInside) {
  const Evaluation::Trust few = Case(4).trust(), none = Case(0).trust();
  Evaluation::Trust many = Case(48).trust();
  compare(many, {});
  EXPECT_FALSE(many.auc_voxels || many.auc_runs);
  compare(many, {&few, &none});
  // 48 of 64 above the 124 of 128 that do not turn, and equal to the other 4; 16 equal to the 124, below the 4.
  EXPECT_NEAR(*many.auc_voxels, (48 * (124 + 4 * 0.5) + 16 * 124 * 0.5) / (64.0 * 128), 1e-12);
  EXPECT_EQ(*many.auc_runs, 1);
  Evaluation::Trust middle = few;
  compare(middle, {&many, &none, &few});
  EXPECT_NEAR(*middle.auc_runs, (0 + 1 + 0.5) / 3, 1e-12);
}

TEST(EvaluateTrust, BeyondTheStrainEveryVoxelIs) {
  Evaluation::Trust longer = Case(0, 4).trust();
  const Evaluation::Trust inside = Case(0).trust();
  EXPECT_EQ(longer.judgement.verdict, Verdict::kOutside);
  compare(longer, {&inside});
  EXPECT_EQ(*longer.auc_voxels, 1);
}

TEST(EvaluateTrust, AnotherCrystal) {
  Case made(0);
  made.truth.info.phases[0].lattice = "cI";
  const Evaluation::Trust t = made.trust();
  EXPECT_EQ(t.judgement.verdict, Verdict::kOutside);
  EXPECT_GE(*std::ranges::min_element(t.measure), float(DomainJudge::kOutsideMeasure));
}

TEST(EvaluateTrust, NothingForTheLocalFamilyAndWithoutADomain) {
  Case made(0);
  made.spec.domain = "{}";
  EXPECT_FALSE(evaluate_trust(made.spec, made.truth, made.prediction, 1));
  made.spec = ModelSpec{};
  EXPECT_FALSE(evaluate_trust(made.spec, made.truth, made.prediction, 1));
}

const std::string kSource = GRAINSPIN_SOURCE_DIR;
int evaluate_to(const std::string& options, std::string& said) {
  const std::string run = kSource + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5'";
  const std::string command = "'" GRAINSPIN_PROGRAM "' evaluate '" + kSource + "/networks/pretrained/cu_uniaxial.safetensors' '" + run +
                              " --no-taylor --no-texture --no-checks --json - " + options + " 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  said.clear();
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) said.append(buffer, n);
  return WEXITSTATUS(pclose(pipe));
}

TEST(EvaluateTrust, EverySecondStateIsAStepOfTwicePerCent) {
  std::string said;
  ASSERT_EQ(evaluate_to("--every 2 --against '" + kSource + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5'", said), 0) << said;
  const json found = json::parse(said), &a = found.at("archives").at(0);
  EXPECT_EQ(a.at("steps").size(), 6u);
  EXPECT_NEAR(a.at("steps").back().at("strain").get<double>(), 0.12, 1e-5);
  EXPECT_EQ(a.at("domain").at("verdict"), "outside");
  EXPECT_EQ(a.at("domain").at("auc_voxels"), 1.0);
  EXPECT_EQ(a.at("domain").at("auc_runs"), 1.0);
  EXPECT_EQ(found.at("against").size(), 1u);
  EXPECT_NE(a.at("domain").at("reasons").dump().find("step strain 0.02 outside 0.01"), std::string::npos) << a.at("domain").dump();
  EXPECT_LT(a.at("steps").back().at("error_deg").at("mean").get<double>(), 3);  // states and loads belong together
}

TEST(EvaluateTrust, FewerStatesThanOneStepAreRefused) {
  std::string said;
  EXPECT_EQ(evaluate_to("--every 14", said), int(Errc::kArgument));
  EXPECT_NE(said.find("has 13 steps"), std::string::npos) << said;
}

}  // namespace
}  // namespace grainspin

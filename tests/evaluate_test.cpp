// Mirrors include/grainspin/evaluation.h and the verb: a made-up run whose scores are known, the JSON's keys,
// refusals by name. The errors themselves are checked against numpy in evaluate_oracle_test.py.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numbers>

#include "grainspin/evaluation.h"

namespace grainspin {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
const std::string kSamples = std::string(GRAINSPIN_SOURCE_DIR) + "/datasets/cu_uniaxial/";

// 4x1x1, two grains; every voxel turns by one degree a step about its own axis.
RunFields made_up() {
  RunFields run;
  run.info.path = "made up";
  run.info.shape = {4, 1, 1};
  run.info.steps.resize(4);
  PhaseInfo phase;
  phase.name = "A";
  phase.point_group = "432";
  phase.lattice = "cF";
  run.info.phases = {phase};
  LoadStep load;
  load.prescribed.fill(true);
  load.prescribed[0] = load.prescribed[4] = false;
  load.L[8] = 0.01;
  run.info.loads.assign(3, load);
  for (int k = 0; k < 4; ++k) run.info.steps[std::size_t(k)].strain = 0.01 * k, run.info.steps[std::size_t(k)].time = 10 * k;
  run.grain = {0, 0, 1, 1};
  const Vec3<double> axis[4] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.6, 0, -0.8}};
  for (int k = 0; k < 4; ++k)
    for (const auto& a : axis) {
      const double t = k * kDegree;
      const Quatd q = exp(Vec3<double>{t * a.x, t * a.y, t * a.z}) * exp(Vec3<double>{0.1, 0.4, -0.3});
      for (const double x : {q.w, q.x, q.y, q.z}) run.orientation.push_back(float(x));
    }
  return run;
}

// Turns every voxel by `part` of what the truth turns from where it stands in the truth's numbering of steps.
class Partial : public Surrogate {
 public:
  Partial(const RunFields& truth, double part, Feedback feedback) : truth_(truth), part_(part) {
    spec_.loads = truth.info.loads;
    spec_.local.feedback = feedback;
    spec_.point_group = "432";
  }
  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override { return "test"; }
  std::int64_t workspace(const Region&) const override { return 0; }
  void run(const Region& region, const float* q0, const std::uint8_t*, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    const std::int64_t n = region.shape.voxels();
    std::vector<float> q(q0, q0 + 4 * n), w(static_cast<std::size_t>(3 * n));
    for (int k = 1; k <= 3; ++k) {
      if (teacher) q.assign(teacher + 4 * n * (k - 1), teacher + 4 * n * k);
      rotation_increments(symmetry_of(truth_), n, truth_.at(k), truth_.at(k - 1), w.data());
      // With the truth given it knows all but a part; on its own path the part itself.
      for (float& x : w) x *= float(teacher ? 1 - part_ / 2 : part_);
      for (std::int64_t i = 0; i < n; ++i)
        rotate(exp(Vec3<double>{w[3 * i], w[3 * i + 1], w[3 * i + 2]}), 1, q.data() + 4 * i, q.data() + 4 * i);
      StepOutput out;
      out.step = k;
      out.orientation = q.data();
      out.increment = w.data();
      sink(out);
    }
  }

 private:
  ModelSpec spec_;
  const RunFields& truth_;
  double part_;
};

TEST(Evaluate, ScoresOfAModelThatTurnsHalfAsMuch) {
  const RunFields truth = made_up();
  const Partial model(truth, 0.5, Feedback::kOwn);
  EvaluationOptions options;
  options.taylor = options.texture = options.equivariance = false;
  const Prediction prediction = predict(model, truth);
  const Evaluation e = evaluate(truth, prediction, nullptr, options);
  ASSERT_EQ(e.steps.size(), 3u);
  for (const auto& s : e.steps) {
    EXPECT_NEAR(s.error.mean, 0.5 * s.step * kDegree, 1e-5 * kDegree + 1e-7);
    EXPECT_NEAR(s.persistence.mean, s.step * kDegree, 1e-6);
    EXPECT_NEAR(s.skill_persistence, 0.5, 1e-4);
    EXPECT_NEAR(s.r2_rolled, 0.75, 1e-4);               // 1 - 0.5^2
    EXPECT_NEAR(*s.r2_one_step, 1 - 0.0625, 1e-4);      // 1 - 0.25^2: the teacher was asked
    EXPECT_NEAR(s.strain, 0.01 * s.step, 1e-12);
    EXPECT_FALSE(s.taylor.has_value());
  }
  EXPECT_NEAR(e.r2_rolled, 0.75, 1e-4);
  EXPECT_NEAR(*e.r2_one_step, 0.9375, 1e-4);
  // All four voxels touch the other grain on the closed row.
  ASSERT_EQ(e.layers.size(), 1u);
  EXPECT_EQ(e.layers[0].voxels, 4);
  EXPECT_NEAR(e.layers[0].persistence, 3 * kDegree, 1e-6);
  // One neighbour each, turned about axes at right angles (x, y) and at -36.87 degrees (z, (3 0 -4)/5): to
  // first order sqrt2 and |(0.6, 0, -1.8)| of three degrees.
  EXPECT_NEAR(e.kam_mean.truth, 3 * kDegree * (std::sqrt(2.0) + std::sqrt(0.36 + 3.24)) / 2, 2e-3 * kDegree);
  EXPECT_NEAR(e.kam_mean.predicted, 0.5 * e.kam_mean.truth, 2e-3 * kDegree);
}

TEST(Evaluate, NoOneStepReadingWithoutFeedback) {
  const RunFields truth = made_up();
  const Partial model(truth, 0.5, Feedback::kInitial);
  const Prediction prediction = predict(model, truth);
  EXPECT_TRUE(prediction.one_step_increment.empty());
  EvaluationOptions options;
  options.texture = options.equivariance = false;
  const Evaluation e = evaluate(truth, prediction, nullptr, options);
  EXPECT_FALSE(e.r2_one_step.has_value());
  ASSERT_TRUE(e.steps[2].taylor.has_value());  // cF without a law: twelve systems, n = 20
  EXPECT_FALSE(e.steps[2].taylor_no_hardening.has_value());
  EXPECT_NEAR(*e.steps[2].skill_taylor, 1 - e.steps[2].error.mean / e.steps[2].taylor->mean, 1e-12);
}

TEST(Evaluate, AnotherNumberOfStepsIsRefused) {
  RunFields truth = made_up();
  const Partial model(truth, 1, Feedback::kOwn);
  RunFields shorter = truth;
  shorter.info.steps.pop_back();
  try {
    predict(model, shorter);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kShape);
    EXPECT_NE(std::string(e.what()).find("2 steps, the model makes 3"), std::string::npos) << e.what();
  }
}

struct Outcome {
  int status;
  std::string text;
};
Outcome program(const std::string& arguments) {
  FILE* pipe = popen(("'" GRAINSPIN_PROGRAM "' evaluate " + arguments + " 2>&1").c_str(), "r");
  Outcome out;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) out.text.append(buffer, n);
  out.status = WEXITSTATUS(pclose(pipe));
  return out;
}

TEST(Evaluate, JsonHasTheSchemaAndTheKnownBaselines) {
  const std::string file = "'" + kSamples + "damask/cu_uniaxial_12.hdf5'";
  const Outcome run = program("--predicted " + file + " " + file + " --no-texture --json -");
  ASSERT_EQ(run.status, 0) << run.text;
  const auto json = nlohmann::json::parse(run.text);
  const auto& archive = json.at("archives").at(0);
  EXPECT_EQ(archive.at("voxels"), 4096);
  EXPECT_TRUE(archive.at("r2_one_step").is_null());
  EXPECT_NEAR(archive.at("r2_rolled").get<double>(), 1, 1e-6);
  ASSERT_EQ(archive.at("steps").size(), 13u);
  const auto& last = archive.at("steps").at(12);
  for (const char* key : {"error_deg", "persistence_deg", "taylor_deg"})
    for (const char* statistic : {"mean", "median", "p95", "p99", "max"}) EXPECT_TRUE(last.at(key).at(statistic).is_number()) << key;
  for (const char* key : {"step", "strain", "skill_persistence", "skill_taylor", "r2_rolled"}) EXPECT_TRUE(last.at(key).is_number()) << key;
  EXPECT_LT(last.at("error_deg").at("max").get<double>(), 1e-3);
  // DAMASK's own log of this run: mean rotation 6.1125 degrees, largest 16.6266 (no crystal symmetry; below
  // 45 degrees the same thing).
  EXPECT_NEAR(last.at("persistence_deg").at("mean").get<double>(), 6.1125, 2e-3);
  EXPECT_NEAR(last.at("persistence_deg").at("max").get<double>(), 16.6266, 5e-3);
  // Mean Cauchy stress against the same log: szz - lateral = 213.996 MPa.
  const auto& stress = last.at("stress").at("true_mean_Pa");
  EXPECT_NEAR(stress.at(2).get<double>() / 1e6, 213.996, 0.2);
}

TEST(Evaluate, RefusesByName) {
  const std::string a = "'" + kSamples + "validation/cu_uniaxial_12.h5'", b = "'" + kSamples + "train/cu_uniaxial_21.h5'";
  Outcome run = program("--predicted " + a + " " + b);
  EXPECT_EQ(run.status, int(Errc::kShape));
  EXPECT_NE(run.text.find("16 x 16 x 16"), std::string::npos) << run.text;
  EXPECT_NE(run.text.find("12 x 12 x 12"), std::string::npos) << run.text;
  run = program("--predicted " + a + " " + a + " " + b);
  EXPECT_EQ(run.status, int(Errc::kArgument)) << run.text;
  run = program(a);
  EXPECT_EQ(run.status, int(Errc::kArgument)) << run.text;
  run = program("/nowhere/model.safetensors " + a);
  EXPECT_EQ(run.status, int(Errc::kIo)) << run.text;
  EXPECT_NE(run.text.find("/nowhere/model.safetensors"), std::string::npos) << run.text;
  run = program("--predicted " + b + " " + b + " --no-texture --json /nowhere/scores.json");
  EXPECT_EQ(run.status, int(Errc::kIo)) << run.text;
  EXPECT_NE(run.text.find("/nowhere/scores.json"), std::string::npos) << run.text;
}

}  // namespace
}  // namespace grainspin

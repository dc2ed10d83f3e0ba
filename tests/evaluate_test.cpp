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

// A nonlocal model that knows the run but for planted errors: stress `factor` of the true one, the lateral strain
// shifted by `lateral`. It remembers the load it was told.
class Knowing : public Surrogate {
 public:
  double factor = 1, lateral = 0;
  mutable std::vector<LoadStep> was_told;
  mutable std::vector<std::int32_t> was_phase;
  explicit Knowing(const RunFields& truth) : truth_(truth) {
    spec_.family = Family::kNonlocal;
    spec_.point_group = "432";
    spec_.nonlocal.phases = {{"B", "622", {}, 1.6}, {"A", "432", {}, 0}};
  }
  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override { return "test"; }
  std::int64_t workspace(const Region&) const override { return 0; }
  void run(const Region& region, const float*, const std::uint8_t*, const float*,
           const std::function<void(const StepOutput&)>& sink) const override {
    was_told = region.loads;
    was_phase.assign(region.phase, region.phase + region.shape.voxels());
    for (int k = 1; k <= int(region.loads.size()); ++k) {
      std::vector<float> stress(truth_.stress.begin() + 24 * (k - 1), truth_.stress.begin() + 24 * k);
      for (float& s : stress) s *= float(factor);
      LoadStep load = truth_.info.loads[std::size_t(k - 1)];
      load.L[0] += lateral;
      load.L[4] -= lateral;
      StepOutput out;
      out.step = k;
      out.orientation = truth_.at(k);
      out.stress = stress.data();
      out.load = &load;
      sink(out);
    }
  }

 private:
  ModelSpec spec_;
  const RunFields& truth_;
};

TEST(Evaluate, StressAndFreeComponentsOfAModelThatTakesTheLoad) {
  RunFields truth = made_up();
  truth.info.has_mean_F = true;
  truth.info.size = {8e-6, 1e-6, 1e-6};
  for (LoadStep& load : truth.info.loads) load.L[0] = -0.004, load.L[4] = -0.006;
  for (int k = 1; k <= 3; ++k)
    for (int i = 0; i < 4; ++i)  // uniaxial, k times 90 or 110 MPa
      truth.stress.insert(truth.stress.end(), {0, 0, float(1e6 * k * (i % 2 ? 110 : 90)), 0, 0, 0});
  Knowing model(truth);
  model.factor = 1.05;
  model.lateral = 0.0005;
  const Prediction prediction = predict(model, truth);
  // Nothing of the free components was told; the phase is found by its name.
  ASSERT_EQ(model.was_told.size(), 3u);
  EXPECT_EQ(model.was_told[0].L, (std::array<double, 9>{0, 0, 0, 0, 0, 0, 0, 0, 0.01}));
  EXPECT_EQ(model.was_phase, std::vector<std::int32_t>(4, 1));
  std::vector<std::int32_t> phase;
  EXPECT_EQ(region_of(truth, model.spec(), phase).spacing, (std::array<double, 3>{2e-6, 1e-6, 1e-6}));

  EvaluationOptions options;
  options.texture = false;
  options.training_curve = {{0, 0, 103e6, 0, 0, 0}, {0, 0, 206e6, 0, 0, 0}, {0, 0, 309e6, 0, 0, 0}};
  const Evaluation e = evaluate(truth, prediction, &model, options);
  ASSERT_TRUE(e.stress && e.stress->ratio() && e.stress->curve && e.stress->curve_training);
  EXPECT_FALSE(e.stress->taylor);  // no law is stated
  EXPECT_FALSE(e.stress->curve_taylor);
  EXPECT_NEAR(e.stress->curve->von_mises, 0.05, 1e-6);
  EXPECT_NEAR(e.stress->curve->component[2], 0.05, 1e-6);
  EXPECT_NEAR(e.stress->curve_training->von_mises, 0.03, 1e-6);
  // Of 90 and 110: 4.5 and 5.5 against 10 and 10 (times 1, 2, 3).
  EXPECT_NEAR(*e.stress->ratio(), std::sqrt((4.5 * 4.5 + 5.5 * 5.5) / 2) / 10, 1e-5);
  EXPECT_NEAR(*e.stress->uniform, 10e6 * std::sqrt(14.0 / 3), 1e2);
  EXPECT_NEAR(e.steps[1].stress.error->bias[2], 10e6, 1e2);
  EXPECT_NEAR(*e.steps[1].stress.rms_true, 2e6 * std::sqrt((90.0 * 90 + 110 * 110) / 2), 1e2);
  const double size = std::sqrt(2.0 / 3.0 * (16e-6 + 36e-6 + 1e-4));
  ASSERT_TRUE(e.free && e.free->model && e.free->guess && e.free->taylor);
  EXPECT_NEAR(*e.free->model, 0.0005 * std::sqrt(2.0) / size, 1e-9);
  EXPECT_NEAR(*e.free->guess, 0.001 * std::sqrt(2.0) / size, 1e-9);
  // Orientations are the truth's, whatever the frame, the operation or the step.
  EXPECT_NEAR(e.skill_path, 1, 1e-4);
  ASSERT_TRUE(e.crystal_symmetry && e.half_step && e.equivariance);
  EXPECT_EQ(e.equivariance->operations, 3);
  EXPECT_NEAR(e.crystal_symmetry->max, 0, 1e-6);
  // Every voxel turns by 1 degree about its axis: the mean of (1,0,0), (0,1,0), (0,0,1), (0.6,0,-0.8), three times.
  EXPECT_NEAR(e.drift_true.x, 3 * kDegree * 0.4, 1e-6);
  EXPECT_NEAR(e.drift_predicted.z, 3 * kDegree * 0.05, 1e-6);
  EXPECT_EQ(e.fibres.size(), 3u);
  EXPECT_EQ(e.fibres[0].truth, e.fibres[0].predicted);

  options.checks = Checks::kNone;
  EXPECT_FALSE(evaluate(truth, prediction, &model, options).equivariance);
  options.checks = Checks::kAll;
  EXPECT_EQ(evaluate(truth, prediction, &model, options).equivariance->operations, 47);
}

TEST(Evaluate, APhaseTheModelDoesNotKnowIsNamed) {
  RunFields truth = made_up();
  const Knowing model(truth);
  truth.info.phases[0].name = std::string("C");
  std::vector<std::int32_t> phase;
  try {
    region_of(truth, model.spec(), phase);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("phase C"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("B (622), A (432)"), std::string::npos) << e.what();
  }
}

TEST(Evaluate, AReturnIsJudgedOverItsPath) {
  // Out by two degrees and back: at the end nothing has turned, over the path one degree on average.
  RunFields truth = made_up();
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < 4; ++i) {
      const double t = (k == 1 || k == 2 ? 2 : 0) * kDegree;
      const Quatd q = exp(Vec3<double>{t, 0, 0});
      const double c[4] = {q.w, q.x, q.y, q.z};
      for (int j = 0; j < 4; ++j) truth.orientation[std::size_t(16 * k + 4 * i + j)] = float(c[j]);
    }
  Prediction half;
  for (int k = 1; k < 4; ++k)
    for (int i = 0; i < 4; ++i) {
      const Quatd q = exp(Vec3<double>{(k < 3 ? 1 : 0.5) * kDegree, 0, 0});
      for (const double x : {q.w, q.x, q.y, q.z}) half.orientation.push_back(float(x));
    }
  EvaluationOptions options;
  options.taylor = options.texture = false;
  const Evaluation e = evaluate(truth, half, nullptr, options);
  EXPECT_NEAR(e.skill_path, 1 - (1 + 1 + 0.5) / 4, 1e-4);
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
  const Outcome run = program("--predicted " + file + " " + file + " --no-texture --json - --training '" + kSamples + "damask'");
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
  // It predicts itself: no error where uniform stress is off by 57.3 MPa (numpy, from F and P of the same run).
  EXPECT_NEAR(last.at("stress").at("von_mises_rms_error_Pa").get<double>(), 0, 1);
  EXPECT_NEAR(last.at("stress").at("uniform_von_mises_rms_error_Pa").get<double>() / 1e6, 57.286, 0.05);
  EXPECT_NEAR(archive.at("stress").at("ratio_to_uniform").get<double>(), 0, 1e-6);
  EXPECT_NEAR(archive.at("stress").at("curve").at("von_mises_percent").get<double>(), 0, 1e-6);
  EXPECT_TRUE(archive.at("stress").at("curve_training").at("von_mises_percent").get<double>() > 1);
  EXPECT_TRUE(archive.at("free_components").at("error").is_null());  // an archive holds only the truth's
  EXPECT_TRUE(last.at("free_components").contains("xx") && !last.at("free_components").contains("zz"));
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

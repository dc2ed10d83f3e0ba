// Training end to end on small made-up runs, also through the program.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <cmath>
#include <thread>

#include <nlohmann/json.hpp>

#include "networks/train.h"
#include "training_cases.h"
#include "training_runs.h"

using namespace grainspin;
using namespace grainspin::testing;

using HeldRun = grainspin::Run;  // the name alone is a member of every test

namespace {

constexpr int kSteps = 3;

class Training : public ::testing::Test {
 protected:
  Training() : folder_("training " + std::to_string(getpid())) {
    const Shape shapes[] = {{6, 5, 4}, {4, 6, 5}, {5, 5, 5}, {6, 4, 6}};
    for (unsigned i = 0; i < 4; ++i) {
      runs_.push_back(folder_ / ("run " + std::to_string(i) + ".h5"));
      write_run(runs_.back(), shapes[i], kSteps, i + 1);
    }
  }

  TrainOptions options(Feedback feedback) const {
    TrainOptions o;
    o.archives = {runs_[0], runs_[1], runs_[2]};
    o.validation = {runs_[3]};
    o.local.hidden = 32;
    o.local.feedback = feedback;
    o.steps = 40;
    o.batch = 64;
    o.lr = 0.01;
    o.threads = 1;
    return o;
  }

  Scratch folder_;
  std::vector<std::string> runs_;
};

// Starts the program; its output goes to a file.
pid_t start(const std::vector<std::string>& arguments, const std::string& log) {
  const pid_t child = fork();
  if (child == 0) {
    if (!std::freopen(log.c_str(), "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) _exit(126);
    std::vector<char*> argv{const_cast<char*>(GRAINSPIN_PROGRAM)};
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    execv(GRAINSPIN_PROGRAM, argv.data());
    _exit(127);
  }
  return child;
}

int status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string text_of(const std::string& path) {
  std::ostringstream s;
  s << std::ifstream(path).rdbuf();
  return s.str();
}

}  // namespace

// The law is within reach of a 3x3x3 cube: it must be learned on runs that were not seen.
TEST_F(Training, LearnsALaw) {
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    TrainOptions o = options(feedback);
    o.steps = feedback == Feedback::kInitial ? 250 : 400;
    o.batch = 128;
    o.lr = 0.006;
    const TrainReport r = run(o);
    ASSERT_EQ(r.validation.size(), 1u);
    const RunScore& s = r.validation[0];
    EXPECT_EQ(r.operations, 16);
    EXPECT_GT(s.skill(), 0.4) << name(feedback);
    EXPECT_GT(s.r2_rolled, 0.6) << name(feedback);
    EXPECT_EQ(std::isnan(s.r2_one_step), feedback == Feedback::kInitial);
    if (feedback != Feedback::kInitial) {
      EXPECT_GT(s.r2_one_step, 0.6) << name(feedback);
    }
    // Persistence: the mean angle from the start, straight from the stored fields.
    const HeldRun truth = load_run(runs_[3], false);
    double sum = 0;
    for (std::int64_t i = 0; i < truth.voxels(); ++i) {
      const float *a = &truth.q[std::size_t(i * 4)],
                  *b = &truth.q[std::size_t((kSteps * truth.voxels() + i) * 4)];
      const Vec3<double> w = log(Quatd{b[0], b[1], b[2], b[3]} * conjugate(Quatd{a[0], a[1], a[2], a[3]}));
      sum += std::sqrt(w.x * w.x + w.y * w.y + w.z * w.z) * 180 / M_PI;
    }
    EXPECT_NEAR(s.persistence_deg.back(), sum / double(truth.voxels()), 1e-4);
  }
}

TEST_F(Training, SameSeedSameBits) {
  const TrainOptions o = options(Feedback::kNeighbours);
  const TrainReport a = run(o), b = run(o);
  EXPECT_TRUE(equal(a.model, b.model));
  TrainOptions other = o;
  other.seed = 2;
  EXPECT_FALSE(equal(a.model, run(other).model));
}

TEST_F(Training, ResumedIsUnbroken) {
  for (const Feedback feedback : {Feedback::kOwn, Feedback::kNeighbours})
    for (const int stop : {7, 30}) {  // while taught, and on the own path
      TrainOptions o = options(feedback);
      o.checkpoint = folder_ / "checkpoint";
      const TrainReport whole = run(o);
      int steps = 0;
      EXPECT_THROW(train(o, [&](double, double, const TrainRow*) { return ++steps < stop; }), Error);
      o.resume = true;
      const TrainReport rest = run(o);
      EXPECT_TRUE(equal(whole.model, rest.model)) << name(feedback) << " " << stop;
      ASSERT_EQ(whole.rows.size(), rest.rows.size());
      for (std::size_t i = 0; i < whole.rows.size(); ++i) {
        EXPECT_EQ(whole.rows[i].loss, rest.rows[i].loss);
        EXPECT_EQ(whole.rows[i].step, rest.rows[i].step);
      }
    }
}

// A training that early stopping has ended, interrupted before its model was written, is not gone on with.
TEST_F(Training, ResumedStopsEarlyWhereTheUnbrokenOneDoes) {
  TrainOptions o = options(Feedback::kInitial);
  o.steps = 400;
  o.held_out = 1;
  o.patience = 1;
  o.lr = 0.3;  // soon no better
  o.checkpoint = folder_ / "checkpoint";
  const TrainReport whole = run(o);
  ASSERT_TRUE(whole.stopped_early);
  const std::int64_t last = whole.rows.back().step;
  std::int64_t steps = 0;
  EXPECT_THROW(train(o, [&](double, double, const TrainRow*) { return ++steps < last; }), Error);
  o.resume = true;
  const TrainReport rest = run(o);
  EXPECT_TRUE(rest.stopped_early);
  EXPECT_EQ(rest.rows.back().step, last);
  EXPECT_TRUE(equal(whole.model, rest.model));
}

TEST_F(Training, CheckpointsOfOtherTrainingsAreRefused) {
  TrainOptions o = options(Feedback::kOwn);
  o.checkpoint = folder_ / "checkpoint";
  o.resume = true;
  EXPECT_NE(refusal(o, Errc::kIo).find("no such checkpoint"), std::string::npos);
  int steps = 0;
  o.resume = false;
  EXPECT_THROW(train(o, [&](double, double, const TrainRow*) { return ++steps < 3; }), Error);
  o.resume = true;
  o.lr *= 2;
  EXPECT_NE(refusal(o, Errc::kArgument).find("other settings"), std::string::npos);
  o.lr /= 2;
  std::filesystem::resize_file(o.checkpoint, 100);
  EXPECT_NE(refusal(o, Errc::kFormat).find("not a readable checkpoint"), std::string::npos);
}

TEST_F(Training, WhatDoesNotBelongTogetherIsRefused) {
  TrainOptions o = options(Feedback::kOwn);
  write_run(folder_ / "hexagonal.h5", {4, 4, 4}, kSteps, 9, "622");
  write_run(folder_ / "longer.h5", {4, 4, 4}, kSteps + 1, 9);
  write_run(folder_ / "faster.h5", {4, 4, 4}, kSteps, 9, "432", 0.02);
  for (const auto& [file, reason] : {std::pair{"hexagonal.h5", "point group 622"},
                                     {"longer.h5", "4 strain steps, wanted 3"},
                                     {"faster.h5", "strain 0.02"}}) {
    TrainOptions p = o;
    p.archives.push_back(folder_ / file);
    const std::string text = refusal(p, Errc::kFormat);
    EXPECT_NE(text.find(reason), std::string::npos) << text;
    EXPECT_NE(text.find(file), std::string::npos) << text;
    p = o;
    p.validation = {folder_ / file};
    EXPECT_NE(refusal(p, Errc::kFormat).find(reason), std::string::npos);
  }
  o.local.stress = true;
  EXPECT_NE(refusal(o, Errc::kFormat).find("no F and P"), std::string::npos);
  o = options(Feedback::kOwn);
  o.epochs = 3;
  EXPECT_NE(refusal(o, Errc::kArgument).find("one budget"), std::string::npos);
}

TEST_F(Training, ModelTellsWhereItComesFrom) {
  TrainOptions o = options(Feedback::kNeighbours);
  o.local.variance = true;
  o.command = "grainspin train";
  const TrainReport r = run(o);
  write_model(folder_ / "model.safetensors", r.model);
  const Model back = read_model(folder_ / "model.safetensors");
  EXPECT_TRUE(equal(back, r.model));
  const auto provenance = nlohmann::json::parse(back.spec.provenance),
             scores = nlohmann::json::parse(back.spec.scores);
  EXPECT_EQ(provenance["command"], "grainspin train");
  EXPECT_EQ(provenance["settings"]["seed"], 1);
  EXPECT_EQ(provenance["training"].size() + provenance["held_out"].size(), 3u);
  EXPECT_EQ(provenance["held_out"].size(), 1u);
  EXPECT_EQ(provenance["training"][0]["sha256"].get<std::string>().size(), 64u);
  EXPECT_NEAR(scores["validation"][0]["skill_persistence"].get<double>(), r.validation[0].skill(), 1e-12);
  EXPECT_EQ(back.spec.loads.size(), std::size_t(kSteps));
  EXPECT_EQ(back.spec.loads[0].L[0], 0);  // free: its value is not kept
}

TEST_F(Training, ProgramStopsCleanlyAndContinues) {
  const std::string model = folder_ / "model.safetensors", checkpoint = folder_ / "model.checkpoint",
                    log = folder_ / "log.txt";
  std::vector<std::string> arguments{
      "train", runs_[0],    runs_[1], "--validation", runs_[3], "-o",
      model,   "--hidden",  "32",     "--steps",      "3000",   "--batch",
      "64",    "--threads", "1",      "--held-out",   "0",      "--checkpoint-minutes",
      "0.001"};
  const pid_t child = start(arguments, log);
  ASSERT_GT(child, 0);
  for (int i = 0; i < 600 && !std::filesystem::exists(checkpoint); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ASSERT_TRUE(std::filesystem::exists(checkpoint)) << text_of(log);
  kill(child, SIGTERM);
  EXPECT_EQ(status_of(child), int(Errc::kInterrupted)) << text_of(log);
  EXPECT_NE(text_of(log).find("--resume"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(checkpoint));
  EXPECT_FALSE(std::filesystem::exists(model));
  arguments.push_back("--resume");
  arguments[10] = "3000";
  const pid_t again = start(arguments, log);
  ASSERT_GT(again, 0);
  std::this_thread::sleep_for(std::chrono::seconds(2));
  kill(again, SIGINT);
  const int status = status_of(again);  // slow machines stop again, fast ones have finished
  EXPECT_TRUE(status == int(Errc::kInterrupted) || status == 0) << status << text_of(log);
}

TEST_F(Training, ProgramReadsSettingsFromToml) {
  const std::string model = folder_ / "small.safetensors", log = folder_ / "log.txt",
                    config = folder_ / "settings.toml";
  std::ofstream(config) << "hidden = 48\ncell = \"gru\"\nfeedback = \"own\"\nsteps = 5\nbatch = 32\nseed = "
                           "7\nheld-out = 0\nvariance = true\n";
  EXPECT_EQ(status_of(start({"train", runs_[0], "-o", model, "--config", config, "--seed", "8"}, log)), 0)
      << text_of(log);
  const Model m = read_model(model);
  EXPECT_EQ(m.spec.local.hidden, 48);
  EXPECT_EQ(m.spec.local.cell, Cell::kGru);
  EXPECT_EQ(m.spec.local.feedback, Feedback::kOwn);
  EXPECT_TRUE(m.spec.local.variance);
  EXPECT_EQ(nlohmann::json::parse(m.spec.provenance)["settings"]["seed"], 8);  // the command line wins
  const auto json = nlohmann::json::parse(text_of(folder_ / "small.json"));
  EXPECT_EQ(json["settings"]["steps"], 5);
  EXPECT_GT(json["peak_bytes"].get<double>(), 1e7);
  EXPECT_EQ(json["runs"][0]["samples_per_epoch"], 120);
  EXPECT_EQ(text_of(folder_ / "small.csv").substr(0, 20), "epoch,train,held_out");
  EXPECT_NE(text_of(folder_ / "small.svg").find("<svg"), std::string::npos);
}

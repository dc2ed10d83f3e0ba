// grainspin train --mpi as a user calls it, mpirun -n 2; and trainings that are killed. What is expected is
// what one unbroken process ends with, bit for bit.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "training_runs.h"
#include "training_sets.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

namespace fs = std::filesystem;

class TrainProgram : public ::testing::TestWithParam<Family>, protected TrainingSets {
 protected:
  TrainProgram() : TrainingSets("training programs " + std::to_string(getpid())) {
    // Open MPI: containers run as root, and have fewer processors than the tests have ranks.
    for (const char* name :
         {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "OMPI_MCA_rmaps_base_oversubscribe",
          "OMPI_MCA_mpi_yield_when_idle", "PRTE_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM"})
      ::setenv(name, "1", 1);
    ::setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 1);
    ::setenv("OMPI_MCA_btl", "self,vader", 1);
  }

  // The arguments of a short training whose model is `name`; a checkpoint after every step.
  std::vector<std::string> arguments(const std::string& name, int steps) const {
    std::vector<std::string> a{"train", runs[0], runs[1], runs[2], runs[3], "-o", folder / name};
    const auto add = [&](std::initializer_list<std::string> more) { a.insert(a.end(), more); };
    add({"--steps", std::to_string(steps), "--threads", "1", "--held-out", "1", "--checkpoint-minutes", "0",
         "--device", "cpu", "--teacher", "0.5"});
    if (GetParam() == Family::kLocal)
      add({"--hidden", "32", "--feedback", "own", "--batch", "64", "--parts", "2"});
    else
      add({"--family", "nonlocal", "--passes", "1",      "--channels", "2",      "--polarisations",
           "1",        "--memory", "1",        "--slip", "fcc",        "--pool", "4",
           "--grids",  "2",        "--chunk",  "2",      "--average",  "0.9"});
    return a;
  }

  pid_t start(std::vector<std::string> a) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600),
              null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0), ::dup2(log, 1), ::dup2(log, 2);
    std::vector<const char*> argv;
    for (const std::string& text : a) argv.push_back(text.c_str());
    argv.push_back(nullptr);
    ::execv(argv[0], const_cast<char**>(argv.data()));
    ::_exit(127);
  }
  static int status_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  pid_t start_alone(std::vector<std::string> a) {
    a.insert(a.begin(), GRAINSPIN_PROGRAM);
    return start(std::move(a));
  }
  pid_t start_ranks(int n, std::vector<std::string> a) {
    a.insert(a.begin(), {GRAINSPIN_MPIEXEC, "-n", std::to_string(n), GRAINSPIN_PROGRAM});
    a.push_back("--mpi");
    return start(std::move(a));
  }
  static bool no_mpi() { return std::string(GRAINSPIN_MPIEXEC).empty() || !fs::exists(GRAINSPIN_MPIEXEC); }
  std::string said() const {
    std::ifstream log(folder / "log");
    return {std::istreambuf_iterator<char>(log), {}};
  }
  // Waits until the checkpoint of a training has been replaced a few times.
  void wait_for_checkpoint(const std::string& path, pid_t child) {
    fs::file_time_type last{};
    for (int seen = 0, i = 0; seen < 3 && i < 6000 && ::waitpid(child, nullptr, WNOHANG) == 0; ++i) {
      std::error_code none;
      const auto time = fs::last_write_time(path, none);
      if (!none && time != last) ++seen, last = time;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_TRUE(fs::exists(path)) << said();
  }
  // Equal but for what tells how they came about: command, ranks, seconds.
  static void expect_same_model(const std::string& a, const std::string& b) {
    Model one = read_model(a), two = read_model(b);
    EXPECT_TRUE(equal(one, two));
    EXPECT_EQ(one.spec.domain, two.spec.domain);
    EXPECT_EQ(one.spec.scores, two.spec.scores);
    auto p = nlohmann::json::parse(one.spec.provenance), q = nlohmann::json::parse(two.spec.provenance);
    for (auto* json : {&p, &q})
      for (const char* name : {"command", "ranks", "seconds"}) json->erase(name);
    EXPECT_EQ(p, q);
  }
};

}  // namespace

TEST_P(TrainProgram, KilledAndResumedEndsAsUnbroken) {
  constexpr int kTrained = 60;
  const auto whole = arguments("whole.safetensors", kTrained);
  ASSERT_EQ(status_of(start_alone(whole)), 0) << said();
  auto broken = arguments("broken.safetensors", kTrained);
  for (int time = 0; time < 2; ++time) {  // and the resumed one killed as well
    const pid_t child = start_alone(broken);
    wait_for_checkpoint(folder / "broken.checkpoint", child);
    ::kill(child, SIGKILL);
    ASSERT_EQ(status_of(child), -SIGKILL) << "ended before it was killed: " << said();
    EXPECT_FALSE(fs::exists(folder / "broken.safetensors"));
    if (time == 0) broken.push_back("--resume");
  }
  ASSERT_EQ(status_of(start_alone(broken)), 0) << said();
  expect_same_model(folder / "whole.safetensors", folder / "broken.safetensors");
  EXPECT_FALSE(fs::exists(folder / "broken.checkpoint"));
}

TEST_P(TrainProgram, TwoProcessesTrainAsOne) {
  if (no_mpi()) GTEST_SKIP() << "no MPI here";
  ASSERT_EQ(status_of(start_alone(arguments("one.safetensors", 12))), 0) << said();
  ASSERT_EQ(status_of(start_ranks(2, arguments("two.safetensors", 12))), 0) << said();
  expect_same_model(folder / "one.safetensors", folder / "two.safetensors");
  EXPECT_NE(said().find("rank 0 of 2"), std::string::npos) << said();
  EXPECT_FALSE(fs::exists(folder / "two.checkpoint"));
}

TEST_P(TrainProgram, AKilledRankEndsAllAndTheRestIsTheSame) {
  if (no_mpi() || GetParam() == Family::kLocal)
    GTEST_SKIP() << "no MPI here, or the family without a state to be gathered";
  constexpr int kTrained = 40;
  ASSERT_EQ(status_of(start_alone(arguments("one.safetensors", kTrained))), 0) << said();
  auto ranks = arguments("two.safetensors", kTrained);
  const pid_t launcher = start_ranks(2, ranks);
  wait_for_checkpoint(folder / "two.checkpoint", launcher);
  std::vector<pid_t> children;
  std::ifstream list("/proc/" + std::to_string(launcher) + "/task/" + std::to_string(launcher) + "/children");
  for (pid_t p; list >> p;) children.push_back(p);
  ASSERT_EQ(children.size(), 2u);
  ::kill(children.back(), SIGKILL);
  EXPECT_NE(status_of(launcher), 0) << said();
  EXPECT_FALSE(fs::exists(folder / "two.safetensors"));
  ranks.push_back("--resume");
  ASSERT_EQ(status_of(start_ranks(2, ranks)), 0) << said();
  expect_same_model(folder / "one.safetensors", folder / "two.safetensors");
}

INSTANTIATE_TEST_SUITE_P(Families, TrainProgram, ::testing::Values(Family::kLocal, Family::kNonlocal),
                         [](const auto& info) { return std::string(name(info.param)); });

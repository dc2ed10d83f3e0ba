// Trainings whose runs do not fit into memory end with the bits of those whose runs do, and keep to what they
// are given.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "training_runs.h"
#include "training_sets.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

class TrainMemory : public ::testing::Test, protected TrainingSets {
 protected:
  TrainMemory() : TrainingSets("training memory " + std::to_string(getpid())) {}

  // The largest memory of the program, bytes; `status` of its end.
  std::int64_t peak(std::vector<std::string> arguments, int& status) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (!std::freopen((folder / "log").c_str(), "w", stdout) || ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        ::_exit(126);
      std::vector<const char*> argv{GRAINSPIN_PROGRAM};
      for (const std::string& a : arguments) argv.push_back(a.c_str());
      argv.push_back(nullptr);
      ::execv(GRAINSPIN_PROGRAM, const_cast<char**>(argv.data()));
      ::_exit(127);
    }
    rusage usage{};
    int raw = 0;
    ::wait4(child, &raw, 0, &usage);
    status = WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
    return std::int64_t(usage.ru_maxrss) * 1024;
  }
  std::string said() const {
    std::ifstream log(folder / "log");
    return {std::istreambuf_iterator<char>(log), {}};
  }
};

}  // namespace

TEST_F(TrainMemory, StreamedIsTheSameBitForBit) {
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    TrainOptions o = options(Family::kLocal, feedback);
    if (feedback == Feedback::kNeighbours) o.batch = 120;
    const TrainReport whole = run(o);
    // The largest run has 144 voxels of 244 bytes; a batch takes 77 kB, with neighbours 365 kB.
    o.memory = feedback == Feedback::kNeighbours ? 2'000'000 : 300'000;
    const TrainReport streamed = run(o);
    EXPECT_TRUE(equal(whole.model, streamed.model)) << name(feedback);
    EXPECT_EQ(whole.model.spec.domain, streamed.model.spec.domain);
    EXPECT_EQ(whole.validation[0].error_deg, streamed.validation[0].error_deg);
    o.parts = 3;
    const TrainReport parts = run(o);
    o.memory = 0;
    EXPECT_TRUE(equal(run(o).model, parts.model)) << name(feedback);
  }
  TrainOptions o = options(Family::kNonlocal);
  const TrainReport whole = run(o);
  o.memory = 20'000;
  EXPECT_TRUE(equal(whole.model, run(o).model));
}

TEST_F(TrainMemory, ALimitThatHoldsNothingIsRefused) {
  TrainOptions o = options(Family::kLocal);
  o.memory = 100;
  EXPECT_NE(refusal(o, Errc::kMemory).find("its fields take"), std::string::npos);
  o.memory = 50'000;  // a run, but no batch beside it
  EXPECT_NE(refusal(o, Errc::kMemory).find("one run and one batch"), std::string::npos);
}

TEST_F(TrainMemory, TheProgramKeepsToIt) {
  // 16 runs whose fields take 5.4 MB each, 86 MB together.
  write_run(folder / "large.h5", {28, 28, 28}, 3, 9);
  std::vector<std::string> arguments{"train"};
  for (int i = 0; i < 16; ++i) arguments.push_back(folder / "large.h5");
  for (const char* word : {"--feedback", "initial", "--hidden", "32", "--steps", "4", "--batch", "64",
                           "--held-out", "0", "--threads", "1", "--device", "cpu", "-q", "-o"})
    arguments.push_back(word);
  auto streamed = arguments;
  arguments.push_back(folder / "whole.safetensors");
  streamed.insert(streamed.end(), {folder / "streamed.safetensors", "--data-memory", "16MB"});
  int status = 0;
  const std::int64_t all = peak(arguments, status);
  ASSERT_EQ(status, 0) << said();
  const std::int64_t some = peak(streamed, status);
  ASSERT_EQ(status, 0) << said();
  // 86 MB less 16 MB, but for what reading one run takes beside it.
  EXPECT_LT(some, all - 50'000'000);
  EXPECT_TRUE(equal(read_model(folder / "whole.safetensors"), read_model(folder / "streamed.safetensors")));
  streamed.back() = "much";
  peak(streamed, status);
  EXPECT_EQ(status, int(Errc::kArgument));
  EXPECT_NE(said().find("'much' is not a size"), std::string::npos) << said();
}

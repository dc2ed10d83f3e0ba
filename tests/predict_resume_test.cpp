// grainspin predict --resume: a run that is killed at any moment and gone on with gives what an unbroken one gives; and the
// program keeps to --memory with a grid that is larger.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "dadf5_files.h"
#include "grainspin/archive.h"
#include "local_oracle.h"
#include "program_memory.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;

class Resume : public ::testing::Test {
 protected:
  Folder folder;
  std::string model = folder / "model.safetensors", input = folder / "input.h5", said;

  pid_t start(const std::vector<std::string>& arguments) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(log, 1), ::dup2(log, 2);
      std::vector<const char*> argv{GRAINSPIN_PROGRAM};
      for (const std::string& a : arguments) argv.push_back(a.c_str());
      argv.push_back(nullptr);
      ::execv(argv[0], const_cast<char**>(argv.data()));
      ::_exit(127);
    }
    return child;
  }
  int wait(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    std::ifstream log(folder / "log");
    said.assign(std::istreambuf_iterator<char>(log), {});
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int call(const std::vector<std::string>& arguments) { return wait(start(arguments)); }
  std::vector<std::string> predict(const std::string& output, std::vector<std::string> more) const {
    std::vector<std::string> all{"predict", model, input, "-o", output, "--device", "cpu", "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void prepare(Shape s, Feedback feedback, bool stress = false, int steps = 4) {
    Model m = testing::random_model({Cell::kLstm, 1, 32, 1, feedback, stress, false}, "432", steps, 9);
    for (LoadStep& l : m.spec.loads) l.L = {-0.005, 0, 0, 0, -0.005, 0, 0, 0, 0.01}, l.prescribed.fill(true);
    write_model(model, m);
    ASSERT_EQ(call({"make", "voronoi", "-o", input, "--cells", std::to_string(s.nx), std::to_string(s.ny), std::to_string(s.nz), "--grains", "30"}), 0) << said;
  }
  static int tiles_in(const std::string& journal) {
    std::ifstream in(journal);
    int n = 0;
    for (std::string line; std::getline(in, line);) n += line.find("\"sums\":") != std::string::npos;
    return n;
  }
  // Kills the run once `tiles` tiles are whole. False where it was over first.
  bool kill_after(const std::vector<std::string>& arguments, const std::string& output, int tiles) {
    const pid_t child = start(arguments);
    for (int i = 0; i < 20000 && tiles_in(output + ".journal") < tiles && !fs::exists(output); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::kill(child, SIGKILL);
    const int status = wait(child);
    EXPECT_EQ(fs::exists(output), status == 0) << said;
    return status == -SIGKILL;
  }
  // The same, as often as it takes.
  void killed(const std::vector<std::string>& arguments, const std::string& output, int tiles) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      if (kill_after(arguments, output, tiles)) return;
      fs::remove(output);
    }
    FAIL() << "was over before it could be killed";
  }
  // Names beside the output that have to do with it.
  int remains(const std::string& output) const {
    int n = 0;
    for (const auto& entry : fs::directory_iterator(folder.path()))
      n += entry.path().string() != output && entry.path().string().starts_with(output) ? 1 : 0;
    return n;
  }
  static void expect_same_content(const std::string& a, const std::string& b) {
    const auto x = open_archive(a), y = open_archive(b);
    const std::int64_t n = x->info().shape.voxels();
    ASSERT_EQ(x->info().step_count(), y->info().step_count());
    std::vector<float> p(std::size_t(n * 6)), q(p.size());
    std::vector<std::int32_t> g(static_cast<std::size_t>(n)), h(g);
    for (int k = 0; k <= x->info().step_count(); ++k) {
      x->orientation(k, 0, n, p.data()), y->orientation(k, 0, n, q.data());
      ASSERT_EQ(0, std::memcmp(p.data(), q.data(), std::size_t(n) * 16)) << k;
      if (!x->info().has_stress) continue;
      x->stress(k, 0, n, p.data()), y->stress(k, 0, n, q.data());
      ASSERT_EQ(0, std::memcmp(p.data(), q.data(), std::size_t(n) * 24)) << k;
    }
    x->grain(0, n, g.data()), y->grain(0, n, h.data());
    EXPECT_EQ(g, h);
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(Resume, AKilledRunIsGoneOnWith) {
  prepare({48, 40, 32}, Feedback::kInitial, true);
  const std::string once = folder / "once.h5", out = folder / "out.h5";
  const std::vector<std::vector<std::string>> ways{
      {"--tile", "12"}, {"--tile", "12", "--orientation", "packed48", "--steps", "2,4"}, {"--tile", "12", "--compress"}};
  for (const std::vector<std::string>& more : ways) {
    std::vector<std::string> all = more;
    const std::string curve = folder / "curve.csv", curve_once = folder / "once.csv";
    all.insert(all.end(), {"--curve", curve_once});
    ASSERT_EQ(call(predict(once, all)), 0) << said;
    all.back() = curve;
    killed(predict(out, all), out, 5);
    const int before = tiles_in(out + ".journal");
    EXPECT_GE(before, 5);
    all.push_back("--resume");
    if (kill_after(predict(out, all), out, before + 7)) {  // and once more
      const int then = tiles_in(out + ".journal");
      EXPECT_GE(then, before);
      ASSERT_EQ(call(predict(out, all)), 0) << said;
      EXPECT_NE(said.find(std::to_string(then) + " tiles are whole"), std::string::npos) << said;
    }
    EXPECT_EQ(remains(out), 0);
    expect_same_content(once, out);
    EXPECT_EQ(bytes_of(curve), bytes_of(curve_once));
    if (more.back() != "--compress") {  // without compression the very bytes
      EXPECT_TRUE(bytes_of(once) == bytes_of(out));
    }
    fs::remove(out);
  }
}

TEST_F(Resume, WholeTilesAreNotComputedAgain) {
  prepare({36, 12, 12}, Feedback::kInitial);
  const std::string out = folder / "out.h5", profile = folder / "profile.json";
  killed(predict(out, {"--tile", "6"}), out, 9);  // of 24
  const int whole = tiles_in(out + ".journal");
  ASSERT_EQ(call(predict(out, {"--tile", "6", "--resume", "--profile-json", profile})), 0) << said;
  const auto told = nlohmann::json::parse(bytes_of(profile));
  EXPECT_EQ(std::llround(told.at("voxel_steps").get<double>()), (24 - whole) * 6 * 6 * 6 * 4);
}

TEST_F(Resume, SaysWhatItDoesWithAStoppedRun) {
  prepare({48, 48, 48}, Feedback::kNeighbours);
  const std::string out = folder / "out.h5";
  // Nothing to go on with: it begins anew.
  killed(predict(out, {"--tile", "12", "--resume"}), out, 2);
  EXPECT_EQ(remains(out), 2);
  // Other settings are refused by name, and leave the stopped run alone.
  EXPECT_EQ(call(predict(out, {"--tile", "12", "--resume", "--steps", "last"})), int(Errc::kArgument));
  EXPECT_NE(said.find("steps"), std::string::npos) << said;
  EXPECT_NE(said.find("--resume"), std::string::npos) << said;
  EXPECT_EQ(remains(out), 2);
  // Another program at it is noticed.
  const int had = tiles_in(out + ".journal");
  const pid_t child = start(predict(out, {"--tile", "12", "--resume"}));
  for (int i = 0; i < 20000 && tiles_in(out + ".journal") <= had; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(child, SIGSTOP);
  {
    const pid_t other = ::fork();
    if (other == 0) {
      const int log = ::open((folder / "log2").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(log, 1), ::dup2(log, 2);
      ::execl(GRAINSPIN_PROGRAM, GRAINSPIN_PROGRAM, "predict", model.c_str(), input.c_str(), "-o", out.c_str(), "--device", "cpu", nullptr);
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(other, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), int(Errc::kArgument));
    EXPECT_NE(bytes_of(folder / "log2").find("another run"), std::string::npos);
  }
  // Stopped on request it says what to do.
  ::kill(child, SIGINT);
  ::kill(child, SIGCONT);
  EXPECT_EQ(wait(child), int(Errc::kInterrupted)) << said;
  EXPECT_NE(said.find("--resume goes on"), std::string::npos) << said;
  EXPECT_EQ(remains(out), 2);
  // A torn last line and a file that is gone.
  std::ofstream(out + ".journal", std::ios::app) << R"({"tile":3,"wri)";
  EXPECT_EQ(call(predict(out, {"--tile", "12", "--steps", "last"})), 0) << said;  // without --resume: replaced
  EXPECT_NE(said.find("replaced"), std::string::npos) << said;
  EXPECT_EQ(remains(out), 0);
  EXPECT_EQ(open_archive(out)->info().step_count(), 1);
}

// After a restart of the machine only what had reached the disk counts: here nothing but the first line says so.
TEST_F(Resume, WhatTheDiskNeverHadIsComputedAgain) {
  prepare({36, 12, 12}, Feedback::kInitial);
  const std::string out = folder / "out.h5", once = folder / "once.h5";
  ASSERT_EQ(call(predict(once, {"--tile", "6"})), 0) << said;
  killed(predict(out, {"--tile", "6"}), out, 3);
  std::string journal = bytes_of(out + ".journal");
  const std::size_t at = journal.find("\"boot\":\"") + 8;
  journal.replace(at, 4, "gone");
  std::ofstream(out + ".journal", std::ios::binary) << journal;
  ASSERT_EQ(call(predict(out, {"--tile", "6", "--resume"})), 0) << said;
  EXPECT_NE(said.find("no stopped run"), std::string::npos) << said;
  expect_same_content(once, out);
}

// The most that the program ever held, in bytes, and what its grid takes.
TEST_F(Resume, AGridLargerThanTheMemoryItMayTake) {
  prepare({216, 216, 128}, Feedback::kInitial, false, 1);  // 96 MB of orientations, before and after the one step
  const std::string out = folder / "out.h5", peak = folder / "peak";
  ASSERT_EQ(call(predict(out, {"--memory", "1MB"})), int(Errc::kMemory)) << said;
  const std::int64_t limit = testing::program_alone(said) + 12'000'000;
  const std::vector<std::string> all = predict(out, {"--memory", testing::megabytes(limit), "--orientation", "packed32", "--quiet"});
  const pid_t child = ::fork();
  if (child == 0) {
    const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(log, 1), ::dup2(log, 2);
    std::vector<const char*> argv{GRAINSPIN_PROGRAM};
    for (const std::string& a : all) argv.push_back(a.c_str());
    argv.push_back(nullptr);
    ::execv(argv[0], const_cast<char**>(argv.data()));
    ::_exit(127);
  }
  std::int64_t most = 0;
  int status = 0;
  for (;;) {
    std::ifstream in("/proc/" + std::to_string(child) + "/status");
    std::int64_t now = 0;  // without the pages of libraries, which the system can drop
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:")) now += std::stoll(line.substr(9)) * 1024;
    most = std::max(most, now);
    if (::waitpid(child, &status, WNOHANG) == child) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ASSERT_EQ(WEXITSTATUS(status), 0) << bytes_of(folder / "log");
  EXPECT_LE(most, limit);
  EXPECT_GT(most, 20'000'000);  // it was measured at all
  EXPECT_EQ(open_archive(out)->info().shape.voxels(), 216 * 216 * 128);
}

}  // namespace
}  // namespace grainspin

// The program's --version and --help as a person calls them, and the library's own statement.
#include "grainspin/version_info.h"

#include <array>
#include <cstdio>
#include <regex>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace {

struct Ended {
  int status = -1;
  std::string out;
};

Ended program(const std::string& arguments) {
  Ended run;
  FILE* pipe = popen((std::string("'") + GRAINSPIN_PROGRAM + "' " + arguments + " 2>&1").c_str(), "r");
  if (!pipe) return run;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), part.size(), pipe)) run.out += part.data();
  const int ended = pclose(pipe);
  run.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  return run;
}

TEST(Version, StatesCommitAsGitWritesIt) {
  const std::string commit = grainspin::build_info().commit;
  EXPECT_TRUE(std::regex_match(commit, std::regex("([0-9a-f]{12,40})(-dirty)?|unknown"))) << commit;
  EXPECT_EQ(grainspin::version_string(), grainspin::build_info().version + " (" + commit + ")");
}

TEST(Version, ProgramNamesEveryPart) {
  const Ended run = program("--version");
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out.rfind("grainspin " + grainspin::build_info().version + "\n", 0), 0u) << run.out;
  for (const char* part : {"commit", "compiler", "CUDA", "GPU", "LibTorch", "processor"})
    EXPECT_NE(run.out.find(std::string("\n") + part), std::string::npos) << part << " in\n" << run.out;
  EXPECT_NE(run.out.find(grainspin::build_info().commit), std::string::npos);
}

#if defined(__x86_64__)
TEST(Version, InstructionSetsAreThoseOfCpuinfo) {  // what the kernel says of the same processor
  std::string flags;
  if (FILE* file = std::fopen("/proc/cpuinfo", "r")) {
    std::array<char, 65536> line{};
    while (std::fgets(line.data(), line.size(), file))
      if (std::string(line.data()).rfind("flags", 0) == 0) { flags = std::string(line.data()) + " "; break; }
    std::fclose(file);
  }
  if (flags.empty()) GTEST_SKIP() << "no /proc/cpuinfo";
  for (char& c : flags) if (c == '\n') c = ' ';
  const auto listed = [](const char* name) {
    return (", " + grainspin::instruction_sets() + ",").find(std::string(", ") + name + ",") != std::string::npos;
  };
  const auto flag = [&](const char* name) { return flags.find(std::string(" ") + name + " ") != std::string::npos; };
  EXPECT_EQ(listed("AVX2"), flag("avx2"));
  EXPECT_EQ(listed("FMA"), flag("fma"));
  EXPECT_EQ(listed("AVX-512"), flag("avx512f") && flag("avx512bw") && flag("avx512dq") && flag("avx512vl"));
}
#endif

TEST(Program, WithoutVerbIsAnArgumentError) {
  const Ended run = program("");
  EXPECT_EQ(run.status, 1);  // Errc::kArgument
  EXPECT_FALSE(run.out.empty());
}

TEST(Program, UnknownVerbIsAnArgumentErrorThatNamesIt) {
  const Ended run = program("predikt");
  EXPECT_EQ(run.status, 1);
  EXPECT_NE(run.out.find("predikt"), std::string::npos) << run.out;
}

}  // namespace

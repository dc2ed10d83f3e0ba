// grainspin predict and make voronoi as a user calls them. Expected results: the engine on the whole grid
// (engine_test checks it against the definition), and what the input holds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "grainspin/archive.h"
#include "grainspin/core.h"
#include "grainspin/surrogate.h"
#include "local_oracle.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;
using testing::random_model;

class Predict : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("grainspin prädiction " + std::to_string(::getpid()));
    fs::create_directories(folder);
    model = path("model.safetensors"), input = path("in put.h5"), output = path("out.h5");
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const std::string& name) const { return (folder / name).string(); }

  // Starts the program; its stdout and stderr go to a file.
  pid_t start(const std::vector<std::string>& arguments) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const int log = ::open(path("log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(log, 1), ::dup2(log, 2);
      std::vector<const char*> argv{GRAINSPIN_PROGRAM};
      for (const std::string& a : arguments) argv.push_back(a.c_str());
      argv.push_back(nullptr);
      ::execv(argv[0], const_cast<char**>(argv.data()));
      ::_exit(127);
    }
    return child;
  }
  static int wait(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // The exit status; `said` is what was printed.
  int call(const std::vector<std::string>& arguments) {
    const int status = wait(start(arguments));
    std::ifstream log(path("log"));
    said.assign(std::istreambuf_iterator<char>(log), {});
    return status;
  }
  int predict(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"predict", model, input, "-o", output, "--device", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return call(arguments);
  }
  void make(const Shape& s, const std::string& to, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"make",
                                       "voronoi",
                                       "-o",
                                       to,
                                       "--cells",
                                       std::to_string(s.nx),
                                       std::to_string(s.ny),
                                       std::to_string(s.nz),
                                       "--grains",
                                       "20"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ASSERT_EQ(call(arguments), 0) << said;
  }
  static std::vector<float> state(const std::string& file, int step) {
    const auto reader = open_archive(file);
    std::vector<float> q(reader->info().shape.voxels() * 4);
    reader->orientation(step, 0, reader->info().shape.voxels(), q.data());
    return q;
  }
  static bool same(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  }
  // Names in the folder that have to do with the output.
  int outputs() const {
    int n = 0;
    for (const auto& entry : fs::directory_iterator(folder))
      n += entry.path().filename().string().starts_with("out.h5") ? 1 : 0;
    return n;
  }

  Model uniaxial(Feedback feedback, bool stress = false, int steps = 4) {
    Model m = random_model({Cell::kLstm, 1, 32, 1, feedback, stress, false}, "432", steps, 9);
    for (LoadStep& l : m.spec.loads) {
      l.L = {-0.005, 0, 0, 0, -0.005, 0, 0, 0, 0.01};
      l.prescribed = {false, true, true, true, false, true, true, true, true};
    }
    return m;
  }

  fs::path folder;
  std::string model, input, output, said;
};

TEST_F(Predict, ResultIsTheEnginesForAnyTileThreadsAndMemory) {
  const Shape shape{20, 12, 9};
  make(shape, input);
  const auto q0 = state(input, 0);
  for (Feedback feedback : {Feedback::kInitial, Feedback::kNeighbours}) {
    const Model m = uniaxial(feedback);
    write_model(model, m);
    std::vector<std::vector<float>> want{q0};
    make_engine(m, {.threads = 1})
        ->run(whole(shape, {.y = Boundary::kClamped}), q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
          want.emplace_back(o.orientation, o.orientation + shape.voxels() * 4);
        });
    for (const std::vector<std::string>& more : {std::vector<std::string>{},
                                                 {"--tile", "7", "--threads", "3"},
                                                 {"--threads", "1", "--tile", "4", "--compress"}}) {
      auto arguments = more;
      arguments.insert(arguments.end(), {"--boundary", "periodic,clamped,periodic"});
      ASSERT_EQ(predict(arguments), 0) << said;
      for (int k = 0; k <= 4; ++k)
        ASSERT_TRUE(same(state(output, k), want[k])) << name(feedback) << " step " << k;
    }
  }
}

TEST_F(Predict, CarriesWhatTheInputTells) {
  make({8, 7, 6}, input, {"--voxel", "2e-6", "--phase", "Kupfer"});
  const Model m = uniaxial(Feedback::kOwn, true);
  write_model(model, m);
  ASSERT_EQ(predict({"--boundary", "clamped"}), 0) << said;
  const auto in = open_archive(input), out = open_archive(output);
  const ArchiveInfo &i = in->info(), &o = out->info();
  EXPECT_EQ(o.shape, i.shape);
  EXPECT_EQ(o.size, i.size);
  EXPECT_NEAR(o.size[2], 12e-6, 1e-12);
  ASSERT_EQ(o.phases.size(), 1u);
  EXPECT_EQ(o.phases[0].name, "Kupfer");
  EXPECT_EQ(o.phases[0].point_group, "432");
  EXPECT_EQ(int(o.boundaries.z), int(Boundary::kClamped));
  ASSERT_EQ(o.step_count(), 4);
  ASSERT_EQ(o.loads.size(), 4u);
  EXPECT_EQ(o.loads[3].L, m.spec.loads[3].L);
  EXPECT_EQ(o.loads[3].prescribed, m.spec.loads[3].prescribed);
  for (int k = 0; k <= 4; ++k)
    EXPECT_NEAR(o.steps[k].strain, 0.01 * k, 1e-12);  // uniaxial: von Mises strain = axial strain
  std::vector<std::int32_t> a(i.shape.voxels()), b(a);
  in->grain(0, i.shape.voxels(), a.data());
  out->grain(0, i.shape.voxels(), b.data());
  EXPECT_EQ(a, b);
  EXPECT_EQ(int(std::set<std::int32_t>(a.begin(), a.end()).size()),
            *std::max_element(a.begin(), a.end()) + 1);
}

TEST_F(Predict, WritesTheChosenSteps) {
  make({6, 6, 6}, input);
  write_model(model, uniaxial(Feedback::kInitial));
  ASSERT_EQ(predict(), 0) << said;
  std::vector<std::vector<float>> all;
  for (int k = 0; k <= 4; ++k) all.push_back(state(output, k));
  ASSERT_EQ(predict({"--steps", "last"}), 0) << said;
  EXPECT_EQ(open_archive(output)->info().step_count(), 1);
  EXPECT_NEAR(open_archive(output)->info().steps[1].strain, 0.04, 1e-12);
  EXPECT_TRUE(same(state(output, 1), all[4]));
  // Every load of the run, and where the state lies among them.
  EXPECT_TRUE(open_archive(output)->info().loads.empty());
  EXPECT_EQ(open_archive(output)->info().all_loads.size(), 4u);
  EXPECT_EQ(open_archive(output)->info().steps[1].after, 4);
  ASSERT_EQ(predict({"--steps", "3,1"}), 0) << said;
  EXPECT_TRUE(same(state(output, 0), all[0]));
  EXPECT_TRUE(same(state(output, 1), all[1]));
  EXPECT_TRUE(same(state(output, 2), all[3]));
  EXPECT_EQ(predict({"--steps", "5"}), int(Errc::kArgument));
  EXPECT_EQ(predict({"--steps", "1,,2"}), int(Errc::kArgument));
}

// Two archives with the same initial state and nothing else in common give the same result.
TEST_F(Predict, ReadsNothingOfLaterSteps) {
  const Shape shape{5, 4, 3};
  write_model(model, uniaxial(Feedback::kNeighbours));
  const auto q0 = testing::random_orientations(shape.voxels(), 1);
  std::vector<float> first;
  for (unsigned later : {10u, 20u}) {
    ArchiveInfo info;
    info.shape = shape;
    info.size = {1, 1, 1};
    info.phases.resize(1);
    info.phases[0].point_group = "432";
    info.phases[0].voxels = shape.voxels();
    info.steps.resize(3);
    info.steps[1].strain = later, info.steps[2].strain = 2 * later;
    const auto writer = create_archive(input, info, {});
    writer->orientation(0, 0, shape.voxels(), q0.data());
    for (int k = 1; k < 3; ++k)
      writer->orientation(k, 0, shape.voxels(),
                          testing::random_orientations(shape.voxels(), later + k).data());
    writer->finish();
    ASSERT_EQ(predict(), 0) << said;
    if (first.empty()) first = state(output, 4);
    EXPECT_TRUE(same(state(output, 4), first));
  }
}

TEST_F(Predict, RefusesWithTheReasonAndLeavesNothing) {
  write_model(model, uniaxial(Feedback::kInitial));
  make({6, 5, 4}, input, {"--lattice", "hP", "--c-over-a", "1.587"});
  EXPECT_EQ(predict(), int(Errc::kArgument));
  EXPECT_NE(said.find("622"), std::string::npos) << said;
  EXPECT_NE(said.find("432"), std::string::npos) << said;
  make({6, 5, 4}, input);
  EXPECT_EQ(predict({"--memory", "5MB"}), int(Errc::kMemory)) << said;
  EXPECT_EQ(predict({"--memory", "much"}), int(Errc::kArgument)) << said;
  EXPECT_EQ(predict({"--boundary", "open"}), int(Errc::kArgument)) << said;
  EXPECT_EQ(predict({"--mask", "phase=Void"}), int(Errc::kArgument)) << said;
  EXPECT_EQ(predict({"--mask", "voxel=1"}), int(Errc::kArgument)) << said;
  EXPECT_EQ(call({"predict", model, input, "-o", input, "--device", "cpu"}), int(Errc::kArgument)) << said;
  EXPECT_EQ(call({"predict", input, input, "-o", output, "--device", "cpu"}), int(Errc::kFormat)) << said;
  EXPECT_EQ(call({"predict", model, path("absent.h5"), "-o", output}), int(Errc::kIo)) << said;
  EXPECT_EQ(call({"predict", model, input, "-o", path("no/such/folder.h5"), "--device", "cpu"}),
            int(Errc::kIo))
      << said;
  EXPECT_EQ(outputs(), 0);
  EXPECT_NO_THROW(state(input, 0));  // untouched
}

TEST_F(Predict, NamesTheVoxelWithoutAnOrientation) {
  const Shape shape{5, 4, 3};
  write_model(model, uniaxial(Feedback::kInitial));
  auto q = testing::random_orientations(shape.voxels(), 1);
  std::vector<std::int32_t> grain(shape.voxels(), 0);
  const int bad = (2 * 4 + 1) * 5 + 3;
  q[bad * 4 + 1] = std::nanf("");
  grain[bad] = 1;
  ArchiveInfo info;
  info.shape = shape;
  info.size = {1, 1, 1};
  info.phases.resize(1);
  info.phases[0].point_group = "432";
  info.steps.resize(1);
  const auto writer = create_archive(input, info, {});
  writer->orientation(0, 0, shape.voxels(), q.data());
  writer->grain(0, shape.voxels(), grain.data());
  writer->finish();
  EXPECT_EQ(predict(), int(Errc::kFormat));
  EXPECT_NE(said.find("(3, 1, 2)"), std::string::npos) << said;
  EXPECT_EQ(outputs(), 0);
  ASSERT_EQ(predict({"--mask", "grain=1"}), 0) << said;  // masked, it is carried along and touches nobody
  const auto last = state(output, 4);
  for (std::int64_t i = 0; i < shape.voxels(); ++i) EXPECT_EQ(std::isnan(last[i * 4 + 1]), i == bad) << i;
}

TEST_F(Predict, DryRunWritesNothing) {
  make({16, 16, 16}, input);
  write_model(model, uniaxial(Feedback::kNeighbours));
  ASSERT_EQ(predict({"--dry-run"}), 0) << said;
  for (const char* word : {"memory", "time", "tiles", "voxel-steps/s"})
    EXPECT_NE(said.find(word), std::string::npos) << said;
  EXPECT_EQ(outputs(), 0);
}

// Before its first tile is whole; later: predict_resume_test.
TEST_F(Predict, AnInterruptedRunLeavesNothing) {
  make({96, 96, 96}, input);
  write_model(model, uniaxial(Feedback::kNeighbours, false, 13));
  const pid_t child =
      start({"predict", model, input, "-o", output, "--device", "cpu", "--tile", "48"});  // minutes
  for (int i = 0; i < 3000 && outputs() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_GE(outputs(), 1);  // under its temporary name
  EXPECT_FALSE(fs::exists(output));
  ::kill(child, SIGINT);
  EXPECT_EQ(wait(child), int(Errc::kInterrupted));
  EXPECT_EQ(outputs(), 0);
}

TEST_F(Predict, MakeVoronoiIsReproducible) {
  make({9, 8, 7}, input, {"--texture", "cube", "--spread", "3", "--seed", "5"});
  const auto a = state(input, 0);
  make({9, 8, 7}, path("b.h5"), {"--texture", "cube", "--spread", "3", "--seed", "5"});
  EXPECT_TRUE(same(a, state(path("b.h5"), 0)));
  make({9, 8, 7}, path("b.h5"), {"--texture", "cube", "--spread", "3", "--seed", "6"});
  EXPECT_FALSE(same(a, state(path("b.h5"), 0)));
  EXPECT_EQ(call({"make", "voronoi", "-o", path("c.h5"), "--cells", "4", "4", "4", "--grains", "65"}),
            int(Errc::kArgument));
  EXPECT_EQ(call({"make", "voronoi", "-o", path("c.h5"), "--cells", "4", "4", "0"}), int(Errc::kArgument));
  EXPECT_FALSE(fs::exists(path("c.h5")));
}

}  // namespace
}  // namespace grainspin

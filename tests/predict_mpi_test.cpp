// grainspin predict --mpi as a user calls it: mpirun -n 4. The expected result is what one process writes, bit for bit
// (predict_test checks that one). Skipped where there is no MPI.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "grainspin/archive.h"
#include "grainspin/core.h"
#include "local_oracle.h"
#include "program_memory.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;
using testing::random_model;

class PredictMpi : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::string(GRAINSPIN_MPIEXEC).empty() || !fs::exists(GRAINSPIN_MPIEXEC)) GTEST_SKIP() << "no MPI here";
    folder = fs::temp_directory_path() / ("grainspin ränge " + std::to_string(::getpid()));
    fs::create_directories(folder);
    model = path("model.safetensors"), input = path("in put.h5"), output = path("out.h5");
    // Open MPI: containers run as root, and have fewer processors than the tests have ranks.
    for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "OMPI_MCA_rmaps_base_oversubscribe",
                             "OMPI_MCA_mpi_yield_when_idle", "PRTE_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM"})
      ::setenv(name, "1", 1);
    ::setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 1);
    ::setenv("OMPI_MCA_btl", "self,vader", 1);
    ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // of the ranks: MPI's own, in plug-ins that are closed by then
  }
  void TearDown() override {
    if (!folder.empty()) fs::remove_all(folder);
  }
  std::string path(const std::string& name) const { return (folder / name).string(); }

  int call(std::vector<std::string> arguments) {
    const pid_t child = ::fork();
    if (child == 0) {
      const int log = ::open(path("log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), null = ::open("/dev/null", O_RDONLY);
      ::dup2(null, 0), ::dup2(log, 1), ::dup2(log, 2);
      std::vector<const char*> argv;
      for (const std::string& a : arguments) argv.push_back(a.c_str());
      argv.push_back(nullptr);
      ::execv(argv[0], const_cast<char**>(argv.data()));
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::ifstream log(path("log"));
    said.assign(std::istreambuf_iterator<char>(log), {});
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // ranks 0: one process, without --mpi.
  int predict(int ranks, const std::string& to, const std::vector<std::string>& more = {}) {
    std::vector<std::string> all;
    if (ranks > 0) all = {GRAINSPIN_MPIEXEC, "-n", std::to_string(ranks)};
    all.insert(all.end(), {GRAINSPIN_PROGRAM, "predict", model, input, "-o", to, "--device", "cpu"});
    if (ranks > 0) all.push_back("--mpi");
    all.insert(all.end(), more.begin(), more.end());
    return call(all);
  }
  void make(const Shape& s, const std::vector<std::string>& more = {}) {
    std::vector<std::string> all{GRAINSPIN_PROGRAM, "make", "voronoi", "-o", input, "--cells", std::to_string(s.nx),
                                 std::to_string(s.ny), std::to_string(s.nz), "--grains", "20"};
    all.insert(all.end(), more.begin(), more.end());
    ASSERT_EQ(call(all), 0) << said;
  }
  static std::vector<float> orientations(FieldReader& reader, int step) {
    std::vector<float> q(std::size_t(reader.info().shape.voxels() * 4));
    reader.orientation(step, 0, reader.info().shape.voxels(), q.data());
    return q;
  }
  // Every field and every number of the two is the same.
  static void expect_same(const std::string& one, const std::string& other) {
    const auto a = open_archive(one), b = open_archive(other);
    ASSERT_EQ(a->info().shape, b->info().shape);
    ASSERT_EQ(a->info().step_count(), b->info().step_count());
    EXPECT_EQ(a->info().size, b->info().size);
    EXPECT_EQ(a->info().boundaries, b->info().boundaries);
    EXPECT_EQ(a->info().loads.size(), b->info().loads.size());
    ASSERT_EQ(a->info().has_stress, b->info().has_stress);
    ASSERT_EQ(a->info().has_grain, b->info().has_grain);
    const std::int64_t n = a->info().shape.voxels();
    for (int k = 0; k <= a->info().step_count(); ++k) {
      const auto p = orientations(*a, k), q = orientations(*b, k);
      EXPECT_EQ(0, std::memcmp(p.data(), q.data(), p.size() * sizeof(float))) << "orientation of state " << k;
      EXPECT_EQ(a->info().steps[std::size_t(k)].strain, b->info().steps[std::size_t(k)].strain);
      if (!a->info().has_stress || k == 0) continue;
      std::vector<float> s(std::size_t(n * 6)), t(s);
      a->stress(k, 0, n, s.data()), b->stress(k, 0, n, t.data());
      EXPECT_EQ(0, std::memcmp(s.data(), t.data(), s.size() * sizeof(float))) << "stress of state " << k;
    }
    if (!a->info().has_grain) return;
    std::vector<std::int32_t> g(std::size_t(n), 0), h(g);
    a->grain(0, n, g.data()), b->grain(0, n, h.data());
    EXPECT_EQ(g, h);
  }
  // Names in the folder that have to do with the output.
  int outputs() const {
    int n = 0;
    for (const auto& entry : fs::directory_iterator(folder)) n += entry.path().filename().string().starts_with("out.") ? 1 : 0;
    return n;
  }

  fs::path folder;
  std::string model, input, output, said;
};

Model small(Cell cell, Feedback feedback, bool stress = false, int radius = 1) {
  return random_model({cell, 1, 32, radius, feedback, stress, false}, "432", 3, 9);
}

// Uneven slabs (11 planes), each feedback, both cells, periodic and clamped, masked.
TEST_F(PredictMpi, FourRanksWriteWhatOneDoes) {
  make({9, 7, 11});
  struct Case {
    Cell cell;
    Feedback feedback;
    std::vector<std::string> more;
  };
  for (const Case& c : {Case{Cell::kLstm, Feedback::kInitial, {}},
                        Case{Cell::kGru, Feedback::kOwn, {"--boundary", "clamped", "--mask", "grain=3,7"}},
                        Case{Cell::kLstm, Feedback::kNeighbours, {"--boundary", "periodic,periodic,clamped", "--mask", "grain=2"}},
                        Case{Cell::kGru, Feedback::kNeighbours, {"--threads", "1"}}}) {
    write_model(model, small(c.cell, c.feedback, c.feedback == Feedback::kOwn));
    ASSERT_EQ(predict(0, path("one.h5"), c.more), 0) << said;
    ASSERT_EQ(predict(4, output, c.more), 0) << said;
    expect_same(path("one.h5"), output);
    EXPECT_EQ(outputs(), 5);  // one a rank and the whole
  }
  // Each rank's file is a result by itself, of its planes.
  const auto part = open_archive(path("out.0001of0004.h5")), whole = open_archive(output);
  EXPECT_EQ(part->info().shape, (Shape{9, 7, 3}));
  EXPECT_NEAR(part->info().origin[2], whole->info().origin[2] + whole->info().size[2] * 3 / 11, 1e-12);
  const auto q = orientations(*part, 3), all = orientations(*whole, 3);
  EXPECT_EQ(0, std::memcmp(q.data(), all.data() + 3 * 9 * 7 * 4, q.size() * sizeof(float)));
  // The names are relative: the files can be moved together, not apart.
  fs::create_directories(folder / "else where");
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("out.")) fs::rename(entry.path(), folder / "else where" / entry.path().filename());
  expect_same(path("one.h5"), path("else where/out.h5"));
  fs::remove(path("else where/out.0002of0004.h5"));
  try {
    open_archive(path("else where/out.h5"));
    FAIL() << "a missing part is not missed";
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kIo));
    EXPECT_NE(std::string(e.what()).find("out.0002of0004.h5"), std::string::npos) << e.what();
  }
}

// Where the planes with their state do not fit into the memory allowed, each rank goes by itself: the same bits.
TEST_F(PredictMpi, WithoutRoomForTheStateRanksUseTiles) {
  make({40, 40, 12});
  write_model(model, random_model({Cell::kLstm, 2, 128, 1, Feedback::kNeighbours, false, false}, "432", 2, 9));
  ASSERT_EQ(predict(0, path("one.h5")), 0) << said;
  ASSERT_EQ(predict(2, output, {"--dry-run"}), 0) << said;
  EXPECT_NE(said.find("tiles       1 of 40 x 40 x 6"), std::string::npos) << said;
  ASSERT_EQ(predict(2, output, {"--memory", "1MB", "--dry-run"}), int(Errc::kMemory)) << said;
  const std::string limit = testing::megabytes(testing::program_alone(said) + 16'000'000);
  ASSERT_EQ(predict(2, output, {"--memory", limit, "--dry-run"}), 0) << said;
  EXPECT_EQ(said.find("tiles       1 of 40 x 40 x 6"), std::string::npos) << said;
  ASSERT_EQ(predict(2, output, {"--memory", limit}), 0) << said;
  expect_same(path("one.h5"), output);
}

TEST_F(PredictMpi, OneRankWritesAnOrdinaryFile) {
  make({6, 5, 4});
  write_model(model, small(Cell::kLstm, Feedback::kInitial));
  ASSERT_EQ(predict(0, path("one.h5")), 0) << said;
  ASSERT_EQ(predict(1, output), 0) << said;
  EXPECT_EQ(outputs(), 1);
  expect_same(path("one.h5"), output);
}

TEST_F(PredictMpi, TheErrorOfARankIsToldOnceAndNothingIsLeft) {
  const Shape shape{5, 4, 8};
  write_model(model, small(Cell::kLstm, Feedback::kNeighbours));
  auto q = testing::random_orientations(shape.voxels(), 1);
  const int bad = (5 * 4 + 1) * 5 + 3;  // of rank 2
  q[bad * 4 + 1] = std::nanf("");
  ArchiveInfo info;
  info.shape = shape;
  info.size = {1, 1, 1};
  info.phases.resize(1);
  info.phases[0].point_group = "432";
  info.steps.resize(1);
  const auto writer = create_archive(input, info, {});
  writer->orientation(0, 0, shape.voxels(), q.data());
  writer->finish();
  EXPECT_EQ(predict(4, output), int(Errc::kFormat)) << said;
  const bool owner = said.find("rank 2: ") != std::string::npos, neighbour = said.find("rank 3: ") != std::string::npos;
  EXPECT_TRUE(owner != neighbour) << said;  // whichever comes first: rank 3 reads the plane as its neighbour's
  EXPECT_NE(said.find("(3, 1, 5)"), std::string::npos) << said;
  EXPECT_EQ(said.find("grainspin: "), said.rfind("grainspin: ")) << said;  // once
  EXPECT_EQ(outputs(), 0);
}

TEST_F(PredictMpi, WhatCannotBeSharedIsRefused) {
  make({6, 5, 3});
  write_model(model, small(Cell::kLstm, Feedback::kInitial));
  EXPECT_EQ(predict(4, output), int(Errc::kArgument)) << said;
  EXPECT_NE(said.find("at most 3"), std::string::npos) << said;
  model = GRAINSPIN_SOURCE_DIR "/networks/pretrained/cu_uniaxial.safetensors";
  EXPECT_EQ(predict(2, output), int(Errc::kArgument)) << said;
  EXPECT_NE(said.find("nonlocal"), std::string::npos) << said;
  EXPECT_EQ(outputs(), 0);
}

}  // namespace
}  // namespace grainspin

// grainspin predict with several devices, as a user calls it. The expected result is the file of one device, its fields bit for
// bit (predict_test checks that one).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "grainspin/archive.h"
#include "grainspin/core.h"
#include "grainspin/packed.h"
#include "local_oracle.h"
#include "src/io/hdf5.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;

class PredictDevices : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("grainspin geräte " + std::to_string(::getpid()));
    fs::create_directories(folder);
    ::unsetenv("GRAINSPIN_CUDA_LIBRARY");
    ASSERT_EQ(call({"make", "voronoi", "-o", path("in.h5"), "--cells", "14", "11", "9", "--grains", "20"}), 0) << said;
    write_model(path("model.safetensors"),
                testing::random_model({Cell::kLstm, 1, 32, 1, Feedback::kNeighbours, true, false}, "432", 3, 9));
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const std::string& name) const { return (folder / name).string(); }
  int call(const std::vector<std::string>& arguments) {
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
    int status = 0;
    ::waitpid(child, &status, 0);
    std::ifstream log(path("log"));
    said.assign(std::istreambuf_iterator<char>(log), {});
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int predict(const std::string& to, const std::vector<std::string>& more) {
    std::vector<std::string> all{"predict", path("model.safetensors"), path("in.h5"), "-o", path(to)};
    all.insert(all.end(), more.begin(), more.end());
    return call(all);
  }
  void expect_same(const std::string& a, const std::string& b) const {
    const auto one = open_archive(path(a)), other = open_archive(path(b));
    const std::int64_t n = one->info().shape.voxels();
    ASSERT_EQ(other->info().shape, one->info().shape);
    ASSERT_EQ(other->info().step_count(), 3);
    for (int k = 0; k <= 3; ++k) {
      std::vector<float> p(std::size_t(n * 6)), q(p);
      one->orientation(k, 0, n, p.data()), other->orientation(k, 0, n, q.data());
      EXPECT_EQ(0, std::memcmp(p.data(), q.data(), p.size() * sizeof(float))) << "orientation of state " << k;
      one->stress(k, 0, n, p.data()), other->stress(k, 0, n, q.data());
      EXPECT_EQ(0, std::memcmp(p.data(), q.data(), p.size() * sizeof(float))) << "stress of state " << k;
    }
  }

  fs::path folder;
  std::string said;
};

TEST_F(PredictDevices, EnginesOnOneProcessorShareTheTiles) {
  ASSERT_EQ(predict("one.h5", {"--device", "cpu"}), 0) << said;
  ASSERT_EQ(predict("three.h5", {"--device", "cpu:3", "--threads", "2", "--tile", "5"}), 0) << said;
  EXPECT_NE(said.find("3 devices, each engine, CPU"), std::string::npos) << said;
  expect_same("one.h5", "three.h5");
  ASSERT_EQ(predict("two.h5", {"--device", "cpu:2"}), 0) << said;
  expect_same("one.h5", "two.h5");
  for (const char* wrong : {"cpu:0", "cpu:x", "cpu:", "cpu:2x", "gpu"})
    EXPECT_EQ(predict("wrong.h5", {"--device", wrong}), int(Errc::kArgument)) << wrong << ": " << said;
  EXPECT_FALSE(fs::exists(path("wrong.h5")));
}

// The launchers on the host pretend one GPU.
TEST_F(PredictDevices, GpusAreNamedOnceAndAreThere) {
  EXPECT_EQ(predict("out.h5", {"--gpu", "0,0"}), int(Errc::kArgument)) << said;
  EXPECT_EQ(predict("out.h5", {"--gpu", "0,-1"}), int(Errc::kArgument)) << said;
  ::setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
  EXPECT_EQ(predict("out.h5", {"--gpu", "0,1"}), int(Errc::kDevice)) << said;  // not the CPU in silence
  EXPECT_NE(said.find("number 1"), std::string::npos) << said;
  ASSERT_EQ(predict("gpu.h5", {"--device", "cuda", "--gpu", "0"}), 0) << said;
  EXPECT_FALSE(fs::exists(path("out.h5")));
}

// Packed and judged before the copy to the host: the file holds what packing and judging its float32 twin gives, tile by tile.
TEST_F(PredictDevices, AGpuPacksAndJudgesForTheFile) {
  ::setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
  Model model = testing::random_model({Cell::kLstm, 1, 32, 1, Feedback::kOwn, false, false}, "432", 3, 9);
  model.spec.domain = R"({"embedding":[{"phase":"","point_group":"432","low":[-0.23,-0.23,-0.23,-0.23,-0.23,-0.23,-0.23,-0.23,-0.23],
    "high":[0.23,0.23,0.23,0.23,0.23,0.23,0.23,0.23,0.23]}],"increment_rad":{"max":0.05}})";
  write_model(path("model.safetensors"), model);
  const std::vector<std::string> common{"--device", "cuda", "--verdict", "--tile", "7"};
  const auto with = [&](const char* packing) {
    std::vector<std::string> all = common;
    all.insert(all.end(), {"--orientation", packing});
    return all;
  };
  ASSERT_EQ(predict("plain.h5", with("float32")), 0) << said;
  const std::string told = said.substr(said.find("verdict:"));
  EXPECT_NE(told.find("outside the domain"), std::string::npos) << said;
  const auto plain = open_archive(path("plain.h5"));
  const std::int64_t n = plain->info().shape.voxels();
  const auto verdicts = [&](const std::string& name) {
    const h5::File file = h5::File::open(path(name));
    std::vector<std::uint8_t> all(std::size_t(n) * 4);
    file.dataset("VTKHDF/CellData/verdict").read_rows(all.data(), 0, 4);
    return all;
  };
  for (const Packing packing : {Packing::k32, Packing::k48, Packing::k64}) {
    const std::string name = "packed" + std::to_string(int(packing));
    ASSERT_EQ(predict(name + ".h5", with(name.c_str())), 0) << said;
    EXPECT_EQ(said.substr(said.find("verdict:")), told);
    const auto packed = open_archive(path(name + ".h5"));
    ASSERT_EQ(packed->info().packing, packing);
    for (int k = 0; k <= 3; ++k) {
      std::vector<float> q(std::size_t(n) * 4), want(q), got(q);
      std::vector<std::uint8_t> bytes(std::size_t(n * packed_bytes(packing)));
      plain->orientation(k, 0, n, q.data()), packed->orientation(k, 0, n, got.data());
      pack_orientations(packing, n, q.data(), bytes.data());
      unpack_orientations(packing, n, bytes.data(), want.data());
      EXPECT_EQ(0, std::memcmp(got.data(), want.data(), want.size() * sizeof(float))) << name << ", state " << k;
    }
    EXPECT_EQ(verdicts(name + ".h5"), verdicts("plain.h5"));
  }
  EXPECT_GT(std::ranges::count(verdicts("plain.h5"), 2), 0);
}

}  // namespace
}  // namespace grainspin

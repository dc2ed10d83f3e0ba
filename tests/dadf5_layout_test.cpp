// DADF5's corners on files made for them: several constituents with padding, scattered rows, order of increments,
// and files that are wrong. What is expected follows from how each file is made.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>

#include "dadf5_files.h"
#include "grainspin/archive.h"
#include "src/io/survey.h"

namespace grainspin {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool any_problem(const std::vector<std::string>& problems, const std::string& part) {
  return std::any_of(problems.begin(), problems.end(), [&](const auto& p) { return contains(p, part); });
}

// The quaternion that encodes a phase's row: distinct for every row, exact in float.
double code(char phase, std::size_t row, std::size_t component) {
  return component == 0 ? 0.5 : component == 1 ? double(row) / 65536 : component == 2 ? (phase == 'A' ? 0.25 : 0.75) : 0;
}

TEST(Dadf5Layout, FirstConstituentAndPadding) {
  Folder folder;
  Dadf5Maker m;
  m.cells = {3, 2, 1};
  m.constituents = 3;
  // Rows of A and B in no order; '' and -1 pad.
  m.map = {{"A", 2}, {"B", 0}, {"", -1}, {"B", 3}, {"", -1}, {"", -1}, {"A", 0}, {"A", 3}, {"B", 2},
           {"B", 1}, {"A", 1}, {"", -1}, {"A", 4}, {"", -1}, {"", -1}, {"B", 4}, {"", -1}, {"", -1}};
  const auto F = [](char phase) {
    return [phase](int k, std::size_t row, std::size_t c) {
      return (c % 4 == 0 ? 1.0 : 0.0) + (c == 0 ? 0.01 * k * double(row + 1) * (phase == 'A' ? 1 : 2) : 0);
    };
  };
  for (const char phase : {'A', 'B'}) {
    m.fields.push_back({std::string(1, phase), "O", {5, 4}, [phase](int, std::size_t r, std::size_t c) { return code(phase, r, c); }});
    m.fields.push_back({std::string(1, phase), "F", {5, 3, 3}, F(phase)});
  }
  m.make(folder / "padding.hdf5");
  const auto reader = open_archive(folder / "padding.hdf5");
  const ArchiveInfo& info = reader->info();
  EXPECT_EQ(info.format, "DAMASK DADF5 1.4");
  EXPECT_EQ(info.constituents, 3);
  ASSERT_EQ(info.phases.size(), 2u);
  EXPECT_EQ(info.phases[0].voxels, 3);
  EXPECT_EQ(info.phases[1].voxels, 3);
  float q[6 * 4];
  reader->orientation(1, 0, 6, q);
  for (int cell = 0; cell < 6; ++cell)
    for (std::size_t c = 0; c < 4; ++c)
      EXPECT_EQ(q[4 * cell + int(c)], float(code(m.map[3 * cell].label[0], std::size_t(m.map[3 * cell].entry), c))) << cell;
  // Mean over the volume: cells weigh alike, and a cell's constituents alike.
  double mean = 0;
  for (int cell = 0; cell < 6; ++cell) {
    double sum = 0;
    int present = 0;
    for (int c = 0; c < 3; ++c) {
      const auto& e = m.map[3 * cell + c];
      if (e.entry < 0) continue;
      ++present;
      sum += F(e.label[0])(1, std::size_t(e.entry), 0);
    }
    mean += sum / present / 6;
  }
  EXPECT_NEAR(info.steps[1].mean_F[0], mean, 1e-14);
  ASSERT_EQ(info.loads.size(), 1u);
  EXPECT_NEAR(info.loads[0].L[0], std::log(mean), 1e-14);
}

TEST(Dadf5Layout, ScatteredRowsComeToTheirCells) {
  Folder folder;
  Dadf5Maker m;
  m.cells = {64, 32, 16};
  const std::size_t n = 64 * 32 * 16;
  // A third of the cells in order, a third backwards, a third at random; the rows of B lie far apart.
  std::vector<std::int64_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  std::reverse(rows.begin() + n / 3, rows.begin() + 2 * n / 3);
  std::mt19937 random(7);
  std::shuffle(rows.begin() + 2 * n / 3, rows.end(), random);
  std::size_t rows_of_B = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const bool b = i % 5 == 0 && i < 500;
    m.map.push_back({b ? "B" : "A", b ? std::int64_t(700 * rows_of_B++) : rows[i]});
  }
  m.increments = {0};
  m.fields.push_back({"A", "O", {n, 4}, [](int, std::size_t r, std::size_t c) { return code('A', r, c); }});
  m.fields.push_back({"B", "O", {700 * rows_of_B, 4}, [](int, std::size_t r, std::size_t c) { return code('B', r, c); }});
  m.make(folder / "scattered.hdf5");
  const auto reader = open_archive(folder / "scattered.hdf5");
  std::vector<float> q(n * 4);
  for (const auto& [begin, count] : {std::pair<std::size_t, std::size_t>{0, n}, {333, 9000}, {n - 1, 1}}) {
    reader->orientation(0, std::int64_t(begin), std::int64_t(count), q.data());
    for (std::size_t i = 0; i < count; ++i) {
      const auto& e = m.map[begin + i];
      ASSERT_EQ(q[4 * i + 1], float(code(e.label[0], std::size_t(e.entry), 1))) << begin + i;
      ASSERT_EQ(q[4 * i + 2], e.label == "A" ? 0.25f : 0.75f);
    }
  }
}

// A number of /proc/self/status in MB; -1 where there is none.
double memory_of_this_process(const std::string& key) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.compare(0, key.size(), key) == 0) return std::stod(line.substr(key.size() + 1)) / 1024;
  return -1;
}

TEST(Dadf5Layout, SlabsOfALargeFieldNeedLittleMemory) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer keeps what was freed";
#endif
  constexpr std::size_t kCells = std::size_t(128) * 128 * 128;
  Folder folder;
  {
    Dadf5Maker m;
    m.cells = {128, 128, 128};
    m.increments = {0};
    for (std::size_t i = 0; i < kCells; ++i) m.map.push_back({i % 2 ? "A" : "B", std::int64_t(i / 2)});
    for (const char* phase : {"A", "B"})
      m.fields.push_back({phase, "O", {kCells / 2, 4}, [](int, std::size_t r, std::size_t c) { return c == 0 ? double(r) : 0.0; }});
    m.make(folder / "large.hdf5");  // 64 MB of orientations, 19 MB of map
  }
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak counts from here
  const double before = memory_of_this_process("VmRSS:");
  if (before < 0 || memory_of_this_process("VmHWM:") > before + 8) GTEST_SKIP() << "the peak cannot be reset here";
  const auto reader = open_archive(folder / "large.hdf5");
  std::vector<float> q(4 * 20000);
  for (std::size_t begin = 0; begin < kCells; begin += 20000) {
    const std::size_t n = std::min<std::size_t>(20000, kCells - begin);
    reader->orientation(0, std::int64_t(begin), std::int64_t(n), q.data());
    ASSERT_EQ(q[0], float(begin / 2));
    ASSERT_EQ(q[4 * (n - 1)], float((begin + n - 1) / 2));
  }
  EXPECT_LT(memory_of_this_process("VmHWM:") - before, 24);
}

TEST(Dadf5Layout, IncrementsByNumber) {
  Folder folder;
  auto m = Dadf5Maker::plain({2, 1, 1});
  m.increments = {100, 9, 0, 10};
  m.make(folder / "r.hdf5");
  const auto reader = open_archive(folder / "r.hdf5");
  std::vector<std::string> names;
  for (const auto& step : reader->info().steps) names.push_back(step.name);
  EXPECT_EQ(names, (std::vector<std::string>{"increment_0", "increment_9", "increment_10", "increment_100"}));
}

TEST(Dadf5Layout, UnfinishedFileIsNamed) {
  Folder folder;
  auto m = Dadf5Maker::plain({2, 1, 1});
  m.current = true;
  m.make(folder / "r.hdf5");
  EXPECT_TRUE(any_problem(open_archive(folder / "r.hdf5")->info().problems, "current"));
}

TEST(Dadf5Layout, MissingOutputsAreToldNotInvented) {
  Folder folder;
  auto m = Dadf5Maker::plain({2, 1, 1});
  m.fields[0].only = {0};  // O only at the start
  m.fields.pop_back();     // no F
  m.make(folder / "r.hdf5");
  const auto reader = open_archive(folder / "r.hdf5");
  EXPECT_FALSE(reader->info().has_orientation);
  EXPECT_FALSE(reader->info().has_F);
  EXPECT_TRUE(reader->info().loads.empty());
  EXPECT_TRUE(any_problem(reader->info().problems, "O is missing in some increments of phase A"));
  float q[8];
  const auto [status, text] = error_of([&] { reader->orientation(1, 0, 2, q); });
  EXPECT_EQ(status, int(Errc::kFormat));
  EXPECT_TRUE(contains(text, "increment_1/phase/A/mechanical/O")) << text;
  EXPECT_TRUE(contains(text, "r.hdf5")) << text;
}

TEST(Dadf5Layout, SurveyFindsWhatIsWrongWithOrientations) {
  Folder folder;
  auto m = Dadf5Maker::plain({4, 1, 1});
  m.fields[0].value = [](int k, std::size_t row, std::size_t c) {
    if (k == 1 && row == 2) return std::nan("");
    return c == 0 ? (k == 1 && row == 3 ? 0.9 : 1.0) : 0.0;
  };
  m.make(folder / "r.hdf5");
  const auto reader = open_archive(folder / "r.hdf5");
  const Survey s = survey(*reader);
  EXPECT_EQ(s.orientations, 8);
  EXPECT_EQ(s.not_finite, 1);
  EXPECT_EQ(s.not_unit, 1);
  EXPECT_NEAR(s.largest_norm_error, 0.1, 1e-7);
  EXPECT_TRUE(any_problem(s.problems, "1 orientations are not finite (first: voxel 2 of increment_1)"));
  EXPECT_EQ(s.grains, 1);  // no ids in this file: all cells start alike
  EXPECT_TRUE(s.labelled);
}

struct Wrong {
  const char* name;
  std::function<void(Dadf5Maker&)> spoil;
  Errc code;
  const char* text;
};

class WrongFile : public testing::TestWithParam<Wrong> {};

TEST_P(WrongFile, IsRefusedByName) {
  Folder folder;
  auto m = Dadf5Maker::plain({2, 2, 1});
  GetParam().spoil(m);
  const std::string path = folder / "falsch.hdf5";
  m.make(path);
  const auto [status, text] = error_of([&] {
    const auto reader = open_archive(path);
    std::vector<float> q(16);
    reader->orientation(1, 0, 4, q.data());
  });
  EXPECT_EQ(status, int(GetParam().code)) << text;
  EXPECT_TRUE(contains(text, "falsch.hdf5")) << text;
  EXPECT_TRUE(contains(text, GetParam().text)) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Dadf5Layout, WrongFile,
    testing::Values(
        Wrong{"OldVersion", [](auto& m) { m.major = 0, m.minor = 13; }, Errc::kFormat, "version 0.13"},
        Wrong{"NewVersion", [](auto& m) { m.major = 2, m.minor = 0; }, Errc::kFormat, "version 2.0"},
        Wrong{"ZeroCells", [](auto& m) { m.cells = {2, 0, 1}; }, Errc::kShape, "2 x 0 x 1"},
        Wrong{"NegativeCells", [](auto& m) { m.cells = {-2, -2, 1}; }, Errc::kShape, "cells"},
        Wrong{"HugeGrid", [](auto& m) { m.cells = {2147483647, 2147483647, 2147483647}; }, Errc::kShape, "implausibly"},
        Wrong{"TwoExtents", [](auto& m) { m.cells = {2, 2}; }, Errc::kFormat, "wanted 3 numbers, found 2"},
        Wrong{"OtherCellCount", [](auto& m) { m.cells = {3, 2, 1}; }, Errc::kShape, "wanted 6 cells, found 4"},
        Wrong{"NoMap", [](auto& m) { m.with_map = false; }, Errc::kFormat, "cell_to/phase"},
        Wrong{"NoFirstConstituent", [](auto& m) { m.map[2] = {"", -1}; }, Errc::kFormat, "cell 2 has no first constituent"},
        Wrong{"RowTooLarge", [](auto& m) { m.map[1].entry = 4; }, Errc::kFormat, "wanted row 4, found 4 rows"},
        Wrong{"ThreeComponents", [](auto& m) { m.fields[0].shape = {4, 3}; }, Errc::kShape, "rows of 4 numbers, found 3"},
        Wrong{"NeverWritten", [](auto& m) { m.fields[0].write = false; }, Errc::kFormat, "never written"},
        Wrong{"WrongMeanShape", [](auto& m) { m.fields[1].shape = {4, 9}; }, Errc::kShape, "[n, 3, 3]"},
        Wrong{"NoIncrements", [](auto& m) { m.increments.clear(); }, Errc::kFormat, "no increments"}),
    [](const auto& i) { return i.param.name; });

TEST(Dadf5Layout, DeclaredButUnwrittenMapIsRefusedAtOnce) {
  Folder folder;
  const std::string path = folder / "hostile.hdf5";
  auto m = Dadf5Maker::plain({2, 1, 1});
  m.cells = {100000, 100000, 1000};
  m.with_map = false;
  m.make(path);
  {
    const h5::Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    const h5::Id text(H5Tcopy(H5T_C_S1), H5Tclose), type(H5Tcreate(H5T_COMPOUND, 9), H5Tclose);
    H5Tinsert(type, "label", 0, text);
    H5Tinsert(type, "entry", 1, H5T_STD_I64LE);
    const hsize_t shape[2] = {10'000'000'000'000, 1}, chunk[2] = {1000, 1};
    const h5::Id space(H5Screate_simple(2, shape, nullptr), H5Sclose), create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(create, 2, chunk);
    const h5::Id id(H5Dcreate2(file, "cell_to/phase", type, space, H5P_DEFAULT, create, H5P_DEFAULT), H5Dclose);
    ASSERT_GE(id, 0);
  }
  const auto [status, text] = error_of([&] { open_archive(path); });
  EXPECT_EQ(status, int(Errc::kFormat));
  EXPECT_TRUE(contains(text, "declared but was not written")) << text;
}

TEST(Dadf5Layout, CutOffFilesAreRefusedAtEveryLength) {
  Folder folder;
  std::ifstream in(std::string(GRAINSPIN_SOURCE_DIR) + "/tests/data/dual_chunked_gzip.hdf5", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  ASSERT_GT(bytes.size(), 400'000u);
  for (const std::size_t length : {std::size_t(0), std::size_t(7), std::size_t(100), std::size_t(4096), bytes.size() / 2, bytes.size() - 1}) {
    const std::string path = folder / "kurz.hdf5";
    std::ofstream(path, std::ios::binary) << bytes.substr(0, length);
    const auto [status, text] = error_of([&] { open_archive(path); });
    EXPECT_EQ(status, int(Errc::kFormat)) << length << text;
    EXPECT_TRUE(contains(text, "kurz.hdf5")) << text;
  }
}

TEST(Dadf5Layout, DamagedBytesNeverCrash) {
  Folder folder;
  std::ifstream in(std::string(GRAINSPIN_SOURCE_DIR) + "/tests/data/dual_chunked_gzip.hdf5", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  std::mt19937 random(3);
  int refused = 0;
  for (int round = 0; round < 40; ++round) {
    std::string spoilt = bytes;
    for (int i = 0; i < 200; ++i) spoilt[random() % spoilt.size()] = char(random());
    const std::string path = folder / "spoilt.hdf5";
    std::ofstream(path, std::ios::binary) << spoilt;
    std::vector<float> F(192 * 9);
    refused += error_of([&] {
                 const auto reader = open_archive(path);
                 for (int k = 0; k <= reader->info().step_count(); ++k) reader->F(k, 0, 192, F.data());
               }).first != 0;
  }
  EXPECT_GT(refused, 20);  // fletcher32 covers the fields
}

TEST(Dadf5Layout, OtherFilesAreNamedForWhatTheyAre) {
  Folder folder;
  EXPECT_EQ(error_of([&] { open_archive(folder / "nicht da.hdf5"); }).first, int(Errc::kIo));
  std::ofstream(folder / "text.hdf5") << "Hallo";
  EXPECT_TRUE(contains(error_of([&] { open_archive(folder / "text.hdf5"); }).second, "is not an HDF5 file"));
  EXPECT_NE(error_of([&] { open_archive(folder.path().string()); }).first, 0);
  for (const auto& [group, text] : {std::pair{"DataContainers", "DREAM.3D"}, {"DataStructure", "DREAM.3D"}, {"VTKHDF", "VTKHDF"}, {"other", "no DAMASK result"}}) {
    h5::File file = h5::File::create(folder / "x.h5");
    file.make_group(group);
    file.close();
    const auto [status, what] = error_of([&] { open_archive(folder / "x.h5"); });
    EXPECT_EQ(status, int(Errc::kFormat));
    EXPECT_TRUE(contains(what, text)) << what;
  }
}

}  // namespace
}  // namespace grainspin

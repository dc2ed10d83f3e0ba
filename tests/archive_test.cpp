// The result archive: what is written comes back, whole or not at all; and the small maths of archive.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>
#include <random>

#include "dadf5_files.h"
#include "grainspin/archive.h"
#include "grainspin/orientation.h"
#include "src/io/boxes.h"

namespace grainspin {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

ArchiveInfo sample(Shape shape, int steps) {
  ArchiveInfo info;
  info.creator = "someone, \"quoted\" ü";
  info.shape = shape;
  info.size = {shape.nx * 1e-6, shape.ny * 2e-6, shape.nz * 3e-6};
  info.origin = {0.1, -2, 1e-30};
  info.boundaries = {Boundary::kPeriodic, Boundary::kClamped, Boundary::kPeriodic};
  info.constituents = 2;
  PhaseInfo a;
  a.name = "Ti α";
  a.lattice = "hP";
  a.point_group = "622";
  a.c_over_a = 1.587;
  a.voxels = shape.voxels() - 1;
  a.elastic = {160e9, 90e9, 46.5e9, 66e9, 181.7e9};
  Phenopowerlaw law;
  law.N_sl = {3, 0, 6};
  law.gdot0 = {1e-3, 2e-3, 3e-3};
  law.n = {20, 20, 20};
  law.a = {2, 2, 2.25};
  law.xi0 = {1e8, 0.1, 3e8};
  law.xi_inf = {2e8, 0.2, 6e8};
  law.h0 = {1e8, 1e8, 1e8};
  law.h_int = {0, 0, 0};
  law.h_sl_sl = {1, 1.4, 5.123};
  a.law = law;
  PhaseInfo b;
  b.name = "void";
  b.voxels = 1;
  info.phases = {a, b};
  for (int k = 0; k <= steps; ++k) {
    StepInfo step;
    step.name = "increment_" + std::to_string(7 * k);
    step.time = 10.0 / 3 * k;
    step.strain = 0.01 * k;
    step.mean_F[8] = std::exp(0.01 * k);
    step.mean_F[1] = 0.1 * k;
    step.mean_P[2] = 1e7 / 3 * k;
    info.steps.push_back(step);
    if (k == 0) continue;
    LoadStep load;
    load.L = {0.1 / k, 2, 3, 4, 5, 6, 7, 8, 1e-17};
    load.prescribed = {true, false, true, false, false, true, true, true, k == 1};
    info.loads.push_back(load);
  }
  info.has_mean_F = info.has_mean_P = true;
  return info;
}

// A number for every place, exact in float.
float value(int step, std::int64_t voxel, int component) { return float(step * 4096 + voxel) + 0.25f * float(component); }

std::vector<float> state(const ArchiveInfo& info, int step, int width = 4) {
  std::vector<float> q;
  for (std::int64_t i = 0; i < info.shape.voxels(); ++i)
    for (int c = 0; c < width; ++c) q.push_back(value(step, i, c));
  return q;
}

class ResultArchive : public testing::TestWithParam<bool> {
 protected:
  Folder folder;
};

TEST_P(ResultArchive, EverythingComesBack) {
  const ArchiveInfo info = sample({5, 4, 3}, 2);
  const std::string path = folder / "Ergebnis.h5";
  {
    WriteOptions options;
    options.compress = GetParam();
    options.stress = true;
    options.provenance = R"({"who": "test"})";
    const auto out = create_archive(path, info, options);
    std::vector<std::int32_t> ids(60), phase(60, 0);
    for (int i = 0; i < 60; ++i) ids[i] = i / 7;
    phase[59] = 1;
    for (int k = 2; k >= 0; --k) {
      const auto q = state(info, k), s = state(info, k, 6);
      out->orientation(k, 0, 13, q.data());
      out->orientation(k, 13, 47, q.data() + 13 * 4);
      out->stress(k, {0, 0, 0}, info.shape, s.data());
    }
    out->grain(0, 60, ids.data());
    out->phase(20, 40, phase.data() + 20);
    out->phase(0, 20, phase.data());
    EXPECT_FALSE(std::filesystem::exists(path));  // not before it is whole
    out->finish();
  }
  const auto reader = open_archive(path);
  const ArchiveInfo& got = reader->info();
  EXPECT_EQ(got.format, "grainspin result 1");
  EXPECT_EQ(got.creator, info.creator);
  EXPECT_EQ(got.shape, info.shape);
  EXPECT_EQ(got.boundaries, info.boundaries);
  EXPECT_EQ(got.origin, info.origin);
  for (int i = 0; i < 3; ++i) EXPECT_DOUBLE_EQ(got.size[i], info.size[i]);
  EXPECT_EQ(got.constituents, 2);
  ASSERT_EQ(got.phases.size(), 2u);
  EXPECT_EQ(got.phases[0].name, info.phases[0].name);
  EXPECT_EQ(got.phases[0].lattice, "hP");
  EXPECT_EQ(got.phases[0].point_group, "622");
  EXPECT_EQ(got.phases[0].c_over_a, 1.587);
  EXPECT_EQ(got.phases[0].voxels, 59);
  EXPECT_EQ(got.phases[0].elastic, info.phases[0].elastic);
  ASSERT_TRUE(got.phases[0].law);
  const Phenopowerlaw &a = *got.phases[0].law, &b = *info.phases[0].law;
  EXPECT_EQ(std::tie(a.N_sl, a.gdot0, a.n, a.a, a.xi0, a.xi_inf, a.h0, a.h_sl_sl, a.h_int),
            std::tie(b.N_sl, b.gdot0, b.n, b.a, b.xi0, b.xi_inf, b.h0, b.h_sl_sl, b.h_int));
  EXPECT_FALSE(got.phases[1].law);
  ASSERT_EQ(got.steps.size(), 3u);
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(got.steps[k].name, info.steps[k].name);
    EXPECT_EQ(got.steps[k].time, info.steps[k].time);
    EXPECT_EQ(got.steps[k].strain, info.steps[k].strain);
    EXPECT_EQ(got.steps[k].mean_F, info.steps[k].mean_F);
    EXPECT_EQ(got.steps[k].mean_P, info.steps[k].mean_P);
  }
  ASSERT_EQ(got.loads.size(), 2u);
  for (int k = 0; k < 2; ++k) {
    EXPECT_EQ(got.loads[k].L, info.loads[k].L);
    EXPECT_EQ(got.loads[k].prescribed, info.loads[k].prescribed);
  }
  EXPECT_TRUE(got.has_orientation && got.has_grain && got.has_mean_F && got.has_mean_P);
  EXPECT_FALSE(got.has_F || got.has_P);

  for (const auto& [begin, count] : {std::pair{0, 60}, {0, 1}, {59, 1}, {3, 5}, {7, 30}, {19, 41}, {20, 20}, {30, 0}}) {
    std::vector<float> q(std::size_t(count) * 4 + 1, -1);
    reader->orientation(2, begin, count, q.data());
    for (int i = 0; i < 4 * count; ++i) ASSERT_EQ(q[i], value(2, begin + i / 4, i % 4)) << begin;
    EXPECT_EQ(q.back(), -1);
  }
  std::vector<std::int32_t> ids(60);
  reader->grain(0, 60, ids.data());
  for (int i = 0; i < 60; ++i) EXPECT_EQ(ids[i], i / 7);
  reader->phase(55, 5, ids.data());
  EXPECT_EQ((std::vector<std::int32_t>(ids.begin(), ids.begin() + 5)), (std::vector<std::int32_t>{0, 0, 0, 0, 1}));
  EXPECT_THROW(reader->F(0, 0, 1, nullptr), Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);  // nothing is left beside it

  const h5::File file = h5::File::open(path);
  EXPECT_EQ(file.dataset("grainspin/provenance").text(), R"({"who": "test"})");
  std::vector<float> s(60 * 6);
  file.dataset("VTKHDF/CellData/stress").read(s.data(), {1, 0, 0, 0, 0}, {1, 3, 4, 5, 6});
  EXPECT_EQ(s, state(info, 1, 6));
}

TEST_P(ResultArchive, BoxesInAnyOrder) {
  const ArchiveInfo info = sample({9, 7, 5}, 0);
  const std::string path = folder / "boxes.h5";
  WriteOptions options;
  options.compress = GetParam();
  const auto out = create_archive(path, info, options);
  std::vector<std::array<int, 3>> corners;
  for (int z = 0; z < 5; z += 2)
    for (int y = 0; y < 7; y += 3)
      for (int x = 0; x < 9; x += 4) corners.push_back({x, y, z});
  std::shuffle(corners.begin(), corners.end(), std::mt19937(5));
  for (const auto& lo : corners) {
    const Shape e{std::min(4, 9 - lo[0]), std::min(3, 7 - lo[1]), std::min(2, 5 - lo[2])};
    std::vector<float> q;
    for (int z = 0; z < e.nz; ++z)
      for (int y = 0; y < e.ny; ++y)
        for (int x = 0; x < e.nx; ++x)
          for (int c = 0; c < 4; ++c) q.push_back(value(0, ((lo[2] + z) * 7 + lo[1] + y) * 9 + lo[0] + x, c));
    out->orientation(0, lo, e, q.data());
  }
  std::vector<std::int32_t> phase(9 * 7 * 5, 0);
  out->phase(0, 9 * 7 * 5, phase.data());
  out->finish();
  std::vector<float> q(9 * 7 * 5 * 4);
  open_archive(path)->orientation(0, 0, 9 * 7 * 5, q.data());
  EXPECT_EQ(q, state(info, 0));
}

INSTANTIATE_TEST_SUITE_P(Archive, ResultArchive, testing::Bool(),
                         [](const auto& i) { return i.param ? "Compressed" : "Plain"; });

TEST(Archive, BoxesCoverARunOnceAndInOrder) {
  const Shape s{3, 4, 5};
  for (std::int64_t begin = 0; begin < 60; ++begin)
    for (std::int64_t count = 0; begin + count <= 60; ++count) {
      std::vector<std::int64_t> seen;
      int boxes = 0;
      for_each_box(s, begin, count, [&](std::array<int, 3> lo, Shape e, std::int64_t offset) {
        ++boxes;
        ASSERT_EQ(offset, std::int64_t(seen.size()));
        for (int z = 0; z < e.nz; ++z)
          for (int y = 0; y < e.ny; ++y)
            for (int x = 0; x < e.nx; ++x) seen.push_back((std::int64_t(lo[2] + z) * 4 + lo[1] + y) * 3 + lo[0] + x);
      });
      ASSERT_LE(boxes, 5);
      ASSERT_EQ(std::int64_t(seen.size()), count);
      for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(seen[std::size_t(i)], begin + i);
    }
}

TEST(Archive, UnfinishedLeavesNothingAndKeepsTheOld) {
  Folder folder;
  const std::string path = folder / "alt.h5";
  std::ofstream(path) << "old";
  const ArchiveInfo info = sample({2, 2, 2}, 1);
  {
    const auto out = create_archive(path, info, {});
    out->orientation(0, 0, 8, state(info, 0).data());
    const auto [code, text] = error_of([&] { out->finish(); });
    EXPECT_EQ(code, int(Errc::kInternal));
    EXPECT_TRUE(contains(text, "state 1 is incomplete: 0 of 8")) << text;
  }
  std::string kept;
  std::ifstream(path) >> kept;
  EXPECT_EQ(kept, "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Archive, WritersRefuseWhatCannotBe) {
  Folder folder;
  ArchiveInfo info = sample({2, 2, 2}, 1);
  EXPECT_EQ(error_of([&] { create_archive(folder / "no/such/folder/x.h5", info, {}); }).first, int(Errc::kIo));
  const auto out = create_archive(folder / "x.h5", info, {});
  const auto q = state(info, 0);
  EXPECT_EQ(error_of([&] { out->orientation(2, 0, 8, q.data()); }).first, int(Errc::kArgument));
  EXPECT_EQ(error_of([&] { out->orientation(0, 1, 8, q.data()); }).first, int(Errc::kArgument));
  EXPECT_EQ(error_of([&] { out->orientation(0, {1, 0, 0}, {2, 2, 2}, q.data()); }).first, int(Errc::kArgument));
  EXPECT_EQ(error_of([&] { out->stress(0, {0, 0, 0}, {2, 2, 2}, q.data()); }).first, int(Errc::kArgument));
  info.loads.pop_back();
  info.loads.push_back({});
  info.loads.push_back({});
  EXPECT_EQ(error_of([&] { create_archive(folder / "y.h5", info, {}); }).first, int(Errc::kArgument));
  info.loads.clear();
  info.shape.nz = 0;
  EXPECT_EQ(error_of([&] { create_archive(folder / "y.h5", info, {}); }).first, int(Errc::kShape));
  info.shape = {100000, 100000, 100000};  // 32 PB
  const auto [code, text] = error_of([&] { create_archive(folder / "y.h5", info, {}); });
  EXPECT_EQ(code, int(Errc::kIo));
  EXPECT_TRUE(contains(text, "no space left")) << text;
}

// Damages a finished file through HDF5 itself.
class DamagedResult : public testing::Test {
 protected:
  void SetUp() override {
    const ArchiveInfo info = sample({2, 2, 2}, 1);
    const auto out = create_archive(path, info, {});
    for (int k = 0; k < 2; ++k) out->orientation(k, 0, 8, state(info, k).data());
    const std::vector<std::int32_t> phase{0, 0, 0, 0, 0, 0, 0, 5};
    out->phase(0, 8, phase.data());
    out->finish();
  }
  void edit(const std::function<void(hid_t)>& f) {
    const h5::Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    ASSERT_GE(file, 0);
    f(file);
  }
  void refused(Errc code, const std::string& part) {
    const auto [status, text] = error_of([&] { open_archive(path); });
    EXPECT_EQ(status, int(code)) << text;
    EXPECT_TRUE(contains(text, part)) << text;
    EXPECT_TRUE(contains(text, "kaputt.h5")) << text;
  }
  static void put(hid_t file, const char* object, const char* name, const std::vector<std::int64_t>& values) {
    const h5::Id owner(H5Oopen(file, object, H5P_DEFAULT), H5Oclose), id(H5Aopen(owner, name, H5P_DEFAULT), H5Aclose);
    ASSERT_GE(H5Awrite(id, H5T_NATIVE_INT64, values.data()), 0) << object << "/" << name << ": " << h5::reason();
  }
  Folder folder;
  std::string path = folder / "kaputt.h5";
};

TEST_F(DamagedResult, LaterVersion) {
  edit([](hid_t f) { put(f, "grainspin", "format_version", {3}); });
  refused(Errc::kFormat, "version 3 is not supported");
}

TEST_F(DamagedResult, OtherExtent) {
  edit([](hid_t f) { put(f, "VTKHDF", "WholeExtent", {0, 3, 0, 2, 0, 2}); });
  refused(Errc::kShape, "VTKHDF/CellData/orientation: wanted the shape 2 x 2 x 2 x 3 x 4, found 2 x 2 x 2 x 2 x 4");
}

TEST_F(DamagedResult, NoExtentOrAHostileOne) {
  edit([](hid_t f) { put(f, "VTKHDF", "WholeExtent", {0, 0, 0, 2, 0, 2}); });
  refused(Errc::kShape, "WholeExtent");
  edit([](hid_t f) { put(f, "VTKHDF", "WholeExtent", {0, 1 << 30, 0, 1 << 30, 0, 1 << 30}); });
  refused(Errc::kShape, "implausibly many");
}

TEST_F(DamagedResult, MissingTables) {
  edit([](hid_t f) { H5Ldelete(f, "grainspin/mean_F", H5P_DEFAULT); });
  refused(Errc::kFormat, "grainspin/mean_F: is missing");
  edit([](hid_t f) { H5Ldelete(f, "grainspin/info", H5P_DEFAULT); });
  refused(Errc::kFormat, "grainspin/info: is missing");
}

TEST_F(DamagedResult, WrongTexts) {
  for (const char* text : {"{", "[]", "{\"creator\": 5}"}) {
    edit([&](hid_t f) {
      H5Ldelete(f, "grainspin/info", H5P_DEFAULT);
      const h5::Id type(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
      H5Tset_size(type, std::strlen(text));
      const h5::Id id(H5Dcreate2(f, "grainspin/info", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
      H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text);
    });
    refused(Errc::kFormat, "grainspin/info");
  }
}

TEST_F(DamagedResult, NoSuchPhase) {
  std::int32_t phase[8];
  const auto reader = open_archive(path);
  const auto [status, text] = error_of([&] { reader->phase(0, 8, phase); });
  EXPECT_EQ(status, int(Errc::kFormat));
  EXPECT_TRUE(contains(text, "no such phase 5")) << text;
}

TEST_F(DamagedResult, CutOff) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  refused(Errc::kFormat, "damaged or truncated");
}

TEST(Archive, CauchyStressOfAKnownState) {
  // sigma chosen, F chosen: P = det F sigma F^-T. F = [[a, g, 0], [0, b, 0], [0, 0, c]], so
  // F^-T = [[1/a, 0, 0], [-g/(ab), 1/b, 0], [0, 0, 1/c]].
  const double a = 1.1, b = 0.9, c = 1.05, g = 0.2;
  const double s[3][3] = {{300e6, 20e6, -40e6}, {20e6, -100e6, 15e6}, {-40e6, 15e6, 50e6}};
  const double inverse_t[3][3] = {{1 / a, 0, 0}, {-g / (a * b), 1 / b, 0}, {0, 0, 1 / c}};
  float P[9], F[9] = {float(a), float(g), 0, 0, float(b), 0, 0, 0, float(c)}, sigma[6];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      double sum = 0;
      for (int k = 0; k < 3; ++k) sum += s[i][k] * inverse_t[k][j];
      P[3 * i + j] = float(a * b * c * sum);
    }
  cauchy_stress(1, P, F, sigma);
  const double wanted[6] = {300e6, -100e6, 50e6, 15e6, -40e6, 20e6};  // xx yy zz yz xz xy
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(sigma[i], wanted[i], 60) << i;  // 2e-7 of 300 MPa
}

std::vector<float> turned(const std::vector<double>& degrees) {  // about z
  std::vector<float> q;
  for (const double d : degrees) {
    const double half = d * std::numbers::pi / 360;
    q.insert(q.end(), {float(std::cos(half)), 0, 0, float(std::sin(half))});
  }
  return q;
}

TEST(Grains, ConnectedVoxelsOfOneOrientation) {
  const double tolerance = 0.1 * std::numbers::pi / 180;
  const Boundaries periodic, clamped{Boundary::kClamped, Boundary::kClamped, Boundary::kClamped};
  using Ids = std::vector<std::int32_t>;
  const auto label = [&](Shape s, Boundaries b, const std::vector<double>& degrees, const char* group) {
    return label_grains(s, b, turned(degrees).data(), group, tolerance);
  };
  EXPECT_EQ(label({6, 1, 1}, clamped, {0, 0, 30, 30, 0, 0}, "1"), (Ids{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(label({6, 1, 1}, periodic, {0, 0, 30, 30, 0, 0}, "1"), (Ids{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(label({4, 1, 1}, clamped, {0, 90, 180, 45}, "432"), (Ids{0, 0, 0, 1}));  // equal by symmetry
  EXPECT_EQ(label({4, 1, 1}, clamped, {0, 90, 180, 45}, "622"), (Ids{0, 1, 2, 3}));
  EXPECT_EQ(label({4, 1, 1}, clamped, {0, 60, 120, 30}, "622"), (Ids{0, 0, 0, 1}));
  EXPECT_EQ(label({3, 1, 1}, clamped, {0, 0.09, 0.2}, "1"), (Ids{0, 0, 1}));
  // Joined only around a corner: a U of one orientation in 3 x 3.
  EXPECT_EQ(label({3, 3, 1}, clamped, {0, 30, 0, 0, 30, 0, 0, 0, 0}, "1"), (Ids{0, 1, 0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(label({1, 1, 4}, periodic, {0, 30, 30, 0}, "1"), (Ids{0, 1, 1, 0}));
  EXPECT_EQ(label({1, 4, 1}, {Boundary::kPeriodic, Boundary::kClamped, Boundary::kPeriodic}, {0, 30, 30, 0}, "1"), (Ids{0, 1, 1, 2}));
  EXPECT_EQ(label({1, 1, 1}, periodic, {0}, "432"), (Ids{0}));
  auto bad = turned({0, 0, 0});
  bad[4] = std::nanf("");
  EXPECT_EQ(label_grains({3, 1, 1}, clamped, bad.data(), "432", tolerance), (Ids{0, 1, 2}));
  EXPECT_THROW(label_grains({0, 1, 1}, clamped, bad.data(), "432", tolerance), Error);
  EXPECT_THROW(label_grains({3, 1, 1}, clamped, bad.data(), "5", tolerance), Error);
}

}  // namespace
}  // namespace grainspin

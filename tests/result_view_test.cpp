// Mirrors src/io/result_view.h, virtual_dataset.h and slab_reader.h: one result over several files. Expected values are those
// that were written into the parts.
#include "src/io/result_view.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "grainspin/core.h"
#include "local_oracle.h"
#include "src/io/slab_reader.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;

class ResultView : public ::testing::Test {
 protected:
  static constexpr Shape kShape{4, 3, 7};
  static constexpr std::int64_t kPlane = 12;

  void SetUp() override {
    folder = fs::temp_directory_path() / ("grainspin sicht " + std::to_string(::getpid()));
    fs::create_directories(folder);
    for (int k = 0; k < 2; ++k) q.push_back(testing::random_orientations(kShape.voxels(), unsigned(1 + k)));
    for (std::int64_t i = 0; i < kShape.voxels(); ++i) grain.push_back(std::int32_t(i % 5)), phase.push_back(std::int32_t(i % 2));
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string path(const std::string& name) const { return (folder / name).string(); }

  static ArchiveInfo info(Shape shape) {
    ArchiveInfo i;
    i.shape = shape;
    i.size = {4e-6, 3e-6, 1e-6 * shape.nz};
    i.phases.resize(2);
    i.phases[0].name = "A", i.phases[1].name = "B";
    for (PhaseInfo& p : i.phases) p.point_group = "432";
    i.steps.resize(2);
    i.steps[1].strain = 0.01;
    return i;
  }
  // Planes [first, end) as a file of their own.
  void write_part(const std::string& name, int first, int end) const {
    const ArchiveInfo i = info({kShape.nx, kShape.ny, end - first});
    const auto writer = create_archive(path(name), i, {});
    const std::int64_t n = i.shape.voxels(), from = first * kPlane;
    for (int k = 0; k < 2; ++k) writer->orientation(k, 0, n, q[std::size_t(k)].data() + from * 4);
    writer->grain(0, n, grain.data() + from);
    writer->phase(0, n, phase.data() + from);
    writer->finish();
  }
  void write_view(const std::string& name, const std::vector<ResultPart>& parts) const {
    ArchiveInfo i = info(kShape);
    i.has_grain = true;
    const auto writer = create_result_view(path(name), i, {}, parts);
    writer->remark("ranks", "two");
    writer->finish();
  }
  void expect_whole(FieldReader& reader) const {
    ASSERT_EQ(reader.info().shape, kShape);
    for (int k = 0; k < 2; ++k) {
      std::vector<float> got(q[0].size());
      reader.orientation(k, 0, kShape.voxels(), got.data());
      EXPECT_EQ(got, q[std::size_t(k)]) << k;
    }
    std::vector<std::int32_t> ids(grain.size());
    reader.grain(0, kShape.voxels(), ids.data());
    EXPECT_EQ(ids, grain);
    reader.phase(0, kShape.voxels(), ids.data());
    EXPECT_EQ(ids, phase);
  }
  // The error of opening it.
  Error refused(const std::string& name) const {
    try {
      open_archive(path(name));
    } catch (const Error& e) {
      return e;
    }
    ADD_FAILURE() << name << " is taken";
    return Error(Errc::kInternal, "");
  }

  fs::path folder;
  std::vector<std::vector<float>> q;
  std::vector<std::int32_t> grain, phase;
};

TEST_F(ResultView, ShowsItsPartsAsOne) {
  write_view("50 % größer.h5", {{"50 % größer.a.h5", 0, 4}, {"b.h5", 4, 3}});  // before its parts are there
  write_part("50 % größer.a.h5", 0, 4);
  write_part("b.h5", 4, 7);
  expect_whole(*open_archive(path("50 % größer.h5")));
  const auto before = fs::current_path();
  fs::current_path(folder);  // a bare name has no folder
  const auto reader = open_archive("50 % größer.h5");
  fs::current_path(before);
  expect_whole(*reader);
  // No value of the fields is in the view itself.
  EXPECT_LT(fs::file_size(path("50 % größer.h5")), fs::file_size(path("b.h5")) + 8192);
}

TEST_F(ResultView, WhatIsMissingOrDoesNotFitIsNamed) {
  write_part("a.h5", 0, 4);
  write_part("b.h5", 4, 7);
  write_view("gap.h5", {{"a.h5", 0, 4}});
  EXPECT_EQ(int(refused("gap.h5").code()), int(Errc::kFormat));
  write_view("other.h5", {{"a.h5", 0, 3}, {"b.h5", 3, 4}});
  const Error shape = refused("other.h5");
  EXPECT_EQ(int(shape.code()), int(Errc::kFormat));
  EXPECT_NE(std::string(shape.what()).find("a.h5"), std::string::npos) << shape.what();
  write_view("absent.h5", {{"a.h5", 0, 4}, {"c.h5", 4, 3}});
  const Error absent = refused("absent.h5");
  EXPECT_EQ(int(absent.code()), int(Errc::kIo));
  EXPECT_NE(std::string(absent.what()).find("c.h5"), std::string::npos) << absent.what();
  // Of itself, or of another that shows it in turn: no end otherwise.
  write_view("itself.h5", {{"itself.h5", 0, 7}});
  EXPECT_EQ(int(refused("itself.h5").code()), int(Errc::kFormat));
  write_view("one.h5", {{"two.h5", 0, 7}});
  write_view("two.h5", {{"one.h5", 0, 7}});
  EXPECT_EQ(int(refused("one.h5").code()), int(Errc::kFormat));
}

TEST_F(ResultView, TakesNoFieldsOfItsOwn) {
  const auto writer = create_result_view(path("view.h5"), info(kShape), {}, {{"a.h5", 0, 7}});
  EXPECT_THROW(writer->orientation(0, 0, kShape.voxels(), q[0].data()), Error);
  EXPECT_THROW(create_result_view(path("none.h5"), info(kShape), {}, {}), Error);
}

// Planes of an archive as one of their own, over the end of the periodic grid too.
TEST_F(ResultView, SlabsReadTheirPlanes) {
  write_part("all.h5", 0, 7);
  const auto all = open_archive(path("all.h5"));
  for (const int first : {0, 3, -2, 5}) {
    const auto slab = slab_of_archive(*all, first, 4);
    EXPECT_EQ(slab->info().shape, (Shape{4, 3, 4}));
    EXPECT_NEAR(slab->info().origin[2], first * 1e-6, 1e-15);
    EXPECT_NEAR(slab->info().size[2], 4e-6, 1e-15);
    EXPECT_EQ(slab->info().phases[0].voxels + slab->info().phases[1].voxels, 4 * kPlane);
    const std::int64_t begin = 7, count = 4 * kPlane - 10;  // from within a row to within another
    std::vector<float> got(std::size_t(count * 4));
    std::vector<std::int32_t> ids(std::size_t(count), -1);
    slab->orientation(1, begin, count, got.data());
    slab->grain(begin, count, ids.data());
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t v = begin + i, z = ((first + v / kPlane) % 7 + 7) % 7, from = z * kPlane + v % kPlane;
      ASSERT_EQ(ids[std::size_t(i)], grain[std::size_t(from)]);
      for (int c = 0; c < 4; ++c) ASSERT_EQ(got[std::size_t(i * 4 + c)], q[1][std::size_t(from * 4 + c)]);
    }
    EXPECT_THROW(slab->orientation(1, 0, 4 * kPlane + 1, got.data()), Error);
  }
  EXPECT_THROW(slab_of_archive(*all, 0, 8), Error);
}

}  // namespace
}  // namespace grainspin

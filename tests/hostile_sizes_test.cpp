// Files that declare much and hold little: refused by the reader's own check, before memory is taken or a loop is begun
// by what they declare. Made with HDF5's interface from sound files.
#include <gtest/gtest.h>

#include <filesystem>

#include "dadf5_files.h"
#include "grainspin/archive.h"
#include "grainspin/interactions/data.h"
#include "grainspin/interactions/simulate.h"

namespace grainspin {
namespace {

// Puts another dataset in the place of one: `shape` of `type`, in chunks where `chunk` is not 0, its first entry written.
void replace(const std::string& path, const char* name, hid_t type, std::vector<hsize_t> shape, hsize_t chunk = 0) {
  const h5::Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  ASSERT_GE(H5Ldelete(file, name, H5P_DEFAULT), 0);
  const h5::Id space(shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(int(shape.size()), shape.data(), nullptr), H5Sclose);
  const h5::Id create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (chunk > 0) {
    std::vector<hsize_t> chunks = shape;
    chunks[0] = chunk;
    H5Pset_chunk(create, int(chunks.size()), chunks.data());
  }
  const h5::Id data(H5Dcreate2(file, name, type, space, H5P_DEFAULT, create, H5P_DEFAULT), H5Dclose);
  ASSERT_GE(data, 0);
  if (chunk == 0) return;
  std::vector<hsize_t> one(shape.size(), 1), start(shape.size(), 0);
  const h5::Id memory(H5Screate_simple(int(one.size()), one.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, one.data(), nullptr);
  const double value = 1;
  ASSERT_GE(H5Dwrite(data, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value), 0);
}

void expect_refused(const std::function<void()>& read, const std::string& dataset, const std::string& why) {
  const auto [code, text] = error_of(read);
  EXPECT_EQ(code, int(Errc::kFormat)) << text;
  EXPECT_NE(text.find(dataset), std::string::npos) << text;
  EXPECT_NE(text.find(why), std::string::npos) << text;
}

constexpr hsize_t kHuge = hsize_t(1) << 40;

std::string small_result(const Folder& folder) {
  ArchiveInfo info;
  info.shape = {2, 1, 1};
  info.size = {2, 1, 1};
  info.steps.resize(1);
  const std::string path = folder / "result.h5";
  const auto out = create_archive(path, info, {});
  const float q[8] = {1, 0, 0, 0, 1, 0, 0, 0};
  out->orientation(0, 0, 2, q);
  out->finish();
  return path;
}

TEST(HostileSizes, ATextThatWasNeverWritten) {
  Folder folder;
  const std::string path = small_result(folder);
  EXPECT_EQ(error_of([&] { open_archive(path); }).first, 0);
  const h5::Id text(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(text, std::size_t(1) << 31);
  replace(path, "grainspin/info", text, {});
  expect_refused([&] { open_archive(path); }, "grainspin/info", "implausible length");
}

TEST(HostileSizes, MoreThanOneText) {
  Folder folder;
  const std::string path = small_result(folder);
  const h5::Id text(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(text, 8);
  replace(path, "grainspin/info", text, {274177, 67280421310721});  // their product is 2^64 + 1
  expect_refused([&] { open_archive(path); }, "grainspin/info", "is not one text");
}

TEST(HostileSizes, AFieldOfWhichOneChunkWasWritten) {
  Folder folder;
  const std::string path = folder / "damask.hdf5";
  Dadf5Maker::plain({2, 1, 1}).make(path);
  EXPECT_EQ(error_of([&] { open_archive(path); }).first, 0);
  replace(path, "increment_1/phase/A/mechanical/F", H5T_IEEE_F64LE, {kHuge, 3, 3}, 2);
  expect_refused([&] { open_archive(path); }, "increment_1/phase/A/mechanical/F", "declares more than was written");
}

TEST(HostileSizes, RunsOfDislocationDynamics) {
  Folder folder;
  const std::string path = folder / "runs.h5";
  interactions::SimulateOptions options;
  options.runs = 1, options.rows = 3, options.threads = 1, options.rows_kind = interactions::Rows::kIndependent;
  const auto data = interactions::simulate(interactions::plant(named_slip_set("fcc")), options);
  interactions::write_ddd(path, data, "{}");
  EXPECT_EQ(error_of([&] { interactions::read_ddd({path}); }).first, 0);
  const std::string name = "runs/" + data.runs[0].id + "/time";
  replace(path, name.c_str(), H5T_IEEE_F64LE, {kHuge});
  expect_refused([&] { interactions::read_ddd({path}); }, name, "was never written");
  replace(path, "material/burgers", H5T_IEEE_F64LE, {kHuge}, 16);
  expect_refused([&] { interactions::read_ddd({path}); }, "material/burgers", "declares more than was written");
}

}  // namespace
}  // namespace grainspin

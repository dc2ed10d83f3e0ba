// What changes a file: its making, groups, datasets, attributes, chunks.
#include <algorithm>

#include "src/io/hdf5.h"

namespace grainspin::h5 {

void Dataset::write_chunk(const void* bytes, std::size_t n, const std::vector<hsize_t>& start) const {
  quiet();
  if (H5Dwrite_chunk(id_, H5P_DEFAULT, 0, start.data(), n, bytes) < 0) fail(Errc::kIo, where_, "cannot be written");
}

std::array<std::uint64_t, 2> Dataset::chunk_place(const std::vector<hsize_t>& start) const {
  quiet();
  unsigned mask = 0;
  haddr_t at = HADDR_UNDEF;
  hsize_t size = 0;
  if (H5Dget_chunk_info_by_coord(id_, start.data(), &mask, &at, &size) < 0 || at == HADDR_UNDEF)
    fail(Errc::kIo, where_, "a chunk cannot be found");
  return {at, size};
}

File File::create(const std::string& path, const std::string& name) {
  quiet();
  File file;
  file.path_ = name.empty() ? path : name;
  file.id_ = Id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  if (file.id_ < 0) fail(Errc::kIo, file.path_, "cannot be created");
  return file;
}

File File::change(const std::string& path, const std::string& name) {
  quiet();
  File file;
  file.path_ = name.empty() ? path : name;
  if (!is_hdf5(path)) throw Error(Errc::kFormat, path + ": is not an HDF5 file");
  file.id_ = Id(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  if (file.id_ < 0) fail(Errc::kFormat, path, "is a damaged or truncated HDF5 file");
  return file;
}

void File::flush() {
  quiet();
  if (H5Fflush(id_, H5F_SCOPE_GLOBAL) < 0) fail(Errc::kIo, path_, "cannot be written");
}

void File::close() {
  quiet();
  if (id_ >= 0 && H5Fflush(id_, H5F_SCOPE_GLOBAL) < 0) fail(Errc::kIo, path_, "cannot be written");
  if (!id_.reset()) fail(Errc::kIo, path_, "cannot be closed");
}

void File::make_group(const std::string& name) {
  quiet();
  const Id link(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(link, 1);
  const Id group(H5Gcreate2(id_, name.c_str(), link, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  if (group < 0) fail(Errc::kIo, where("group", name), "cannot be made");
}

Dataset File::make_dataset(const std::string& name, hid_t type, const Layout& layout) {
  quiet();
  const std::string at = where("dataset", name);
  const Id space(H5Screate_simple(int(layout.shape.size()), layout.shape.data(),
                                  layout.max.empty() ? nullptr : layout.max.data()),
                 H5Sclose);
  const Id create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(create, 0);  // the same content makes the same file
  if (!layout.chunk.empty()) {
    H5Pset_chunk(create, int(layout.chunk.size()), layout.chunk.data());
    if (layout.compress) {
      H5Pset_shuffle(create);
      H5Pset_deflate(create, 6);
    }
  }
  if (layout.early) {
    H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(create, H5D_FILL_TIME_NEVER);
  }
  Id id(H5Dcreate2(id_, name.c_str(), type, space, H5P_DEFAULT, create, H5P_DEFAULT), H5Dclose);
  if (id < 0) fail(Errc::kIo, at, "cannot be made");
  return Dataset(std::move(id), at);
}

void File::put_text(const std::string& name, const std::string& text) {
  quiet();
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
  H5Tset_size(type, std::max<std::size_t>(text.size(), 1));
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const Id create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(create, 0);
  const Id id(H5Dcreate2(id_, name.c_str(), type, space, H5P_DEFAULT, create, H5P_DEFAULT), H5Dclose);
  const std::string bytes = text.empty() ? std::string(1, '\0') : text;
  if (id < 0 || H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
    fail(Errc::kIo, where("dataset", name), "cannot be written");
}

void File::put_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space,
                         hid_t memory, const void* values) {
  quiet();
  const Id id(H5Acreate_by_name(id_, object.c_str(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT,
                                H5P_DEFAULT),
              H5Aclose);
  if (id < 0 || H5Awrite(id, memory, values) < 0)
    fail(Errc::kIo, where("attribute", object + "/" + name), "cannot be written");
}

void File::put(const std::string& object, const std::string& name, const std::vector<double>& values) {
  const hsize_t n = values.size();
  const Id space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  put_attribute(object, name, H5T_IEEE_F64LE, space, H5T_NATIVE_DOUBLE, values.data());
}

void File::put(const std::string& object, const std::string& name, const std::vector<std::int64_t>& values) {
  const hsize_t n = values.size();
  const Id space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  put_attribute(object, name, H5T_STD_I64LE, space, H5T_NATIVE_INT64, values.data());
}

void File::put_scalar(const std::string& object, const std::string& name, std::int64_t value) {
  const Id space(H5Screate(H5S_SCALAR), H5Sclose);
  put_attribute(object, name, H5T_STD_I64LE, space, H5T_NATIVE_INT64, &value);
}

void File::put(const std::string& object, const std::string& name, const std::string& value) {
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
  H5Tset_size(type, std::max<std::size_t>(value.size(), 1));
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  const std::string bytes = value.empty() ? std::string(1, '\0') : value;
  put_attribute(object, name, type, space, type, bytes.data());
}

void File::put_sized(const std::string& object, const std::string& name, const std::string& value, std::size_t size) {
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
  H5Tset_size(type, size);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  std::string bytes = value.substr(0, size);
  bytes.resize(size, '\0');
  if (!has_attribute(object, name)) {
    put_attribute(object, name, type, space, type, bytes.data());
    return;
  }
  const Id owner(H5Oopen(id_, object.c_str(), H5P_DEFAULT), H5Oclose), id(H5Aopen(owner, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (id < 0 || H5Awrite(id, type, bytes.data()) < 0)
    fail(Errc::kIo, where("attribute", object + "/" + name), "cannot be written");
}

}  // namespace grainspin::h5

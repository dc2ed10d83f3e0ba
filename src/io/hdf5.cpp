#include "src/io/hdf5.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "src/io/virtual_dataset.h"

namespace grainspin::h5 {

// HDF5 keeps the switch per thread where it is built thread-safe, else once. Its closing of what is still open at
// exit is switched off too: every handle here closes itself, and after a full disk HDF5 cannot give a file up, tries
// again at exit and crashes there.
void quiet() {
  static const bool no_exit_handler = H5dont_atexit() >= 0;
  (void)no_exit_handler;
  thread_local const bool done = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0;
  (void)done;
}

namespace {

std::string trimmed(std::string text) {
  const auto zero = text.find('\0');
  if (zero != std::string::npos) text.resize(zero);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// The text in a fixed- or variable-length string type.
template <class Read>
std::string read_text(hid_t type, std::size_t entries, std::uint64_t stored, const Read& read, const std::string& where) {
  if (H5Tget_class(type) != H5T_STRING || entries != 1) fail(Errc::kFormat, where, "is not one text");
  if (H5Tis_variable_str(type) > 0) {
    const Id memory(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    char* text = nullptr;
    if (read(memory, static_cast<void*>(&text)) < 0) fail(Errc::kIo, where, "cannot be read");
    std::string out = text ? text : "";
    H5free_memory(text);
    return out;
  }
  const std::size_t size = H5Tget_size(type);
  // A declared text that was never written would read as zeros; gzip packs 1032:1 at best.
  require(size <= (std::size_t(1) << 16) || size / 1032 <= stored, Errc::kFormat, where + ": text of implausible length");
  std::string out(size, '\0');
  const Id memory(H5Tcopy(type), H5Tclose);
  if (read(memory, static_cast<void*>(out.data())) < 0) fail(Errc::kIo, where, "cannot be read");
  return trimmed(out);
}

}  // namespace

std::string reason() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned, const H5E_error2_t* e, void* out) -> herr_t {
        auto& text = *static_cast<std::string*>(out);
        if (text.empty() && e->desc) text = e->desc;
        return 0;
      },
      &text);
  // "file write failed: time = ..., errno = 28, error message = 'No space left on device', ..."
  const std::string key = "error message = '";
  if (const auto at = text.find(key); at != std::string::npos) {
    const auto end = text.find('\'', at + key.size());
    text = text.substr(at + key.size(), end == std::string::npos ? end : end - at - key.size());
  }
  return text;
}

void fail(Errc code, const std::string& where, const std::string& what) {
  const std::string why = reason();
  throw Error(code, where + ": " + what + (why.empty() ? "" : " (" + why + ")"));
}

Dataset::Dataset(Id id, std::string where) : id_(std::move(id)), where_(std::move(where)) {
  const Id space(H5Dget_space(id_), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0) fail(Errc::kFormat, where_, "has no readable shape");
  shape_.resize(std::size_t(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space, shape_.data(), nullptr);
}

bool Dataset::floating() const {
  const Id type(H5Dget_type(id_), H5Tclose);
  return H5Tget_class(type) == H5T_FLOAT;
}

std::pair<std::vector<hsize_t>, std::vector<hsize_t>> Dataset::rows_box(std::int64_t begin,
                                                                        std::int64_t n) const {
  std::vector<hsize_t> start(shape_.size(), 0), count = shape_;
  require(!shape_.empty() && begin >= 0 && n >= 0, Errc::kInternal, where_ + ": bad row range");
  start[0] = hsize_t(begin);
  count[0] = hsize_t(n);
  return {start, count};
}

void Dataset::transfer(bool write, hid_t type, void* buffer, const std::vector<hsize_t>& start,
                       const std::vector<hsize_t>& count) const {
  quiet();
  require(start.size() == shape_.size() && count.size() == shape_.size(), Errc::kInternal,
          where_ + ": box of another rank");
  bool empty = false;
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    empty = empty || count[i] == 0;
    if (start[i] > shape_[i] || count[i] > shape_[i] - start[i])
      throw Error(Errc::kShape, where_ + ": wanted entries up to " + std::to_string(start[i] + count[i]) +
                                    " of axis " + std::to_string(i) + ", which has " +
                                    std::to_string(shape_[i]));
  }
  if (empty) return;
  Id file_space, memory_space;
  if (shape_.empty()) {
    file_space = Id(H5Screate(H5S_SCALAR), H5Sclose);
    memory_space = Id(H5Screate(H5S_SCALAR), H5Sclose);
  } else {
    file_space = Id(H5Dget_space(id_), H5Sclose);
    memory_space = Id(H5Screate_simple(int(count.size()), count.data(), nullptr), H5Sclose);
    if (H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0)
      fail(Errc::kInternal, where_, "cannot select");
  }
  if (write) {
    if (H5Dwrite(id_, type, memory_space, file_space, H5P_DEFAULT, buffer) < 0)
      fail(Errc::kIo, where_, "cannot be written");
  } else if (H5Dread(id_, type, memory_space, file_space, H5P_DEFAULT, buffer) < 0) {
    fail(Errc::kIo, where_, "cannot be read");
  }
}

std::vector<hsize_t> Dataset::chunk() const {
  const Id create(H5Dget_create_plist(id_), H5Pclose);
  if (H5Pget_layout(create) != H5D_CHUNKED) return {};
  std::vector<hsize_t> shape(shape_.size());
  if (H5Pget_chunk(create, int(shape.size()), shape.data()) < 0) fail(Errc::kFormat, where_, "has no readable chunks");
  return shape;
}

void Dataset::require_written() const {
  if (is_virtual(id_)) return require_parts(*this);
  const Id type(H5Dget_type(id_), H5Tclose);
  double bytes = double(H5Tget_size(type));
  for (const hsize_t s : shape_) bytes *= double(s);
  const double held = double(stored());
  if (bytes > 0 && held == 0) throw Error(Errc::kFormat, where_ + ": was never written");
  require(bytes <= 1100 * held, Errc::kFormat, where_ + ": declares more than was written");
}

std::string Dataset::text() const {
  quiet();
  const Id type(H5Dget_type(id_), H5Tclose);
  const bool one = std::all_of(shape_.begin(), shape_.end(), [](hsize_t s) { return s == 1; });
  return read_text(
      type, one ? 1 : 0, stored(), [&](hid_t memory, void* to) { return H5Dread(id_, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to); },
      where_);
}

std::vector<std::string> Dataset::texts(std::size_t most) const {
  quiet();
  const Id type(H5Dget_type(id_), H5Tclose);
  std::size_t n = 1;
  for (const hsize_t s : shape_) n = s > most ? most + 1 : std::min(n * std::size_t(s), most + 1);
  require(H5Tget_class(type) == H5T_STRING && n <= most, Errc::kFormat, where_ + ": is no list of texts");
  std::vector<std::string> out;
  if (n == 0) return out;
  if (H5Tis_variable_str(type) > 0) {
    const Id memory(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Dget_space(id_), H5Sclose);
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type));
    std::vector<char*> texts(n, nullptr);
    if (H5Dread(id_, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()) < 0) fail(Errc::kIo, where_, "cannot be read");
    for (const char* text : texts) out.emplace_back(text ? text : "");
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts.data());
    return out;
  }
  const std::size_t size = H5Tget_size(type);
  require(size <= 4096, Errc::kFormat, where_ + ": texts of implausible length");
  std::string all(size * n, '\0');
  const Id memory(H5Tcopy(type), H5Tclose);
  if (H5Dread(id_, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()) < 0) fail(Errc::kIo, where_, "cannot be read");
  for (std::size_t i = 0; i < n; ++i) out.push_back(trimmed(all.substr(i * size, size)));
  return out;
}

bool File::is_hdf5(const std::string& path) {
  quiet();
  if (std::FILE* f = std::fopen(path.c_str(), "rb"))
    std::fclose(f);
  else
    throw Error(Errc::kIo, path + ": cannot be opened (" + std::strerror(errno) + ")");
  return H5Fis_hdf5(path.c_str()) > 0;
}

File File::open(const std::string& path) {
  quiet();
  File file;
  file.path_ = path;
  if (!is_hdf5(path)) throw Error(Errc::kFormat, path + ": is not an HDF5 file");
  // Field data are compressed in chunks of up to a few MB; a chunk that is larger than the cache
  // would be unpacked anew for every slab that touches it.
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_cache(access, 0, 1021, std::size_t(16) << 20, 0.75);
  file.id_ = Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
  if (file.id_ < 0) fail(Errc::kFormat, path, "is a damaged or truncated HDF5 file");
  return file;
}

std::string File::where(std::string_view kind, std::string_view name) const {
  return path_ + ": " + std::string(kind) + " " + std::string(name);
}

bool File::exists(const std::string& name) const {
  quiet();
  for (std::size_t at = name.find('/', 1);; at = name.find('/', at + 1)) {
    const std::string part = name.substr(0, at);
    if (part != "/" && H5Lexists(id_, part.c_str(), H5P_DEFAULT) <= 0) return false;
    if (at == std::string::npos) break;
  }
  return name == "/" || H5Oexists_by_name(id_, name.c_str(), H5P_DEFAULT) > 0;
}

bool File::has_link(const std::string& name) const {
  quiet();
  return H5Lexists(id_, name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> File::children(const std::string& group) const {
  quiet();
  std::vector<std::string> names;
  const Id g(H5Gopen2(id_, group.c_str(), H5P_DEFAULT), H5Gclose);
  if (g < 0) fail(Errc::kFormat, where("group", group), "is missing or damaged");
  hsize_t at = 0;
  const herr_t done = H5Literate(
      g, H5_INDEX_NAME, H5_ITER_INC, &at,
      [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
      },
      &names);
  if (done < 0) fail(Errc::kFormat, where("group", group), "cannot be listed");
  return names;
}

bool File::is_dataset(const std::string& name) const {
  if (!exists(name)) return false;
  const Id object(H5Oopen(id_, name.c_str(), H5P_DEFAULT), H5Oclose);
  return object >= 0 && H5Iget_type(object) == H5I_DATASET;
}

Dataset File::dataset(const std::string& name) const {
  const std::string at = where("dataset", name);
  if (!exists(name)) throw Error(Errc::kFormat, at + ": is missing");
  Id id(H5Dopen2(id_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (id < 0) fail(Errc::kFormat, at, "cannot be opened");
  return Dataset(std::move(id), at);
}

bool File::has_attribute(const std::string& object, const std::string& name) const {
  return exists(object) && H5Aexists_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

template <class T>
std::vector<T> File::attribute(const std::string& object, const std::string& name, std::size_t n) const {
  const std::string at = where("attribute", object + (object.back() == '/' ? "" : "/") + name);
  if (!has_attribute(object, name)) throw Error(Errc::kFormat, at + ": is missing");
  const Id id(H5Aopen_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const Id space(H5Aget_space(id), H5Sclose), type(H5Aget_type(id), H5Tclose);
  const hssize_t found = H5Sget_simple_extent_npoints(space);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) throw Error(Errc::kFormat, at + ": is not a number");
  if (found != hssize_t(n))
    throw Error(Errc::kFormat,
                at + ": wanted " + std::to_string(n) + " numbers, found " + std::to_string(found));
  std::vector<T> values(n);
  if (H5Aread(id, native<T>(), values.data()) < 0) fail(Errc::kIo, at, "cannot be read");
  return values;
}

std::vector<double> File::numbers(const std::string& object, const std::string& name, std::size_t n) const {
  return attribute<double>(object, name, n);
}

std::vector<std::int64_t> File::integers(const std::string& object, const std::string& name,
                                         std::size_t n) const {
  return attribute<std::int64_t>(object, name, n);
}

std::optional<double> File::number(const std::string& object, const std::string& name) const {
  if (!has_attribute(object, name)) return std::nullopt;
  return attribute<double>(object, name, 1)[0];
}

std::string File::string(const std::string& object, const std::string& name) const {
  if (!has_attribute(object, name)) return "";
  const Id id(H5Aopen_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const Id space(H5Aget_space(id), H5Sclose), type(H5Aget_type(id), H5Tclose);
  return read_text(
      type, std::size_t(H5Sget_simple_extent_npoints(space)), H5Aget_storage_size(id),
      [&](hid_t memory, void* to) { return H5Aread(id, memory, to); }, where("attribute", object + "/" + name));
}

}  // namespace grainspin::h5

// HDF5's C interface behind handles that close themselves and errors that name file and object.
// Nothing of HDF5 leaves src/io. HDF5's own printing of its error stack is switched off.
#pragma once

#include <hdf5.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grainspin/core.h"

namespace grainspin::h5 {

class Id {
 public:
  Id() = default;
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Id(Id&& o) noexcept : id_(std::exchange(o.id_, -1)), close_(o.close_) {}
  Id& operator=(Id&& o) noexcept {
    if (this != &o) {
      reset();
      id_ = std::exchange(o.id_, -1);
      close_ = o.close_;
    }
    return *this;
  }
  ~Id() { reset(); }
  operator hid_t() const { return id_; }
  // Closes now; false where HDF5 could not (a full disk shows up here).
  bool reset() {
    if (id_ < 0) return true;
    return close_(std::exchange(id_, -1)) >= 0;
  }

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

template <class T>
hid_t native();  // the HDF5 type of T in memory
template <> inline hid_t native<float>() { return H5T_NATIVE_FLOAT; }
template <> inline hid_t native<double>() { return H5T_NATIVE_DOUBLE; }
template <> inline hid_t native<std::int32_t>() { return H5T_NATIVE_INT32; }
template <> inline hid_t native<std::int64_t>() { return H5T_NATIVE_INT64; }
template <> inline hid_t native<std::uint8_t>() { return H5T_NATIVE_UINT8; }

// Switches off HDF5's own printing and its closing at exit, in this thread. First in whatever calls it.
void quiet();
// HDF5's innermost reason for the last failure, as a person wants it; empty where it gives none.
std::string reason();
// Throws Error(code): "FILE: WHAT (reason)".
[[noreturn]] void fail(Errc code, const std::string& where, const std::string& what);

// An open dataset: shape, and reads and writes of hyperslabs.
class Dataset {
 public:
  Dataset() = default;
  Dataset(Id id, std::string where);
  const std::vector<hsize_t>& shape() const { return shape_; }
  hsize_t rows() const { return shape_.empty() ? 1 : shape_[0]; }
  const std::string& where() const { return where_; }
  hid_t id() const { return id_; }
  bool floating() const;  // its numbers are floating point
  // Bytes stored in the file, after compression; 0: never written.
  std::uint64_t stored() const { return H5Dget_storage_size(id_); }
  // Throws kFormat where the file cannot hold what the shape declares: a hostile or unfinished one would read as so many
  // zeros. gzip packs 1032:1 at best. Before memory is taken, or a loop begun, by the shape.
  void require_written() const;

  // Box [start, start + count) into or from a dense buffer. Ranks agree with shape().
  template <class T>
  void read(T* to, const std::vector<hsize_t>& start, const std::vector<hsize_t>& count) const {
    transfer(false, native<T>(), to, start, count);
  }
  template <class T>
  void write(const T* from, const std::vector<hsize_t>& start, const std::vector<hsize_t>& count) const {
    transfer(true, native<T>(), const_cast<T*>(from), start, count);
  }
  // Rows [begin, begin + n) of the first axis, all of the others.
  template <class T>
  void read_rows(T* to, std::int64_t begin, std::int64_t n) const {
    auto [start, count] = rows_box(begin, n);
    read(to, start, count);
  }
  void write_as(hid_t type, const void* from, const std::vector<hsize_t>& start, const std::vector<hsize_t>& count) const {
    transfer(true, type, const_cast<void*>(from), start, count);
  }
  // A whole chunk as it is to lie in the file, filters applied, whose first entry is `start`.
  void write_chunk(const void* bytes, std::size_t n, const std::vector<hsize_t>& start) const;
  // Where such a chunk lies: offset and bytes in the file.
  std::array<std::uint64_t, 2> chunk_place(const std::vector<hsize_t>& start) const;
  std::vector<hsize_t> chunk() const;  // its shape; empty where it has none
  void read_as(hid_t type, void* to, const std::vector<hsize_t>& start,
               const std::vector<hsize_t>& count) const {
    transfer(false, type, to, start, count);
  }
  // A text dataset (scalar or one entry), fixed or variable length, trailing padding removed.
  std::string text() const;
  // A list of texts [n] or [n, 1]. Throws kFormat where it is none, or longer than `most`.
  std::vector<std::string> texts(std::size_t most) const;

 private:
  std::pair<std::vector<hsize_t>, std::vector<hsize_t>> rows_box(std::int64_t begin, std::int64_t n) const;
  void transfer(bool write, hid_t type, void* buffer, const std::vector<hsize_t>& start,
                const std::vector<hsize_t>& count) const;
  Id id_;
  std::string where_;
  std::vector<hsize_t> shape_;
};

// How a dataset is laid out when it is made. chunk empty: contiguous.
struct Layout {
  std::vector<hsize_t> shape, chunk, max;  // max empty: fixed extents
  bool compress = false;                   // shuffle and gzip
  bool early = false;                      // its place in the file is given now, and nothing is written there
};

class File {
 public:
  File() = default;
  // Throws kIo where it cannot be opened.
  static bool is_hdf5(const std::string& path);
  // Throws kIo where it cannot be opened, kFormat where it is not HDF5 or is cut off.
  static File open(const std::string& path);
  // A new file; an existing one is replaced. Errors call it `name` (empty: its path).
  static File create(const std::string& path, const std::string& name = "");
  // An existing one to be changed; `name` as for create. Throws as open.
  static File change(const std::string& path, const std::string& name = "");
  void flush();  // to the operating system. Throws kIo
  void close();  // throws kIo where what was written cannot be kept

  const std::string& path() const { return path_; }
  hid_t id() const { return id_; }
  // "FILE: dataset NAME"
  std::string where(std::string_view kind, std::string_view name) const;

  bool exists(const std::string& name) const;   // a path from the root that leads to an object
  bool has_link(const std::string& name) const;  // a link of the root, even a dangling one
  std::vector<std::string> children(const std::string& group) const;
  Dataset dataset(const std::string& name) const;  // throws kFormat where there is none
  bool is_dataset(const std::string& name) const;

  bool has_attribute(const std::string& object, const std::string& name) const;
  // Throws kFormat where it is missing or does not have `n` numbers.
  std::vector<double> numbers(const std::string& object, const std::string& name, std::size_t n) const;
  std::vector<std::int64_t> integers(const std::string& object, const std::string& name, std::size_t n) const;
  std::optional<double> number(const std::string& object, const std::string& name) const;
  std::string string(const std::string& object, const std::string& name) const;  // empty where missing

  // For writing.
  void make_group(const std::string& name);
  Dataset make_dataset(const std::string& name, hid_t type, const Layout& layout);
  void put_text(const std::string& name, const std::string& text);
  void put(const std::string& object, const std::string& name, const std::vector<double>& values);
  void put(const std::string& object, const std::string& name, const std::vector<std::int64_t>& values);
  void put_scalar(const std::string& object, const std::string& name, std::int64_t value);
  // Fixed-length ASCII, as VTK asks for its `Type`.
  void put(const std::string& object, const std::string& name, const std::string& value);
  // Likewise, in `size` characters, the rest zeros; replaces one of this size.
  void put_sized(const std::string& object, const std::string& name, const std::string& value, std::size_t size);

 private:
  template <class T>
  std::vector<T> attribute(const std::string& object, const std::string& name, std::size_t n) const;
  void put_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space,
                     hid_t memory, const void* values);
  Id id_;
  std::string path_;
};

}  // namespace grainspin::h5

// Makes small DAMASK results with what a test wants in them, right or wrong. Layout: DADF5 1.x as DAMASK writes it.
#pragma once

#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "src/io/hdf5.h"

namespace grainspin {

// A folder of its own that goes with the object; blanks and umlauts in its name.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "grainspin Körner übung XXXXXX").string();
    if (!mkdtemp(name.data())) throw Error(Errc::kIo, name + ": no temporary folder");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct CellEntry {
  std::string label;
  std::int64_t entry = -1;
};

struct Dadf5Maker {
  std::int64_t major = 1, minor = 4;
  std::vector<std::int64_t> cells{2, 1, 1};
  int constituents = 1;
  std::vector<CellEntry> map;  // [cells][constituents]
  std::vector<int> increments{0, 1};
  struct Field {
    std::string phase, name;
    std::vector<hsize_t> shape;  // rows first
    std::function<double(int increment, std::size_t row, std::size_t component)> value;
    std::vector<int> only{};  // increments; empty: all
    bool write = true;
  };
  std::vector<Field> fields;
  std::vector<std::pair<std::string, std::string>> attributes;  // of the last increment's O: name, text
  std::vector<std::pair<std::string, std::string>> setup;       // name, text
  bool with_map = true, current = false;

  void make(const std::string& path) const {
    h5::File file = h5::File::create(path);
    file.put_scalar("/", "DADF5_version_major", major);
    file.put_scalar("/", "DADF5_version_minor", minor);
    file.put("/", "creator", std::string("test"));
    file.make_group("geometry");
    file.put("geometry", "cells", cells);
    file.put("geometry", "size", std::vector<double>{1, 1, 1});
    file.put("geometry", "origin", std::vector<double>{0, 0, 0});
    file.make_group("cell_to");
    if (with_map) make_map(file);
    for (const int k : increments) {
      const std::string group = "increment_" + std::to_string(k);
      file.make_group(group);
      put_number(file, group, "t/s", 10.0 * k);
      for (const Field& f : fields) {
        if (!f.only.empty() && std::find(f.only.begin(), f.only.end(), k) == f.only.end()) continue;
        const std::string at = group + "/phase/" + f.phase + "/mechanical";
        if (!file.exists(at)) file.make_group(at);
        const auto data = file.make_dataset(at + "/" + f.name, H5T_IEEE_F64LE, {f.shape, {}, {}, false});
        if (f.name == "O") file.put(at + "/O", "lattice", std::string("cF"));
        if (!f.write) continue;
        std::size_t width = 1;
        for (std::size_t i = 1; i < f.shape.size(); ++i) width *= f.shape[i];
        std::vector<double> values(f.shape[0] * width);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = f.value(k, i / width, i % width);
        data.write(values.data(), std::vector<hsize_t>(f.shape.size(), 0), f.shape);
      }
    }
    file.make_group("setup");
    for (const auto& [name, text] : setup) file.put_text("setup/" + name, text);
    if (current) H5Lcreate_soft("/increment_1", file.id(), "current", H5P_DEFAULT, H5P_DEFAULT);
    file.close();
  }

  // A field that is the same in every row: unit quaternion or unit tensor.
  static double unit(int, std::size_t, std::size_t component) { return component % 4 == 0 ? 1 : 0; }
  // One phase "A", one row a cell, in order; O and F of the undeformed state.
  static Dadf5Maker plain(std::vector<std::int64_t> cells) {
    Dadf5Maker m;
    m.cells = cells;
    const auto n = std::size_t(cells[0] * cells[1] * cells[2]);
    for (std::size_t i = 0; i < n; ++i) m.map.push_back({"A", std::int64_t(i)});
    m.fields.push_back({"A", "O", {n, 4}, [](int, std::size_t, std::size_t c) { return c == 0 ? 1.0 : 0.0; }});
    m.fields.push_back({"A", "F", {n, 3, 3}, unit});
    return m;
  }

 private:
  static void put_number(h5::File& file, const std::string& object, const char* name, double value) {
    const h5::Id space(H5Screate(H5S_SCALAR), H5Sclose);
    const h5::Id id(H5Acreate_by_name(file.id(), object.c_str(), name, H5T_IEEE_F64LE, space, H5P_DEFAULT,
                                      H5P_DEFAULT, H5P_DEFAULT),
                    H5Aclose);
    H5Awrite(id, H5T_NATIVE_DOUBLE, &value);
  }

  void make_map(h5::File& file) const {
    std::size_t length = 1;
    for (const auto& e : map) length = std::max(length, e.label.size());
    const h5::Id text(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(text, length);
    H5Tset_strpad(text, H5T_STR_SPACEPAD);
    const h5::Id type(H5Tcreate(H5T_COMPOUND, length + 8), H5Tclose);
    H5Tinsert(type, "label", 0, text);
    H5Tinsert(type, "entry", length, H5T_STD_I64LE);
    std::vector<char> bytes(map.size() * (length + 8), ' ');
    for (std::size_t i = 0; i < map.size(); ++i) {
      char* at = bytes.data() + i * (length + 8);
      std::memcpy(at, map[i].label.data(), map[i].label.size());
      std::memcpy(at + length, &map[i].entry, 8);
    }
    const hsize_t shape[2] = {map.size() / std::size_t(constituents), hsize_t(constituents)};
    const h5::Id space(H5Screate_simple(2, shape, nullptr), H5Sclose);
    const h5::Id id(H5Dcreate2(file.id(), "cell_to/phase", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                    H5Dclose);
    H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  }
};

// The code and text of the Error that f() throws; code 0 where it throws none.
template <class F>
std::pair<int, std::string> error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return {int(e.code()), e.what()};
  }
  return {0, ""};
}

}  // namespace grainspin

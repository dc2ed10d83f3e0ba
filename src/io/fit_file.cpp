// A fit's file. HDF5: the tree's arrays are datasets at their own place (/K/tensors/K/value), the rest is the text
// /grainspin/fit, in which an array's place is taken by {"dataset": path}.
#include "grainspin/interactions/fit_file.h"

#include <filesystem>
#include <limits>

#include "src/io/fit_file_tree.h"
#include "src/io/hdf5.h"
#include "src/io/whole_file.h"

namespace grainspin::interactions {
namespace {

using nlohmann::json;

constexpr const char* kText = "grainspin/fit";
constexpr const char* kHdf5 = "\x89HDF\r\n\x1a\n";
constexpr std::size_t kShort = 4;  // numbers that stay in the text

bool numeric(const json& j) {
  if (!j.is_array() || j.size() <= kShort) return false;
  for (const json& v : j)
    if (!v.is_number() && !v.is_null()) return false;
  return true;
}

// Documents of their own.
bool stays_text(const std::string& key) { return key == "slip" || key == "options" || key == "provenance"; }

bool whole(const json& j) {
  for (const json& v : j)
    if (!v.is_number_integer()) return false;
  return true;
}

template <class T>
void put(h5::File& file, const std::string& name, hid_t type, std::vector<hsize_t> shape, const json& values) {
  std::vector<T> numbers;
  for (const json& v : values)
    if constexpr (std::is_same_v<T, double>) numbers.push_back(v.is_null() ? std::numeric_limits<double>::quiet_NaN() : v.get<double>());
    else numbers.push_back(v.get<T>());
  h5::Layout layout{shape, {}, {}, false};
  if (numbers.size() > 10000) layout.chunk = shape, layout.compress = true;  // orbit tables and sparse tensors shrink a lot
  file.make_dataset(name, type, layout).write(numbers.data(), std::vector<hsize_t>(shape.size(), 0), shape);
}

// Moves the tree's arrays into datasets; what remains is the text.
void arrays_to_file(h5::File& file, json& tree, const std::string& place) {
  if (!place.empty()) file.make_group(place);
  for (auto& [key, value] : tree.items()) {
    const std::string name = place + "/" + key;
    if (stays_text(key)) continue;
    if (value.is_object() && !value.empty()) {
      if (std::any_of(value.begin(), value.end(), [](const json& v) { return v.is_object() || numeric(v); })) arrays_to_file(file, value, name);
    } else if (numeric(value)) {
      std::vector<hsize_t> shape{value.size()};
      if (key == "value" && tree.contains("shape")) shape = tree.at("shape").get<std::vector<hsize_t>>();
      if (whole(value)) put<std::int64_t>(file, name, H5T_STD_I32LE, shape, value);
      else put<double>(file, name, H5T_IEEE_F64LE, shape, value);
      value = json{{"dataset", name}};
    }
  }
}

void arrays_from_file(const h5::File& file, json& tree) {
  for (auto& [key, value] : tree.items()) {
    if (stays_text(key) || !value.is_object()) continue;
    if (value.size() != 1 || !value.contains("dataset")) {
      arrays_from_file(file, value);
      continue;
    }
    const h5::Dataset data = file.dataset(value.at("dataset").get<std::string>());
    data.require_written();
    double count = 1;
    for (const hsize_t s : data.shape()) count *= double(s);
    require(count <= double(1 << 28), Errc::kFormat, data.where() + ": too large for a fit");
    const auto n = std::size_t(count);
    const std::vector<hsize_t> start(data.shape().size(), 0);
    if (data.floating()) {
      std::vector<double> numbers(n);
      data.read(numbers.data(), start, data.shape());
      value = numbers;
    } else {
      std::vector<std::int64_t> numbers(n);
      data.read(numbers.data(), start, data.shape());
      value = numbers;
    }
  }
}

bool hdf5_name(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  return ending == ".h5" || ending == ".hdf5";
}

}  // namespace

void write_fit(const std::string& path, const InteractionFit& fit) {
  json tree = tree_of(fit);
  if (!hdf5_name(path)) return write_whole_text(path, tree_text(tree));
  write_whole(path, [&](const std::string& partial) {
    h5::File file = h5::File::create(partial, path);
    file.make_group("grainspin");
    arrays_to_file(file, tree, "");
    file.put_text(kText, tree_text(tree));
    file.close();
  });
}

InteractionFit read_fit(const std::string& path) {
  const std::string bytes = read_whole_text(path);
  if (bytes.starts_with(kHdf5)) {
    const h5::File file = h5::File::open(path);
    require(file.is_dataset(kText), Errc::kFormat, path + ": is no interaction fit: it has no dataset " + kText);
    try {
      json tree = json::parse(file.dataset(kText).text());
      arrays_from_file(file, tree);
      return fit_of_tree(tree, path);
    } catch (const json::exception& e) {
      throw Error(Errc::kFormat, path + ": dataset " + kText + ": " + e.what());
    }
  }
  json tree;
  try {
    tree = json::parse(bytes);
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, path + ": is neither HDF5 nor JSON: " + e.what());
  }
  return fit_of_tree(tree, path);
}

}  // namespace grainspin::interactions

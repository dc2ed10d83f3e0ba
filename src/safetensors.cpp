#include "safetensors.h"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "grainspin/core.h"
#include "new_file.h"

namespace grainspin {
namespace {

using nlohmann::json;
static_assert(std::endian::native == std::endian::little, "values are copied as they lie in the file");

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr int kMaxDepth = 4;                       // header / tensor / shape: 3 suffice
constexpr std::size_t kMaxRank = 8;

[[noreturn]] void unsound(const std::string& path, const std::string& what) {
  throw Error(Errc::kFormat, path + ": not a sound safetensors file: " + what);
}

[[noreturn]] void failed(const std::string& path, const char* doing) {
  throw Error(Errc::kIo, path + ": cannot " + doing + ": " + std::strerror(errno));
}

// The JSON header. Deep nesting and repeated names are refused while parsing.
json parse_header(const std::string& path, const std::string& text) {
  std::set<std::string> names;
  const auto guard = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > kMaxDepth) unsound(path, "the header is nested too deeply");
    if (event == json::parse_event_t::key && depth == 1 && !names.insert(value.get<std::string>()).second)
      unsound(path, "tensor '" + value.get<std::string>() + "' occurs twice");
    return true;
  };
  json header;
  try {
    header = json::parse(text, guard);
  } catch (const json::exception&) {
    unsound(path, "the header is not JSON");
  }
  if (!header.is_object()) unsound(path, "the header is not a JSON object");
  return header;
}

struct Extent {
  std::string name;
  std::uint64_t begin, end;
};

std::uint64_t unsigned_at(const json& j, const std::string& path, const std::string& name, const char* what) {
  if (!j.is_number_unsigned()) unsound(path, "tensor '" + name + "': " + what + " is not a whole number");
  return j.get<std::uint64_t>();
}

// Shape and place of one tensor; `data` is the number of bytes behind the header.
Extent parse_tensor(const std::string& path, const std::string& name, const json& j, std::uint64_t data,
                    std::vector<std::int64_t>& shape) {
  const auto bad = [&](const std::string& what) { unsound(path, "tensor '" + name + "': " + what); };
  if (!j.is_object() || j.size() != 3 || !j.contains("dtype") || !j.contains("shape") ||
      !j.contains("data_offsets"))
    bad("wanted dtype, shape and data_offsets");
  if (j["dtype"] != "F32") bad("dtype is " + j["dtype"].dump() + ", wanted \"F32\"");
  if (!j["shape"].is_array() || j["shape"].size() > kMaxRank) bad("shape is not a list of at most 8 extents");
  const json& offsets = j["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) bad("data_offsets is not a pair");
  const Extent e{name, unsigned_at(offsets[0], path, name, "an offset"),
                 unsigned_at(offsets[1], path, name, "an offset")};
  if (e.begin > e.end || e.end > data) bad("its values lie outside the file (truncated?)");
  std::uint64_t count = 1;
  for (const json& d : j["shape"]) {
    const std::uint64_t n = unsigned_at(d, path, name, "an extent");
    if (n > data || (n != 0 && count > data / n)) bad("its shape is larger than the file");
    count *= n;
    shape.push_back(std::int64_t(n));
  }
  if (count * sizeof(float) != e.end - e.begin)
    bad("shape asks for " + std::to_string(count * sizeof(float)) + " bytes, data_offsets give " +
        std::to_string(e.end - e.begin));
  return e;
}

}  // namespace

TensorFile read_safetensors(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) failed(path, "open");
  require(S_ISREG(info.st_mode), Errc::kIo, path + ": not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) failed(path, "open");
  const std::uint64_t size = std::uint64_t(info.st_size);
  std::uint64_t length = 0;
  if (size < sizeof length || !in.read(reinterpret_cast<char*>(&length), sizeof length))
    unsound(path, "it has " + std::to_string(size) + " bytes, fewer than the header's length takes");
  if (length > kMaxHeader || length > size - sizeof length)
    unsound(path,
            "the header claims " + std::to_string(length) + " bytes, the file has " + std::to_string(size));
  std::string text(length, '\0');
  if (!in.read(text.data(), std::streamsize(length))) failed(path, "read");

  const json header = parse_header(path, text);
  const std::uint64_t data = size - sizeof length - length;
  TensorFile file;
  std::vector<Extent> extents;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) unsound(path, "__metadata__ is not an object");
      for (const auto& [key, entry] : value.items()) {
        if (!entry.is_string()) unsound(path, "__metadata__ '" + key + "' is not a string");
        file.metadata[key] = entry.get<std::string>();
      }
      continue;
    }
    extents.push_back(parse_tensor(path, name, value, data, file.tensors[name].shape));
  }
  // Sorted by place they must follow each other and fill the file: no holes, no overlap.
  std::ranges::sort(extents, [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const Extent& e : extents) {
    if (e.begin != at) unsound(path, "tensor '" + e.name + "' overlaps its neighbour or leaves a hole");
    at = e.end;
  }
  if (at != data) unsound(path, std::to_string(data - at) + " bytes belong to no tensor");
  for (const Extent& e : extents) {  // the stream already stands at the first
    auto& values = file.tensors[e.name].values;
    values.resize((e.end - e.begin) / sizeof(float));
    if (!in.read(reinterpret_cast<char*>(values.data()), std::streamsize(e.end - e.begin)))
      failed(path, "read");
  }
  return file;
}

void write_safetensors(const std::string& path, const TensorFile& file) {
  json header = json::object();
  header["__metadata__"] = file.metadata;
  std::uint64_t at = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const std::uint64_t end = at + tensor.values.size() * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);  // paths need not be UTF-8
  text.resize((text.size() + 7) / 8 * 8, ' ');  // values start at a multiple of 8 bytes
  const std::uint64_t length = text.size();
  require(length <= kMaxHeader, Errc::kFormat, path + ": the model's header is larger than 100 MB");

  NewFile out(path);
  out.write(&length, sizeof length);
  out.write(text.data(), text.size());
  for (const auto& [name, tensor] : file.tensors) out.write(tensor.values.data(), tensor.values.size() * sizeof(float));
  out.commit();
}

}  // namespace grainspin

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "fuzz.h"
#include "grainspin/core.h"

namespace grainspin::fuzz {

namespace fs = std::filesystem;

void run(const Target& target, Bytes bytes) {
  try {
    target.run(bytes.first(std::min(bytes.size(), target.longest)));
  } catch (const Error& e) {
    if (e.code() == Errc::kInternal || std::string_view(e.what()).empty()) throw std::logic_error(std::string("not an error for input: ") + e.what());
  }
}

const std::string& scratch_folder() {
  struct Folder {
    std::string path;
    Folder() {
      std::error_code none;
      const fs::path root = fs::is_directory("/dev/shm", none) ? "/dev/shm" : fs::temp_directory_path();
      path = (root / "grainspin fuzz XXXXXX").string();
      if (!mkdtemp(path.data())) throw std::runtime_error(path + ": no scratch folder");
    }
    ~Folder() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

std::string scratch_file(const std::string& name, std::string_view bytes) {
  const std::string path = scratch_folder() + "/" + name;
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
  return path;
}

void read_archive(FieldReader& reader) {
  const ArchiveInfo& info = reader.info();
  const std::int64_t voxels = info.shape.voxels(), count = std::min<std::int64_t>(voxels, 500);
  std::vector<float> values(std::size_t(count * 9));
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  // Each field by itself: one that is damaged does not hide the others.
  const auto attempt = [](auto&& read) {
    try {
      read();
    } catch (const Error& e) {
      if (e.code() == Errc::kInternal) throw;
    }
  };
  for (const int step : {0, info.step_count()})
    for (const std::int64_t begin : {std::int64_t(0), voxels - count}) {
      if (info.has_orientation) attempt([&] { reader.orientation(step, begin, count, values.data()); });
      if (info.has_F) attempt([&] { reader.F(step, begin, count, values.data()); });
      if (info.has_P) attempt([&] { reader.P(step, begin, count, values.data()); });
      if (info.has_stress) attempt([&] { reader.stress(step, begin, count, values.data()); });
      attempt([&] { reader.phase(begin, count, ids.data()); });
      if (info.has_grain) attempt([&] { reader.grain(begin, count, ids.data()); });
    }
}

}  // namespace grainspin::fuzz

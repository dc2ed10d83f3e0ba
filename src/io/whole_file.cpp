#include "src/io/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "grainspin/core.h"

namespace grainspin {

void write_whole(const std::string& path, const std::function<void(const std::string&)>& write) {
  namespace fs = std::filesystem;
  require(!fs::is_directory(path), Errc::kIo, path + ": cannot be written: it is a folder");
  const std::string partial = path + "." + std::to_string(::getpid()) + ".partial";
  try {
    write(partial);
    const int fd = ::open(partial.c_str(), O_RDONLY | O_CLOEXEC);
    const bool kept = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    require(kept, Errc::kIo, path + ": cannot be kept on the disk (" + std::strerror(error) + ")");
    std::error_code code;
    fs::rename(partial, path, code);
    require(!code, Errc::kIo, path + ": cannot be put in place (" + code.message() + ")");
  } catch (...) {
    std::remove(partial.c_str());
    throw;
  }
}

void write_whole_text(const std::string& path, std::string_view text) {
  write_whole(path, [&](const std::string& partial) {
    errno = 0;
    std::ofstream out(partial, std::ios::binary);
    out.write(text.data(), std::streamsize(text.size()));
    out.close();
    require(out.good(), Errc::kIo, path + ": cannot be written (" + std::strerror(errno) + ")");
  });
}

std::string read_whole_text(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  require(in.good() && !std::filesystem::is_directory(path), Errc::kIo,
          path + ": cannot be opened (" + (errno ? std::strerror(errno) : "it is a folder") + ")");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  require(!in.bad(), Errc::kIo, path + ": cannot be read");
  return text;
}

}  // namespace grainspin

#include "src/io/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "grainspin/core.h"

namespace grainspin {

Output::Output(const std::string& path)
    : path_(path), partial_(path + "." + std::to_string(getpid()) + ".partial"), file_(nullptr) {
  std::error_code error;
  require(!std::filesystem::is_directory(path, error), Errc::kIo, path + ": cannot be written: it is a folder");
  file_ = std::fopen(partial_.c_str(), "wb");
  if (!file_) fail();
}

Output::~Output() {
  if (!file_) return;
  std::fclose(file_);
  std::remove(partial_.c_str());
}

void Output::write(const void* data, std::size_t bytes) {
  if (bytes > 0 && std::fwrite(data, 1, bytes, file_) != bytes) fail();
}

void Output::finish() {
  if (std::fflush(file_) != 0 || fsync(fileno(file_)) != 0) fail();
  std::FILE* file = std::exchange(file_, nullptr);
  if (std::fclose(file) != 0 || std::rename(partial_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    std::remove(partial_.c_str());
    throw Error(Errc::kIo, path_ + ": cannot be written (" + std::strerror(error) + ")");
  }
}

void Output::fail() const {
  throw Error(Errc::kIo, path_ + ": cannot be written (" + std::strerror(errno) + ")");
}

}  // namespace grainspin

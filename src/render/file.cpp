#include "src/render/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "grainspin/core.h"

namespace grainspin::render {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw Error(Errc::kIo, path + ": cannot be written: " + std::generic_category().message(error));
}

// Returns 0 or the errno of what went wrong; the descriptor is closed either way.
int write_all(int file, std::string_view bytes, bool sync) {
  int error = 0;
  while (!bytes.empty() && !error) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n >= 0)
      bytes.remove_prefix(std::size_t(n));
    else if (errno != EINTR)
      error = errno;
  }
  if (!error && sync && ::fsync(file) != 0) error = errno;
  if (::close(file) != 0 && !error) error = errno;
  return error;
}

}  // namespace

void write_file(const std::string& path, std::string_view bytes) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::is_directory(status)) fail(path, EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) fail(path, errno);
    if (const int error = write_all(file, bytes, false)) fail(path, error);
    return;
  }
  const std::string temporary = path + ".part" + std::to_string(::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail(path, errno);
  int error = write_all(file, bytes, true);
  if (!error && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error) {
    ::unlink(temporary.c_str());
    fail(path, error);
  }
}

}  // namespace grainspin::render

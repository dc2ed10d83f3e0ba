#include "new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "grainspin/core.h"

namespace grainspin {

NewFile::NewFile(const std::string& path) : path_(path) {
  static std::atomic<unsigned> count{0};  // two threads may write the same file
  temporary_ = path + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) failed("create");
}

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::failed(const char* what) const {
  throw Error(Errc::kIo, path_ + ": cannot " + what + ": " + std::strerror(errno));
}

void NewFile::write(const void* data, std::size_t bytes) {
  const auto* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(fd_, from, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failed("write");
    from += n;
    bytes -= std::size_t(n);
  }
}

void NewFile::commit() {
  if (::fsync(fd_) != 0) failed("write");
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) failed("write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) failed("rename to");
  temporary_.clear();
}

}  // namespace grainspin

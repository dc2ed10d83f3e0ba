// A file that has its final name only when it is whole.
#pragma once

#include <cstddef>
#include <string>

namespace grainspin {

class NewFile {
 public:
  // Under a temporary name beside `path`. All throw Error kIo naming `path`.
  explicit NewFile(const std::string& path);
  ~NewFile();  // removes what commit() has not named
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  void write(const void* data, std::size_t bytes);
  void commit();  // brings the bytes to the disk and renames

 private:
  [[noreturn]] void failed(const char* what) const;

  std::string path_, temporary_;
  int fd_;
};

}  // namespace grainspin

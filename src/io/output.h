// A file that is written in pieces and has its name only when it is whole.
#pragma once

#include <cstdio>
#include <string>

namespace grainspin {

// Written under a temporary name beside `path`, which finish() replaces; without finish() nothing is left of it.
// Throws Error kIo.
class Output {
 public:
  explicit Output(const std::string& path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  void write(const void* data, std::size_t bytes);
  void write(const std::string& text) { write(text.data(), text.size()); }
  void finish();

 private:
  [[noreturn]] void fail() const;
  std::string path_, partial_;
  std::FILE* file_;
};

}  // namespace grainspin

// Text in pieces: lines or words of a file of any size, with line numbers for errors. Memory is one block, or the
// longest line.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grainspin/core.h"
#include "src/io/numbers.h"

namespace grainspin {

class TextFile {
 public:
  explicit TextFile(const std::string& path);  // throws kIo
  // The next line without its end (LF or CRLF); false at the end of the file. Valid until the next call.
  bool line(std::string_view& out);
  // The next word between blanks, tabs and ends of lines, of at most a few kB; false at the end of the file.
  bool word(std::string_view& out);
  // Is the next word this one? Nothing is taken.
  bool follows(std::string_view word);
  // What follows directly, byte for byte; false where fewer are left.
  bool bytes(void* to, std::size_t n);

  std::int64_t number() const { return number_; }  // of the line last read, from 1
  std::uint64_t size() const { return size_; }     // of the file
  const std::string& path() const { return path_; }
  // kFormat: "PATH: line N: TEXT"
  Error error(const std::string& text) const;

 private:
  bool more();  // appends a block to what is left; false at the end of the file
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_ = 0;
  std::vector<char> buffer_;
  std::size_t at_ = 0, end_ = 0;  // what is left of the buffer
  std::int64_t number_ = 1, lines_ = 0;
};

// Takes the first word off `rest`; empty where none is left.
std::string_view next_word(std::string_view& rest);

// Words of a line as numbers; at most `most` are read. False where one is no number or too many are there.
template <class T>
bool numbers_of(std::string_view line, std::size_t most, std::vector<T>& out) {
  out.clear();
  for (std::string_view w = next_word(line); !w.empty(); w = next_word(line)) {
    const auto value = parse_number<T>(w);
    if (!value || out.size() == most) return false;
    out.push_back(*value);
  }
  return true;
}

}  // namespace grainspin

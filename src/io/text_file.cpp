#include "src/io/text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace grainspin {
namespace {
constexpr std::size_t kBlock = 1 << 18;
constexpr std::size_t kLongestLine = std::size_t(1) << 28, kLongestWord = 1 << 12;

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }
}  // namespace

std::string_view next_word(std::string_view& rest) {
  std::size_t begin = 0;
  while (begin < rest.size() && blank(rest[begin])) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && !blank(rest[end])) ++end;
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

TextFile::TextFile(const std::string& path) : path_(path), buffer_(kBlock) {
  std::error_code error;
  require(!std::filesystem::is_directory(path, error), Errc::kIo, path + ": cannot be opened (it is a folder)");
  file_.reset(std::fopen(path.c_str(), "rb"));
  require(file_ != nullptr, Errc::kIo, path + ": cannot be opened (" + std::strerror(errno) + ")");
  size_ = std::filesystem::file_size(path, error);
  if (error) size_ = 0;
}

bool TextFile::more() {
  if (at_ > 0) {
    std::copy(buffer_.begin() + std::ptrdiff_t(at_), buffer_.begin() + std::ptrdiff_t(end_), buffer_.begin());
    end_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() - end_ < kBlock / 2) buffer_.resize(buffer_.size() * 2);
  const std::size_t n = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  require(n > 0 || !std::ferror(file_.get()), Errc::kIo, path_ + ": cannot be read (" + std::strerror(errno) + ")");
  end_ += n;
  return n > 0;
}

bool TextFile::line(std::string_view& out) {
  for (std::size_t seen = 0;;) {
    const char* begin = buffer_.data() + at_;
    const auto* found = static_cast<const char*>(std::memchr(begin + seen, '\n', end_ - at_ - seen));
    if (found) {
      std::size_t length = std::size_t(found - begin);
      at_ += length + 1;
      if (length > 0 && begin[length - 1] == '\r') --length;
      out = {begin, length};
      number_ = ++lines_;
      return true;
    }
    seen = end_ - at_;
    if (seen > kLongestLine) {
      number_ = lines_ + 1;
      throw error("is longer than any line of this format");
    }
    if (more()) continue;
    if (seen == 0) return false;
    out = {buffer_.data() + at_, seen};  // the last line without an end
    if (out.back() == '\r') out.remove_suffix(1);
    at_ = end_;
    number_ = ++lines_;
    return true;
  }
}

bool TextFile::word(std::string_view& out) {
  for (;;) {  // blanks
    while (at_ < end_ && blank(buffer_[at_])) lines_ += buffer_[at_++] == '\n';
    if (at_ < end_) break;
    if (!more()) return false;
  }
  number_ = lines_ + 1;
  for (std::size_t length = 1;;) {
    while (at_ + length < end_ && !blank(buffer_[at_ + length])) ++length;
    if (length > kLongestWord) throw error("holds a word that is longer than any number or name");
    if (at_ + length < end_ || !more()) {
      out = {buffer_.data() + at_, length};
      at_ += length;
      return true;
    }
  }
}

bool TextFile::follows(std::string_view word) {
  for (std::size_t skip = 0, same = 0;;) {
    if (at_ + skip + same >= end_) {
      if (same == word.size()) return true;  // at the end of the file
      if (skip > kLongestWord || !more()) return false;
      continue;
    }
    const char c = buffer_[at_ + skip + same];
    if (same == word.size()) return blank(c);
    if (same == 0 && blank(c))
      ++skip;
    else if (c == word[same])
      ++same;
    else
      return false;
  }
}

bool TextFile::bytes(void* to, std::size_t n) {
  char* out = static_cast<char*>(to);
  while (n > 0) {
    if (at_ == end_ && !more()) return false;
    const std::size_t part = std::min(n, end_ - at_);
    std::memcpy(out, buffer_.data() + at_, part);
    at_ += part;
    out += part;
    n -= part;
  }
  return true;
}

Error TextFile::error(const std::string& text) const {
  return Error(Errc::kFormat, path_ + ": line " + std::to_string(number_) + ": " + text);
}

}  // namespace grainspin

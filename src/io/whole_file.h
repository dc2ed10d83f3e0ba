// Files that have their final name only when they are whole.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace grainspin {

// Calls write(temporary name beside `path`), brings the bytes to the disk and gives them their name. What write() leaves
// is removed where anything throws. Throws Error kIo naming `path`.
void write_whole(const std::string& path, const std::function<void(const std::string&)>& write);
void write_whole_text(const std::string& path, std::string_view text);

// The bytes of a file. Throws Error kIo.
std::string read_whole_text(const std::string& path);

}  // namespace grainspin

// Whole files written so that a reader never sees half of one.
#pragma once

#include <string>
#include <string_view>

namespace grainspin::render {

// Writes `bytes` under a temporary name in the same folder and renames it over `path`. What exists and is no
// regular file (/dev/stdout, a pipe) is written directly. Throws Error kIo with the path and the reason.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace grainspin::render

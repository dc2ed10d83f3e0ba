// SHA-256 (FIPS 180-4) of a file, for the provenance of a model.
#pragma once

#include <string>
#include <string_view>

namespace grainspin {

// 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);
// Read in pieces; Error kIo where it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace grainspin

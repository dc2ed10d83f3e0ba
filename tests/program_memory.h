// Limits of memory for a run of the program: what it takes by itself depends on the libraries that it was built with.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace grainspin::testing {

// The bytes that a refused run (--memory 1MB) says the program alone takes: "... the program alone takes 73.1 MB".
inline std::int64_t program_alone(const std::string& said) {
  const std::string before = "the program alone takes ";
  const auto at = said.find(before);
  if (at == std::string::npos) throw std::runtime_error("not told what the program takes: " + said);
  std::size_t digits = 0;
  const double number = std::stod(said.substr(at + before.size()), &digits);
  const std::string unit = said.substr(at + before.size() + digits, 3);
  return std::int64_t(number * (unit == " GB" ? 1e9 : 1e6));
}

// As --memory takes it.
inline std::string megabytes(std::int64_t bytes) { return std::to_string(bytes / 1'000'000) + "MB"; }

}  // namespace grainspin::testing

#include "src/render/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace grainspin::render {
namespace {

// The length of the valid UTF-8 character at the front (RFC 3629), 0 if there is none.
std::size_t valid_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned b = byte(0);
  if (b < 0x80) return (b >= 0x20 && b != 0x7f) || b == '\n' || b == '\t' ? 1 : 0;
  const std::size_t n = b >= 0xc2 && b <= 0xdf ? 2 : (b & 0xf0) == 0xe0 ? 3 : b >= 0xf0 && b <= 0xf4 ? 4 : 0;
  if (n == 0 || s.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned c = byte(1);  // overlong forms, surrogates, beyond U+10FFFF
  if ((b == 0xe0 && c < 0xa0) || (b == 0xed && c > 0x9f) || (b == 0xf0 && c < 0x90) ||
      (b == 0xf4 && c > 0x8f))
    return 0;
  return n;
}

}  // namespace

std::string number(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  std::string s = fmt::format("{:.{}f}", value, decimals);
  if (s.front() != '-') return s;
  s.erase(0, 1);
  if (s.find_first_not_of("0.") == std::string::npos) return s;  // no "-0.00"
  return "−" + s;
}

std::string tick(double value, double step) {
  const int decimals = step > 0 ? std::clamp(int(std::ceil(-std::log10(step) - 1e-9)), 0, 9) : 2;
  return number(value, decimals);
}

std::string count(long long value) {
  const std::string digits = std::to_string(value);
  std::string s;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t left = digits.size() - i;
    if (i > 0 && digits[i - 1] != '-' && left % 3 == 0) s += "\u2009";
    s += digits[i];
  }
  return s;
}

std::string valid_utf8(std::string_view bytes) {
  std::string s;
  while (!bytes.empty()) {
    const std::size_t n = valid_length(bytes);
    if (n)
      s += bytes.substr(0, n);
    else
      s += "\uFFFD";
    bytes.remove_prefix(n ? n : 1);
  }
  return s;
}

}  // namespace grainspin::render

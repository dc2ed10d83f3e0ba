// Text for pictures and pages: numbers that do not depend on the locale, UTF-8 made valid.
#pragma once

#include <string>
#include <string_view>

namespace grainspin::render {

// Fixed decimals, a point whatever the locale says, a true minus sign; "–" for a NaN or an infinity.
std::string number(double value, int decimals);
// As short as three significant digits allow: axis ticks, colour bars.
std::string tick(double value, double step);
// 1234567 -> "1 234 567" with thin spaces.
std::string count(long long value);

// Bytes that are no UTF-8, and control characters other than line breaks, become U+FFFD.
std::string valid_utf8(std::string_view bytes);

}  // namespace grainspin::render

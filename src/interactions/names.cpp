#include "grainspin/interactions/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace grainspin::interactions {
namespace {

// The smallest whole numbers in the ratio of these; empty where they are not small.
std::vector<int> whole(const std::vector<double>& v) {
  double largest = 0;
  for (const double x : v) largest = std::max(largest, std::abs(x));
  for (int m = 1; m <= 24 && largest > 0; ++m) {
    std::vector<int> indices;
    for (const double x : v) {
      const double index = x / largest * m;
      if (std::abs(index - std::round(index)) < 1e-5) indices.push_back(int(std::lround(index)));
    }
    if (indices.size() == v.size()) return indices;
  }
  return {};
}

std::string decimal(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value == 0 ? 0.0 : value, std::chars_format::fixed, 4);
  return std::string(buffer, end.ptr);
}

// Indices side by side; with blanks where one has two digits or none are small.
std::string text(const std::vector<double>& coordinates, const Vec3<double>& cartesian, const char* brackets) {
  const std::vector<int> indices = whole(coordinates);
  std::string out(1, brackets[0]);
  if (indices.empty()) {
    out += decimal(cartesian.x) + " " + decimal(cartesian.y) + " " + decimal(cartesian.z);
  } else {
    const bool wide = std::ranges::any_of(indices, [](int i) { return std::abs(i) > 9; });
    for (std::size_t i = 0; i < indices.size(); ++i) {
      if (wide && i > 0) out += ' ';
      out += std::to_string(indices[i]);
    }
  }
  return out + brackets[1];
}

}  // namespace

std::string system_label(const SlipSet& set, int system) {
  const SlipSystem& s = set.systems[std::size_t(system)];
  const Vec3<double>&b = s.b, &n = s.n;
  const double c = set.c_over_a > 0 ? set.c_over_a : 1, r = std::sqrt(3.0) / 2;
  const std::string& g = set.point_group;
  if (g == "3" || g == "32" || g == "6" || g == "622") {
    // Along a1, a2, a3 (120 degrees apart, a1 = x): a direction's projections times 2/3, a normal's projections.
    const double b2 = -b.x / 2 + r * b.y, n2 = -n.x / 2 + r * n.y;
    return text({b.x * 2 / 3, b2 * 2 / 3, -(b.x + b2) * 2 / 3, b.z / c}, b, "[]") +
           text({n.x, n2, -(n.x + n2), n.z * c}, n, "()");
  }
  return text({b.x, b.y, b.z / c}, b, "[]") + text({n.x, n.y, n.z * c}, n, "()");
}

std::string short_family(const std::string& family) {
  return family.starts_with("hcp-") ? family.substr(4) : family.starts_with("fcc{") || family.starts_with("bcc{") ? family.substr(3) : family;
}

}  // namespace grainspin::interactions

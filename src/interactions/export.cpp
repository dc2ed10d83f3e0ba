#include "src/interactions/export.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "grainspin/interactions/names.h"
#include "src/load_text.h"

namespace grainspin::interactions {

NamedOrbits named_orbits(const SlipSet& set) {
  NamedOrbits out;
  out.ties = ties(set, PointGroup::named(set.point_group), {.order = 2});
  out.names = unknown_names(set, out.ties);
  return out;
}

void check_matrix(const SlipSet& set, const std::vector<double>& H) {
  const std::size_t n = std::size_t(set.count());
  require(n > 0 && H.size() == n * n, Errc::kShape,
          "H has " + std::to_string(H.size()) + " entries, slip set " + set.name + " wants " + std::to_string(n * n));
  for (std::size_t e = 0; e < H.size(); ++e)
    require(std::isfinite(H[e]), Errc::kArgument,
            "H[" + std::to_string(e / n) + "][" + std::to_string(e % n) + "] is not finite");
}

std::vector<Coefficient> means(const NamedOrbits& orbits, const std::vector<double>& H, const std::vector<int>& of, int count) {
  std::vector<Coefficient> c(std::size_t(count), Coefficient{});
  for (std::size_t e = 0; e < H.size(); ++e) {
    Coefficient& one = c[std::size_t(of[e])];
    one.least = one.entries ? std::min(one.least, H[e]) : H[e];
    one.largest = one.entries ? std::max(one.largest, H[e]) : H[e];
    one.value += H[e];
    ++one.entries;
    const std::string& name = orbits.names[std::size_t(orbits.ties.of[e])];
    if (std::find(one.orbits.begin(), one.orbits.end(), name) == one.orbits.end()) one.orbits.push_back(name);
  }
  for (Coefficient& one : c)
    if (one.entries > 0) one.value = one.least == one.largest ? one.least : one.value / one.entries;
  return c;
}

double spread(const Coefficient& c) {
  const double size = std::max(std::abs(c.least), std::abs(c.largest));
  return size > 0 ? (c.largest - c.least) / (c.value != 0 ? std::abs(c.value) : size) : 0;
}

std::string number(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value == 0 ? 0.0 : value);
  return std::string(buffer, end.ptr);
}

std::string percent(double part) { return short_text(100 * part) + " %"; }

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

}  // namespace grainspin::interactions

#include "grainspin/interactions/names.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>

#include "src/interactions/indices.h"
#include "src/interactions/meeting.h"

namespace grainspin::interactions {
namespace {

std::string decimal(double value) {
  char buffer[32];
  if (std::abs(value) < 5e-5) value = 0;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 4);
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

const char* fcc_name(Meeting m) {
  switch (m) {
    case Meeting::kSelf: return "self";
    case Meeting::kCollinear: return "collinear";
    case Meeting::kCoplanar: return "coplanar";
    case Meeting::kPerpendicular: return "Hirth";
    case Meeting::kGlissileInActing: return "glissile I";
    case Meeting::kGlissileInReacting: return "glissile II";
    case Meeting::kGlissileInBoth: return "glissile";
    case Meeting::kSessile: return "Lomer";
  }
  return "";
}

const char* general_name(Meeting m) {
  switch (m) {
    case Meeting::kPerpendicular: return "perpendicular";
    case Meeting::kGlissileInActing: return "glissile in j";
    case Meeting::kGlissileInReacting: return "glissile in i";
    case Meeting::kSessile: return "sessile";
    default: return fcc_name(m);
  }
}

std::string family_of(const SlipSet& set, int s) {
  return short_family(set.families[std::size_t(set.systems[std::size_t(s)].family)]);
}

std::string pair_name(const SlipSet& set, int i, int j, bool exchanged) {
  Meeting m = meeting(set.systems[std::size_t(i)], set.systems[std::size_t(j)]);
  // The unknown stands for (j,i) too, in which i and j have changed parts.
  if (exchanged && (m == Meeting::kGlissileInActing || m == Meeting::kGlissileInReacting)) m = Meeting::kGlissileInBoth;
  if (set.families.size() == 1 && set.families[0] == "fcc{111}<110>") return fcc_name(m);
  return family_of(set, i) + " x " + family_of(set, j) + " " + general_name(m);
}

std::string triple_name(const SlipSet& set, int i, int j, int k) {
  const SlipSystem &a = set.systems[std::size_t(i)], &b = set.systems[std::size_t(j)], &c = set.systems[std::size_t(k)];
  const char* reaction = (i == j || i == k) && same_direction(b, c) ? " annihilation"
                         : glissile_reaction(a, b, c)               ? " glissile"
                         : frank_reaction(a, b, c)                  ? " frank"
                                                                    : "";
  return family_of(set, i) + " <- " + family_of(set, j) + " x " + family_of(set, k) + reaction;
}

}  // namespace

std::string system_label(const SlipSet& set, int system) {
  const SlipSystem& s = set.systems[std::size_t(system)];
  return text(direction_coordinates(set, system), s.b, "[]") + text(plane_coordinates(set, system), s.n, "()");
}

std::string short_family(const std::string& family) {
  if (family.starts_with("hcp-")) return family.substr(4);
  return family.starts_with("fcc{") || family.starts_with("bcc{") ? family.substr(3) : family;
}

std::string system_name(const SlipSet& set, int system) {
  int number = 1;
  for (int s = 0; s < system; ++s) number += set.systems[std::size_t(s)].family == set.systems[std::size_t(system)].family;
  return family_of(set, system) + " " + std::to_string(number);
}

std::vector<std::string> unknown_names(const SlipSet& set, const Ties& ties) {
  require(ties.systems == set.count(), Errc::kShape, "unknown_names: ties of another slip set");
  const std::size_t n = std::size_t(set.count());
  std::vector<std::string> names(std::size_t(ties.count));
  for (std::size_t e = 0; e < ties.of.size(); ++e) {
    if (ties.of[e] < 0 || !names[std::size_t(ties.of[e])].empty()) continue;
    std::string& name = names[std::size_t(ties.of[e])];
    if (ties.order == 1) {
      name = family_of(set, int(e));
    } else if (ties.order == 2) {
      const std::size_t i = e / n, j = e % n;
      name = pair_name(set, int(i), int(j), i != j && ties.of[j * n + i] == ties.of[e]);
    } else {
      name = triple_name(set, int(e / (n * n)), int(e / n % n), int(e % n));
    }
  }
  std::map<std::string, int> uses, met;
  for (const std::string& name : names) ++uses[name];
  for (std::string& name : names)
    if (uses[name] > 1) {
      const std::string number = std::to_string(++met[name]);
      name += " #" + number;
    }
  return names;
}

}  // namespace grainspin::interactions

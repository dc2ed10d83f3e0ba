// A slip set from what a person types: a name, names joined by +, or a file.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "grainspin/interactions/families.h"
#include "src/io/numbers.h"

namespace grainspin::interactions {
namespace {

// Parts between plus signs; one inside < > belongs to a name (<c+a>).
std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> out(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '<' ? 1 : c == '>' ? -1 : 0;
    if (c == '+' && depth == 0) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& n : names) text += " " + n;
  return text;
}

}  // namespace

SlipSet interaction_slip_set(const std::string& name_or_file, double c_over_a) {
  require(std::isfinite(c_over_a) && c_over_a >= 0, Errc::kArgument,
          "c/a must be a positive number, got " + number_text(c_over_a));
  const std::vector<std::string> sets = named_slip_set_names(), known = slip_family_names();
  std::vector<std::string> families;
  std::string unknown;
  bool all_known = true;
  const std::vector<std::string> names = parts(name_or_file);
  for (const std::string& name : names) {
    if (contains(sets, name)) {
      const std::vector<std::string>& of = named_slip_set_families(name);
      families.insert(families.end(), of.begin(), of.end());
    } else if (contains(known, name)) {
      families.push_back(name);
    } else if (all_known) {
      all_known = false;
      unknown = name;
    }
  }
  if (!all_known) {
    std::error_code none;
    if (std::filesystem::is_regular_file(name_or_file, none)) return read_slip_set(name_or_file, c_over_a);
    throw Error(Errc::kArgument, "unknown slip set '" + unknown + "': neither a set (" + joined(sets).substr(1) +
                                     "), nor a family (" + joined(known).substr(1) + "), nor a file");
  }
  for (const std::string& family : families)  // of one lattice: fcc, bcc or hcp
    require(family.substr(0, 3) == families.front().substr(0, 3), Errc::kArgument,
            "slip set " + name_or_file + ": " + families.front() + " and " + family + " are of different lattices");
  const bool hexagonal = families.front().starts_with("hcp-");
  require(hexagonal || c_over_a == 0 || c_over_a == 1, Errc::kArgument,
          "slip set " + name_or_file + " is cubic, but c/a = " + number_text(c_over_a) + " was given");
  SlipSet set = slip_set(families, hexagonal ? (c_over_a == 0 ? kIdealCOverA : c_over_a) : 0);
  set.name = name_or_file;
  return set;
}

}  // namespace grainspin::interactions

// DAMASK's interaction vector.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "src/interactions/export.h"
#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

struct Lattice {
  const char* symbol;
  std::vector<std::pair<const char*, int>> families;  // in DAMASK's order, with their number of systems
};

const Lattice& lattice_of(const SlipSet& set) {
  static const Lattice lattices[] = {
      {"cF", {{"fcc{111}<110>", 12}, {"fcc{110}<110>", 6}}},
      {"cI", {{"bcc{110}<111>", 12}, {"bcc{112}<111>", 12}, {"bcc{123}<111>", 24}}},
      {"hP", {{"hcp-basal<a>", 3}, {"hcp-prism<a>", 3}, {"hcp-pyr1<a>", 6}, {"hcp-pyr1<c+a>", 12}, {"hcp-pyr2<c+a>", 6}}},
  };
  for (const Lattice& lattice : lattices)
    for (const auto& [name, count] : lattice.families)
      if (set.families.at(0) == name) return lattice;
  throw Error(Errc::kArgument, "slip family " + set.families.at(0) + ": DAMASK has no such slip systems");
}

// N_sl: systems of every family that DAMASK knows up to the last one used.
std::vector<std::string> systems_used(const SlipSet& set, const Lattice& lattice) {
  std::vector<std::string> N_sl;
  std::size_t at = 0;
  for (const std::string& family : set.families) {
    std::size_t found = 0;
    while (found < lattice.families.size() && family != lattice.families[found].first) ++found;
    require(found < lattice.families.size(), Errc::kArgument, "slip family " + family + ": DAMASK has no such slip systems");
    require(found >= at, Errc::kArgument,
            "slip family " + family + " comes before another in DAMASK: order the families as DAMASK does");
    for (; at < found; ++at) N_sl.push_back("0");
    N_sl.push_back(std::to_string(lattice.families[found].second));
    at = found + 1;
  }
  return N_sl;
}

bool has(const SlipSet& set, const char* family) {
  return std::find(set.families.begin(), set.families.end(), family) != set.families.end();
}

// Entries of DAMASK's tables (3.0.2) that are not of their orbit's type.
struct Broken {
  const char *first, *second;
  int should, is;
  const char* what;
};
constexpr Broken kBroken[] = {
    {"bcc{112}<111>", "bcc{112}<111>", 22, 21, "one pair of {112}<111> systems"},
    {"bcc{112}<111>", "bcc{112}<111>", 21, 22, "one pair of {112}<111> systems"},
    {"hcp-pyr1<a>", "hcp-pyr2<c+a>", 64, 65, "one pair of a pyr2<c+a> and a pyr1<a> system"},
};

bool differ(double a, double b) { return std::abs(a - b) > 1e-9 * std::max(std::abs(a), std::abs(b)); }

}  // namespace

Exported export_damask(const SlipSet& set, const std::vector<double>& H) {
  check_matrix(set, H);
  const Lattice& lattice = lattice_of(set);
  const std::vector<std::string> N_sl = systems_used(set, lattice);
  std::vector<int> of = damask_slip_interaction_types(set);
  const int count = *std::max_element(of.begin(), of.end());
  for (int& t : of) --t;
  Exported out;
  out.coefficients = means(named_orbits(set), H, of, count);
  for (std::size_t t = 0; t < out.coefficients.size(); ++t) {
    const Coefficient& c = out.coefficients[t];
    if (spread(c) < 1e-9) continue;
    const std::string of_type = "type " + std::to_string(t + 1);
    const std::string values = " from " + short_text(c.least) + " to " + short_text(c.largest) + ": their mean " + short_text(c.value) +
                               " over " + std::to_string(c.entries) + " entries is written, the spread is " +
                               percent(spread(c));
    out.warnings.push_back(c.orbits.size() > 1
                               ? of_type + " merges " + std::to_string(c.orbits.size()) + " orbits (" +
                                     joined(c.orbits, ", ") + ")" + values
                               : of_type + " is one orbit, but H is not constant on it (a fit without the full symmetry)" + values);
  }
  for (const Broken& b : kBroken) {
    if (!has(set, b.first) || !has(set, b.second)) continue;
    const std::size_t should = std::size_t(b.should - 1), is = std::size_t(b.is - 1);
    if (std::max(should, is) >= out.coefficients.size()) continue;
    const double wanted = out.coefficients[should].value, used = out.coefficients[is].value;
    if (differ(wanted, used))
      out.warnings.push_back("DAMASK's own table gives " + std::string(b.what) + " type " + std::to_string(b.is) +
                             " where its orbit has type " + std::to_string(b.should) + ": DAMASK uses " + short_text(used) +
                             " there in the place of " + short_text(wanted));
  }
  std::string& text = out.text;
  text = "# Slip-slip interaction of " + set.name + " for DAMASK, lattice " + lattice.symbol + ": tau_pass = mu b sqrt(h_sl-sl . rho).\n";
  text += "# Coefficient t is that of interaction type t, [reacting][acting]: the mean of H over the entries of that type.\n";
  for (const std::string& w : out.warnings) text += "# warning: " + w + "\n";
  std::string values;
  for (std::size_t t = 0; t < out.coefficients.size(); ++t) {
    const Coefficient& c = out.coefficients[t];
    text += "# " + std::to_string(t + 1) + ": ";
    text += c.entries ? joined(c.orbits, ", ") + ", " + std::to_string(c.entries) + " entries\n" : std::string("not used\n");
    values += (t ? ", " : "") + number(c.value);
  }
  text += "N_sl: [" + joined(N_sl, ", ") + "]\n";
  text += "h_sl-sl: [" + values + "]\n";
  return out;
}

}  // namespace grainspin::interactions

// MFront's interaction matrix.
#include <algorithm>
#include <cstddef>

#include "src/interactions/export.h"
#include "src/interactions/indices.h"
#include "src/interactions/mfront_systems.h"
#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

std::string structure_of(const SlipSet& set) {
  const auto all = [&](const char* prefix) {
    return std::all_of(set.families.begin(), set.families.end(), [&](const std::string& f) { return f.starts_with(prefix); });
  };
  require(set.point_group == "432" || set.point_group == "622", Errc::kArgument,
          "MFront knows slip systems of cubic (m-3m) and hexagonal (6/mmm) crystals, " + set.name + " is of point group " +
              set.point_group);
  if (set.point_group == "622") return "HCP";
  return all("fcc{") ? "FCC" : all("bcc{") ? "BCC" : "Cubic";
}

std::string text_of(const std::vector<int>& indices) {
  std::string text;
  for (const int i : indices) {
    if (!text.empty()) text += ',';
    text += std::to_string(i);
  }
  return text;
}

struct Declared {
  std::string text;          // <b>{n}
  std::vector<int> systems;  // of the set, in MFront's order
};

// The families that MFront needs for the systems of one of the set's.
std::vector<Declared> declare(const SlipSet& set, int family) {
  std::vector<int> members;
  std::vector<IndexedSystem> indexed;
  for (int s = 0; s < set.count(); ++s) {
    if (set.systems[std::size_t(s)].family != family) continue;
    members.push_back(s);
    indexed.push_back({whole(direction_coordinates(set, s)), whole(plane_coordinates(set, s))});
    require(!indexed.back().b.empty() && !indexed.back().n.empty(), Errc::kArgument,
            "slip family " + set.families[std::size_t(family)] + " has no small indices to declare it by");
  }
  std::vector<bool> covered(members.size(), false);
  std::vector<Declared> out;
  for (std::size_t first = 0; first < members.size(); ++first) {
    if (covered[first]) continue;
    Declared d;
    d.text.append("<").append(text_of(indexed[first].b)).append(">{").append(text_of(indexed[first].n)).append("}");
    for (const IndexedSystem& made : mfront_systems(indexed[first])) {
      std::size_t at = 0;
      while (at < members.size() && !same_system(made, indexed[at])) ++at;
      require(at < members.size() && !covered[at], Errc::kArgument,
              "MFront makes other slip systems of family " + set.families[std::size_t(family)] + " than " + set.name + " has");
      covered[at] = true;
      d.systems.push_back(members[at]);
    }
    out.push_back(d);
  }
  return out;
}

}  // namespace

Exported export_mfront(const SlipSet& set, const std::vector<double>& H) {
  check_matrix(set, H);
  const std::string structure = structure_of(set);
  std::vector<std::string> declared;
  std::vector<int> order;  // MFront's systems, by the set's numbers
  for (int f = 0; f < int(set.families.size()); ++f)
    for (const Declared& d : declare(set, f)) {
      declared.push_back(d.text);
      order.insert(order.end(), d.systems.begin(), d.systems.end());
    }
  const NamedOrbits orbits = named_orbits(set);
  // Ranks: orbits as they are first met over pairs in MFront's order.
  std::vector<int> rank(std::size_t(orbits.ties.count), -1), of(H.size());
  int ranks = 0;
  for (const int i : order)
    for (const int j : order) {
      const std::size_t e = std::size_t(i) * std::size_t(set.count()) + std::size_t(j);
      int& r = rank[std::size_t(orbits.ties.of[e])];
      if (r < 0) r = ranks++;
      of[e] = r;
    }
  Exported out;
  out.coefficients = means(orbits, H, of, ranks);
  for (std::size_t r = 0; r < out.coefficients.size(); ++r) {
    const Coefficient& c = out.coefficients[r];
    if (spread(c) >= 1e-9)
      out.warnings.push_back("rank " + std::to_string(r) + " (" + joined(c.orbits, ", ") + ") is one orbit, but H is not constant on it: from " +
                             short_text(c.least) + " to " + short_text(c.largest) + ", its mean " + short_text(c.value) +
                             " is written, the spread is " + percent(spread(c)));
  }
  std::string& text = out.text;
  text = "// Interaction matrix of " + set.name + " for MFront, tau_i = mu b sqrt(sum_j H_ij rho_j); " + std::to_string(ranks) +
         " ranks.\n// Compare mfront-query --interaction-matrix-structure.\n";
  for (const std::string& w : out.warnings) text += "// warning: " + w + "\n";
  text += "@CrystalStructure " + structure + ";\n";
  text += declared.size() == 1 ? "@SlidingSystem " + declared[0] + ";\n"
                               : "@SlidingSystems{" + joined(declared, ",\n                ") + "};\n";
  text += "@InteractionMatrix{\n";
  for (std::size_t r = 0; r < out.coefficients.size(); ++r) {
    const Coefficient& c = out.coefficients[r];
    text += "  " + number(c.value) + (r + 1 < out.coefficients.size() ? "," : "") + "  // rank " + std::to_string(r) + ": " +
            joined(c.orbits, ", ") + ", " + std::to_string(c.entries) + " entries\n";
  }
  text += "};\n";
  return out;
}

}  // namespace grainspin::interactions

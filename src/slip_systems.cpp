#include "grainspin/slip_systems.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace grainspin {
namespace {

using Vec = Vec3<double>;

double dot(const Vec& a, const Vec& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

Vec unit(const Vec& v) {
  const double s = 1 / std::sqrt(dot(v, v));
  return {v.x * s, v.y * s, v.z * s};
}

// One member of a family. Cubic: Miller indices. Hexagonal: the direction [u v t w] in units of a is
// (x, y, w c/a) and the plane (h k i l) has the normal (x, y, l / (c/a)), x along a_1.
struct Family {
  const char* name;
  const char* group;
  int count;  // members, up to the sign of b and of n
  double b[3], n[3];
};

constexpr double kHalfSqrt3 = 0.86602540378443864676, kInverseHalfSqrt3 = 1.1547005383792515290;

constexpr Family kFamilies[] = {
    {"fcc{111}<110>", "432", 12, {0, 1, -1}, {1, 1, 1}},
    {"fcc{110}<110>", "432", 6, {1, -1, 0}, {1, 1, 0}},
    {"bcc{110}<111>", "432", 12, {1, -1, 1}, {0, 1, 1}},
    {"bcc{112}<111>", "432", 12, {-1, 1, 1}, {2, 1, 1}},
    {"bcc{123}<111>", "432", 24, {1, 1, -1}, {1, 2, 3}},
    {"hcp-basal<a>", "622", 3, {1, 0, 0}, {0, 0, 1}},                                // [2-1-10](0001)
    {"hcp-prism<a>", "622", 3, {1, 0, 0}, {0, 1, 0}},                                // [2-1-10](01-10)
    {"hcp-pyr1<a>", "622", 6, {1, 0, 0}, {0, kInverseHalfSqrt3, 1}},                 // [2-1-10](01-11)
    {"hcp-pyr1<c+a>", "622", 12, {0.5, -kHalfSqrt3, 1}, {0, kInverseHalfSqrt3, 1}},  // [1-213](01-11)
    {"hcp-pyr2<c+a>", "622", 6, {-1, 0, 1}, {1, 0, 1}},                              // [-2113](2-1-12)
    {"hcp-prism<c+a>", "622", 6, {1, 0, 1}, {0, 1, 0}},                              // [2-1-13](01-10)
    {"hcp-prism<c>", "622", 3, {0, 0, 1}, {0, 1, 0}},                                // [0001](01-10)
};

const Family& family_named(const std::string& name) {
  std::string known;
  for (const Family& f : kFamilies) {
    if (name == f.name) return f;
    known += std::string(" ") + f.name;
  }
  throw Error(Errc::kArgument, "unknown slip family '" + name + "': known are" + known);
}

bool parallel(const Vec& a, const Vec& b) {
  return std::abs(dot(a, b)) > 1 - 1e-9;
}

// Of n and -n the one in the upper half (z > 0, then y > 0, then x > 0); b turns along, so that b (x) n,
// the sense of shear, is that of the family's first member.
void upwards(SlipSystem& s) {
  for (const double c : {s.n.z, s.n.y, s.n.x}) {
    if (std::abs(c) < 1e-9) continue;
    if (c < 0) s.n = {-s.n.x, -s.n.y, -s.n.z}, s.b = {-s.b.x, -s.b.y, -s.b.z};
    return;
  }
}

std::vector<SlipSystem> members(const Family& f, int index, double c_over_a) {
  const bool hexagonal = std::string_view(f.group) == "622";
  const double up = hexagonal ? c_over_a : 1;
  const SlipSystem first{unit({f.b[0], f.b[1], f.b[2] * up}), unit({f.n[0], f.n[1], f.n[2] / up}), index};
  std::vector<SlipSystem> all;
  std::vector<Vec> planes;
  std::vector<std::ptrdiff_t> plane;  // of each system, in the order of first appearance
  for (const Quatd& g : PointGroup::named(f.group).operators()) {
    const Mat3<double> R = matrix(g);
    SlipSystem s{R * first.b, R * first.n, index};
    upwards(s);
    const auto known = [&](const SlipSystem& t) { return parallel(s.b, t.b) && parallel(s.n, t.n); };
    if (std::any_of(all.begin(), all.end(), known)) continue;
    const auto at =
        std::find_if(planes.begin(), planes.end(), [&](const Vec& n) { return parallel(n, s.n); });
    plane.push_back(at - planes.begin());
    if (at == planes.end()) planes.push_back(s.n);
    all.push_back(s);
  }
  require(int(all.size()) == f.count, Errc::kInternal,
          std::string("slip family ") + f.name + " has lost a member");
  std::vector<SlipSystem> sorted;  // plane by plane
  for (std::size_t p = 0; p < planes.size(); ++p) {
    for (std::size_t s = 0; s < all.size(); ++s) {
      if (plane[s] == std::ptrdiff_t(p)) sorted.push_back(all[s]);
    }
  }
  return sorted;
}

struct NamedSet {
  const char* name;
  std::vector<std::string> families;
};

const std::vector<NamedSet>& named_sets() {
  static const std::string basal = "hcp-basal<a>", prism = "hcp-prism<a>", pyr1a = "hcp-pyr1<a>",
                           pyr1ca = "hcp-pyr1<c+a>", pyr2ca = "hcp-pyr2<c+a>";
  static const std::vector<NamedSet> sets = {
      {"fcc", {"fcc{111}<110>"}},
      {"fcc18", {"fcc{111}<110>", "fcc{110}<110>"}},
      {"bcc110", {"bcc{110}<111>"}},
      {"bcc112", {"bcc{112}<111>"}},
      {"bcc123", {"bcc{123}<111>"}},
      {"bcc24", {"bcc{110}<111>", "bcc{112}<111>"}},
      {"bcc48", {"bcc{110}<111>", "bcc{112}<111>", "bcc{123}<111>"}},
      {"hcp18", {basal, prism, pyr1ca}},
      {"hcp24", {basal, prism, pyr1a, pyr1ca}},
      {"hcp30", {basal, prism, pyr1a, pyr1ca, pyr2ca}},
      {"hcp39", {basal, prism, pyr1a, pyr1ca, pyr2ca, "hcp-prism<c+a>", "hcp-prism<c>"}},
  };
  return sets;
}

}  // namespace

SlipSet slip_set(const std::vector<std::string>& families, double c_over_a) {
  require(!families.empty(), Errc::kArgument, "a slip set needs at least one family");
  SlipSet set;
  set.families = families;
  set.point_group = family_named(families[0]).group;
  const bool hexagonal = set.point_group == "622";
  if (hexagonal) {
    require(std::isfinite(c_over_a) && c_over_a > 0, Errc::kArgument,
            "hexagonal slip systems need c/a > 0, got " + std::to_string(c_over_a));
    set.c_over_a = c_over_a;
  }
  for (std::size_t i = 0; i < families.size(); ++i) {
    const Family& f = family_named(families[i]);
    require(set.point_group == f.group, Errc::kArgument,
            "slip families " + families[0] + " and " + families[i] + " are of different crystal systems");
    require(std::find(families.begin(), families.begin() + std::ptrdiff_t(i), families[i]) ==
                families.begin() + std::ptrdiff_t(i),
            Errc::kArgument, "slip family " + families[i] + " is named twice");
    set.name += (i ? "+" : "") + families[i];
    const std::vector<SlipSystem> systems = members(f, int(i), c_over_a);
    set.systems.insert(set.systems.end(), systems.begin(), systems.end());
  }
  return set;
}

SlipSet named_slip_set(std::string_view name, double c_over_a) {
  std::string known;
  for (const NamedSet& s : named_sets()) {
    if (name == s.name) {
      SlipSet set = slip_set(s.families, c_over_a);
      set.name = s.name;
      return set;
    }
    known += std::string(" ") + s.name;
  }
  throw Error(Errc::kArgument, "unknown slip set '" + std::string(name) + "': known are" + known);
}

SlipSet damask_slip_set(const std::string& lattice, const std::vector<int>& N_sl, double c_over_a) {
  std::vector<std::string> order;
  if (lattice == "cF") {
    order = {"fcc{111}<110>", "fcc{110}<110>"};
  } else if (lattice == "cI") {
    order = {"bcc{110}<111>", "bcc{112}<111>", "bcc{123}<111>"};
  } else if (lattice == "hP") {
    order = {"hcp-basal<a>", "hcp-prism<a>", "hcp-pyr1<a>", "hcp-pyr1<c+a>", "hcp-pyr2<c+a>"};
  } else {
    throw Error(Errc::kArgument, "no slip systems for lattice '" + lattice + "': known are cF, cI and hP");
  }
  require(N_sl.size() <= order.size(), Errc::kArgument,
          "N_sl of lattice " + lattice + " has " + std::to_string(N_sl.size()) + " families, DAMASK knows " +
              std::to_string(order.size()));
  std::vector<std::string> used;
  for (std::size_t i = 0; i < N_sl.size(); ++i) {
    if (N_sl[i] == 0) continue;
    const int count = family_named(order[i]).count;
    require(N_sl[i] == count, Errc::kArgument,
            "N_sl asks for " + std::to_string(N_sl[i]) + " systems of family " + order[i] + ", which has " +
                std::to_string(count) + ": only whole families are known");
    used.push_back(order[i]);
  }
  return slip_set(used, c_over_a);
}

}  // namespace grainspin

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
  double multiple;  // of b that is the Burgers vector
};

constexpr double kHalfSqrt3 = 0.86602540378443864676, kInverseHalfSqrt3 = 1.1547005383792515290;

constexpr Family kFamilies[] = {
    {"fcc{111}<110>", "432", 12, {0, 1, -1}, {1, 1, 1}, 0.5},
    {"fcc{110}<110>", "432", 6, {1, -1, 0}, {1, 1, 0}, 0.5},
    {"bcc{110}<111>", "432", 12, {1, -1, 1}, {0, 1, 1}, 0.5},
    {"bcc{112}<111>", "432", 12, {-1, 1, 1}, {2, 1, 1}, 0.5},
    {"bcc{123}<111>", "432", 24, {1, 1, -1}, {1, 2, 3}, 0.5},
    {"hcp-basal<a>", "622", 3, {1, 0, 0}, {0, 0, 1}, 1},                                // [2-1-10](0001)
    {"hcp-prism<a>", "622", 3, {1, 0, 0}, {0, 1, 0}, 1},                                // [2-1-10](01-10)
    {"hcp-pyr1<a>", "622", 6, {1, 0, 0}, {0, kInverseHalfSqrt3, 1}, 1},                 // [2-1-10](01-11)
    {"hcp-pyr1<c+a>", "622", 12, {0.5, -kHalfSqrt3, 1}, {0, kInverseHalfSqrt3, 1}, 1},  // [1-213](01-11)
    {"hcp-pyr2<c+a>", "622", 6, {-1, 0, 1}, {1, 0, 1}, 1},                              // [-2113](2-1-12)
    {"hcp-prism<c+a>", "622", 6, {1, 0, 1}, {0, 1, 0}, 1},                              // [2-1-13](01-10)
    {"hcp-prism<c>", "622", 3, {0, 0, 1}, {0, 1, 0}, 1},                                // [0001](01-10)
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

bool same(const SlipSystem& s, const SlipSystem& t) {
  return parallel(s.b, t.b) && parallel(s.n, t.n);
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

std::vector<SlipSystem> members(const SlipFamily& f, const PointGroup& group, int index) {
  const SlipSystem first{unit(f.b), unit(f.n), index, f.length};
  std::vector<SlipSystem> all;
  std::vector<Vec> planes;
  std::vector<std::ptrdiff_t> plane;  // of each system, in the order of first appearance
  for (const Quatd& g : group.operators()) {
    const Mat3<double> R = matrix(g);
    SlipSystem s{R * first.b, R * first.n, index, f.length};
    upwards(s);
    if (std::any_of(all.begin(), all.end(), [&](const SlipSystem& t) { return same(s, t); })) continue;
    const auto at =
        std::find_if(planes.begin(), planes.end(), [&](const Vec& n) { return parallel(n, s.n); });
    plane.push_back(at - planes.begin());
    if (at == planes.end()) planes.push_back(s.n);
    all.push_back(s);
  }
  std::vector<SlipSystem> sorted;  // plane by plane
  for (std::size_t p = 0; p < planes.size(); ++p) {
    for (std::size_t s = 0; s < all.size(); ++s) {
      if (plane[s] == std::ptrdiff_t(p)) sorted.push_back(all[s]);
    }
  }
  return sorted;
}

void check(const SlipFamily& f) {
  const double bb = dot(f.b, f.b), nn = dot(f.n, f.n);
  require(std::isfinite(bb) && bb > 0, Errc::kArgument, "slip family " + f.name + ": its direction is no direction");
  require(std::isfinite(nn) && nn > 0, Errc::kArgument, "slip family " + f.name + ": its plane normal is no direction");
  require(std::abs(dot(f.b, f.n)) <= 1e-6 * std::sqrt(bb * nn), Errc::kArgument,
          "slip family " + f.name + ": its direction does not lie in its plane");
  require(std::isfinite(f.length) && f.length > 0, Errc::kArgument,
          "slip family " + f.name + ": the length of its Burgers vector is not positive");
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

SlipSet slip_set(const std::string& name, const std::string& point_group, double c_over_a,
                 const std::vector<SlipFamily>& families) {
  require(!families.empty(), Errc::kArgument, "a slip set needs at least one family");
  const PointGroup& group = PointGroup::named(point_group);
  SlipSet set;
  set.name = name;
  set.point_group = point_group;
  set.c_over_a = c_over_a;
  for (std::size_t i = 0; i < families.size(); ++i) {
    const SlipFamily& f = families[i];
    check(f);
    require(std::find(set.families.begin(), set.families.end(), f.name) == set.families.end(), Errc::kArgument,
            "slip family " + f.name + " is named twice");
    set.families.push_back(f.name);
    const std::vector<SlipSystem> systems = members(f, group, int(i));
    for (const SlipSystem& s : set.systems)
      require(std::none_of(systems.begin(), systems.end(), [&](const SlipSystem& t) { return same(s, t); }),
              Errc::kArgument,
              "slip families " + families[std::size_t(s.family)].name + " and " + f.name + " have systems in common");
    set.systems.insert(set.systems.end(), systems.begin(), systems.end());
  }
  return set;
}

SlipFamily slip_family(const std::string& name, double c_over_a) {
  const Family& f = family_named(name);
  const bool hexagonal = std::string_view(f.group) == "622";
  require(!hexagonal || (std::isfinite(c_over_a) && c_over_a > 0), Errc::kArgument,
          "hexagonal slip systems need c/a > 0, got " + std::to_string(c_over_a));
  const double up = hexagonal ? c_over_a : 1;
  const Vec b{f.b[0], f.b[1], f.b[2] * up};
  return {name, b, {f.n[0], f.n[1], f.n[2] / up}, f.multiple * std::sqrt(dot(b, b))};
}

SlipSet slip_set(const std::vector<std::string>& families, double c_over_a) {
  require(!families.empty(), Errc::kArgument, "a slip set needs at least one family");
  const std::string group = family_named(families[0]).group;
  std::vector<SlipFamily> members;
  std::string name;
  int count = 0;
  for (const std::string& family : families) {
    require(group == family_named(family).group, Errc::kArgument,
            "slip families " + families[0] + " and " + family + " are of different crystal systems");
    name += (members.empty() ? "" : "+") + family;
    count += family_named(family).count;
    members.push_back(slip_family(family, c_over_a));
  }
  SlipSet set = slip_set(name, group, group == "622" ? c_over_a : 0, members);
  require(set.count() == count, Errc::kInternal, "slip set " + name + " has lost a member");
  return set;
}

std::vector<std::string> slip_family_names() {
  std::vector<std::string> names;
  for (const Family& f : kFamilies) names.emplace_back(f.name);
  return names;
}

std::vector<std::string> named_slip_set_names() {
  std::vector<std::string> names;
  for (const NamedSet& s : named_sets()) names.emplace_back(s.name);
  return names;
}

const std::vector<std::string>& named_slip_set_families(std::string_view name) {
  std::string known;
  for (const NamedSet& s : named_sets()) {
    if (name == s.name) return s.families;
    known += std::string(" ") + s.name;
  }
  throw Error(Errc::kArgument, "unknown slip set '" + std::string(name) + "': known are" + known);
}

SlipSet named_slip_set(std::string_view name, double c_over_a) {
  SlipSet set = slip_set(named_slip_set_families(name), c_over_a);
  set.name = name;
  return set;
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

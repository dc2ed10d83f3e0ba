#include "grainspin/orbits.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace grainspin {
namespace {

double dot(const Vec3<double>& a, const Vec3<double>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

// The orders in which a tuple's indices may stand: position p of the tied entry holds index order[p].
using Order = std::array<int, 3>;
std::vector<Order> orders(const TupleSymmetry& s) {
  if (s.full && s.order == 2) return {{0, 1, 2}, {1, 0, 2}};
  if (s.full && s.order == 3) return {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  if (s.jk) return {{0, 1, 2}, {0, 2, 1}};
  return {{0, 1, 2}};
}

void check(const TupleSymmetry& s, std::int64_t systems) {
  require(s.order >= 1 && s.order <= 3, Errc::kArgument, "orbits: tuples have one to three indices");
  require(!s.jk || s.order == 3, Errc::kArgument, "orbits: j and k are indices of a triple");
  for (const Order& order : orders(s))
    for (int p = 0; p < s.order; ++p)
      require(s.odd[p] == s.odd[order[std::size_t(p)]], Errc::kArgument,
              "orbits: indices that are exchanged must both be odd or both be even");
  double entries = 1;
  for (int p = 0; p < s.order; ++p) entries *= double(systems);
  require(entries < 2147483648.0, Errc::kArgument,
          "orbits: tuples of " + std::to_string(systems) + " slip systems are too many to count");
}

Orbits without_signs(SignedOrbits orbits) {
  return {orbits.count, std::move(orbits.of), std::move(orbits.size)};
}

}  // namespace

SlipAction slip_action(const SlipSet& set, const PointGroup& group) {
  const int n = set.count();
  SlipAction action;
  for (const Quatd& g : group.operators()) {
    const Mat3<double> R = matrix(g);
    std::vector<int> perm(n, -1), sign(n, 0);
    for (int s = 0; s < n; ++s) {
      const Vec3<double> b = R * set.systems[s].b, m = R * set.systems[s].n;
      for (int t = 0; t < n && perm[s] < 0; ++t) {
        const double direction = dot(b, set.systems[t].b), normal = dot(m, set.systems[t].n);
        if (set.systems[t].family != set.systems[s].family) continue;
        if (std::abs(direction) < 1 - 1e-9 || std::abs(normal) < 1 - 1e-9) continue;
        perm[s] = t;
        sign[s] = direction * normal > 0 ? 1 : -1;
      }
      require(perm[s] >= 0, Errc::kArgument,
              "slip set " + set.name + " is not closed under point group " + group.name());
    }
    action.perm.push_back(std::move(perm));
    action.sign.push_back(std::move(sign));
  }
  return action;
}

const PointGroup& acting_group(std::string_view name) {
  static constexpr struct {
    const char *symbol, *rotations;
  } kGroups[] = {{"1", "1"},       {"-1", "1"},      {"2", "2"},      {"m", "2"},     {"2/m", "2"},    {"222", "222"},
                 {"mm2", "222"},   {"mmm", "222"},   {"3", "3"},      {"-3", "3"},    {"32", "32"},    {"3m", "32"},
                 {"-3m", "32"},    {"4", "4"},       {"-4", "4"},     {"4/m", "4"},   {"422", "422"},  {"4mm", "422"},
                 {"-42m", "422"},  {"4/mmm", "422"}, {"6", "6"},      {"-6", "6"},    {"6/m", "6"},    {"622", "622"},
                 {"6mm", "622"},   {"-62m", "622"},  {"6/mmm", "622"}, {"23", "23"},  {"m-3", "23"},   {"432", "432"},
                 {"-43m", "432"},  {"m-3m", "432"}};
  std::string known;
  for (const auto& g : kGroups) {
    if (name == g.symbol) return PointGroup::named(g.rotations);
    known += std::string(" ") + g.symbol;
  }
  throw Error(Errc::kArgument, "unknown point group '" + std::string(name) + "': known are" + known);
}

// Entries are visited in order, so ids come in the order of first entry. Permuting indices commutes with the group, so
// the images of one entry under every operator in every order of indices are its whole orbit.
SignedOrbits tuple_orbits(const SlipAction& action, const TupleSymmetry& symmetry) {
  const std::int64_t n = action.perm.empty() ? 0 : std::int64_t(action.perm[0].size());
  check(symmetry, n);
  const std::vector<Order> permutations = orders(symmetry);
  const int last = symmetry.order - 1;
  std::int64_t entries = 1;
  for (int p = 0; p <= last; ++p) entries *= n;
  SignedOrbits orbits;
  orbits.of.assign(std::size_t(entries), -1);
  orbits.sign.assign(std::size_t(entries), 0);
  // Signs relative to the orbit's first entry, 0 where it has not been reached.
  std::vector<std::int8_t> relative(std::size_t(entries), 0);
  std::vector<std::int64_t> members;
  for (std::int64_t e = 0; e < entries; ++e) {
    if (relative[std::size_t(e)] != 0) continue;
    std::array<std::int64_t, 3> index{};
    std::int64_t rest = e;
    for (int p = last; p >= 0; --p, rest /= n) index[std::size_t(p)] = rest % n;
    bool zero = false;
    members.clear();
    for (std::size_t g = 0; g < action.perm.size(); ++g) {
      std::array<std::int64_t, 3> moved{};
      int sign = 1;
      for (std::size_t p = 0; p <= std::size_t(last); ++p) {
        moved[p] = action.perm[g][std::size_t(index[p])];
        if (symmetry.odd[p]) sign *= action.sign[g][std::size_t(index[p])];
      }
      for (const Order& order : permutations) {
        std::int64_t f = 0;
        for (std::size_t p = 0; p <= std::size_t(last); ++p) f = f * n + moved[std::size_t(order[p])];
        std::int8_t& seen = relative[std::size_t(f)];
        if (seen == 0) {
          seen = std::int8_t(sign);
          members.push_back(f);
        }
        zero = zero || seen != sign;
      }
    }
    if (zero) continue;
    for (const std::int64_t m : members) {
      orbits.of[std::size_t(m)] = orbits.count;
      orbits.sign[std::size_t(m)] = relative[std::size_t(m)];
    }
    ++orbits.count;
    orbits.size.push_back(std::int64_t(members.size()));
  }
  return orbits;
}

SignedOrbits signed_pair_orbits(const SlipAction& action) {
  return tuple_orbits(action, {.order = 2, .odd = {true, true, false}});
}

Orbits pair_orbits(const SlipAction& action, bool symmetric) {
  return without_signs(tuple_orbits(action, {.order = 2, .full = symmetric}));
}

Orbits triple_orbits(const SlipAction& action, bool jk, bool full) {
  return without_signs(tuple_orbits(action, {.order = 3, .jk = jk, .full = full}));
}

}  // namespace grainspin

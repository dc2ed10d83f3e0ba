#include "grainspin/symmetry.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace grainspin {
namespace {

constexpr double kHalfSqrt2 = 0.70710678118654752440, kHalfSqrt3 = 0.86602540378443864676;

// Components of the operators of every crystallographic group are among these; products are rounded
// back to them, so that closure ends and operators are the same bits however they were reached.
double snap(double x) {
  for (const double exact : {0.0, 0.5, kHalfSqrt2, kHalfSqrt3, 1.0}) {
    if (std::abs(std::abs(x) - exact) < 1e-6) return exact == 0 ? 0.0 : std::copysign(exact, x);
  }
  return x;
}

// Of q and -q the one whose first non-zero component is positive.
Quatd canonical(Quatd q) {
  q = {snap(q.w), snap(q.x), snap(q.y), snap(q.z)};
  for (const double c : {q.w, q.x, q.y, q.z}) {
    if (c > 0) break;
    if (c < 0) {
      const auto flip = [](double v) { return v == 0 ? 0.0 : -v; };
      return {flip(q.w), flip(q.x), flip(q.y), flip(q.z)};
    }
  }
  return q;
}

bool same(const Quatd& a, const Quatd& b) {
  return a.w == b.w && a.x == b.x && a.y == b.y && a.z == b.z;
}

}  // namespace

PointGroup::PointGroup(std::string name, const std::vector<Quatd>& generators) : name_(std::move(name)) {
  operators_ = {Quatd{}};
  // Every element times every generator, until nothing new appears.
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    for (const Quatd& g : generators) {
      const Quatd product = canonical(operators_[i] * g);
      if (std::none_of(operators_.begin(), operators_.end(),
                       [&](const Quatd& s) { return same(s, product); })) {
        operators_.push_back(product);
      }
    }
  }
}

const PointGroup& PointGroup::named(std::string_view name) {
  static const auto groups = [] {
    const Quatd x2{0, 1, 0, 0}, y2{0, 0, 1, 0}, z2{0, 0, 0, 1};
    const Quatd z3{0.5, 0, 0, kHalfSqrt3}, z4{kHalfSqrt2, 0, 0, kHalfSqrt2}, z6{kHalfSqrt3, 0, 0, 0.5};
    const Quatd d3{0.5, 0.5, 0.5, 0.5};  // threefold about [111]
    std::map<std::string, PointGroup, std::less<>> all;
    const auto add = [&](const char* id, std::vector<Quatd> generators) {
      all.emplace(id, PointGroup(id, generators));
    };
    add("1", {}), add("2", {y2}), add("222", {z2, x2});
    add("3", {z3}), add("32", {z3, x2}), add("4", {z4}), add("422", {z4, x2});
    add("6", {z6}), add("622", {z6, x2}), add("23", {z2, d3}), add("432", {z4, d3});
    return all;
  }();
  const auto found = groups.find(name);
  if (found == groups.end()) {
    throw Error(Errc::kArgument, "unknown point group '" + std::string(name) +
                                     "': known are 1 2 222 3 32 4 422 6 622 23 432 (proper rotations)");
  }
  return found->second;
}

const PointGroup& PointGroup::of_lattice(std::string_view lattice) {
  if (lattice.size() == 2) {
    switch (lattice[0]) {
      case 'c':
        return named("432");
      case 'h':
        return named("622");
      case 't':
        return named("422");
      case 'o':
        return named("222");
      case 'm':
        return named("2");
      case 'a':
        return named("1");
      default:
        break;
    }
  }
  throw Error(Errc::kArgument,
              "unknown lattice '" + std::string(lattice) +
                  "': known are DAMASK's Pearson symbols cF cI cP hP tI tP oF oI oP oS mP mS aP");
}

Quatd fundamental_zone(const PointGroup& group, const Quatd& q) {
  // On the zone's boundary several equivalents have the same angle to rounding; of those the one with
  // the largest x, then y, then z is taken, so that the choice does not depend on which one came in.
  constexpr double kTie = 1e-12;
  Quatd best = q;
  bool first = true;
  for (const Quatd& s : group.operators()) {
    Quatd p = q * s;
    const double lead[4] = {p.w, p.x, p.y, p.z};
    for (const double c : lead) {  // the sign: w > 0, or the first component that is not zero
      if (std::abs(c) <= kTie) continue;
      if (c < 0) p = {-p.w, -p.x, -p.y, -p.z};
      break;
    }
    const double d[4] = {p.w - best.w, p.x - best.x, p.y - best.y, p.z - best.z};
    bool better = first;
    for (const double step : d) {
      if (std::abs(step) <= kTie) continue;
      better = better || step > 0;
      break;
    }
    if (better) best = p;
    first = false;
  }
  if (best.w < 0) best.w = -best.w;  // within the tie of zero only
  return best;
}

}  // namespace grainspin

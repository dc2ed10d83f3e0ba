#include "datasets/slip_match.h"

#include <cmath>

namespace grainspin {

namespace {

double dot(const Vec3<double>& a, const Vec3<double>& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

// Families of one name have the same systems in the same order, whatever c/a.
SlipMatch by_name(const SlipSet& wanted, const SlipSet& other) {
  SlipMatch m;
  std::vector<int> seen(wanted.families.size(), 0);
  for (const SlipSystem& s : wanted.systems) {
    const int place = seen[std::size_t(s.family)]++;
    int found = -1, count = 0;
    for (int k = 0; k < other.count() && found < 0; ++k) {
      const int family = other.systems[std::size_t(k)].family;
      if (other.families[std::size_t(family)] == wanted.families[std::size_t(s.family)] && count++ == place) found = k;
    }
    m.of.push_back(found);
    m.sign.push_back(found < 0 ? 0 : 1);
  }
  return m;
}

SlipMatch by_exchange(const SlipSet& wanted, const SlipSet& other) {
  SlipMatch m;
  for (const SlipSystem& s : wanted.systems) {
    int found = -1, sign = 0;
    for (int k = 0; k < other.count(); ++k) {
      const SlipSystem& o = other.systems[std::size_t(k)];
      const double direction = dot(s.b, o.n), normal = dot(s.n, o.b);
      if (std::abs(direction) < 1 - 1e-9 || std::abs(normal) < 1 - 1e-9) continue;
      found = k;
      sign = direction * normal > 0 ? 1 : -1;
    }
    m.of.push_back(found);
    m.sign.push_back(sign);
  }
  return m;
}

// The action of the group carries over with the systems, so every entry of an orbit tells the same; the first is read.
void match_orbits(const SlipMaps& wanted, const SlipMaps& other, SlipMatch& m) {
  m.odd.assign(std::size_t(wanted.odd.count), -1);
  m.odd_sign.assign(std::size_t(wanted.odd.count), 0);
  m.even.assign(std::size_t(wanted.even.count), -1);
  const std::size_t n = m.of.size(), n_other = std::size_t(other.set.count());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      if (m.of[i] < 0 || m.of[j] < 0) continue;
      const std::size_t e = i * n + j, f = std::size_t(m.of[i]) * n_other + std::size_t(m.of[j]);
      m.even[std::size_t(wanted.even.of[e])] = other.even.of[f];
      if (wanted.odd.of[e] < 0 || other.odd.of[f] < 0) continue;
      const std::size_t o = std::size_t(wanted.odd.of[e]);
      m.odd[o] = other.odd.of[f];
      m.odd_sign[o] = wanted.odd.sign[e] * other.odd.sign[f] * m.sign[i] * m.sign[j];
    }
}

}  // namespace

SlipMatch match(const SlipMaps& wanted, const SlipMaps& other) {
  SlipMatch best;
  const std::size_t n = std::size_t(wanted.set.count());
  best.of.assign(n, -1);
  best.sign.assign(n, 0);
  if (wanted.set.point_group == other.set.point_group)
    for (const Kinship kinship : {Kinship::kSame, Kinship::kDual}) {
      SlipMatch m = kinship == Kinship::kSame ? by_name(wanted.set, other.set) : by_exchange(wanted.set, other.set);
      for (const int s : m.of) m.systems += s >= 0;
      if (m.systems <= best.systems) continue;
      best = std::move(m);
      best.kinship = kinship;
    }
  match_orbits(wanted, other, best);
  return best;
}

std::string describe(const SlipMatch& m) {
  if (m.kinship == Kinship::kNone) return "no slip system";
  return std::to_string(m.systems) + " of " + std::to_string(m.of.size()) + " slip systems " +
         (m.kinship == Kinship::kSame ? "by name" : "with plane and direction exchanged");
}

}  // namespace grainspin

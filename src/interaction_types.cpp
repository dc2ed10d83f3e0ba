// DAMASK's numbering of slip-slip interactions, decided by the geometry of each pair of systems.
//
// The numbers are those of DAMASK 3.0.2 and 3.1 (cF and cI after Madec & Kubin 2017, hP "onion peel"
// numbering), for a reacting system r (row) and an acting system a (column). Every type is a union of
// orbits of the point group, and |b_r.b_a|, |n_r.n_a|, |b_r.n_a|, |n_r.b_a| (hP: with their horizontal
// parts) tell the orbits apart. DAMASK's own tables break the symmetry of the crystal at three entries of
// {112}x{112} and pyr2<c+a>x pyr1<a>; here those follow their orbit.
#include <cmath>
#include <string>

#include "grainspin/slip_systems.h"

namespace grainspin {
namespace {

using Vec = Vec3<double>;

double dot(const Vec& a, const Vec& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

// Cosine of the angle between the basal projections; 0 where one has none.
double basal_cosine(const Vec& a, const Vec& b) {
  const double length = std::hypot(a.x, a.y) * std::hypot(b.x, b.y);
  return length < 1e-9 ? 0 : (a.x * b.x + a.y * b.y) / length;
}

bool is(double a, double b) {
  return std::abs(a - b) < 1e-6;
}

struct Pair {
  double bb, nn, bn, nb;    // |b_r.b_a|, |n_r.n_a|, |b_r.n_a|, |n_r.b_a|
  double basal_b, basal_n;  // cosines between basal projections, both vectors turned to z >= 0

  Pair(const SlipSystem& r, const SlipSystem& a)
      : bb(std::abs(dot(r.b, a.b))),
        nn(std::abs(dot(r.n, a.n))),
        bn(std::abs(dot(r.b, a.n))),
        nb(std::abs(dot(r.n, a.b))),
        basal_b(basal_cosine(r.b, a.b) * up(r.b) * up(a.b)),
        basal_n(basal_cosine(r.n, a.n) * up(r.n) * up(a.n)) {}

  static double up(const Vec& v) { return v.z < -1e-9 ? -1 : 1; }
  bool collinear() const { return is(bb, 1); }
  bool coplanar() const { return is(nn, 1); }
  bool self() const { return collinear() && coplanar(); }
  bool semi_collinear() const { return is(std::abs(basal_b), 1); }  // same <a> part
  bool opposite() const { return is(basal_b, -1); }                 // c+a against c-a
};

// Families {111}, {110} of cF.
int face_centred(int reacting, int acting, const Pair& p) {
  if (p.self()) return 1;
  if (reacting == 0 && acting == 0) {
    if (p.coplanar()) return 2;
    if (p.collinear()) return 3;
    if (is(p.bb, 0)) return 4;  // Hirth: perpendicular Burgers vectors
    if (is(p.bn, 0)) return 5;  // the junction b_r -+ b_a glides in the acting system's plane,
    if (is(p.nb, 0)) return 6;  // in the reacting one's,
    return 7;                   // in neither: Lomer
  }
  if (reacting == 1 && acting == 1) return is(p.bb, 0) ? 8 : 9;
  if (p.collinear()) return 13;
  if (is(p.bb, 0)) return 12;
  return is(p.nn, 0) ? 10 : 11;
}

// Families {110}, {112}, {123} of cI.
int body_centred(int reacting, int acting, const Pair& p) {
  if (p.self()) return 1;
  if (reacting == 2 || acting == 2) {
    if (!p.collinear()) return 28;
    const int other = reacting == 2 ? acting : reacting;
    return 25 + other;
  }
  if (reacting == 0 && acting == 0) {
    if (p.collinear()) return 2;
    if (p.coplanar()) return 3;
    if (is(p.nn, 0)) return 6;
    return is(p.bn, 0) ? 4 : is(p.nb, 0) ? 5 : 7;
  }
  if (reacting == 1 && acting == 1) {
    if (p.collinear()) return 2;
    if (is(p.nn, 1.0 / 3)) return 20;
    if (is(p.nn, 1.0 / 6)) return p.bn < p.nb ? 21 : 22;
    return is(p.nn, 5.0 / 6) ? 23 : 24;
  }
  if (p.collinear()) return is(p.nn, 0) ? 8 : 9;
  const bool first = reacting == 0;  // {110} reacts, {112} acts
  if (is(p.nn, 0)) return first ? 11 : 10;
  if (is(p.nn, std::sqrt(0.75))) return first ? 13 : 12;
  if (is(p.nn, std::sqrt(1.0 / 3))) return first ? 18 : 19;
  const double in_112 = first ? p.bn : p.nb;  // the {110} system's direction against the {112} plane
  return in_112 < 0.7 ? (first ? 14 : 15) : (first ? 17 : 16);
}

// Families basal<a>, prism<a>, pyr1<a>, pyr1<c+a>, pyr2<c+a> of hP.
int hexagonal(int reacting, int acting, const Pair& p) {
  constexpr int kPyr1ca = 3, kPyr2ca = 4;
  // Two <a> families: collinear or not. Self of each family, then the others of that family.
  constexpr int kCollinear[3][3] = {{1, 3, 10}, {7, 5, 12}, {19, 17, 15}};
  constexpr int kOther[3][3] = {{2, 4, 9}, {8, 6, 11}, {18, 16, 14}};
  if (reacting < kPyr1ca && acting < kPyr1ca) {
    if (reacting == 2 && p.self()) return 13;
    return p.collinear() ? kCollinear[reacting][acting] : kOther[reacting][acting];
  }
  if (reacting < kPyr1ca && acting == kPyr1ca) {
    if (reacting == 2 && p.coplanar()) return 26;
    constexpr int kSemi[3] = {20, 23, 28}, kInPlane[3] = {22, 25, 29}, kRest[3] = {21, 24, 27};
    return p.semi_collinear() ? kSemi[reacting] : is(p.bn, 0) ? kInPlane[reacting] : kRest[reacting];
  }
  if (reacting == kPyr1ca && acting < kPyr1ca) {
    if (acting == 2 && p.coplanar()) return 37;
    constexpr int kSemi[3] = {44, 41, 38}, kInPlane[3] = {45, 42, 40}, kRest[3] = {46, 43, 39};
    return p.semi_collinear() ? kSemi[acting] : is(p.nb, 0) ? kInPlane[acting] : kRest[acting];
  }
  if (reacting < kPyr1ca) {  // against pyr2<c+a>
    constexpr int kSemi[3] = {48, 50, 52}, kRest[3] = {47, 49, 51};
    return p.semi_collinear() ? kSemi[reacting] : kRest[reacting];
  }
  if (acting < kPyr1ca) {  // pyr2<c+a> against <a>
    constexpr int kSemi[3] = {69, 67, 65}, kRest[3] = {68, 66, 64};
    return p.semi_collinear() ? kSemi[acting] : kRest[acting];
  }
  if (reacting == kPyr1ca && acting == kPyr1ca) {
    if (p.coplanar()) return p.collinear() ? 30 : 31;
    if (p.collinear()) return 36;
    if (is(p.basal_n, -1)) return p.opposite() ? 34 : 35;
    return p.opposite() ? 33 : 32;
  }
  if (reacting == kPyr2ca && acting == kPyr2ca) return p.self() ? 57 : p.opposite() ? 59 : 58;
  const bool first = reacting == kPyr1ca;  // pyr1<c+a> reacts, pyr2<c+a> acts
  if (p.collinear()) return first ? 56 : 61;
  if (p.opposite()) return first ? 55 : 63;
  return is(p.basal_n, 0) ? (first ? 54 : 62) : (first ? 53 : 60);
}

struct Numbering {
  int (*type)(int reacting, int acting, const Pair& pair);
  std::vector<std::string> families;  // in DAMASK's order
};

}  // namespace

std::vector<int> damask_slip_interaction_types(const SlipSet& set) {
  static const Numbering numberings[] = {
      {face_centred, {"fcc{111}<110>", "fcc{110}<110>"}},
      {body_centred, {"bcc{110}<111>", "bcc{112}<111>", "bcc{123}<111>"}},
      {hexagonal, {"hcp-basal<a>", "hcp-prism<a>", "hcp-pyr1<a>", "hcp-pyr1<c+a>", "hcp-pyr2<c+a>"}},
  };
  const Numbering* numbering = nullptr;
  std::vector<int> index;  // of the set's families in DAMASK's order
  for (const std::string& name : set.families) {
    for (const Numbering& candidate : numberings) {
      for (std::size_t k = 0; k < candidate.families.size(); ++k) {
        if (candidate.families[k] == name) numbering = &candidate, index.push_back(int(k));
      }
    }
  }
  require(numbering && index.size() == set.families.size(), Errc::kArgument,
          "slip set " + set.name + " has a family that DAMASK does not number");
  std::vector<int> types;
  types.reserve(set.systems.size() * set.systems.size());
  for (const SlipSystem& r : set.systems) {
    for (const SlipSystem& a : set.systems) {
      types.push_back(numbering->type(index[r.family], index[a.family], Pair(r, a)));
    }
  }
  return types;
}

}  // namespace grainspin

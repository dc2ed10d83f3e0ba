// Slip systems from one member of each family by the point group.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "grainspin/orientation.h"
#include "grainspin/symmetry.h"

namespace grainspin {

struct SlipSystem {
  Vec3<double> b;  // unit slip direction, Cartesian crystal frame
  Vec3<double> n;  // unit plane normal; b . n = 0
  int family = 0;  // index into the set's families
  double length = 1;  // of the Burgers vector, in lattice parameters a: a/2<110> is 0.707, <c+a> sqrt(1 + (c/a)^2)
};

struct SlipSet {
  std::string name;
  std::string point_group;
  double c_over_a = 0;
  std::vector<std::string> families;
  std::vector<SlipSystem> systems;
  int count() const { return int(systems.size()); }
};

// Families: fcc{111}<110> fcc{110}<110> bcc{110}<111> bcc{112}<111> bcc{123}<111>
// hcp-basal<a> hcp-prism<a> hcp-pyr1<a> hcp-pyr1<c+a> hcp-pyr2<c+a> hcp-prism<c+a> hcp-prism<c>.
// A system is (n, b) up to the sign of each; they come family by family, plane by plane, in an order that
// does not depend on c/a. n points up (z > 0, then y, then x); b such that all b (x) n of a family shear in
// the sense of its first member. c_over_a is needed for hcp only. Throws Error kArgument for an unknown
// family, one named twice, mixed crystal systems or c/a <= 0.
SlipSet slip_set(const std::vector<std::string>& families, double c_over_a = 0);

// One member of a family, from which a point group makes the others.
struct SlipFamily {
  std::string name;
  Vec3<double> b;     // slip direction, Cartesian crystal frame, any length
  Vec3<double> n;     // plane normal, any length; b . n = 0
  double length = 1;  // of the Burgers vector, in lattice parameters a
};
// Families under any point group (PointGroup::named), ordered as above. c_over_a is noted in the set: the members' vectors
// are Cartesian already. Throws Error kArgument naming the family for a vector that is zero or not finite, a direction
// out of its plane, a length that is not positive, a name used twice, and a system that two families share.
SlipSet slip_set(const std::string& name, const std::string& point_group, double c_over_a,
                 const std::vector<SlipFamily>& families);
// One of the families above. Throws as slip_set does.
SlipFamily slip_family(const std::string& name, double c_over_a = 0);
std::vector<std::string> slip_family_names();
// Named sets and the families of one. Throws Error kArgument for an unknown name.
std::vector<std::string> named_slip_set_names();
const std::vector<std::string>& named_slip_set_families(std::string_view name);
// Named sets: fcc fcc18 bcc110 bcc112 bcc123 bcc24 bcc48 hcp18 hcp24 hcp30 hcp39.
SlipSet named_slip_set(std::string_view name, double c_over_a = 0);
// The families that a DAMASK phase with these N_sl uses (cF: {111},{110}; cI: {110},{112},{123};
// hP: basal, prism, pyr1<a>, pyr1<c+a>, pyr2<c+a>), systems in this module's order. Throws Error kArgument
// for another lattice and for a part of a family.
SlipSet damask_slip_set(const std::string& lattice, const std::vector<int>& N_sl, double c_over_a);

// DAMASK's interaction type (from 1) of every pair, [reacting][acting] row-major, N*N: entry t stands for
// coefficient t of h_sl-sl. fcc: 1 self, 2 coplanar, 3 collinear, 4 Hirth, 5 and 6 glissile (the junction in
// the acting, in the reacting plane), 7 Lomer; to 13 with {110}. bcc to 28, hcp to 69. From the geometry of
// each pair, so constant on the orbits of the point group. Throws Error kArgument for families that DAMASK
// does not know (hcp-prism<c+a>, hcp-prism<c>).
std::vector<int> damask_slip_interaction_types(const SlipSet& set);

}  // namespace grainspin

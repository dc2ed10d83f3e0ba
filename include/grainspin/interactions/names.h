// Names for people: of slip systems by indices, of unknowns by families and by the geometry of what meets.
#pragma once

#include <string>
#include <vector>

#include "grainspin/interactions/ties.h"
#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

// "[01-1](111)", hexagonal and trigonal crystals in four indices "[2-1-10](0001)"; unit vectors in decimals where there
// are no small indices (a lattice of which c/a does not tell everything).
std::string system_label(const SlipSet& set, int system);

// A family's name without its lattice: "basal<a>" of "hcp-basal<a>".
std::string short_family(const std::string& family);

// "prism<a> 2": the system's family and its number in it, from 1.
std::string system_name(const SlipSet& set, int system);

// One name an unknown, all different, from its first entry.
//   A_i    the family.
//   A_ij   FCC {111}<110>: self, coplanar, collinear, Hirth, glissile I (the junction glides in the plane of j), glissile
//          II (of i), Lomer; with A_ij = A_ji one glissile. Other sets: "basal<a> x prism<a> collinear", families of i and
//          j and what their dislocations do: self, coplanar, collinear, perpendicular (Burgers vectors), glissile in j,
//          glissile in i, glissile (in both), sessile (the junction in neither plane).
//   A_ijk  "basal<a> <- prism<a> x pyr1<a>", families of i, j and k and, where there is one, the reaction: annihilation
//          (b_j parallel to b_k, i one of them), glissile (b_i = +-b_j +- b_k along a line in all three planes), frank
//          (b_i = +-b_j +- b_k).
// Several of one kind are numbered: "basal<a> x pyr1<c+a> sessile #2".
std::vector<std::string> unknown_names(const SlipSet& set, const Ties& ties);

}  // namespace grainspin::interactions

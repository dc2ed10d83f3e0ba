// Which entries of an interaction tensor are one unknown: orbits of tuples of slip systems under the point group
// (or one of its subgroups), with signs where slip is signed, masked by what the physics allows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/orbits.h"
#include "grainspin/slip_systems.h"
#include "grainspin/symmetry.h"

namespace grainspin::interactions {

// Of a tensor A with `order` indices over N slip systems (1: A_i, 2: A_ij, 3: A_ijk), entry (i N + j) N + k.
struct TieOptions {
  int order = 2;
  bool symmetric = false;  // A_ij = A_ji; of order 3 equal under every permutation of i, j, k
  bool jk = false;         // A_ijk = A_ikj
  // The index changes sign when its system's slip is reversed, as a slip rate does; i: the response does.
  bool odd_i = false, odd_j = false, odd_k = false;
};

// Entry e is sign[e] * unknown[of[e]]; of[e] = -1: zero (ruled out by the group's signs, or masked).
struct Ties {
  int systems = 0, order = 0, count = 0;
  std::vector<std::int32_t> of;    // [N^order]; ids in order of the first entry
  std::vector<std::int8_t> sign;   // [N^order] +1, -1; 0 where of is -1
  std::vector<std::int64_t> size;  // [count] entries of each unknown
  std::int64_t entries() const { return std::int64_t(of.size()); }
};

// Throws Error kArgument when the set is not closed under the group or options do not go together (jk or symmetric
// with indices of different parity).
Ties ties(const SlipSet& set, const PointGroup& group, const TieOptions& options);
// Every entry an unknown of its own.
Ties untied(int systems, int order);

// Entries with mask[e] == 0 become zero and their unknowns vanish. An unknown that the mask cuts is refused
// (Error kArgument): masks are made of invariant conditions.
Ties masked(const Ties& ties, const std::vector<std::uint8_t>& mask);

// Orbits of `coarse` that each orbit of `fine` lies in (fine from a subgroup), -1 where there is none.
std::vector<std::int32_t> parents(const Ties& fine, const Ties& coarse);

// Orthogonal projector onto the invariant tensors: the signed mean over each unknown's entries, 0 elsewhere.
std::vector<double> project(const Ties& ties, const std::vector<double>& tensor);
// Tensor of the unknowns' values.
std::vector<double> expand(const Ties& ties, const std::vector<double>& unknowns);

}  // namespace grainspin::interactions

// Orbits of pairs and triples of slip systems under a point group: the free entries of an invariant
// interaction matrix. Counts: Burnside's lemma.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "grainspin/slip_systems.h"
#include "grainspin/symmetry.h"

namespace grainspin {

// Action of the group on a slip set: g (b_s (x) n_s) g^T = sign[g][s] * (b (x) n)_perm[g][s].
// Throws Error kArgument when the set is not closed under the group.
struct SlipAction {
  std::vector<std::vector<int>> perm, sign;  // [operators][systems]
};
SlipAction slip_action(const SlipSet& set, const PointGroup& group);

// The proper point group that acts on slip systems as the named one does: one of the 32 crystallographic point groups by
// its Hermann-Mauguin symbol (m-3m, 6/mmm, -43m, ...). Inversion turns b and n both around, so b (x) n stays, and an
// improper operation acts as the rotation that it holds. 3m and -3m are those of setting 321 (mirrors normal to a).
// Throws Error kArgument for another name, listing the known ones.
const PointGroup& acting_group(std::string_view name);

struct Orbits {
  int count = 0;
  std::vector<std::int32_t> of;  // orbit id of each entry: [N*N] or [N*N*N], ids in order of first entry
  std::vector<std::int64_t> size;
};

// Tensors A over tuples of slip systems that the group leaves unchanged:
//   A_perm(i)perm(j).. sign_i^odd_i sign_j^odd_j .. = A_ij..   for every operator,
// an index being odd where the tensor changes sign with that system's slip (a slip rate does, a density does not).
struct TupleSymmetry {
  int order = 2;                        // indices, 1 to 3
  bool odd[3] = {false, false, false};  // of each index
  bool jk = false;                      // order 3: A_ijk = A_ikj
  bool full = false;                    // equal under every permutation of the indices
};
// They are the combinations of `count` basis tensors, the o-th with entries sign[e] where of[e] == o. Orbits that
// their own sign rules out have of = -1: an operator carries one of their entries to itself with the other sign.
struct SignedOrbits {
  int count = 0;
  std::vector<std::int32_t> of;    // [N^order], ids in order of first entry; -1: zero in every invariant tensor
  std::vector<std::int8_t> sign;   // [N^order] +1 or -1 (of the first entry: +1), 0 where of is -1
  std::vector<std::int64_t> size;  // [count] entries
};
// Entry (i N + j) N + k. Throws Error kArgument where jk or full tie indices of different parity, or for more than
// 2^31 - 1 entries.
SignedOrbits tuple_orbits(const SlipAction& action, const TupleSymmetry& symmetry);

// State that flips sign with its slip system: odd in i and j.
SignedOrbits signed_pair_orbits(const SlipAction& action);
// H_ij; symmetric: with H_ij = H_ji. Entry i N + j.
Orbits pair_orbits(const SlipAction& action, bool symmetric = false);
// K_ijk; jk: with K_ijk = K_ikj; full: equal under every permutation of i, j, k. Entry (i N + j) N + k.
Orbits triple_orbits(const SlipAction& action, bool jk = false, bool full = false);

}  // namespace grainspin

// Orbits of pairs and triples of slip systems under a point group: the free entries of an invariant
// interaction matrix. Counts: Burnside's lemma.
#pragma once

#include <cstdint>
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

struct Orbits {
  int count = 0;
  std::vector<std::int32_t> of;  // orbit id of each entry: [N*N] or [N*N*N], ids in order of first entry
  std::vector<std::int64_t> size;
};
// Orbits of pairs for state that flips sign with its slip system: the matrices A with
// A_perm(i)perm(j) sign_i sign_j = A_ij for every operator are the combinations of `count` basis matrices, the
// o-th with entries sign[i N + j] where of[i N + j] == o. Orbits that their own sign rules out have of = -1.
struct SignedOrbits {
  int count = 0;
  std::vector<std::int32_t> of;  // [N*N], -1: zero in every invariant matrix
  std::vector<std::int8_t> sign;  // [N*N] +1 or -1 (of the first entry: +1), 0 where of is -1
};
SignedOrbits signed_pair_orbits(const SlipAction& action);

// H_ij; symmetric: with H_ij = H_ji. Entry i N + j.
Orbits pair_orbits(const SlipAction& action, bool symmetric = false);
// K_ijk; jk: with K_ijk = K_ikj; full: equal under every permutation of i, j, k. Entry (i N + j) N + k.
Orbits triple_orbits(const SlipAction& action, bool jk = false, bool full = false);

}  // namespace grainspin

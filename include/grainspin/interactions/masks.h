// Which entries of an interaction tensor the physics of reactions allows, as masks for masked() and for a fit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

// Parts joined by + (their union), for tensors of three indices, rhodot_i from j and k:
//   annihilation  j and k have one Burgers vector (j = k among them) and i is j or k
//   frank         b_i = +-b_j +- b_k with true lengths: the reaction of j and k leaves Burgers vector b_i
//   glissile      such a reaction along the planes' common line n_j x n_k, which lies in the plane of i too (where j
//                 and k share a plane: it is that of i)
//   own           i is j or k: a system gains and loses by what it takes part in itself
//   all           everything
// and for two indices: own (i is j), all. The conditions hold for a whole orbit of the point group or for none of it, and
// are the same with j and k exchanged. Throws Error kArgument for another name, listing the known.
// Returns [N^order], 1 where an entry may differ from zero.
std::vector<std::uint8_t> mask(const SlipSet& set, int order, std::string_view names);

}  // namespace grainspin::interactions

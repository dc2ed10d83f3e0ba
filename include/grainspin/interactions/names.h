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

}  // namespace grainspin::interactions

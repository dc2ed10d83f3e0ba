// Slip directions and planes as whole numbers: Miller indices, four of them in hexagonal and trigonal crystals.
#pragma once

#include <vector>

#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

// Three or four coordinates of which the ratios are the indices.
std::vector<double> direction_coordinates(const SlipSet& set, int system);
std::vector<double> plane_coordinates(const SlipSet& set, int system);

// The smallest whole numbers in the ratio of these; empty where there are none up to 24.
std::vector<int> whole(const std::vector<double>& coordinates);

}  // namespace grainspin::interactions

// A slice of a state as an EBSD map: .ang (EDAX TSL) and .ctf (HKL Channel 5), for programs such as orix and MTEX.
#pragma once

#include <string>

#include "grainspin/archive.h"

namespace grainspin {

struct Slice {
  int axis = 2;   // 0, 1, 2: normal to x, y, z
  int index = 0;  // of the layer
};

// "z", "z=3": axis and layer (0 where none is stated). Throws Error kArgument.
Slice parse_slice(const std::string& text);

// Map axes X, Y are the sample's x y (slice z), y z (slice x) or z x (slice y); orientations are turned along, so that
// the map's X, Y and normal are its reference frame, as in a measured section. Micrometres. Phases from 1; what has no
// crystal is not indexed.
//   .ang: Bunge angles in radians; hexagonal and trigonal crystals with x parallel to a.
//   .ctf: Bunge angles in degrees; hexagonal and trigonal crystals with x parallel to a*, as HKL's programs take them:
//         phi2 is 30 degrees less.
// Throws Error kFormat where a phase's crystal symmetry is not stated.
void write_ang(FieldReader& in, int step, const Slice& slice, const std::string& path);
void write_ctf(FieldReader& in, int step, const Slice& slice, const std::string& path);

}  // namespace grainspin

// States as VTK XML ImageData that VTK 9.1 (Debian 12's ParaView 5.11) reads.
#pragma once

#include <string>

#include "grainspin/archive.h"

namespace grainspin {

// One state: cell arrays orientation (4 x float32: w x y z), ipf_z (3 x uint8: the colour of the crystal
// direction along sample z; its key is named in the file), grain where there is one, phase. Raw appended data,
// header UInt64. Streamed in slabs; the name appears when the file is whole.
void write_vti(FieldReader& in, int step, const std::string& path, const Progress& progress = {});

// NAME.pvd and NAME_0000.vti ... beside it, one for each state; times are the strains, or the states'
// numbers where strains do not grow.
void write_pvd(FieldReader& in, const std::string& path, const Progress& progress = {});

}  // namespace grainspin

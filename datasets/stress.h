// Cauchy stresses of a run, from whichever fields its archive has.
#pragma once

#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

// Stored stresses (the project's own results), or F and P (DAMASK).
bool knows_stress(const ArchiveInfo& info);
// [T][N][6] Pa of steps 1 .. T: there is none in the undeformed state.
std::vector<float> read_stress(FieldReader& reader);

}  // namespace grainspin

// Neper's raster tessellation (.tesr, formats 2.0 to 2.2; Neper's documentation, "File formats"): cells by voxel, x
// fastest, ids from 1 and 0 for void; orientations by cell (*ori) or by voxel (**oridata, and **oridef where they are
// defined), passive unless the descriptor says ":active", angles in degrees.
#pragma once

#include <memory>
#include <string>

#include "grainspin/archive.h"

namespace grainspin {

// Not periodic; lengths in m (source.unit: otherwise). Voids are phase "void", voxels without an orientation phase
// "undefined"; crystal symmetry cubic is 432, hexagonal 622; triclinic, Neper's default, counts as not stated.
// Two dimensions: one layer. Throws Error kFormat with the line, kShape for counts that do not agree.
std::unique_ptr<FieldReader> read_tesr(const std::string& path, const SourceOptions& source);

}  // namespace grainspin

// A fit as a file: JSON (for people and other programs) or HDF5, the same content, told apart by content when read.
#pragma once

#include <string>

#include "grainspin/interactions/fit.h"

namespace grainspin::interactions {

// Layout: docs/interactions.md. HDF5 where the name ends in .h5 or .hdf5, else JSON. Written under a temporary name and
// renamed when whole. Throws Error kIo.
void write_fit(const std::string& path, const InteractionFit& fit);
// Throws Error kIo where it cannot be read, kFormat naming file and item for what is no fit, is damaged or of an unknown
// version.
InteractionFit read_fit(const std::string& path);

}  // namespace grainspin::interactions

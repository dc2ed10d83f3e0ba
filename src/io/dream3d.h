// DREAM.3D files: version 7.0 (DREAM.3D 6.5, SIMPL) and 8.0 (DREAM3D-NX, simplnx).
//
// An image geometry and, in its attribute matrices, cell arrays [nz, ny, nx, components]: EulerAngles (Bunge, radians)
// are preferred; Quats (x y z w, of the opposite rotation: from_dream3d) where there are none; else the EulerAngles or
// quaternions of the features. FeatureIds and Phases count from 1, 0 is what was not indexed (phase "unindexed").
// CrystalStructures gives the point groups, PhaseName the names. Groups may have any name: arrays are found by theirs.
#pragma once

#include <memory>

#include "grainspin/archive.h"
#include "src/io/hdf5.h"

namespace grainspin {

bool is_dream3d(const h5::File& file);

// Not periodic; lengths in micrometres (source.unit: otherwise). source.orientations, grains, phases: paths in place of
// what is found. Throws Error: kFormat for other versions and geometries, or where no orientations are found.
std::unique_ptr<FieldReader> read_dream3d(h5::File file, const SourceOptions& source);

}  // namespace grainspin

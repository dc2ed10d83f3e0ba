// Some planes of an archive, read as an archive of their own.
#pragma once

#include <memory>

#include "grainspin/archive.h"

namespace grainspin {

// Planes [first, first + count) along z; below 0 and over the end they are those of the periodic grid. Size, origin and
// the phases' voxel counts are the slab's, grain ids the archive's. `archive` outlives it and is used by it alone in
// turn with others of one thread.
std::unique_ptr<FieldReader> slab_of_archive(FieldReader& archive, int first, int count);

}  // namespace grainspin

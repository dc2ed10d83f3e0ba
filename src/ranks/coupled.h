// Models with feedback `neighbours` on several ranks: each keeps the state of its planes and steps them, and after every
// step the ranks give each other the orientations of the planes that a cube of neighbours reaches. The same bits as one
// rank, without computing any plane twice but the few next to a cut.
#pragma once

#include <cstdint>

#include "grainspin/reconstruct.h"
#include "src/ranks/ranks.h"
#include "src/ranks/slabs.h"

namespace grainspin {

// Bytes on the host that a rank takes for its wide slab (halo: the model's radius), source and sink not counted. Error
// where the surrogate cannot go step by step, or the device has no room for it.
std::int64_t coupled_bytes(const Surrogate& surrogate, const Region& region, bool masked);

// The wide slab as one region. nx, ny of the grid.
Region coupled_region(const Slab& slab, Shape grid, const Boundaries& boundaries);

// Collective. `source` and options.mask are of the wide slab, `sink` is of the rank's own planes; of `options` boundaries
// (the grid's) and progress are read beside.
void reconstruct_coupled(const Surrogate& surrogate, Ranks& ranks, const Slab& slab, OrientationSource& source,
                         OrientationSink& sink, const ReconstructOptions& options);

}  // namespace grainspin

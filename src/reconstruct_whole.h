// The nonlocal family's way through reconstruct.h: the grid in one piece.
#pragma once

#include "grainspin/reconstruct.h"

namespace grainspin {

// Errors as reconstruct.h has them; kArgument for a wish to cut the grid.
ReconstructPlan plan_whole(const Surrogate& surrogate, Shape shape, const ReconstructOptions& options);
void reconstruct_whole(const Surrogate& surrogate, OrientationSource& source, OrientationSink& sink,
                       const ReconstructOptions& options);

}  // namespace grainspin

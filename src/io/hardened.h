// Slip resistances that a path of straining has made: what a result's orientations do not carry, reconstructed by the
// phases' own law.
#pragma once

#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

struct Hardened {
  // [phase] xi_0_sl, entry by entry: means over the sampled voxels and a family's systems, Pa.
  std::vector<std::vector<double>> xi;
  double strain = 0;  // von Mises, of the path, what was before the file's first state included
};

// The resistances of `step`. Voxels (at most `sample` of them, evenly spaced) are each strained as the mean is (Taylor 1938),
// with the orientations that the file has for them, turning evenly between its states; their slip hardens them by the phase's
// phenopowerlaw. A first state that is strained already (its mean F) is taken as reached along a straight path with the
// orientations that it has. `phases`: their laws, in the order of in.info().phases. Error kArgument naming a phase that
// states no law; kFormat where the file tells no loads; kConvergence.
Hardened hardened(FieldReader& in, int step, const std::vector<PhaseInfo>& phases, std::int64_t sample = 1000);

}  // namespace grainspin

// The `nonlocal` family behind the Surrogate interface, by LibTorch.
#pragma once

#include <memory>

#include "grainspin/surrogate.h"

namespace grainspin {

// A whole grid at once. Along an axis with faces the cell has Region::padding mirror images of the voxels
// beyond each face (index reflection; orientation, phase and mask as they are), and these run along as voxels
// of their own. run() throws Error kArgument for a region with a cut and where there is no load, kShape where
// edges do not come in pairs.
std::unique_ptr<Surrogate> make_nonlocal_libtorch(const Model& model, const EngineOptions& options,
                                                  bool precise);

}  // namespace grainspin

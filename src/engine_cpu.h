// The engine on the CPU. Bit-identical for any number of threads and any cut into regions: every voxel is a
// lane of a full block and its arithmetic does not depend on which.
#pragma once

#include <memory>

#include "grainspin/surrogate.h"
#include "recurrent.h"

namespace grainspin {

// kernels: null for the fastest this machine has.
std::unique_ptr<Surrogate> make_cpu_engine(const Model& model, const EngineOptions& options,
                                           const RecurrentKernels* kernels = nullptr);

}  // namespace grainspin

// The engine on the CPU. Bit-identical for any number of threads and any cut into regions: every voxel is a
// lane of a full block and its arithmetic does not depend on which.
#pragma once

#include <memory>

#include "grainspin/surrogate.h"
#include "nonlocal_kernels.h"
#include "recurrent.h"

namespace grainspin {

// kernels: null for the fastest this machine has.
std::unique_ptr<Surrogate> make_cpu_engine(const Model& model, const EngineOptions& options,
                                           const RecurrentKernels* kernels = nullptr);
// The nonlocal family (engine_cpu_nonlocal.cpp).
std::unique_ptr<Surrogate> make_cpu_nonlocal_engine(const Model& model, const EngineOptions& options,
                                                    const NonlocalKernels* kernels = nullptr);

}  // namespace grainspin

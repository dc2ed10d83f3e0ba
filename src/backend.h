// The GPU library, opened when it is first asked for: one program runs with and without CUDA.
#pragma once

#include <memory>
#include <string>

#include "cuda/launchers.h"
#include "grainspin/surrogate.h"

namespace grainspin {

// The launchers. The library is looked for where GRAINSPIN_CUDA_LIBRARY says (a file), beside libgrainspin,
// in the lib folder beside the program's, and where the system looks for libraries. Throws Error kDevice that says what is missing: the library (a build
// without CUDA), something it needs, a matching version.
const cuda::Table& cuda_table();

// As cuda_table(), and GPU number `gpu` can be used; Error kDevice: no driver, one too old, no such GPU.
const cuda::Table& cuda_table(int gpu);

// Empty where the first GPU can be used; else the reason, for "--device auto" and for tests that skip.
std::string cuda_unavailable();

// What a person reads about the GPU side: "CUDA 13.0, NVIDIA H200", or why there is none.
std::string cuda_summary();

// The engine on a GPU (engine_cuda.cpp; the nonlocal family: engine_cuda_nonlocal.cpp). Checks the model.
std::unique_ptr<Surrogate> make_cuda_engine(const Model& model, const EngineOptions& options);
std::unique_ptr<Surrogate> make_cuda_nonlocal(const Model& model, const EngineOptions& options);  // checked already

}  // namespace grainspin

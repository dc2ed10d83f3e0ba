// What the rest of the program sees of LibTorch: training, and the reference backend. No Torch header.
// Without LibTorch unavailable.cpp is linked in place; its functions throw Error kDevice.
#pragma once

#include <memory>
#include <string>

#include "grainspin/surrogate.h"

namespace grainspin {

// The model through torch::nn modules: what the engine is tested against. With `precise` everything is
// computed in double; StepOutput's floats are then rounded at the very end.
std::unique_ptr<Surrogate> make_libtorch(const Model& model, const EngineOptions& options,
                                         bool precise = false);

// LibTorch's version, empty where the program was built without it.
std::string torch_version();
// Whether LibTorch finds a CUDA device.
bool torch_has_cuda();
int torch_cuda_devices();

}  // namespace grainspin

// The backend that a verb's --device, --backend, --gpu, --threads and --precision ask for.
#pragma once

#include <memory>
#include <string>

#include "grainspin/surrogate.h"

namespace grainspin::cli {

struct DeviceChoice {
  std::string device = "auto";     // auto: CUDA where it works, else the CPU
  std::string backend = "engine";  // engine, libtorch
  int gpu = 0;
  int threads = 0;
  std::string precision = "strict";  // strict, fast (surrogate.h: Precision)
};

// Error kDevice where what is named is not there.
std::unique_ptr<Surrogate> choose_surrogate(const Model& model, const DeviceChoice& choice);

}  // namespace grainspin::cli

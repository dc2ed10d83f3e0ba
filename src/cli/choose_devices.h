// The devices that `predict` runs on: one, or several that share its tiles.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/cli/choose_surrogate.h"

namespace grainspin::cli {

// Several at once: device "cpu:N", N engines that share the CPU's threads out, or more than one of `gpus` (empty: `gpu` alone).
// Errors of one of several name it. What stands for one device gives that one.
std::vector<std::unique_ptr<Surrogate>> choose_devices(const Model& model, const DeviceChoice& choice, const std::vector<int>& gpus);
// "engine, CPU AVX2, 2 threads"; "2 devices, each ..." where they are alike, else all.
std::string device_text(const std::vector<std::unique_ptr<Surrogate>>& devices);
// The GPU for process number `rank` of a machine: they take turns.
int gpu_of_rank(int rank);

}  // namespace grainspin::cli

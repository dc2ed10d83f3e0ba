// One of several devices: its errors say which.
#pragma once

#include <memory>
#include <string>

#include "grainspin/surrogate.h"

namespace grainspin {

// `device` with its name before the text of the errors of its runs, "GPU 1: ...", those of the sink left as they are.
std::unique_ptr<Surrogate> named_device(std::unique_ptr<Surrogate> device, const std::string& name);

}  // namespace grainspin

// Weights of another model as the start of a training.
#pragma once

#include <string>

#include "networks/nonlocal.h"

namespace grainspin {

// Puts the weights of `from` into the network. All settings and phases must agree (Error kArgument naming the
// first that does not), but the network may have more passes: the new ones come last and begin by adding nothing.
void start_from(const Model& from, const std::string& path, NonlocalNetwork& network);

}  // namespace grainspin

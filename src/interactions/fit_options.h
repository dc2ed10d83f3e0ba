#pragma once

#include <string>

#include "grainspin/interactions/fit.h"

namespace grainspin::interactions {

std::string options_json(const FitOptions& options, const SlipSet& slip);

}  // namespace grainspin::interactions

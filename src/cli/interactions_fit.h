#pragma once

#include <cstdint>

#include "grainspin/interactions/fit.h"

namespace grainspin::cli {

// Counts, terms (-1: all) and scores of a fit on stdout.
void print_fit(const interactions::InteractionFit& fit, std::int64_t terms);

}  // namespace grainspin::cli

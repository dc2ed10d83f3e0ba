// The domain of training of a model, for a person.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "grainspin/model.h"

namespace grainspin::cli {

// Pairs of a name (empty: goes on) and a line. A domain that cannot be read becomes one line that says so.
std::vector<std::pair<std::string, std::string>> domain_lines(const ModelSpec& spec);

}  // namespace grainspin::cli

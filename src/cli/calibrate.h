// The verb that fits a model's variance head.
#pragma once

#include <CLI/CLI.hpp>

namespace grainspin::cli {

void add_calibrate(CLI::App& app);

}  // namespace grainspin::cli

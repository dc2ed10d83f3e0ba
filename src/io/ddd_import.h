// Tables of numbers separated by blanks, as dislocation dynamics codes write them.
#pragma once

#include <string>
#include <vector>

#include "grainspin/interactions/import.h"

namespace grainspin::interactions {

// Rows of at least `columns` numbers (more are kept); lines that begin with # are passed over. Throws Error kIo, or
// kFormat naming file and line.
std::vector<std::vector<double>> number_rows(const std::string& path, std::size_t columns);

// The last part of a path without its ending: the run's name.
std::string run_name(const std::string& path);

// Throws Error kArgument naming the first that is missing.
void check_material(const ImportOptions& options);

}  // namespace grainspin::interactions

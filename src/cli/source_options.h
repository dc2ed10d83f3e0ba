// Options of every verb that opens an archive: what formats of a single state do not tell about themselves.
#pragma once

#include <CLI/CLI.hpp>

#include "grainspin/archive.h"

namespace grainspin::cli {

// Adds them to `verb`; `source` outlives its parsing.
void add_source_options(CLI::App& verb, SourceOptions& source);

}  // namespace grainspin::cli

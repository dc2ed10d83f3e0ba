#include "src/cli/verbs.h"

namespace grainspin::cli {
void add_make(CLI::App&) {}
}  // namespace grainspin::cli

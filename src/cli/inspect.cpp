#include "src/cli/verbs.h"

namespace grainspin::cli {
void add_inspect(CLI::App&) {}
}  // namespace grainspin::cli

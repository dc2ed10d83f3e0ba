#include "src/cli/verbs.h"

namespace grainspin::cli {
void add_convert(CLI::App&) {}
}  // namespace grainspin::cli

#include "src/cli/verbs.h"

namespace grainspin::cli {
void add_evaluate(CLI::App&) {}
}  // namespace grainspin::cli

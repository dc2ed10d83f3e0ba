#include "src/cli/verbs.h"

namespace grainspin::cli {
void add_predict(CLI::App&) {}
}  // namespace grainspin::cli

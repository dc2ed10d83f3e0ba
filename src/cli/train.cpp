#include "src/cli/verbs.h"

namespace grainspin::cli {
void add_train(CLI::App&) {}
}  // namespace grainspin::cli

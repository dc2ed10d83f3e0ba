// The options of `grainspin train`.
#pragma once

#include <string>
#include <vector>

#include "networks/train.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {

struct TrainArguments {
  TrainOptions train;
  std::string output, config, log, summary, device = "auto", graph_memory = "4GB", precision = "fp32", memory;
  std::vector<std::string> slip;
  bool quiet = false, no_augmentation = false, stress = false, ungated = false, keep_load = false, mpi = false;
};

void add_train_options(CLI::App& sub, TrainArguments& arguments);

// What follows from the options once all are read: the family's own defaults for those that are not given. Error
// kArgument for an option of the other family.
void settle(TrainArguments& arguments, const CLI::App& sub);

}  // namespace grainspin::cli

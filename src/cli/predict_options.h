// What `predict` is asked on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin::cli {

struct PredictArguments {
  std::string model, input, output, device = "auto", backend = "engine", precision = "strict", memory, steps = "all", boundary;
  std::string load, curve;
  std::vector<std::string> masks, phases;
  SourceOptions source;
  std::int64_t from = -1;
  std::vector<int> gpus;
  int threads = 0, tile = 0, padding = 8, members = 0;
  std::string orientation = "float32", profile_json;
  bool dry_run = false, compress = false, quiet = false, mpi = false, resume = false, profile = false;
  bool stress = false, no_stress = false, verdict = false, uncertainty = false;
};

// Adds them to `verb`; `a` outlives its parsing.
void add_predict_options(CLI::App& verb, PredictArguments& a);

}  // namespace grainspin::cli

// grainspin train: archives in, a model file out, with its log and checkpoint beside it.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "networks/networks.h"
#include "src/cli/predict_ranks.h"
#include "src/cli/train_log.h"
#include "src/cli/train_options.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {

namespace {

std::string without_suffix(const std::string& path) {
  const std::string suffix = ".safetensors";
  return path.size() > suffix.size() && path.ends_with(suffix) ? path.substr(0, path.size() - suffix.size())
                                                               : path;
}

// The command as it was given, for the provenance; arguments with blanks in quotes.
std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string text, word;
  while (std::getline(in, word, '\0')) {
    const bool quote = word.empty() || word.find_first_of(" \t'\"") != std::string::npos;
    text +=
        (text.empty() ? "" : " ") +
        (quote ? nlohmann::json(word).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : word);
  }
  return text;
}

// Settings of a TOML file for options that the command line does not give. CLI11 reads configuration files
// for the whole program only, not for a verb.
void read_config(const std::string& path, CLI::App& sub) {
  const auto given = [&](const std::string& name) {
    const CLI::Option* option = sub.get_option_no_throw("--" + name);
    return option && option->count() > 0;
  };
  const bool budget = given("epochs") || given("steps") || given("minutes");
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(path)) {
      CLI::Option* option = item.parents.empty() ? sub.get_option_no_throw("--" + item.name) : nullptr;
      require(option && item.name != "config", Errc::kArgument,
              path + ": no setting of this name: " + item.fullname());
      const bool of_budget = item.name == "epochs" || item.name == "steps" || item.name == "minutes";
      if (option->count() > 0 || (of_budget && budget)) continue;
      if (option->get_items_expected_max() == 0)  // a flag, or its negation
        option->add_result(option->get_flag_value(item.name, CLI::ConfigTOML().to_flag(item)));
      else
        option->add_result(item.inputs);
      option->run_callback();
    }
  } catch (const CLI::Error& e) {
    throw Error(Errc::kArgument, path + ": " + e.what());
  }
}

// The processors and the GPU of this rank.
void take_device(TrainArguments& a, const Ranks& ranks) {
  TrainOptions& o = a.train;
  const bool cuda = a.device == "cuda" || (a.device == "auto" && torch_has_cuda());
  o.device = cuda ? Device::kCuda : Device::kCpu;
  if (ranks.size() == 1) return;
  const Ranks::Node node = ranks.node();
  if (o.threads == 0) o.threads = node.threads;
  if (cuda) o.gpu = node.rank % std::max(1, torch_cuda_devices());
}

void run(TrainArguments& a, Ranks& ranks) {
  TrainOptions& o = a.train;
  o.command = command_line();
  take_device(a, ranks);
  const std::string base = a.log.empty() ? without_suffix(a.output) : a.log;
  if (o.checkpoint.empty()) o.checkpoint = without_suffix(a.output) + ".checkpoint";
  // Steps allocate the same large blocks again and again: keep them instead of returning the pages.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);

  const std::string unit = o.family == Family::kLocal ? "voxels" : "voxel-steps";
  TrainDisplay display(a.quiet || !ranks.root(), unit);
  const TrainReport report = train(o, ranks, [&](double fraction, double rate, const TrainRow* row) {
    display.show(fraction, rate, row);
    return !stop_requested();
  });
  display.clear();
  if (!ranks.root()) return;
  write_model(a.output, report.model);
  write_log(base, report);
  if (!a.summary.empty()) append_summary(a.summary, a.output, report);
  std::remove(o.checkpoint.c_str());
  if (a.quiet) return;
  fmt::print("{} parameters, {} runs, {} operations, {:.0f} {}/s, {} trained, peak memory {:.0f} MB{}\n",
             report.parameters, report.training_runs.size(), report.operations, report.samples_per_second, unit,
             clock_text(report.seconds), double(report.peak_bytes) / 1e6,
             ranks.size() > 1 ? fmt::format(" on rank 0 of {}", ranks.size()) : "");
  if (!report.init.file.empty()) fmt::print("started from {} (sha256 {}):\n", report.init.file, report.init.sha256.substr(0, 16));
  for (const std::string& text : report.init.lines) fmt::print("  {}\n", text);
  if (report.skipped > 0) fmt::print("{} optimiser steps left out, their gradient not being finite\n", report.skipped);
  print_scores("set aside for early stopping:", report.held_out);
  print_scores("validation:", report.validation);
  fmt::print("{}\n", a.output);
}

}  // namespace

void add_train(CLI::App& app) {
  auto a = std::make_shared<TrainArguments>();
  CLI::App* sub = app.add_subcommand("train", "train a surrogate from CP archives");
  add_train_options(*sub, *a);
  sub->callback([a, sub] {
    if (!a->config.empty()) read_config(a->config, *sub);
    on_ranks(a->mpi, [&](Ranks& ranks) {
      settle(*a, *sub);
      run(*a, ranks);
    });
  });
}

}  // namespace grainspin::cli

// The program's verbs, one file each: options, run and help in one place. main.cpp calls them by name.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace grainspin::cli {

void add_inspect(CLI::App& app);
void add_convert(CLI::App& app);
void add_make(CLI::App& app);
void add_train(CLI::App& app);
void add_domain(CLI::App& app);
void add_predict(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_slip_rates(CLI::App& app);
void add_interactions(CLI::App& app);

// What --version prints: lines of "name value", the first with the version.
std::string version_text();

// Asked to stop by SIGINT or SIGTERM since the program started.
bool stop_requested();

}  // namespace grainspin::cli

// grainspin ensemble, and what verbs ask of one.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/model.h"

namespace grainspin::cli {

void add_ensemble(CLI::App& app);

// --members: 0 all, 1 the first alone.
void add_members_option(CLI::App& verb, int& members);
// A model file, of an ensemble as many members as that says. Error kArgument for another number than 0, 1 and all.
Model read_members(const std::string& path, int members);

// What each member was trained with: seed, epochs, seconds, scores, calibration; empty for a single model.
nlohmann::json member_list(const Model& model);
void print_members(const nlohmann::json& list);

}  // namespace grainspin::cli

// grainspin interactions: H and K. One function a subcommand, each in a file of its own.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "grainspin/slip_systems.h"
#include "grainspin/symmetry.h"

namespace grainspin::cli {

void add_interactions_systems(CLI::App& interactions);
void add_interactions_orbits(CLI::App& interactions);
void add_interactions_export(CLI::App& interactions);
void add_interactions_simulate(CLI::App& interactions);
void add_interactions_import(CLI::App& interactions);
void add_interactions_taylor(CLI::App& interactions);
void add_interactions_fit(CLI::App& interactions);
void add_interactions_show(CLI::App& interactions);

// What says which slip systems and which symmetry, the same for every subcommand.
struct SlipSetOptions {
  std::string set;      // a name, names joined by +, or a file
  double c_over_a = 0;  // 0: not given
  std::string group;    // empty: the set's own
};
// SET as the first positional argument (`option`: as --set instead), --c-over-a and --group.
void add_slip_set_options(CLI::App& verb, SlipSetOptions& options, bool option = false);
SlipSet chosen_set(const SlipSetOptions& options);
const PointGroup& chosen_group(const SlipSetOptions& options, const SlipSet& set);

}  // namespace grainspin::cli

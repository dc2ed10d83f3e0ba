// grainspin interactions: the verb and what its subcommands share.
#include "src/cli/interactions.h"

#include <cmath>

#include "grainspin/interactions/families.h"
#include "grainspin/orbits.h"
#include "src/cli/verbs.h"
#include "src/io/numbers.h"

namespace grainspin::cli {

void add_interactions(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("interactions", "interaction matrices H and K of slip systems, tied by symmetry");
  verb->require_subcommand(1);
  add_interactions_systems(*verb);
  add_interactions_orbits(*verb);
  add_interactions_export(*verb);
  add_interactions_simulate(*verb);
  add_interactions_import(*verb);
  add_interactions_taylor(*verb);
  add_interactions_fit(*verb);
  add_interactions_show(*verb);
}

void add_slip_set_options(CLI::App& verb, SlipSetOptions& o, bool option) {
  verb.add_option(option ? "--set" : "SET", o.set,
                  "slip systems: fcc fcc18 bcc110 bcc112 bcc123 bcc24 bcc48 hcp18 hcp24 hcp30 hcp39, families or sets "
                  "joined by +, or a YAML or JSON file")
      ->required(!option);
  verb.add_option("--c-over-a", o.c_over_a, "c/a of a hexagonal set (default: ideal, 1.633)")
      ->check([](const std::string& text) {
        const auto value = parse_number<double>(text);
        return value && *value > 0 && std::isfinite(*value) ? std::string() : "c/a must be a positive number, got " + text;
      });
  verb.add_option("--group", o.group, "point group that ties entries (default: the crystal's own; a subgroup ties less)");
}

SlipSet chosen_set(const SlipSetOptions& o) { return interactions::interaction_slip_set(o.set, o.c_over_a); }

const PointGroup& chosen_group(const SlipSetOptions& o, const SlipSet& set) {
  return acting_group(o.group.empty() ? set.point_group : o.group);
}

}  // namespace grainspin::cli

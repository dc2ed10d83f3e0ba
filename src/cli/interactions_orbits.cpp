// grainspin interactions orbits: how many entries of H and K the symmetry leaves free, and which.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/interactions/names.h"
#include "grainspin/interactions/ties.h"
#include "src/cli/interactions.h"

namespace grainspin::cli {
namespace {

using interactions::Ties;
using interactions::ties;
using json = nlohmann::ordered_json;

}  // namespace

void add_interactions_orbits(CLI::App& interactions) {
  struct Options {
    SlipSetOptions set;
    bool as_json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("orbits", "free entries of H and K under the crystal's symmetry");
  add_slip_set_options(*verb, o->set);
  verb->add_flag("--json", o->as_json, "as JSON");
  verb->callback([o] {
    const SlipSet set = chosen_set(o->set);
    const PointGroup& group = chosen_group(o->set, set);
    json j = {{"set", set.name}, {"group", group.name()}, {"c_over_a", set.c_over_a}, {"systems", set.count()}};
    j["pairs"] = ties(set, group, {.order = 2}).count;
    j["pairs_symmetric"] = ties(set, group, {.order = 2, .symmetric = true}).count;
    j["triples"] = ties(set, group, {.order = 3}).count;
    j["triples_jk"] = ties(set, group, {.order = 3, .jk = true}).count;
    j["triples_symmetric"] = ties(set, group, {.order = 3, .symmetric = true}).count;
    fmt::print("{}\n", j.dump(2));
  });
}

}  // namespace grainspin::cli

// grainspin interactions systems: the slip systems of a set, in the order of every matrix.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string>

#include "grainspin/interactions/families.h"
#include "grainspin/interactions/names.h"
#include "src/cli/interactions.h"

namespace grainspin::cli {

void add_interactions_systems(CLI::App& interactions) {
  struct Options {
    SlipSetOptions set;
    bool as_json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("systems", "slip systems of a set, numbered as in H and K");
  add_slip_set_options(*verb, o->set);
  verb->add_flag("--json", o->as_json, "as JSON, in the layout that SET reads back");
  verb->callback([o] {
    const SlipSet set = chosen_set(o->set);
    chosen_group(o->set, set);
    if (o->as_json) {
      fmt::print("{}\n", interactions::slip_set_json(set));
      return;
    }
    fmt::print("{}: {} slip systems, point group {}{}\n\n", set.name, set.count(), set.point_group,
               set.c_over_a > 0 ? fmt::format(", c/a {:.6g}", set.c_over_a) : "");
    fmt::print("{:>4}  {:<18} {:<26} {:>7}   {:<28} {:<28}\n", "no", "family", "[b](n)", "|b|/a", "b", "n");
    const auto vector = [](const Vec3<double>& v) {
      const auto z = [](double x) { return std::abs(x) < 5e-7 ? 0.0 : x; };
      return fmt::format("{:9.6f}{:10.6f}{:10.6f}", z(v.x), z(v.y), z(v.z));
    };
    for (int s = 0; s < set.count(); ++s) {
      const SlipSystem& system = set.systems[std::size_t(s)];
      fmt::print("{:>4}  {:<18} {:<26} {:7.4f}  {}  {}\n", s + 1, set.families[std::size_t(system.family)],
                 interactions::system_label(set, s), system.length, vector(system.b), vector(system.n));
    }
  });
}

}  // namespace grainspin::cli

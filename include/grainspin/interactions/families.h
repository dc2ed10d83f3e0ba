// Slip sets by name, as unions of families, or from a file of the user's (docs/interactions.md).
#pragma once

#include <string>

#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

inline constexpr double kIdealCOverA = 1.6329931618554521;  // sqrt(8/3): close-packed spheres

// What the argument SET of the program means:
//   a named set   fcc fcc18 bcc110 bcc112 bcc123 bcc24 bcc48 hcp18 hcp24 hcp30 hcp39
//   a union       names of families and of sets joined by +:  hcp-basal<a>+hcp-prism<a>, hcp24+hcp-prism<c>
//   a file        YAML or JSON, see read_slip_set
// c_over_a: 0 where none is given; a hexagonal set is then the ideal one, a file states its own. Throws Error: kArgument
// for an unknown name (listing the known), c/a that is negative, not finite, or given for a cubic set and not 1; what
// read_slip_set throws.
SlipSet interaction_slip_set(const std::string& name_or_file, double c_over_a = 0);

// A slip set from a file. Throws Error kIo, or kFormat naming file, line and what is wrong: indices that do not fit the
// point group, a direction out of its plane, a lattice that the point group does not carry onto itself, a number of
// systems that is not the stated one, c/a against the one given.
SlipSet read_slip_set(const std::string& path, double c_over_a = 0);

// A slip set as JSON: exact (numbers read back as the same bits), readable by read_slip_set. Other files of the project
// hold it as it is. `where` names the source in errors.
std::string slip_set_json(const SlipSet& set);
SlipSet slip_set_from_json(const std::string& json, const std::string& where);

}  // namespace grainspin::interactions

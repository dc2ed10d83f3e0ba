// Phases of the nonlocal family from archives: names, symmetry and slip systems.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/model.h"

namespace grainspin {

// Slip systems as a user names them, by phase; the entry "" is for every phase that has none of its own.
// Values are families (slip_systems.h), or one named set.
using SlipChoice = std::map<std::string, std::vector<std::string>>;

// From words "fcc", "Cu=fcc", "Ti=hcp-basal<a>,hcp-prism<a>". Error kArgument for a word without a value and
// for a phase that is named twice; the systems' names are looked up with the phase, which has the c/a.
SlipChoice parse_slip(const std::vector<std::string>& words);

// The phase of an archive: slip systems as chosen, else those of its law. Errors: kFormat where the crystal
// symmetry is not stated, or where neither tells the systems; kArgument for systems of another crystal.
PhaseSpec phase_spec(const PhaseInfo& info, const SlipChoice& slip, const std::string& path);

// The index of a phase in `phases`, found by name; appended where it is new and `extend` allows it. Error
// kFormat where symmetry, c/a (within 1e-3) or slip systems differ, or where it is new and must not be.
int place_phase(const PhaseSpec& phase, std::vector<PhaseSpec>& phases, bool extend, const std::string& path);

}  // namespace grainspin

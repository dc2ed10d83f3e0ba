// Which of a nonlocal model's phases a phase of an archive is, where nobody says it.
#pragma once

#include <cstdint>
#include <string>

#include "grainspin/archive.h"
#include "grainspin/model.h"

namespace grainspin {

// That of its name; else the only one, where `alone`: the archive has no other phase to be matched. -1: none. Crystal symmetries are the
// caller's to compare.
std::int32_t phase_of_model(const PhaseInfo& phase, const NonlocalSpec& model, bool alone);

std::string phase_names(const NonlocalSpec& model);  // "Cu (432), Ti (622)"

}  // namespace grainspin

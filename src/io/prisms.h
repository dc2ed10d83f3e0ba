// PRISMS-Plasticity's input: the parameter file prm.prm, which names the text files of grain ids and of orientations.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "grainspin/archive.h"

namespace grainspin {

// Do the first bytes hold a parameter of its microstructure ("set Grain ID file name")?
bool is_prisms(std::string_view head);

// Grain ids: after the stated number of header lines, x slowest and z fastest (the solver reads a line of z for each
// x, y). Orientations: one header line, then grain, Rodrigues vector (whatever the header says; active, crystal to
// sample), and with `Enable Multiphase` the phase. Not periodic. Lengths: m (source.unit: otherwise).
// Throws Error naming file and line.
std::unique_ptr<FieldReader> read_prisms(const std::string& path, const SourceOptions& source);

}  // namespace grainspin

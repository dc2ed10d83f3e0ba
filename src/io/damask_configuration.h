// Phases and homogenizations of DAMASK's material.yaml, as text to put materials behind.
#pragma once

#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

struct Configuration {
  std::string text;            // sections phase and homogenization, ends with a new line
  std::string homogenization;  // one of a single constituent
};

// `given` (from `where`) as it is, where it defines every phase of `info` and a homogenization with N_constituents 1;
// empty: written from the laws and elastic constants of info.phases, homogenization SX. Throws Error kFormat naming the
// phase or what else is missing.
Configuration configuration_of(const ArchiveInfo& info, const std::string& given, const std::string& where);

// The text with another list xi_0_sl of a phase, all else as it is. Error kFormat where the phase has no such list, or one
// that is not written as [..] or as one number.
std::string with_resistances(const std::string& text, const std::string& phase, const std::vector<double>& xi);

// A name as a YAML scalar, quoted where it would be read as something else.
std::string yaml_scalar(const std::string& name);

}  // namespace grainspin

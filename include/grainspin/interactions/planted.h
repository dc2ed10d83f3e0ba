// A law as a file of its own: the truth beside synthetic runs, or a law from the literature written by hand.
#pragma once

#include <string>

#include "grainspin/interactions/law.h"

namespace grainspin::interactions {

// JSON (docs/interactions.md): slip set, material, gdot0, n, initial densities, H [N][N], and for every term its text and
// the entries of K that are not zero, [i, j, k, value] with systems counted from 1.
// Throws Error kIo.
void write_planted(const std::string& path, const DislocationLaw& law, const std::string& provenance_json);
// Throws Error kIo, or kFormat naming file and item.
DislocationLaw read_planted(const std::string& path);

}  // namespace grainspin::interactions

// A fit as a tree of JSON: objects, texts and flat arrays of numbers (columns rather than records, so that the same
// tree is groups and datasets in HDF5).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/interactions/fit.h"

namespace grainspin::interactions {

nlohmann::json tree_of(const InteractionFit& fit);
// Throws Error kFormat: "WHERE: what was wanted and found".
InteractionFit fit_of_tree(const nlohmann::json& tree, const std::string& where);

// Objects indented, arrays of numbers on one line.
std::string tree_text(const nlohmann::json& tree);

}  // namespace grainspin::interactions

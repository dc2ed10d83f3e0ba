// What `inspect` tells of a model of the nonlocal family beside what all models tell.
#pragma once

#include <nlohmann/json.hpp>

#include "grainspin/model.h"

namespace grainspin::cli {

inline constexpr const char* kNoLengthScale =
    "no length scale: grain size effects are not in it (the Green operator has none); voxel spacing enters as shape only";

nlohmann::json nonlocal_settings(const NonlocalSpec& spec);
// Each phase with its slip systems, their orbits and how many numbers were learned for it.
nlohmann::json nonlocal_phases(const Model& model);
// Phases and limits, from a model's summary.
void print_nonlocal(const nlohmann::json& summary);

}  // namespace grainspin::cli

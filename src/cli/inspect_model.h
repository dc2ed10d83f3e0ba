// What `inspect` tells of a model file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/model.h"

namespace grainspin::cli {

// Names of the components that the boundary condition leaves free: ["xx", "yy"]; empty: all prescribed.
nlohmann::json free_components(const LoadStep& load);

// Everything, for --json. `strain` is the von Mises strain of the whole path: that of the training data where
// the model tells it, else of the load at constant volume (null where a shear is free).
nlohmann::json model_summary(const std::string& path, const Model& model);

// The same for a person, on standard output.
void print_model(const nlohmann::json& summary, const ModelSpec& spec);

}  // namespace grainspin::cli

// `inspect MODEL --coefficients`: what a nonlocal model has learned, by type of interaction between slip systems.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/model.h"

namespace grainspin::cli {

enum class CoefficientFormat { kTable, kJson, kCsv };

// To standard output. Error kArgument for a model of the local family.
void print_coefficients(const std::string& path, const Model& model, CoefficientFormat format);

}  // namespace grainspin::cli

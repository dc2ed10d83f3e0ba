// DAMASK's inputs as an archive of one state: the geometry (.vti, cell array `material`) and material.yaml.
#pragma once

#include <memory>
#include <string>

#include "grainspin/archive.h"

namespace grainspin {

// The material configuration of a geometry: source.material, else beside it NAME.yaml, else material.yaml.
// Orientation and phase are those of a material's first constituent; grains are the materials. Periodic, m.
// Throws Error naming file and material.
std::unique_ptr<FieldReader> read_damask_geometry(const std::string& path, const SourceOptions& source);

}  // namespace grainspin

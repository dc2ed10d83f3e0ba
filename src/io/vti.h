// VTK's XML ImageData (.vti): DAMASK's geometry is read, states are written.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/grid.h"

namespace grainspin {

struct VtiHead {
  Shape shape;  // cells
  std::array<double, 3> spacing{}, origin{};
  bool has_material = false;
};

// Throws Error kFormat naming `where` for text that is no ImageData with sensible extents.
VtiHead read_vti_head(const std::string& xml, const std::string& where);

// The cell array `material` (x fastest). Inline base64 or ASCII, zlib blocks or none, header UInt32 or
// UInt64, little endian: what DAMASK and VTK write by default and what older versions wrote.
std::vector<std::int64_t> read_vti_material(const std::string& xml, const std::string& where);

}  // namespace grainspin

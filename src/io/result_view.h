// A result that is a view of others, each with some planes of its grid along z.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

struct ResultPart {
  std::string file;  // its name as the view refers to it: relative to the view's folder
  int begin = 0, count = 0;  // planes
};

// As create_archive, for a file whose fields are those of `parts` (HDF5 virtual datasets). The parts need not be there yet;
// they cover the grid and hold the same fields: orientation, stress and verdict as in `options`, grain and phase as `info` has
// them. Fields cannot be written then, loads and remarks can.
std::unique_ptr<ArchiveWriter> create_result_view(const std::string& path, const ArchiveInfo& info, const WriteOptions& options,
                                                  const std::vector<ResultPart>& parts);

}  // namespace grainspin

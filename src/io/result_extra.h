// Results with numbers of every voxel beside those that ArchiveWriter knows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

// What a writer of create_archive(.., extra) is beside: float32 cell arrays [S, nz, ny, nx] of these names; 0 where nothing is written.
class ExtraFields {
 public:
  virtual ~ExtraFields() = default;
  // Error kArgument for a name that was not asked for.
  virtual void extra(const std::string& name, int step, std::array<int, 3> lo, Shape extent, const float* values) = 0;
};

// As create_archive; not for files that are gone on with (WriteOptions::partial).
std::unique_ptr<ArchiveWriter> create_archive(const std::string& path, const ArchiveInfo& info, const WriteOptions& options,
                                              const std::vector<std::string>& extra);

}  // namespace grainspin

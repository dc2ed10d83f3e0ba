// Brings the voxels of a tile's region together from a source.
#pragma once

#include <cstdint>
#include <vector>

#include "aligned.h"
#include "tiling.h"

namespace grainspin {

// Rows are read whole, and planes where the region has them whole: sources like long reads.
class RegionReader {
 public:
  RegionReader(OrientationSource& source, const std::vector<std::uint8_t>& mask)
      : source_(source), mask_(mask), shape_(source.shape()) {}

  // q[region, 4]; mask[region] where it is not null (the reader's is then not empty).
  void read(const std::array<Stretch, 3>& s, float* q, std::uint8_t* mask);

  double source_seconds() const { return seconds_; }  // of all calls, in the source alone
  std::int64_t source_bytes() const { return bytes_; }

 private:
  void from_source(std::int64_t begin, std::int64_t count, float* q);

  OrientationSource& source_;
  const std::vector<std::uint8_t>& mask_;
  Shape shape_;
  AlignedFloats plane_;
  std::int64_t plane_size_ = 0;
  double seconds_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace grainspin

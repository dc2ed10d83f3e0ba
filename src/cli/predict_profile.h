// What `predict --profile` tells: time and bytes of every stage, how far they overlapped, and what memory and disk give.
#pragma once

#include <cstdint>
#include <string>

#include "grainspin/reconstruct.h"

namespace grainspin::cli {

struct RunProfile {
  ReconstructProfile stages;
  double judge = 0, file = 0;     // of stages.write: sums and verdicts of voxels; packing, compressing and writing
  std::int64_t file_bytes = 0;    // of float32, before packing and compression
  double finish = 0;              // bringing the result to the disk and naming it
  double voxel_steps = 0;
};

// On stdout. The rates of a copy in memory and of a new file beside `output` are measured then.
void print_profile(const RunProfile& profile, const std::string& output);
// The same numbers as JSON. Throws Error kIo.
void write_profile(const RunProfile& profile, const std::string& output, const std::string& path);

}  // namespace grainspin::cli

// From any archive to the project's result file, or to VTK's XML files for programs that do not read it.
#pragma once

#include <string>

#include "grainspin/archive.h"
#include "src/io/slice_writer.h"

namespace grainspin {

struct ConvertOptions {
  bool compress = true;  // .h5: shuffle and gzip
  Packing packing = Packing::kNone;  // .h5: of the orientations
  bool stress = false;   // Cauchy stress from F and P
  // Bits of the stresses' mantissas that are kept (1 .. 23), rounded to nearest: fewer make smaller files. 10 is
  // 5e-4 of a value.
  int stress_bits = 23;
  int step = -1;         // files of one state: which; -1: the last
  Slice slice{};         // .ang, .ctf
  bool damask = false;   // .vti: DAMASK's geometry, and NAME.yaml beside it
  bool undeformed = false;  // of its cell the undeformed size
  bool hardened = false;    // slip resistances as the strain has made them
  SourceOptions source{};  // of the input
  Progress progress{};
};

// The ending of `output` decides: .h5 or .vtkhdf, .pvd (beside it NAME_0000.vti, ...), .vti, .txt (EVPFFT), .ang and
// .ctf (a slice).
// Fields pass in slabs, so memory does not grow with the grid. Throws Error.
void convert(const std::string& input, const std::string& output, const ConvertOptions& options);

}  // namespace grainspin

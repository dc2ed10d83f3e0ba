// The project's result file, versions 1 and 2 (docs/file_formats.md): HDF5 that is also a VTKHDF 2.0 ImageData.
//
//   /VTKHDF                      Type ImageData, WholeExtent, Origin, Spacing, Direction; Version 2.0
//   /VTKHDF/CellData/orientation [S, nz, ny, nx, 4] float32      S = T + 1 states
//   /VTKHDF/CellData/stress      [S, nz, ny, nx, 6] float32, Pa  where there is one
//   /VTKHDF/CellData/verdict     [S, nz, ny, nx] uint8           0 fine, 1 doubtful, 2 outside; where it was asked for
//   /VTKHDF/CellData/grain,phase [1, nz, ny, nx] int32           the same at every state
//   /VTKHDF/Steps                NSteps, Values (strain or state), CellDataOffsets
//   /grainspin                   format_version; mean_F, mean_P, load, prescribed, time, strain; info (JSON); material
// Version 2 has one of these, or both:
//   /grainspin/packed/orientation [S, nz, ny, nx, 4, 6 or 8] uint8, packed.h; in the place of CellData/orientation
//   /grainspin/state_step        [S] loads that lead to each state, where states were left out; load has one row for each
#pragma once

#include <memory>
#include <string>

#include "grainspin/archive.h"
#include "src/io/hdf5.h"

namespace grainspin {

inline constexpr int kResultVersion = 2;
inline constexpr const char* kPackedOrientation = "grainspin/packed/orientation";

// The JSON text of what has no table of its own: names, phases, laws, boundaries, conventions.
std::string info_text(const ArchiveInfo& info);
// Fills the same members again. Throws Error kFormat naming `where`.
void read_info_text(const std::string& json, const std::string& where, ArchiveInfo& info);

bool is_result(const h5::File& file);
std::unique_ptr<FieldReader> open_result(h5::File file);

}  // namespace grainspin

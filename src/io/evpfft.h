// EVPFFT's microstructure text (Lebensohn; Los Alamos' Fierro; DREAM.3D's "Write Los Alamos FFT File"): a line a voxel,
//   phi1 Phi phi2 x y z grain phase
// Bunge angles in degrees, voxels counted from 1, x fastest; no header. EVPFFT takes the lines as they come and does not
// look at x y z; here they must agree with the order.
#pragma once

#include <memory>
#include <string>

#include "grainspin/archive.h"

namespace grainspin {

// Periodic; voxels of 1 (source.spacing or unit: otherwise). Phases are called phase_1 ...; phase 0 holds what was not
// indexed. Throws Error kFormat with the line's number.
std::unique_ptr<FieldReader> read_evpfft(const std::string& path, const SourceOptions& source);

// Is this the line of a voxel? Eight numbers.
bool is_evpfft_line(std::string_view line);

// A state of `in`: angles with 6 decimals (5e-7 degrees), grains and phases from 1 (without grains: all 1).
void write_evpfft(FieldReader& in, int step, const std::string& path, const Progress& progress = {});

}  // namespace grainspin

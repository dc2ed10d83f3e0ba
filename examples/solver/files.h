// The solver's text files: a start, a load, a result.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "polycrystal.h"

namespace cp {

// EVPFFT's eight columns, one line a voxel in any order: phi1 Phi phi2 (Bunge, degrees), x y z (from 1),
// grain, phase; lines that begin with # are not read. `grainspin convert` writes it. Throws
// std::runtime_error that names file, line, wanted and found: also where a voxel is missing or given twice.
struct Microstructure {
  std::array<int, 3> voxels{};
  std::vector<double> orientation;  // [voxels][4] crystal to sample
  std::vector<std::int64_t> grain;  // [voxels]
};
Microstructure read_microstructure(const std::string& path);
// Under a temporary name first.
void write_microstructure(const std::string& path, const Microstructure& structure,
                          const double* orientation);

// One line a load step: time in s, increments, ratio of one increment's time to the last one's, and the nine
// components of the mean F at its end, row-major; x where the component is free and the mean P is zero.
struct LoadStep {
  double time = 0;
  int increments = 1;
  double ratio = 1;
  MeanLoad end;
};
std::vector<LoadStep> read_load(const std::string& path);
// Time of increment i (from 0) of a step.
double time_of(const LoadStep& step, int i);

}  // namespace cp

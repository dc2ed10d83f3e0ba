// What reading a whole archive tells: ranges, grains, and what is wrong with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

struct Survey {
  // Orientations, all steps.
  std::int64_t orientations = 0, not_finite = 0, not_unit = 0;  // not unit: | |q| - 1 | > 1e-3
  double largest_norm_error = 0;
  // Disorientation of the last state from the first, of the voxels whose phase has a point group; rad.
  bool has_rotation = false;
  double rotation_mean = 0, rotation_max = 0;
  // Cauchy stress of the last state, von Mises, Pa.
  bool has_stress = false;
  double stress_mean = 0, stress_min = 0, stress_max = 0;
  // Grains: the archive's ids, else labelled here (label_grains at 0.1 degree).
  std::int64_t grains = 0;
  bool labelled = false;
  std::int64_t smallest = 0, largest = 0;  // voxels
  // What info().problems holds, and what reading found.
  std::vector<std::string> problems;
};

// Reads every field of every step in slabs; memory does not grow with the grid, but for grain ids (4 bytes a
// voxel) and, where the archive has none, its initial orientations.
Survey survey(FieldReader& in, const Progress& progress = {});

// The strain of the steps, where they are not all alike (10 %): a text for people; else empty.
std::string uneven_steps(const ArchiveInfo& info);

}  // namespace grainspin

// One CP run as the nonlocal family learns from it: the whole grid, its load, and what it answered.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/operations.h"
#include "datasets/phases.h"
#include "grainspin/grid.h"
#include "grainspin/load.h"
#include "grainspin/model.h"

namespace grainspin {

struct GridRun {
  std::string path;
  Shape shape;
  Boundaries boundaries;
  std::array<double, 3> spacing{1, 1, 1};  // m, of voxels along x, y, z
  std::vector<std::int32_t> phase;         // [N] index into the phases of the set; empty: all of phase 0
  std::vector<LoadStep> loads;             // [T] as prescribed; free components 0
  // [T] of the mean velocity gradient times time that the free components took, traceless with the prescribed
  // ones as they are (elastic volume change is not in the model); for the loss alone. Empty where the archive
  // does not tell, or where nothing is free.
  std::vector<std::array<double, 9>> answer;
  std::vector<float> q;       // [T + 1][N][4], followed (run.h) with each phase's own group
  std::vector<float> w;       // [T][N][3] rad, sample frame
  std::vector<float> stress;  // [T][N][6] Pa, Cauchy; empty where the archive has none or it is not asked for

  // The run without its fields.
  GridRun head() const {
    GridRun out;
    out.path = path, out.shape = shape, out.boundaries = boundaries, out.spacing = spacing;
    out.loads = loads, out.answer = answer;
    return out;
  }
  int steps() const { return int(loads.size()); }
  std::int64_t voxels() const { return shape.voxels(); }
  std::int64_t voxel_steps() const { return voxels() * steps(); }
  std::int64_t bytes() const {
    return std::int64_t(q.size() + w.size() + stress.size() + phase.size()) * 4;
  }
};

// Whether stresses are read: never, where the archive has F and P, or by all means (else Error kFormat).
enum class StressData : int { kNone = 0, kWhereKnown = 1, kWanted = 2 };

// Reads a whole archive; its phases are found in `phases` by name and, with `extend`, added to it. Error kFormat
// where it has no orientations at every step, no load, a load whose prescribed components are not stated, or a
// value that is not finite; errors of phases.h.
GridRun load_grid_run(const std::string& path, StressData stress, const SlipChoice& slip,
                      std::vector<PhaseSpec>& phases, bool extend);

// The phases of an archive alone, found or added as load_grid_run does.
void load_phases(const std::string& path, const SlipChoice& slip, std::vector<PhaseSpec>& phases, bool extend);

// The same from fields in memory, as they would stand in a file: q[T + 1][N][4], any equivalents; `loads` with
// the values that the free components took. Checks and follows. `answered`: these values are known.
GridRun make_grid_run(GridRun run, bool answered, std::span<const PhaseSpec> phases);

// The run turned by an operation of the cube, its load turned along.
GridRun turn(const GridRun& run, const Operation& op);

}  // namespace grainspin

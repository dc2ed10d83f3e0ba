// Carries a grid of any size through a model's strain path by tiles. The result is the same bits for any
// tile size and thread count of one backend.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/surrogate.h"

namespace grainspin {

// Where initial orientations come from and results go to. Both are called from one thread.
class OrientationSource {
 public:
  virtual ~OrientationSource() = default;
  virtual Shape shape() const = 0;
  // Cells [begin, begin + count) in x-fastest order -> q[count,4].
  virtual void read(std::int64_t begin, std::int64_t count, float* q) = 0;
};
class OrientationSink {
 public:
  virtual ~OrientationSink() = default;
  // Box [lo, lo + out.inner extent) of step out.step.
  virtual void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) = 0;
};

struct ReconstructOptions {
  Boundaries boundaries;
  int tile = 0;                    // edge in voxels; 0: the cheapest that fits into `memory`
  std::int64_t memory = 0;         // bytes that the run may hold (source and sink not counted); 0: no limit
  std::vector<std::uint8_t> mask;  // [voxels] or empty
  Progress progress;
  // What the nonlocal family reads beside (surrogate.h: Region); it takes the grid whole, so `tile` is refused.
  std::array<double, 3> spacing{1, 1, 1};
  std::vector<LoadStep> loads;      // empty: the model's own
  std::vector<std::int32_t> phase;  // [voxels] or empty
  int padding = 8;
};

struct ReconstructPlan {
  Shape tile;  // extent of a tile without halo
  int halo = 0;
  std::int64_t tiles = 0;
  std::int64_t bytes = 0;  // peak memory expected: all that the run itself holds at once
  double voxel_steps = 0;  // work, halos included (and reading, as so many voxel-steps)
};

// Throws Error kMemory, with the least that would do, where no tile fits; nonlocal: with the grid that would fit.
ReconstructPlan plan_reconstruction(const Surrogate& surrogate, Shape shape,
                                    const ReconstructOptions& options);
void reconstruct(const Surrogate& surrogate, OrientationSource& source, OrientationSink& sink,
                 const ReconstructOptions& options);

}  // namespace grainspin

// Carries a grid of any size through a model's strain path by tiles. The result is the same bits for any
// tile size, thread count and number of devices of one backend. While one tile is computed the next is read and the last one written.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/surrogate.h"

namespace grainspin {

// Where initial orientations come from and results go to. Both are called from one thread, never at the same time; it is
// not the thread that reconstruct() was called from.
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
  // Box [lo, lo + extent) of step out.step. Steps of a box come in order, boxes in the order of the tiles. Of steps that are
  // not wanted the load alone, where the model gives one; fields that are not read may be null.
  virtual void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) = 0;
  // All that is wanted of tile number `tile`, whose boxes begin at `lo`, was written.
  virtual void whole(std::int64_t tile, std::array<int, 3> lo) { (void)tile, (void)lo; }
};

// Where the time of a run went: seconds that the thread for files and the computing thread spent in each stage.
struct ReconstructProfile {
  double read = 0, gather = 0, write = 0, file_wait = 0;      // files: reading, bringing a tile together, writing, idle
  double compute = 0, hand_over = 0, input_wait = 0, output_wait = 0;  // computing: copying results, waiting for either
  std::int64_t read_bytes = 0, gather_bytes = 0, hand_over_bytes = 0;
  double wall = 0;
};

struct ReconstructOptions {
  Boundaries boundaries;
  int tile = 0;                    // edge in voxels; 0: the cheapest that fits into `memory`
  Shape tile_shape;                // in the place of `tile` where it is not empty
  std::int64_t memory = 0;         // bytes that the run may hold (source and sink not counted); 0: no limit
  std::vector<std::uint8_t> mask;  // [voxels] or empty
  // Planes [first, end) along z that are computed and given to the sink; the others are read as neighbours only. end 0:
  // all. Local family: a part of the work, such as one rank's.
  std::array<int, 2> planes{0, 0};
  std::vector<std::uint8_t> wanted;  // [T+1] 1: a step that the sink is given, 0 the initial state; empty: 1..T
  OutputFields fields;               // that the sink reads of them
  Packing packing = Packing::kNone;  // Region::packing and judge: the sink takes StepOutput::packed and verdict
  const DomainJudge* judge = nullptr;
  std::vector<std::uint8_t> done;  // [tiles] 1: a tile that is whole already, left out; or empty
  Progress progress;                      // called by the thread that called reconstruct()
  ReconstructProfile* profile = nullptr;  // filled in where it is not null
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
  std::int64_t bytes = 0;  // peak memory expected: all that the run itself holds at once, buffers included
  double voxel_steps = 0;  // work, halos included (and reading, as so many voxel-steps)
};

// Throws Error kMemory, with the least that would do, where no tile fits; nonlocal: with the grid that would fit.
ReconstructPlan plan_reconstruction(const Surrogate& surrogate, Shape shape,
                                    const ReconstructOptions& options);
void reconstruct(const Surrogate& surrogate, OrientationSource& source, OrientationSink& sink,
                 const ReconstructOptions& options);

// Several devices with the same model and backend take tiles from one queue: the same bits as one. Tiles then come to the sink
// in the order in which they are done. The nonlocal family takes the grid whole: one device, else Error kArgument.
using Devices = std::vector<const Surrogate*>;
ReconstructPlan plan_reconstruction(const Devices& devices, Shape shape, const ReconstructOptions& options);
void reconstruct(const Devices& devices, OrientationSource& source, OrientationSink& sink, const ReconstructOptions& options);

}  // namespace grainspin

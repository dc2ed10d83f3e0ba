#include "reconstruct_whole.h"

#include <algorithm>
#include <string>

#include "nonlocal_cell.h"
#include "tile_pipeline.h"

namespace grainspin {
namespace {

std::string megabytes(std::int64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; }

std::string text(Shape s) {
  return std::to_string(s.nx) + " x " + std::to_string(s.ny) + " x " + std::to_string(s.nz);
}

Region region_of(Shape shape, const ReconstructOptions& options) {
  Region region = whole(shape, options.boundaries);
  region.spacing = options.spacing;
  region.loads = options.loads;
  region.phase = options.phase.empty() ? nullptr : options.phase.data();
  region.padding = options.padding;
  region.fields = options.fields, region.packing = options.packing, region.judge = options.judge;
  return region;
}

int steps_of(const Surrogate& surrogate, const ReconstructOptions& options) {
  return int(options.loads.empty() ? surrogate.spec().loads.size() : options.loads.size());
}

TileBuffers buffers_of(const Surrogate& surrogate, const ReconstructOptions& options, bool lean) {
  return buffers_of(surrogate.spec(), options, steps_of(surrogate, options), false, lean ? 0 : 1);
}

// While a step is computed, the one before is written from a buffer; `lean`: not.
std::int64_t bytes_of(const Surrogate& surrogate, const Region& region, const ReconstructOptions& options, bool lean) {
  const std::int64_t voxels = region.shape.voxels();
  return buffer_bytes(buffers_of(surrogate, options, lean), voxels, voxels, !options.mask.empty()) + surrogate.workspace(region);
}

bool is_lean(const Surrogate& surrogate, const Region& region, const ReconstructOptions& options) {
  return options.memory > 0 && bytes_of(surrogate, region, options, false) > options.memory;
}

bool does_fit(const Surrogate& surrogate, const Region& region, const ReconstructOptions& options) {
  return (options.memory == 0 || bytes_of(surrogate, region, options, true) <= options.memory) &&
         surrogate.fits(region, !options.mask.empty());
}

// The largest grid of about the same proportions that fits, in words.
std::string what_fits(const Surrogate& surrogate, Shape shape, const ReconstructOptions& options) {
  const auto scaled = [&](int thousandth) {
    const auto part = [&](int n) { return std::max(1, int(std::int64_t(n) * thousandth / 1000)); };
    return Shape{part(shape.nx), part(shape.ny), part(shape.nz)};
  };
  int low = 0, high = 1000;  // low fits (0: nothing is known to), high does not
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (does_fit(surrogate, region_of(scaled(middle), options), options) ? low : high) = middle;
  }
  return low == 0 ? "no grid of these proportions fits" : "a grid of " + text(scaled(low)) + " voxels would fit";
}

}  // namespace

ReconstructPlan plan_whole(const Surrogate& surrogate, Shape shape, const ReconstructOptions& options) {
  const std::int64_t voxels = shape.voxels();
  require(shape.nx >= 1 && shape.ny >= 1 && shape.nz >= 1, Errc::kShape, "the grid has no voxels");
  require(options.tile == 0, Errc::kArgument,
          "the nonlocal family takes the grid whole, since every voxel acts on every other: it cannot be cut into tiles");
  require(options.planes[1] == 0, Errc::kArgument, "the nonlocal family takes the grid whole, not some planes of it");
  require(options.mask.empty() || std::int64_t(options.mask.size()) == voxels, Errc::kShape,
          "the mask has " + std::to_string(options.mask.size()) + " voxels, the grid " + std::to_string(voxels));
  require(options.phase.empty() || std::int64_t(options.phase.size()) == voxels, Errc::kShape,
          "the phases are of " + std::to_string(options.phase.size()) + " voxels, the grid has " + std::to_string(voxels));
  const Region region = region_of(shape, options);
  check_nonlocal(region, surrogate.spec());
  ReconstructPlan plan;
  plan.tile = shape;
  plan.tiles = 1;
  plan.bytes = bytes_of(surrogate, region, options, is_lean(surrogate, region, options));
  plan.voxel_steps = double(cell_shape(region).voxels()) * double(steps_of(surrogate, options));
  if (!does_fit(surrogate, region, options)) {
    const std::string limit = options.memory > 0 && plan.bytes > options.memory
                                  ? megabytes(options.memory)
                                  : "the memory of the device (" + surrogate.description() + ")";
    throw Error(Errc::kMemory, "a grid of " + text(shape) + " voxels takes " + megabytes(plan.bytes) +
                                   " and does not fit into " + limit + ": " + what_fits(surrogate, shape, options));
  }
  return plan;
}

void reconstruct_whole(const Surrogate& surrogate, OrientationSource& source, OrientationSink& sink,
                       const ReconstructOptions& options) {
  const Shape shape = source.shape();
  Tiling tiling;
  tiling.bytes = plan_whole(surrogate, shape, options).bytes;
  Region region = region_of(shape, options);
  region.wanted = wanted_steps(options, steps_of(surrogate, options));
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  for (int a = 0; a < 3; ++a) tiling.axis[a] = {{0, n[a], 0, n[a], region.edge[a]}};
  tiling.buffers = buffers_of(surrogate, options, is_lean(surrogate, region, options));
  run_tiles({.devices = {&surrogate},
             .source = source,
             .sink = sink,
             .options = options,
             .tiling = tiling,
             .steps = steps_of(surrogate, options),
             .region = [&](const std::array<Stretch, 3>&) { return region; }});
}

}  // namespace grainspin

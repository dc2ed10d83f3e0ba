#include "grainspin/reconstruct.h"

#include <string>

#include "reconstruct_whole.h"
#include "tile_pipeline.h"

namespace grainspin {

namespace {

// The one device of a nonlocal model; null where tiles are run.
const Surrogate* whole_grids(const Devices& devices) {
  require(!devices.empty(), Errc::kArgument, "no device to run on");
  if (devices[0]->spec().family != Family::kNonlocal) return nullptr;
  require(devices.size() == 1, Errc::kArgument,
          "the nonlocal family takes the grid whole, on one device: " + std::to_string(devices.size()) + " cannot share it");
  return devices[0];
}

}  // namespace

ReconstructPlan plan_reconstruction(const Surrogate& surrogate, Shape shape, const ReconstructOptions& options) {
  return plan_reconstruction(Devices{&surrogate}, shape, options);
}

ReconstructPlan plan_reconstruction(const Devices& devices, Shape shape, const ReconstructOptions& options) {
  if (const Surrogate* one = whole_grids(devices)) return plan_whole(*one, shape, options);
  const Surrogate& surrogate = *devices[0];
  const Tiling t = choose_tiling(devices, shape, options);
  ReconstructPlan plan;
  plan.tile = t.tile;
  plan.halo = reach(surrogate.spec());
  plan.tiles = t.tiles();
  plan.bytes = t.bytes;
  plan.voxel_steps = t.cost;
  return plan;
}

void reconstruct(const Surrogate& surrogate, OrientationSource& source, OrientationSink& sink,
                 const ReconstructOptions& options) {
  reconstruct(Devices{&surrogate}, source, sink, options);
}

void reconstruct(const Devices& devices, OrientationSource& source, OrientationSink& sink, const ReconstructOptions& options) {
  if (const Surrogate* one = whole_grids(devices)) return reconstruct_whole(*one, source, sink, options);
  const Surrogate& surrogate = *devices[0];
  const Tiling tiling = choose_tiling(devices, source.shape(), options);
  const std::vector<std::uint8_t> wanted = wanted_steps(options, surrogate.spec().steps());
  run_tiles({.devices = devices,
             .source = source,
             .sink = sink,
             .options = options,
             .tiling = tiling,
             .steps = surrogate.spec().steps(),
             .region = [&](const std::array<Stretch, 3>& s) {
               Region region = region_of(s);
               region.wanted = wanted;
               region.fields = options.fields, region.packing = options.packing, region.judge = options.judge;
               return region;
             }});
}

}  // namespace grainspin

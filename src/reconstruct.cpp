#include "grainspin/reconstruct.h"

#include "reconstruct_whole.h"
#include "tile_pipeline.h"

namespace grainspin {

ReconstructPlan plan_reconstruction(const Surrogate& surrogate, Shape shape,
                                    const ReconstructOptions& options) {
  if (surrogate.spec().family == Family::kNonlocal) return plan_whole(surrogate, shape, options);
  const Tiling t = choose_tiling(surrogate, shape, options);
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
  if (surrogate.spec().family == Family::kNonlocal) return reconstruct_whole(surrogate, source, sink, options);
  const Tiling tiling = choose_tiling(surrogate, source.shape(), options);
  const std::vector<std::uint8_t> wanted = wanted_steps(options, surrogate.spec().steps());
  run_tiles({.devices = {&surrogate},
             .source = source,
             .sink = sink,
             .options = options,
             .tiling = tiling,
             .steps = surrogate.spec().steps(),
             .region = [&](const std::array<Stretch, 3>& s) {
               Region region = region_of(s);
               region.wanted = wanted;
               return region;
             }});
}

}  // namespace grainspin

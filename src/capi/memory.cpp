// What a state would take.
#include "capi/state.h"
#include "capi/versioned.h"
#include "engine_cuda_results.h"  // kernels_judge

namespace grainspin::capi {
namespace {

constexpr std::size_t kMemory = 40;  // size of the first version
static_assert(sizeof(grainspin_memory) == kMemory);

RolloutSize size_of(const LoadedModel& model, const Grid& grid, bool masked, bool phases) {
  Region region = grid.region();
  const std::int32_t some = 0;  // whether there are phases matters, not which
  region.phase = phases && model.phases() > 1 ? &some : nullptr;
  return model.engine->rollout_size(region, masked);
}

grainspin_memory estimate(const LoadedModel& m, const grainspin_state_options& o) {
  const Grid grid = checked_grid(o, m);
  const RolloutSize size = size_of(m, grid, o.mask, o.phase);
  const std::int64_t n = grid.shape.voxels();
  grainspin_memory out{};
  // The undeformed orientations where the model runs, mask and phases on both sides, verdicts where voxels are judged.
  const std::int64_t start = 16 * n;
  const std::int64_t marks = n * ((o.mask ? 1 : 0) + (o.phase ? 4 : 0));
  const bool judged_there = m.on_device && kernels_judge(m.judge);
  const std::int64_t error = error_bytes(grid, o.estimate_error);
  const std::int64_t judging = m.judge.domain().surroundings.empty() ? 0 : (8 + 3 * 4) * n;  // meanwhile (surroundings.h)
  out.host = size.host + marks + error + judging + (m.on_device ? 0 : start) + (judged_there ? 0 : n);
  out.device = size.device + (m.on_device ? start + n + marks + std::int64_t(sizeof(cuda::VoxelSums)) : 0);
  out.accept = size.carried + error;
  out.saved = saved_bytes(grid, o.mask, o.phase, size.carried, o.estimate_error);
  return out;
}

}  // namespace
}  // namespace grainspin::capi

grainspin_status grainspin_estimate_memory(const grainspin_model* model, const grainspin_state_options* options,
                                           grainspin_memory* memory) {
  using namespace grainspin::capi;
  return guarded([&] {
    required(model, "model");
    const grainspin_state_options o = taken(options);
    const CurrentGpu current(*model->loaded);
    given(memory, estimate(*model->loaded, o), kMemory, "grainspin_memory");
  });
}

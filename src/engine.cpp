// Chooses the engine of a device, once.
#include "backend.h"
#include "engine_cpu.h"
#include "grainspin/ensemble.h"
#include "grainspin/surrogate.h"

namespace grainspin {

std::unique_ptr<Surrogate> make_engine(const Model& model, const EngineOptions& options) {
  check(model);
  if (is_ensemble(model.spec))
    return ensemble_of(model, options.threads, [&](const Model& member) { return make_engine(member, options); });
  if (options.device == Device::kCuda) return make_cuda_engine(model, options);
  return model.spec.family == Family::kNonlocal ? make_cpu_nonlocal_engine(model, options)
                                                : make_cpu_engine(model, options);
}

std::unique_ptr<Rollout> Surrogate::start(const Region&, const float*, const std::uint8_t*) const {
  throw Error(Errc::kArgument, description() + ": runs whole paths only, not step by step");
}

RolloutSize Surrogate::rollout_size(const Region&, bool) const {
  throw Error(Errc::kArgument, description() + ": runs whole paths only, not step by step");
}

void Rollout::set_part(std::int64_t, std::int64_t, const float*) {
  throw Error(Errc::kArgument, "only models with feedback `neighbours` take a part of the grid's orientations");
}
void Rollout::read_part(std::int64_t, std::int64_t, float*) const {
  throw Error(Errc::kArgument, "only models with feedback `neighbours` give a part of the grid's orientations");
}

int reach(const ModelSpec& spec) {
  if (spec.family == Family::kNonlocal) return 0;  // everything; the grid is never cut
  return spec.local.feedback == Feedback::kNeighbours ? spec.local.radius * spec.steps() : spec.local.radius;
}

Region whole(Shape shape, Boundaries boundaries) {
  Region region;
  region.shape = region.inner = shape;
  const Boundary along[3] = {boundaries.x, boundaries.y, boundaries.z};
  for (int a = 0; a < 3; ++a)
    region.edge[a].fill(along[a] == Boundary::kPeriodic ? Edge::kWrap : Edge::kFace);
  return region;
}

}  // namespace grainspin

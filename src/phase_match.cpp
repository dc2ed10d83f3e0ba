#include "phase_match.h"

#include <algorithm>

namespace grainspin {

std::int32_t phase_of_model(const PhaseInfo& phase, const NonlocalSpec& model, bool alone) {
  const auto found = std::ranges::find(model.phases, phase.name, &PhaseSpec::name);
  if (found != model.phases.end()) return std::int32_t(found - model.phases.begin());
  return alone && model.phases.size() == 1 ? 0 : -1;
}

std::string phase_names(const NonlocalSpec& model) {
  std::string out;
  for (const PhaseSpec& p : model.phases) out.append(out.empty() ? "" : ", ").append(p.name).append(" (").append(p.point_group).append(")");
  return out;
}

}  // namespace grainspin

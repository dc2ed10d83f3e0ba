// How grains stand to the load: the largest resolved shear of a slip system, in the mean over a phase.
#include <algorithm>
#include <cmath>

#include "grainspin/domain.h"
#include "grainspin/nonlocal_inline.h"

namespace grainspin {

void resolved_shear(std::span<const std::array<double, 5>> P, const std::array<double, 5>& E0, std::int64_t n, const float* q,
                    float* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    float R[9], D[25], E[5];
    rotation_of<float>(q + 4 * i, R);
    deviator_rotation<float>(R, D);
    for (int a = 0; a < 5; ++a) {  // Q^T E0 Q
      E[a] = 0;
      for (int b = 0; b < 5; ++b) E[a] += D[5 * b + a] * float(E0[std::size_t(b)]);
    }
    float most = 0;
    for (const auto& p : P) {
      const float m = float(p[0]) * E[0] + float(p[1]) * E[1] + float(p[2]) * E[2] + float(p[3]) * E[3] + float(p[4]) * E[4];
      most = std::max(most, std::abs(m));
    }
    out[i] = most;
  }
}

Verdict DomainJudge::Beyond::verdict() const {
  constexpr Margin m = DomainMargins::kResolved;
  return by <= m.fine ? Verdict::kFine : by <= m.doubtful ? Verdict::kDoubtful : Verdict::kOutside;
}

DomainJudge::Beyond DomainJudge::beyond_resolved(const VoxelVerdicts& voxels) const {
  Beyond worst;
  for (std::size_t p = 0; p < resolved_.size() && p < voxels.resolved_sum.size(); ++p) {
    if (resolved_[p] < 0 || voxels.resolved_voxels[p] == 0) continue;
    const TrainingDomain::Resolved& seen = domain_.resolved[std::size_t(resolved_[p])];
    const double mean = std::ldexp(double(voxels.resolved_sum[p]), -32) / double(voxels.resolved_voxels[p]);
    const double by = std::max({seen.low - mean, mean - seen.high, 0.0}) / std::max(seen.spread, 1e-6);
    if (by > worst.by) worst = {by, mean, int(p)};
  }
  return worst;
}

}  // namespace grainspin

// A run against the model's domain of training, voxel by voxel.
#include <algorithm>

#include "grainspin/auc.h"
#include "grainspin/evaluation.h"

namespace grainspin {

std::optional<Evaluation::Trust> evaluate_trust(const ModelSpec& spec, const RunFields& truth, const Prediction& prediction, int threads) {
  if (spec.family != Family::kNonlocal) return std::nullopt;
  DomainJudge judge(spec);
  if (!judge.stated()) return std::nullopt;
  const std::vector<LoadStep>& loads = truth.info.loads.empty() ? spec.loads : truth.info.loads;
  const int T = truth.steps();
  if (int(loads.size()) != T) return std::nullopt;
  std::vector<std::int32_t> phase;
  (void)region_of(truth, spec, phase);
  const std::int64_t n = truth.voxels();
  for (std::size_t p = 0; p < truth.info.phases.size(); ++p)
    for (std::int64_t i = 0; i < n; ++i)
      if (truth.phase.empty() || std::size_t(truth.phase[std::size_t(i)]) == p) {
        const PhaseInfo& info = truth.info.phases[p];
        judge.crystal(std::size_t(phase[std::size_t(i)]), info.name, info.lattice, info.c_over_a);
        break;
      }

  Evaluation::Trust out;
  out.measure.assign(std::size_t(n), 0.0f);
  out.verdict.assign(std::size_t(n), 0);
  std::vector<std::uint8_t> of(static_cast<std::size_t>(n));
  std::vector<VoxelVerdicts> voxels;
  double strain = 0;
  for (int k = 1; k <= T; ++k) {
    const LoadStep& load = loads[std::size_t(k - 1)];
    const GridFields fields{truth.info.shape, truth.info.boundaries, prediction.at(n, k),
                            prediction.increment.empty() ? nullptr : prediction.increment.data() + 3 * n * (k - 1), phase.data(), nullptr, &load};
    voxels.push_back(judge.grid(fields, of.data(), threads));
    judge.measure(fields, strain, out.measure.data(), threads);
    for (std::size_t i = 0; i < of.size(); ++i) out.verdict[i] = std::max(out.verdict[i], of[i]);
    strain += completed(load).von_mises();
  }
  out.judgement = judge.run(loads, voxels);
  for (std::size_t i = 0; i < of.size(); ++i) {
    out.mean += double(out.measure[i]) / double(n);
    out.part[out.verdict[i]] += 1 / double(n);
  }
  return out;
}

void compare(Evaluation::Trust& trust, const std::vector<const Evaluation::Trust*>& inside) {
  if (inside.empty()) return;
  std::vector<float> voxels, runs;
  for (const Evaluation::Trust* run : inside) {
    voxels.insert(voxels.end(), run->measure.begin(), run->measure.end());
    runs.push_back(float(run->mean));
  }
  trust.auc_voxels = auc(trust.measure, voxels);
  const float own = float(trust.mean);
  trust.auc_runs = auc(std::span(&own, 1), runs);
}

}  // namespace grainspin

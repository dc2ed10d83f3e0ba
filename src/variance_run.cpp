// Features of the variance head, block by block on the CPU, and a run that hands them out.
#include <cmath>

#include "grainspin/variance.h"
#include "grainspin/variance_inline.h"
#include "nonlocal_work.h"

namespace grainspin {

void variance_features(const BlockView& b, const float* v, double size, double log_size, float* rows) {
  constexpr int V = kNonlocalBlock;
  const PhaseView& p = *b.phase;
  const int n = p.systems;
  // Adapted coordinates are orthogonal ones: sums of squares are those on the slip systems.
  const auto mean_square = [&](const float* state, float* row) {
    for (int i = 0; i < V; ++i) row[i] = 0;
    for (int k = 0; k < n; ++k)
      for (int i = 0; i < V; ++i) row[i] += state[k * V + i] * state[k * V + i];
    for (int i = 0; i < V; ++i) row[i] *= 1.0f / float(n);
  };
  for (int c = 0; c < p.channels; ++c, rows += V) {
    mean_square(b.x + c * n * V, rows);
    for (int i = 0; i < V; ++i) rows[i] = variance_log(rows[i]);
  }
  for (int d = 0; d < p.memory; ++d, rows += V) mean_square(b.h + d * n * V, rows);
  const float per_strain = size > 0 ? float(1 / (size * size)) : 0.0f;
  for (int i = 0; i < V; ++i)
    rows[i] = variance_log((v[i] * v[i] + v[V + i] * v[V + i] + v[2 * V + i] * v[2 * V + i]) * per_strain);
  for (int i = 0; i < V; ++i) rows[V + i] = float(log_size);
}

void run_with_features(const Model& model, const Region& region, const float* q0, int threads,
                       const std::function<void(const StepOutput&, const float* features)>& sink) {
  check(model);
  check_nonlocal(region, model.spec);
  NonlocalWork work(model, threads, *nonlocal_kernels().front());
  const auto r = work.prepare(region, nullptr);
  r->features = AlignedFloats(region.inner.voxels() * variance_features(model.spec.nonlocal));
  work.take_orientations(*r, q0);
  const std::vector<LoadStep>& loads = region.loads.empty() ? model.spec.loads : region.loads;
  work.warm_up(*r, loads.front());
  for (std::size_t t = 0; t < loads.size(); ++t) {
    const LoadStep found = work.step(*r, region, nullptr, loads[t], q0);
    sink({int(t) + 1, r->orientation.get(), r->increment.get(), r->stress.get(), r->log_variance.get(), &found}, r->features.get());
  }
}

}  // namespace grainspin

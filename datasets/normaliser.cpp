#include "datasets/normaliser.h"

#include <algorithm>
#include <cmath>

namespace grainspin {

namespace {

// Mean and deviation of one column of values[n, stride], over all runs; double sums of centred values.
struct Moments {
  double n = 0, sum = 0, squares = 0;
  void add(double v) { n += 1, sum += v, squares += v * v; }
  double mean() const { return n > 0 ? sum / n : 0; }
  double deviation() const {
    const double variance = n > 0 ? squares / n - mean() * mean() : 0;
    return variance > 1e-14 * (1 + mean() * mean()) ? std::sqrt(variance) : 1;
  }
};

}  // namespace

void set_scales(std::span<const Run> runs, ModelSpec& spec) {
  require(!runs.empty(), Errc::kArgument, "no runs to take scales from");
  const std::size_t C = std::size_t(runs[0].channels);
  std::vector<Moments> input(C), stress(6);
  Moments increment;
  for (const Run& run : runs) {
    for (std::size_t i = 0; i < run.e.size(); ++i) input[i % C].add(run.e[i]);
    for (const float w : run.w) increment.add(w);
    for (std::size_t i = 0; i < run.stress.size(); ++i) stress[i % 6].add(run.stress[i]);
  }
  spec.input_mean.resize(C);
  spec.input_scale.resize(C);
  for (std::size_t c = 0; c < C; ++c) {
    spec.input_mean[c] = float(input[c].mean());
    spec.input_scale[c] = float(input[c].deviation());
  }
  const double rms = std::sqrt(increment.squares / increment.n);
  spec.increment_scale.fill(rms > 0 ? float(rms) : 1);
  if (stress[0].n > 0)
    for (std::size_t c = 0; c < 6; ++c) {
      spec.stress_mean[c] = float(stress[c].mean());
      spec.stress_scale[c] = float(stress[c].deviation());
    }
}

}  // namespace grainspin

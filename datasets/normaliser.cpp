#include "datasets/normaliser.h"

#include <algorithm>
#include <cmath>

namespace grainspin {

double Scales::Moments::deviation() const {
  const double variance = n > 0 ? squares / n - mean() * mean() : 0;
  return variance > 1e-14 * (1 + mean() * mean()) ? std::sqrt(variance) : 1;
}

void Scales::add(const Run& run) {
  const std::size_t C = std::size_t(run.channels);
  input_.resize(C);
  for (std::size_t i = 0; i < run.e.size(); ++i) input_[i % C].add(run.e[i]);
  for (const float w : run.w) increment_.add(w);
  for (std::size_t i = 0; i < run.stress.size(); ++i) stress_[i % 6].add(run.stress[i]);
}

void Scales::set(ModelSpec& spec) const {
  require(!input_.empty(), Errc::kArgument, "no runs to take scales from");
  spec.input_mean.clear();
  spec.input_scale.clear();
  for (const Moments& m : input_) {
    spec.input_mean.push_back(float(m.mean()));
    spec.input_scale.push_back(float(m.deviation()));
  }
  const double rms = std::sqrt(increment_.squares / increment_.n);
  spec.increment_scale.fill(rms > 0 ? float(rms) : 1);
  if (stress_[0].n > 0)
    for (std::size_t c = 0; c < 6; ++c) {
      spec.stress_mean[c] = float(stress_[c].mean());
      spec.stress_scale[c] = float(stress_[c].deviation());
    }
}

void set_scales(std::span<const Run> runs, ModelSpec& spec) {
  Scales scales;
  for (const Run& run : runs) scales.add(run);
  scales.set(spec);
}

}  // namespace grainspin

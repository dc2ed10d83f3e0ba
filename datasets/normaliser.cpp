#include "datasets/normaliser.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

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

std::string training_domain(std::span<const Run> runs) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const std::size_t C = std::size_t(runs[0].channels);
  std::vector<float> low(C, inf), high(C, -inf);
  double largest = 0, squares = 0, n = 0;
  std::int64_t voxels = 0;
  for (const Run& run : runs) {
    for (std::size_t i = 0; i < run.e.size(); ++i) {
      low[i % C] = std::min(low[i % C], run.e[i]);
      high[i % C] = std::max(high[i % C], run.e[i]);
    }
    for (std::size_t i = 0; i < run.w.size(); i += 3) {
      const double s = double(run.w[i]) * run.w[i] + double(run.w[i + 1]) * run.w[i + 1] +
                       double(run.w[i + 2]) * run.w[i + 2];
      largest = std::max(largest, s);
      squares += s;
      n += 1;
    }
    voxels += run.voxels();
  }
  nlohmann::json json;
  json["embedding"] = {{"low", low}, {"high", high}};
  json["increment_rad"] = {{"rms", std::sqrt(squares / n)}, {"max", std::sqrt(largest)}};
  json["runs"] = runs.size();
  json["voxels"] = voxels;
  std::vector<double> strain;
  double total = 0;
  for (const LoadStep& load : runs[0].loads) {
    strain.push_back(load.von_mises());
    total += strain.back();
    std::vector<nlohmann::json> L;
    for (std::size_t i = 0; i < 9; ++i)
      L.push_back(load.prescribed[i] ? nlohmann::json(load.L[i]) : nlohmann::json());
    json["load"].push_back(L);  // null: free
  }
  json["strain_per_step"] = strain;
  json["total_strain"] = total;
  return json.dump();
}

}  // namespace grainspin

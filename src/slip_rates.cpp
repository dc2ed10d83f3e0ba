// Rates read out of the head, and out of a stress.
#include "grainspin/slip_rates.h"

#include <algorithm>
#include <cmath>

#include "grainspin/orientation.h"
#include "nonlocal_irreps.h"
#include "nonlocal_work.h"

namespace grainspin {

int slip_columns(const NonlocalSpec& spec) {
  int most = 0;
  for (const PhaseSpec& p : spec.phases) most = std::max(most, slip_set(p.slip_families, p.c_over_a).count());
  return most;
}

void run_with_slip_rates(const Model& model, const Region& region, const float* q0, int threads,
                         const std::function<void(const StepOutput&, const float* rates)>& sink) {
  check(model);
  require(model.spec.family == Family::kNonlocal, Errc::kArgument,
          std::string("slip rates: a model of the ") + name(model.spec.family) + " family has none");
  require(region.inner == region.shape, Errc::kArgument, "slip rates: the region must be a whole grid");
  check_nonlocal(region, model.spec);
  std::vector<std::vector<double>> bases;  // U of each phase: adapted = U natural
  for (const PhaseSpec& phase : model.spec.nonlocal.phases) bases.push_back(adapted_basis(slip_maps(phase).odd).U);
  const NonlocalWork work(model, threads, *nonlocal_kernels().front());
  const auto r = work.prepare(region, nullptr);
  const std::int64_t voxels = region.shape.voxels();
  const int columns = slip_columns(model.spec.nonlocal);
  r->head = AlignedFloats(voxels * columns);
  std::vector<float> rates(std::size_t(voxels * columns));
  work.take_orientations(*r, q0);
  const std::vector<LoadStep>& loads = region.loads.empty() ? model.spec.loads : region.loads;
  work.warm_up(*r, loads.front());
  for (std::size_t t = 0; t < loads.size(); ++t) {
    const LoadStep found = work.step(*r, region, nullptr, loads[t], q0);
    std::fill(rates.begin(), rates.end(), 0.0f);
    for (std::int64_t v = 0; v < voxels; ++v) {
      const std::vector<double>& U = bases[std::size_t(region.phase ? region.phase[v] : 0)];
      const int n = int(std::lround(std::sqrt(double(U.size()))));
      const float* const y = r->head.get() + v * columns;
      for (int s = 0; s < n; ++s) {
        double sum = 0;
        for (int k = 0; k < n; ++k) sum += U[std::size_t(k * n + s)] * y[k];
        rates[std::size_t(v * columns + s)] = float(-sum);
      }
    }
    sink({int(t) + 1, r->orientation.get(), r->increment.get(), r->stress.get(), r->log_variance.get(), &found}, rates.data());
  }
}

void rates_at_stress(const SlipMaps& maps, std::span<const double> xi, double n, const float* q, const float* stress, float* rates) {
  const Mat3<double> R = matrix(Quatd{q[0], q[1], q[2], q[3]});
  const double s[9] = {stress[0], stress[5], stress[4], stress[5], stress[1], stress[3], stress[4], stress[3], stress[2]};
  std::array<double, 9> crystal{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k)
        for (int l = 0; l < 3; ++l) crystal[std::size_t(3 * i + j)] += R(k, i) * s[3 * k + l] * R(l, j);
  const Deviator dev = deviator(crystal);
  const std::size_t N = maps.P.size();
  std::vector<double> tau(N);
  double largest = 0;  // of |tau / xi|: powers of ratios stay finite
  for (std::size_t k = 0; k < N; ++k) {
    for (std::size_t a = 0; a < 5; ++a) tau[k] += maps.P[k][a] * dev[a];
    tau[k] /= xi[k];
    largest = std::max(largest, std::abs(tau[k]));
  }
  Deviator strain{};
  for (std::size_t k = 0; k < N; ++k) {
    tau[k] = largest > 0 ? std::copysign(std::pow(std::abs(tau[k]) / largest, n), tau[k]) : 0;
    for (std::size_t a = 0; a < 5; ++a) strain[a] += tau[k] * maps.P[k][a];
  }
  double square = 0;
  for (const double e : strain) square += e * e;
  const double size = std::sqrt(2.0 / 3.0 * square);
  for (std::size_t k = 0; k < N; ++k) rates[k] = size > 0 ? float(tau[k] / size) : 0.0f;
}

std::array<double, 3> plastic_spin(const SlipMaps& maps, const float* rates) {
  std::array<double, 3> p{};
  for (std::size_t k = 0; k < maps.a.size(); ++k)
    for (std::size_t i = 0; i < 3; ++i) p[i] += rates[k] * maps.a[k][i];
  return p;
}

SlipLikeness slip_likeness(std::int64_t voxels, int columns, const float* a, const float* b, double threshold) {
  SlipLikeness out;
  std::vector<double> cosines;
  double all_aa = 0, all_bb = 0, all_ab = 0, shared = 0, active_a = 0, active_b = 0;
  for (std::int64_t v = 0; v < voxels; ++v, a += columns, b += columns) {
    double aa = 0, bb = 0, ab = 0, most_a = 0, most_b = 0;
    for (int c = 0; c < columns; ++c) {
      aa += double(a[c]) * a[c], bb += double(b[c]) * b[c], ab += double(a[c]) * b[c];
      most_a = std::max(most_a, std::abs(double(a[c]))), most_b = std::max(most_b, std::abs(double(b[c])));
    }
    if (aa <= 0 || bb <= 0) continue;
    int in_a = 0, in_b = 0, in_both = 0;
    for (int c = 0; c < columns; ++c) {
      const bool here = std::abs(a[c]) >= threshold * most_a, there = std::abs(b[c]) >= threshold * most_b;
      in_a += here, in_b += there, in_both += here && there && (a[c] > 0) == (b[c] > 0);
    }
    cosines.push_back(ab / std::sqrt(aa * bb));
    all_aa += aa, all_bb += bb, all_ab += ab;
    active_a += in_a, active_b += in_b;
    shared += double(in_both) / double(in_a + in_b - in_both);
  }
  out.voxels = std::int64_t(cosines.size());
  if (cosines.empty()) return out;
  const double n = double(cosines.size());
  for (const double c : cosines) out.cosine_mean += c / n;
  std::sort(cosines.begin(), cosines.end());
  const std::size_t half = cosines.size() / 2;
  out.cosine_median = cosines.size() % 2 ? cosines[half] : (cosines[half - 1] + cosines[half]) / 2;
  out.correlation = all_ab / std::sqrt(all_aa * all_bb);
  out.size_ratio = std::sqrt(all_aa / all_bb);
  out.active_shared = shared / n;
  out.active_a = active_a / n;
  out.active_b = active_b / n;
  return out;
}

}  // namespace grainspin

#include "grainspin/metrics_physics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace grainspin {

namespace {

double length(const Vec3<double>& v) { return std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z); }
double inner(const Vec3<double>& a, const Vec3<double>& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vec3<double> unit(const Vec3<double>& v) {
  const double s = 1 / length(v);
  return {v.x * s, v.y * s, v.z * s};
}

// The directions equivalent to `direction`, unit, up to sign, each once.
std::vector<Vec3<double>> equivalents(const PointGroup& group, const Vec3<double>& direction) {
  std::vector<Vec3<double>> out;
  for (const Quatd& s : group.operators()) {
    const Vec3<double> v = unit(matrix(s) * direction);
    if (std::none_of(out.begin(), out.end(), [&](const auto& o) { return std::abs(inner(o, v)) > 1 - 1e-9; })) out.push_back(v);
  }
  return out;
}

EndDifference end_difference(const Surrogate& surrogate, const Region& region, const VoxelSymmetry& symmetry,
                             const float* q0, const float* predicted, int threads) {
  const std::int64_t n = region.shape.voxels();
  std::vector<float> last(4 * std::size_t(n)), angle(static_cast<std::size_t>(n));
  surrogate.run(region, q0, nullptr, nullptr,
                [&](const StepOutput& step) { std::copy_n(step.orientation, last.size(), last.begin()); });
  disorientation_angles(symmetry, n, last.data(), predicted, angle.data(), threads);
  EndDifference out;
  for (const float a : angle) {
    out.mean += a / double(n);
    out.max = std::max(out.max, double(a));
  }
  return out;
}

}  // namespace

std::optional<double> free_component_error(const LoadStep& predicted, const LoadStep& truth) {
  double sum = 0;
  bool any = false;
  for (std::size_t i = 0; i < 9; ++i) {
    if (truth.prescribed[i]) continue;
    any = true;
    sum += (predicted.L[i] - truth.L[i]) * (predicted.L[i] - truth.L[i]);
  }
  const double size = truth.von_mises();
  if (!any || !(size > 0)) return {};
  return std::sqrt(sum) / size;
}

std::vector<LoadStep> told(const std::vector<LoadStep>& loads) {
  std::vector<LoadStep> out = loads;
  for (LoadStep& load : out)
    for (std::size_t i = 0; i < 9; ++i)
      if (!load.prescribed[i]) load.L[i] = 0;
  return out;
}

Vec3<double> mean_increment(std::int64_t n, const float* w) {
  Vec3<double> out;
  for (std::int64_t i = 0; i < n; ++i) out.x += w[3 * i], out.y += w[3 * i + 1], out.z += w[3 * i + 2];
  return {out.x / double(n), out.y / double(n), out.z / double(n)};
}

EndDifference crystal_symmetry_error(const Surrogate& surrogate, const Region& region, const VoxelSymmetry& symmetry,
                                     const float* q0, const float* predicted, int threads) {
  const std::int64_t n = region.shape.voxels();
  std::vector<float> other(4 * std::size_t(n));
  std::mt19937_64 random(20211);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto& operators = symmetry.at(i).operators();
    const float* q = q0 + 4 * i;
    const Quatd r = Quatd{q[0], q[1], q[2], q[3]} * operators[random() % operators.size()];
    const double c[4] = {r.w, r.x, r.y, r.z};
    for (int k = 0; k < 4; ++k) other[std::size_t(4 * i + k)] = float(c[k]);
  }
  return end_difference(surrogate, region, symmetry, other.data(), predicted, threads);
}

std::vector<LoadStep> halved(const std::vector<LoadStep>& loads) {
  std::vector<LoadStep> out;
  for (LoadStep load : loads) {
    for (double& x : load.L) x /= 2;
    out.insert(out.end(), 2, load);
  }
  return out;
}

EndDifference half_step_error(const Surrogate& surrogate, const Region& region, const VoxelSymmetry& symmetry,
                              const float* q0, const float* predicted, int threads) {
  Region half = region;
  half.loads = halved(region.loads);
  return end_difference(surrogate, half, symmetry, q0, predicted, threads);
}

std::optional<int> tension_axis(const std::vector<LoadStep>& loads) {
  std::optional<int> out;
  for (const LoadStep& load : loads) {
    std::optional<int> axis;
    for (int a = 0; a < 3; ++a)
      if (load.prescribed[std::size_t(4 * a)] && load.L[std::size_t(4 * a)] > 0) axis = a;
    if (!axis || (out && out != axis)) return {};
    out = axis;
    const double stretch = load.L[std::size_t(4 * *axis)], tolerance = 1e-3 * stretch;
    for (std::size_t i = 0; i < 9; ++i) {
      if (!load.prescribed[i] || i == std::size_t(4 * *axis)) continue;
      const double wanted = i % 4 == 0 ? -stretch / 2 : 0;
      if (std::abs(load.L[i] - wanted) > tolerance) return {};
    }
  }
  return out;
}

double fibre_fraction(const PointGroup& group, std::int64_t n, const float* q, const Vec3<double>& direction,
                      const Vec3<double>& axis, double angle) {
  const std::vector<Vec3<double>> all = equivalents(group, direction);
  const Vec3<double> a = unit(axis);
  const double least = std::cos(angle);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float* p = q + 4 * i;
    const Vec3<double> crystal = matrix(conjugate(normalised(Quatd{p[0], p[1], p[2], p[3]}))) * a;
    count += std::any_of(all.begin(), all.end(), [&](const auto& v) { return std::abs(inner(v, crystal)) >= least; });
  }
  return n > 0 ? double(count) / double(n) : 0;
}

double random_fibre_fraction(const PointGroup& group, const Vec3<double>& direction, double angle) {
  return double(equivalents(group, direction).size()) * (1 - std::cos(angle));
}

std::vector<FibreDirection> fibre_directions(const PointGroup& group) {
  if (group.name() == "432" || group.name() == "23") return {{"<111>", {1, 1, 1}}, {"<100>", {1, 0, 0}}, {"<110>", {1, 1, 0}}};
  // x along a = [2-1-10]; [10-10] is 30 degrees from it.
  const double c = std::cos(std::numbers::pi / 6);
  if (group.name() == "622") return {{"<0001>", {0, 0, 1}}, {"<10-10>", {c, 0.5, 0}}, {"<2-1-10>", {1, 0, 0}}};
  return {};
}

}  // namespace grainspin

#include "grainspin/metrics_stress.h"

#include <cmath>

#include "grainspin/core.h"

namespace grainspin {

namespace {

// Predicted stress of voxel i from `at`.
template <class At>
StressErrors errors(std::int64_t n, const float* truth, At&& at) {
  StressErrors out;
  double local = 0, norm = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    StressComponents t, d;
    const StressComponents p = at(i);
    for (std::size_t k = 0; k < 6; ++k) {
      t[k] = truth[6 * i + std::int64_t(k)];
      d[k] = p[k] - t[k];
      out.bias[k] += d[k];
      out.rms[k] += d[k] * d[k];
    }
    const double v = von_mises(p) - von_mises(t), size = von_mises(d);
    local += v * v;
    norm += size * size;
  }
  for (std::size_t k = 0; k < 6; ++k) {
    out.bias[k] /= double(n);
    out.rms[k] = std::sqrt(out.rms[k] / double(n));
  }
  out.von_mises = std::sqrt(local / double(n));
  out.norm = std::sqrt(norm / double(n));
  return out;
}

}  // namespace

double von_mises(const StressComponents& s) {
  const double a = s[0] - s[1], b = s[1] - s[2], c = s[2] - s[0];
  return std::sqrt(0.5 * (a * a + b * b + c * c) + 3 * (s[3] * s[3] + s[4] * s[4] + s[5] * s[5]));
}

StressComponents mean_stress(std::int64_t n, const float* stress) {
  StressComponents out{};
  for (std::int64_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < 6; ++k) out[k] += stress[6 * i + std::int64_t(k)];
  for (double& v : out) v /= double(n);
  return out;
}

StressErrors stress_errors(std::int64_t n, const float* predicted, const float* truth) {
  return errors(n, truth, [&](std::int64_t i) {
    StressComponents p;
    for (std::size_t k = 0; k < 6; ++k) p[k] = predicted[6 * i + std::int64_t(k)];
    return p;
  });
}

StressErrors uniform_stress_errors(std::int64_t n, const StressComponents& uniform, const float* truth) {
  return errors(n, truth, [&](std::int64_t) { return uniform; });
}

CurveError curve_error(const std::vector<StressComponents>& curve, const std::vector<StressComponents>& truth) {
  require(curve.size() == truth.size(), Errc::kShape,
          "stress curves of " + std::to_string(curve.size()) + " and " + std::to_string(truth.size()) + " steps");
  CurveError out;
  double size = 0;
  for (std::size_t k = 0; k < truth.size(); ++k) {
    const double t = von_mises(truth[k]), d = von_mises(curve[k]) - t;
    size += t * t;
    out.von_mises += d * d;
    for (std::size_t c = 0; c < 6; ++c) out.component[c] += (curve[k][c] - truth[k][c]) * (curve[k][c] - truth[k][c]);
  }
  if (!(size > 0)) return {};
  out.von_mises = std::sqrt(out.von_mises / size);
  for (double& c : out.component) c = std::sqrt(c / size);
  return out;
}

}  // namespace grainspin

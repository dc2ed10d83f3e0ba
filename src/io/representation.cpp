#include "src/io/representation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace grainspin {
namespace {

constexpr std::array<std::pair<std::string_view, Representation>, 8> kNames{{
    {"quaternion", Representation::kQuaternion},
    {"dream3d", Representation::kDream3d},
    {"bunge", Representation::kBunge},
    {"kocks", Representation::kKocks},
    {"roe", Representation::kRoe},
    {"rodrigues", Representation::kRodrigues},
    {"axis-angle", Representation::kAxisAngle},
    {"matrix", Representation::kMatrix},
}};

constexpr double kOff = 1e-2;

Quatd nothing() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {nan, nan, nan, nan};
}

Quatd unit(const Quatd& q) {
  const double n = std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
  return std::abs(n - 1) < kOff ? Quatd{q.w / n, q.x / n, q.y / n, q.z / n} : nothing();
}

Quatd from_g(const double* g) {
  for (int i = 0; i < 3; ++i)
    for (int j = i; j < 3; ++j) {
      const double dot = g[3 * i] * g[3 * j] + g[3 * i + 1] * g[3 * j + 1] + g[3 * i + 2] * g[3 * j + 2];
      if (!(std::abs(dot - (i == j)) < kOff)) return nothing();
    }
  const double det = g[0] * (g[4] * g[8] - g[5] * g[7]) - g[1] * (g[3] * g[8] - g[5] * g[6]) +
                     g[2] * (g[3] * g[7] - g[4] * g[6]);
  if (det < 0) return nothing();
  return from_matrix(Mat3<double>{{g[0], g[3], g[6], g[1], g[4], g[7], g[2], g[5], g[8]}});
}

}  // namespace

int components(Representation kind) {
  switch (kind) {
    case Representation::kQuaternion:
    case Representation::kDream3d:
    case Representation::kAxisAngle: return 4;
    case Representation::kMatrix: return 9;
    default: return 3;
  }
}

Representation representation_named(std::string_view name, const std::string& what) {
  std::string all;
  for (const auto& [known, kind] : kNames) {
    if (name == known) return kind;
    all.append(all.empty() ? "" : ", ").append(known);
  }
  throw Error(Errc::kArgument, what + ": '" + std::string(name) + "', wanted one of " + all);
}

Quatd orientation_of(const OrientationFormat& format, const double* v) {
  for (int c = 0; c < components(format.kind); ++c)
    if (!std::isfinite(v[c])) return nothing();
  const double quarter = std::numbers::pi / 2, a = format.angle;
  Quatd q;
  switch (format.kind) {
    case Representation::kQuaternion: q = unit({v[0], v[1], v[2], v[3]}); break;
    case Representation::kDream3d: q = unit(from_dream3d(v)); break;
    case Representation::kBunge: q = from_bunge(Vec3<double>{v[0] * a, v[1] * a, v[2] * a}); break;
    case Representation::kKocks:
      q = from_bunge(Vec3<double>{v[0] * a + quarter, v[1] * a, quarter - v[2] * a});
      break;
    case Representation::kRoe:
      q = from_bunge(Vec3<double>{v[0] * a + quarter, v[1] * a, v[2] * a - quarter});
      break;
    case Representation::kRodrigues: {
      // by the largest component, so that none overflows near 180 degrees
      const double m = std::max({1.0, std::abs(v[0]), std::abs(v[1]), std::abs(v[2])});
      q = normalised(Quatd{1 / m, v[0] / m, v[1] / m, v[2] / m});
      break;
    }
    case Representation::kAxisAngle: {
      const double n = std::hypot(v[0], v[1], v[2]);
      if (n == 0 && v[3] != 0) return nothing();
      q = n == 0 ? Quatd{} : from_axis_angle(AxisAngle<double>{{v[0] / n, v[1] / n, v[2] / n}, v[3] * a});
      break;
    }
    case Representation::kMatrix: q = from_g(v); break;
  }
  return positive(format.inverse ? conjugate(q) : q);
}

}  // namespace grainspin

#include "datasets/follow.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

namespace grainspin {

namespace {

// Half the smallest rotation of the group: below it an increment is the smallest of its equivalents.
double safe_angle(const PointGroup& group) {
  double smallest = std::numbers::pi;
  for (const Quatd& s : group.operators()) {
    const Vec3<double> v = log(s);
    const double angle = std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
    if (angle > 1e-6) smallest = std::min(smallest, angle);
  }
  return smallest / 2;
}

Quatd load(const float* q) {
  return {q[0], q[1], q[2], q[3]};
}

std::string number(double value) {
  std::ostringstream s;
  s.imbue(std::locale::classic());
  s << value;
  return s.str();
}

}  // namespace

std::vector<float> follow(const std::string& name, std::span<const PointGroup* const> groups,
                          const std::int32_t* phase, std::int64_t n, int steps, std::vector<float>& q) {
  std::vector<double> safe;
  for (const PointGroup* group : groups) safe.push_back(safe_angle(*group));
  for (std::size_t i = 0; i < q.size(); i += 4) {
    const Quatd v = load(&q[i]);
    const double norm = std::sqrt(v.w * v.w + v.x * v.x + v.y * v.y + v.z * v.z);
    require(std::isfinite(norm) && std::abs(norm - 1) < 1e-3, Errc::kFormat,
            name + ": orientation of step " + std::to_string(i / 4 / std::size_t(n)) + ", voxel " +
                std::to_string(i / 4 % std::size_t(n)) + " is no unit quaternion: norm " + number(norm));
  }
  std::vector<float> increments(std::size_t(steps * n * 3));
  for (std::int64_t i = 0; i < n; ++i) {
    const std::size_t p = phase ? std::size_t(phase[i]) : 0;
    Quatd before = normalised(load(&q[std::size_t(i * 4)]));
    for (int t = 0; t < steps; ++t) {
      float* stored = &q[std::size_t(((t + 1) * n + i) * 4)];
      const Quatd now = normalised(load(stored));
      Vec3<double> w = log(now * conjugate(before));
      if (std::sqrt(w.x * w.x + w.y * w.y + w.z * w.z) >= safe[p])
        w = disorientation(*groups[p], now, before);
      before = normalised(exp(w) * before);
      stored[0] = float(before.w), stored[1] = float(before.x), stored[2] = float(before.y),
      stored[3] = float(before.z);
      float* out = &increments[std::size_t((t * n + i) * 3)];
      out[0] = float(w.x), out[1] = float(w.y), out[2] = float(w.z);
    }
  }
  return increments;
}

}  // namespace grainspin

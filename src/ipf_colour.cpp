// The standard triangle of each Laue group and the colour of a direction in it.
#include <algorithm>
#include <cmath>

#include "grainspin/symmetry.h"

namespace grainspin {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The sector of azimuth (about z, from x) that holds every direction of the upper half once, for the group
// with inversion added. Cubic groups also have an upper limit of the polar angle.
struct Sector {
  double begin = 0, width = 0;
  bool mirrors = false;  // bounded by mirror planes (dihedral groups), else by rotations
  bool cubic = false;
};

Sector sector(const PointGroup& group) {
  int n = 0;  // rotations about z
  for (const Quatd& s : group.operators()) n += s.x == 0 && s.y == 0;
  const int order = int(group.operators().size());
  if (order == 24) return {0, kPi / 4, true, true};
  if (order == 12 && n == 2) return {0, kPi / 2, true, true};
  if (order == n) return {0, 2 * kPi / n, false, false};
  // Mirror planes are perpendicular to the twofold axes: these are x and every pi/n from it, but y in
  // group 2.
  return {n == 3 ? -kPi / 6 : 0, kPi / n, true, false};
}

// Upper limit of the polar angle in the cubic sectors: the plane z = max(x, y).
double polar_limit(const Sector& s, double azimuth) {
  if (!s.cubic) return kPi / 2;
  return std::atan(1 / std::max(std::cos(azimuth), std::sin(azimuth)));
}

}  // namespace

Vec3<double> standard_triangle(const PointGroup& group, const Vec3<double>& direction) {
  const Sector s = sector(group);
  Vec3<double> v = direction;
  if (s.cubic) {  // mirror planes perpendicular to x, y and z; the threefold axis turns the largest to z
    v = {std::abs(v.x), std::abs(v.y), std::abs(v.z)};
    if (v.x > v.z && v.x >= v.y) v = {v.y, v.z, v.x};
    if (v.y > v.z) v = {v.z, v.x, v.y};
    if (s.width < kPi / 3 && v.y > v.x) std::swap(v.x, v.y);
    return v;
  }
  if (v.z < 0) v = {-v.x, -v.y, -v.z};
  const double length = std::hypot(v.x, v.y);
  if (length == 0) return v;
  const double period = s.mirrors ? 2 * s.width : s.width;
  const double azimuth = std::atan2(v.y, v.x) - s.begin;
  double folded = azimuth - period * std::floor(azimuth / period);
  if (s.mirrors && folded > s.width) folded = period - folded;
  if (folded == azimuth) return v;  // already inside: not rounded again
  return {length * std::cos(s.begin + folded), length * std::sin(s.begin + folded), v.z};
}

std::array<std::uint8_t, 3> ipf_colour(const PointGroup& group, const Quatd& q, const Vec3<double>& axis) {
  const Vec3<double> c = matrix(conjugate(q)) * axis;
  const double length = std::sqrt(c.x * c.x + c.y * c.y + c.z * c.z);
  if (!std::isfinite(length) || length == 0) return {0, 0, 0};
  const Vec3<double> v = standard_triangle(group, {c.x / length, c.y / length, c.z / length});
  const Sector s = sector(group);
  const double azimuth = std::atan2(v.y, v.x);
  double across = azimuth - s.begin;
  if (across < 0) across += 2 * kPi;
  across = std::clamp(across / s.width, 0.0, 1.0);
  const double down = std::clamp(std::atan2(std::hypot(v.x, v.y), v.z) / polar_limit(s, azimuth), 0.0, 1.0);
  const double light[3] = {std::sqrt(1 - down), std::sqrt(down * (1 - across)), std::sqrt(down * across)};
  const double brightest = std::max({light[0], light[1], light[2]});
  std::array<std::uint8_t, 3> rgb;
  for (int i = 0; i < 3; ++i) rgb[i] = std::uint8_t(std::lround(255 * light[i] / brightest));
  return rgb;
}

std::string_view ipf_key_name() {
  return "TSL-like";
}

}  // namespace grainspin

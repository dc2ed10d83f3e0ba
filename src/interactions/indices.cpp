#include "src/interactions/indices.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace grainspin::interactions {
namespace {

bool hexagonal(const std::string& group) { return group == "3" || group == "32" || group == "6" || group == "622"; }

double c_over_a(const SlipSet& set) { return set.c_over_a > 0 ? set.c_over_a : 1; }

// Along a1, a2, a3, 120 degrees apart, a1 along x: they add up to zero.
std::vector<double> basal(const Vec3<double>& v, double scale, double z) {
  const double second = -v.x / 2 + std::sqrt(3.0) / 2 * v.y;
  return {scale * v.x, scale * second, -scale * (v.x + second), z};
}

}  // namespace

std::vector<double> direction_coordinates(const SlipSet& set, int system) {
  const Vec3<double>& b = set.systems[std::size_t(system)].b;
  const double z = b.z / c_over_a(set);
  return hexagonal(set.point_group) ? basal(b, 2.0 / 3, z) : std::vector<double>{b.x, b.y, z};
}

std::vector<double> plane_coordinates(const SlipSet& set, int system) {
  const Vec3<double>& n = set.systems[std::size_t(system)].n;
  const double z = n.z * c_over_a(set);
  return hexagonal(set.point_group) ? basal(n, 1, z) : std::vector<double>{n.x, n.y, z};
}

std::vector<int> whole(const std::vector<double>& coordinates) {
  double largest = 0;
  for (const double x : coordinates) largest = std::max(largest, std::abs(x));
  for (int m = 1; m <= 24 && largest > 0; ++m) {
    std::vector<int> indices;
    for (const double x : coordinates) {
      const double index = x / largest * m;
      if (std::abs(index - std::round(index)) < 1e-5) indices.push_back(int(std::lround(index)));
    }
    if (indices.size() == coordinates.size()) return indices;
  }
  return {};
}

}  // namespace grainspin::interactions

// Random orientations, directions and simple loads that tests share.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "grainspin/load.h"
#include "grainspin/orientation.h"

namespace grainspin::testing {

struct Draw {
  explicit Draw(std::uint64_t seed) : engine(seed) {}
  std::mt19937_64 engine;
  std::normal_distribution<double> normal;
  Quatd orientation() {
    return normalised(Quatd{normal(engine), normal(engine), normal(engine), normal(engine)});
  }
  Vec3<double> direction() {
    const Vec3<double> v{normal(engine), normal(engine), normal(engine)};
    const double n = std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
    return {v.x / n, v.y / n, v.z / n};
  }
};

// [n, 4]
inline std::vector<float> random_orientations(int n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<float> q;
  for (int i = 0; i < n; ++i) {
    const Quatd r = normalised(Quatd{normal(random), normal(random), normal(random), normal(random)});
    for (const double x : {r.w, r.x, r.y, r.z}) q.push_back(float(x));
  }
  return q;
}

// Tension along an axis, the other two normal components free.
inline LoadStep uniaxial(int axis, double strain) {
  LoadStep load;
  load.prescribed.fill(true);
  for (int i = 0; i < 3; ++i)
    if (i != axis) load.prescribed[std::size_t(4 * i)] = false;
  load.L[std::size_t(4 * axis)] = strain;
  return load;
}

}  // namespace grainspin::testing

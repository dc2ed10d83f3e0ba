// The neighbourhood gather by its definition, written out with none of the code under test, and what to try it on.
// A gather only moves bits, so results must be equal, on every device.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "grainspin/gather.h"

namespace grainspin::testing {

// The neighbour of i at distance d, by walking there one voxel at a time.
inline int walk(int i, int d, int n, Boundary boundary) {
  for (int s = 0; s < std::abs(d); ++s) {
    i += d > 0 ? 1 : -1;
    if (i == n) i = boundary == Boundary::kPeriodic ? 0 : n - 1;
    if (i == -1) i = boundary == Boundary::kPeriodic ? n - 1 : 0;
  }
  return i;
}

inline std::vector<float> by_definition(Shape s, Boundaries b, const std::vector<std::uint8_t>& mask, int radius,
                                 int channels, const std::vector<float>& field,
                                 const std::vector<std::int64_t>& centres) {
  std::vector<float> patches;
  for (const std::int64_t v : centres) {
    const int x = int(v % s.nx), y = int(v / s.nx % s.ny), z = int(v / s.nx / s.ny);
    for (int dz = -radius; dz <= radius; ++dz)
      for (int dy = -radius; dy <= radius; ++dy)
        for (int dx = -radius; dx <= radius; ++dx) {
          std::int64_t w = (std::int64_t(walk(z, dz, s.nz, b.z)) * s.ny + walk(y, dy, s.ny, b.y)) * s.nx +
                           walk(x, dx, s.nx, b.x);
          if (!mask.empty() && !mask[std::size_t(w)]) w = v;
          for (int c = 0; c < channels; ++c) patches.push_back(field[std::size_t(w * channels + c)]);
        }
  }
  return patches;
}

inline std::vector<float> ramp(std::int64_t n) {  // every value distinct: a wrong voxel cannot hide
  std::vector<float> v(static_cast<std::size_t>(n));
  std::iota(v.begin(), v.end(), 1.0f);
  return v;
}

inline std::vector<std::int64_t> every_voxel(Shape s) {
  std::vector<std::int64_t> v(static_cast<std::size_t>(s.voxels()));
  std::iota(v.begin(), v.end(), std::int64_t(0));
  return v;
}

struct GatherCase {
  Shape shape;
  Boundaries boundaries;
  int radius, channels;
  bool masked;
};

inline std::string label(const GatherCase& c) {
  const auto n = [](int i) { return std::to_string(i) + " "; };
  return std::string("shape ") + n(c.shape.nx) + n(c.shape.ny) + n(c.shape.nz) + "radius " + n(c.radius) + "channels " +
         n(c.channels) + (c.masked ? "masked" : "");
}

inline std::vector<GatherCase> gather_cases() {
  std::vector<GatherCase> all;
  const auto P = Boundary::kPeriodic, C = Boundary::kClamped;
  for (const Shape s : {Shape{1, 1, 1}, Shape{5, 4, 3}, Shape{2, 1, 7}, Shape{1, 6, 2}, Shape{9, 2, 2}})
    for (const Boundaries b : {Boundaries{P, P, P}, Boundaries{C, C, C}, Boundaries{P, C, P}, Boundaries{C, P, C}})
      for (int radius = 0; radius <= 3; ++radius)
        for (const int channels : {1, 3, 4, 9, 18})
          for (const bool masked : {false, true}) all.push_back({s, b, radius, channels, masked});
  return all;
}

inline std::vector<std::uint8_t> third_masked(Shape s) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(s.voxels()), 1);
  for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
  return mask;
}

}  // namespace grainspin::testing

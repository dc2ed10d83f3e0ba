// A random variance head (grainspin/variance.h) for a model of the nonlocal family.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "grainspin/variance.h"

namespace grainspin::testing {

// calibration.hidden features; weights normal, times `size`.
inline void add_random_head(Model& m, const Calibration& calibration, unsigned seed, float size = 1) {
  m.spec.domain = with_calibration(m.spec.domain, calibration);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const auto& [name, shape] : variance_tensors(m.spec)) {
    Tensor& t = m.tensors[name];
    t.shape = shape;
    std::int64_t count = 1;
    for (const std::int64_t s : shape) count *= s;
    for (std::int64_t i = 0; i < count; ++i)
      t.values.push_back(name.ends_with("scale") ? 0.5f + std::abs(normal(random)) : size * normal(random));
  }
}

inline Model with_random_head(Model m, int hidden, unsigned seed) {
  add_random_head(m, {hidden, 0.5, 1.1, {0.6, 1.6, 2.0}, {1.0, 2.0, 2.5}}, seed);
  return m;
}

}  // namespace grainspin::testing

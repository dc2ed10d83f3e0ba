// A random nonlocal model with a variance head.
#pragma once

#include <cmath>
#include <random>

#include "grainspin/variance.h"
#include "nonlocal_models.h"

namespace grainspin::testing {

inline Model with_head(NonlocalSpec spec, int steps, unsigned seed) {
  Model m = random_nonlocal(std::move(spec), steps, seed);
  m.spec.domain = with_calibration(m.spec.domain, {5, 0.5, 1.1, {0.6, 1.6, 2.0}, {1.0, 2.0, 2.5}});
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const auto& [name, shape] : variance_tensors(m.spec)) {
    Tensor& t = m.tensors[name];
    t.shape = shape;
    std::int64_t count = 1;
    for (const std::int64_t s : shape) count *= s;
    for (std::int64_t i = 0; i < count; ++i) t.values.push_back(name.ends_with("scale") ? 0.5f + std::abs(normal(random)) : normal(random));
  }
  return m;
}

}  // namespace grainspin::testing

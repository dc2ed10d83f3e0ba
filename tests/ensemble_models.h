// Random members of an ensemble to try it on: small nonlocal cells with a variance head, small local networks.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "grainspin/ensemble.h"
#include "grainspin/variance.h"
#include "local_oracle.h"
#include "nonlocal_models.h"

namespace grainspin::testing {

// A head of random weights, whose model is calibrated so that it says who it is: expected = 1 + seed / 10.
inline void add_head(Model& m, unsigned seed) {
  Calibration c{5, 0.5, 1 + seed / 10.0, {0.6, 1.6, 2.0}, {1.0, 2.0, 2.5}};
  m.spec.domain = with_calibration(m.spec.domain, c);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const auto& [name, shape] : variance_tensors(m.spec)) {
    Tensor& t = m.tensors[name];
    t.shape = shape;
    std::int64_t count = 1;
    for (const std::int64_t s : shape) count *= s;
    for (std::int64_t i = 0; i < count; ++i)
      t.values.push_back(name.ends_with("scale") ? 0.5f + std::abs(normal(random)) : 0.3f * normal(random));
  }
}

inline Model nonlocal_member(unsigned seed, int steps = 3, bool head = true) {
  NonlocalSpec s;
  s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
  s.phases = {named_phase("fcc")};
  Model m = random_nonlocal(s, steps, seed);
  m.spec.provenance = R"({"settings": {"seed": )" + std::to_string(seed) + R"(}, "training": [{"file": "a.h5", "sha256": "aa"}],
                         "held_out": [{"file": "b.h5", "sha256": "bb"}]})";
  if (head) add_head(m, seed);
  return m;
}

inline Model local_member(Feedback feedback, unsigned seed, int steps = 3) {
  LocalSpec s;
  s.hidden = 32, s.radius = 1, s.feedback = feedback, s.stress = true, s.variance = true;
  Model m = random_model(s, "432", steps, seed);
  const Model first = random_model(s, "432", steps, 1);
  m.spec.input_mean = first.spec.input_mean, m.spec.input_scale = first.spec.input_scale;
  m.spec.increment_scale = {0.05f, 0.06f + 0.001f * float(seed), 0.07f};  // each its own
  return m;
}

}  // namespace grainspin::testing

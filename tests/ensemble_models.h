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
#include "random_head.h"

namespace grainspin::testing {

// A head of random weights, whose model is calibrated so that it says who it is: expected = 1 + seed / 10.
inline void add_head(Model& m, unsigned seed) {
  add_random_head(m, {5, 0.5, 1 + seed / 10.0, {0.6, 1.6, 2.0}, {1.0, 2.0, 2.5}}, seed, 0.3f);
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

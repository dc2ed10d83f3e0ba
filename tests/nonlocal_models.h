// Random models of the nonlocal family to try engines on.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "grainspin/model.h"
#include "grainspin/slip_systems.h"

namespace grainspin::testing {

inline PhaseSpec named_phase(const std::string& set, double c_over_a = 0) {
  const SlipSet s = named_slip_set(set, c_over_a);
  return {set, s.point_group, s.families, c_over_a};
}

// Uniaxial tension along z, free sides, `strain` a step.
inline LoadStep tension(double strain) {
  LoadStep load;
  load.L = {0, 0, 0, 0, 0, 0, 0, 0, strain};
  load.prescribed = {false, true, true, true, false, true, true, true, true};
  return load;
}

// Weights of about the size that training starts from: increments of some hundredths of a radian a step.
inline Model random_nonlocal(NonlocalSpec s, int steps, unsigned seed) {
  Model m;
  m.spec.family = Family::kNonlocal;
  m.spec.nonlocal = s;
  m.spec.point_group = s.phases.at(0).point_group;
  m.spec.slip_families = s.phases[0].slip_families;
  m.spec.c_over_a = s.phases[0].c_over_a;
  m.spec.loads.assign(std::size_t(steps), tension(0.01));
  m.spec.stress_scale[0] = 2e8f;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const auto& [name, shape] : tensor_shapes(m.spec)) {
    Tensor t{shape, {}};
    std::int64_t n = 1;
    for (const auto d : shape) n *= d;
    // A map [D, C, orbits] sums over C channels and N systems; the sum of squares over systems is N / orbits each.
    const int index = name.rfind("phase", 0) == 0 ? name[5] - '0' : 0;
    const double systems = slip_set(s.phases[std::size_t(index)].slip_families, s.phases[std::size_t(index)].c_over_a).count();
    double scale = shape.size() == 3 ? 1 / std::sqrt(double(shape[1]) * systems) : 0.3;
    if (name.find(".out") != std::string::npos) 
      scale *= name.find("head") != std::string::npos ? 2 : std::min(0.6, 1 / std::sqrt(std::max(1.0, double(s.passes))));
    for (std::int64_t i = 0; i < n; ++i) t.values.push_back(float(scale) * normal(random));
    if (name == "beta")
      for (float& b : t.values) b = 0.7f + 0.2f * b;
    m.tensors[name] = std::move(t);
  }
  return m;
}

}  // namespace grainspin::testing

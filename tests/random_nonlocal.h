// Random models of the nonlocal family, and loads and grids to try engines on.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "grainspin/load.h"
#include "grainspin/model.h"
#include "grainspin/nonlocal.h"

namespace grainspin::testing {

inline PhaseSpec phase_of(const std::string& set, double c_over_a = 0) {
  const SlipSet s = named_slip_set(set, c_over_a);
  return {set, s.point_group, s.families, s.c_over_a};
}

// Prescribed everywhere but where `free` has an index.
inline LoadStep load_of(const std::array<double, 9>& L, const std::vector<int>& free = {}) {
  LoadStep load;
  load.L = L;
  load.prescribed.fill(true);
  for (int i : free) load.prescribed[std::size_t(i)] = false, load.L[std::size_t(i)] = 0;
  return load;
}

// Uniaxial tension along z (both lateral strains free), shear xz, plane strain, a general gradient with free
// components off and on the diagonal, rest; step sizes differ. Cycled to `steps`.
inline std::vector<LoadStep> varied_loads(int steps) {
  const LoadStep some[] = {load_of({0, 0, 0, 0, 0, 0, 0, 0, 0.01}, {0, 4}),
                           load_of({0, 0, 0.012, 0, 0, 0, 0, 0, 0}),
                           load_of({-0.007, 0, 0, 0, 0, 0, 0, 0, 0.007}),
                           load_of({0, 0.004, -0.003, 0.001, -0.006, 0.002, 0, -0.005, 0.013}, {0, 6}),
                           load_of({0, 0, 0, 0, 0, 0, 0, 0, -0.02}, {0, 1, 3, 4}),
                           load_of({0, 0.01, 0, -0.01, 0, 0, 0, 0, 0})};
  std::vector<LoadStep> loads;
  for (int t = 0; t < steps; ++t) loads.push_back(some[t % 6]);
  return loads;
}

// All weights uniform with about unit gain through every map; gates, rates, memory and scalars all matter.
inline Model random_cell(const NonlocalSpec& spec, unsigned seed, int steps = 13) {
  std::mt19937 random(seed);
  const auto fill = [&](const std::vector<std::int64_t>& shape, double bound, double middle = 0) {
    std::int64_t n = 1;
    for (auto d : shape) n *= d;
    std::uniform_real_distribution<double> uniform(middle - bound, middle + bound);
    Tensor t{shape, {}};
    for (std::int64_t i = 0; i < n; ++i) t.values.push_back(float(uniform(random)));
    return t;
  };
  Model m;
  m.spec.family = Family::kNonlocal;
  m.spec.nonlocal = spec;
  m.spec.point_group = spec.phases.at(0).point_group;
  m.spec.slip_families = spec.phases[0].slip_families;
  m.spec.c_over_a = spec.phases[0].c_over_a;
  m.spec.loads = varied_loads(steps);
  m.spec.stress_scale[0] = 1.5e8f;
  const std::int64_t C = spec.channels, D = spec.width, M = spec.polarisations, H = spec.memory;
  for (std::size_t i = 0; i < spec.phases.size(); ++i) {
    const SlipMaps maps = slip_maps(spec.phases[i]);
    const std::int64_t O = maps.odd.count, E = maps.even.count, N = maps.set.count();
    const std::string at = "phase" + std::to_string(i) + ".";
    const auto map = [&](const std::string& where, std::int64_t out, std::int64_t in, std::int64_t orbits,
                         double gain) {
      m.tensors[at + where] = fill({out, in, orbits}, gain * std::sqrt(3.0 / double(in * N)));
    };
    const auto gated = [&](const std::string& where, std::int64_t in, std::int64_t out, double outer) {
      map(where + ".odd", D, in, O, 1);
      if (spec.gated) {
        map(where + ".even", D, in + H, E, 0.7);
        m.tensors[at + where + ".bias"] = fill({D}, 0.5);
        m.tensors[at + where + ".rate"] = fill({D}, 0.5);
      }
      map(where + ".out", out, D, O, outer);
    };
    gated("in", spec.carried ? 1 + C : 1, C, 1);
    if (spec.carried) m.tensors[at + "carry"] = fill({C}, 0.2, 0.5);
    for (int k = 0; k < spec.passes; ++k) {
      const std::string pass = "pass" + std::to_string(k);
      map(pass + ".polarise", M, C, O, 1);
      gated(pass, C + 2 * M, C, 0.5);
    }
    gated("head", C, spec.stress ? 2 : 1, 1);
    if (H > 0) {
      map("memory.update", H, C + H, E, 0.7);
      map("memory.candidate", H, C + H, E, 0.7);
      m.tensors[at + "memory.update_bias"] = fill({H}, 0.5, -1);
      m.tensors[at + "memory.candidate_bias"] = fill({H}, 0.5);
    }
  }
  if (spec.passes > 0) {
    m.tensors["spin"] = fill({spec.passes, M}, 0.5);
    m.tensors["free"] = fill({spec.passes, M}, 0.5);
    if (spec.stress) m.tensors["pressure"] = fill({spec.passes, M}, 0.5);
    if (spec.green == Green::kLearned) m.tensors["beta"] = fill({spec.passes, M}, 0.2, 0.8);
  }
  return m;
}

// Small settings that a slow oracle can follow.
inline NonlocalSpec small_nonlocal(const std::vector<PhaseSpec>& phases = {phase_of("fcc")}) {
  NonlocalSpec s;
  s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
  s.phases = phases;
  return s;
}

}  // namespace grainspin::testing

// Planted K of the 39 HCP slip systems: rows of runs, ties by symmetry, moments by fold.
#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "grainspin/interactions/regression.h"
#include "grainspin/orbits.h"
#include "tests/regression_cases.h"

namespace grainspin::bench {

struct InteractionProblem {
  interactions::Tied tied;
  std::vector<interactions::Block> blocks;
  std::vector<double> theta;  // [unknowns] planted
  std::int64_t rows = 0;      // of all folds
  int systems = 0, folds = 0;
  std::vector<double> x, y;   // [rows, N^2], [rows, N]: x_jk = rho_j |gdot_k|

  std::vector<interactions::Moments> moments(int threads) const {
    std::vector<interactions::Moments> out;
    const std::int64_t M = std::int64_t(systems) * systems;
    for (int f = 0; f < folds; ++f) {
      const std::int64_t begin = rows * f / folds, end = rows * (f + 1) / folds;
      out.emplace_back(M, systems).add(end - begin, x.data() + begin * M, y.data() + begin * systems, nullptr, threads);
    }
    return out;
  }
};

// `runs` of 100 rows. sharp: slip on few systems of a run, as a load in one direction gives (a tenth power of a uniform
// factor); then many products are near copies of others and the Gram matrix is of lower rank. noise: of the root mean square of y.
inline InteractionProblem planted_interactions(const std::string& set, int runs, bool sharp, double noise, int unknowns, std::uint64_t seed) {
  InteractionProblem p;
  const SlipSet slip = named_slip_set(set, 1.6);
  const int N = p.systems = slip.count();
  const Orbits orbits = triple_orbits(slip_action(slip, PointGroup::named(slip.point_group)));
  p.tied = {N, std::int64_t(N) * N, orbits.count, 1, orbits.of, std::vector<std::int8_t>(orbits.of.size(), 1)};
  p.blocks = interactions::blocks(p.tied);
  testing::Draw draw{seed};
  p.theta.assign(std::size_t(orbits.count), 0);
  for (int i = 0; i < unknowns; ++i) {  // in every block some
    const std::vector<int>& own = p.blocks[std::size_t(i) % p.blocks.size()].unknowns;
    p.theta[own[draw.bits() % own.size()]] = (draw.uniform() < 0.5 ? -1 : 1) * (0.5 + draw.uniform());
  }
  p.rows = std::int64_t(runs) * 100;
  p.folds = 5;
  p.x.resize(std::size_t(p.rows * N * N));
  p.y.resize(std::size_t(p.rows * N));
  std::vector<double> rho(static_cast<std::size_t>(N)), rate(rho), slope(rho);
  double square = 0;
  for (std::int64_t t = 0; t < p.rows; ++t) {
    if (t % 100 == 0)
      for (int s = 0; s < N; ++s) {
        rho[s] = std::exp(draw.centred());
        slope[s] = 0.02 * draw.uniform();
        rate[s] = std::pow(draw.uniform(), sharp ? 10 : 1);
      }
    double* const x = &p.x[std::size_t(t * N * N)];
    for (int j = 0; j < N; ++j) {
      rho[j] *= 1 + slope[j] * draw.uniform();
      for (int k = 0; k < N; ++k) x[j * N + k] = rho[j] * rate[k] * (1 + 0.1 * std::sin(0.05 * double(t % 100) * (1 + k % 7)));
    }
    for (int i = 0; i < N; ++i) {
      double v = 0;
      for (int e = 0; e < N * N; ++e)
        if (const double theta = p.theta[p.tied.of[std::size_t(i) * N * N + e]]; theta != 0) v += theta * x[e];
      p.y[std::size_t(t * N + i)] = v;
      square += v * v;
    }
  }
  const double size = noise * std::sqrt(square / double(p.rows * N));
  for (double& v : p.y) v += size * draw.normal();
  return p;
}

}  // namespace grainspin::bench

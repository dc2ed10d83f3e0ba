// Slip rates read out of a nonlocal model: a model whose weights are a Taylor model, the spin that the rates make, equivalent
// crystal frames; rates at a stress and likeness in closed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "grainspin/slip_rates.h"
#include "grainspin/symmetry.h"
#include "grainspin/taylor.h"
#include "local_oracle.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::load_of;
using testing::phase_of;
using testing::random_cell;
using testing::random_orientations;
using testing::small_nonlocal;

constexpr Shape kShape{4, 3, 2};

struct Step {
  std::vector<float> rates, increment;
  std::array<double, 9> L{};
};
std::vector<Step> steps_of(const Model& m, const std::vector<float>& q, const std::vector<LoadStep>& loads) {
  Region region = whole(kShape, {});
  region.loads = loads;
  const std::int64_t n = kShape.voxels();
  const int columns = slip_columns(m.spec.nonlocal);
  std::vector<Step> out;
  run_with_slip_rates(m, region, q.data(), 1, [&](const StepOutput& o, const float* rates) {
    out.push_back({{rates, rates + n * columns}, {o.increment, o.increment + 3 * n}, o.load->L});
  });
  return out;
}

// The inverse of a symmetric positive 5 x 5 matrix, by Gauss and Jordan.
using Five = std::array<std::array<double, 5>, 5>;
Five inverse(Five a) {
  Five b{};
  for (std::size_t i = 0; i < 5; ++i) b[i][i] = 1;
  for (std::size_t i = 0; i < 5; ++i) {
    const double pivot = a[i][i];
    for (std::size_t j = 0; j < 5; ++j) a[i][j] /= pivot, b[i][j] /= pivot;
    for (std::size_t k = 0; k < 5; ++k) {
      if (k == i) continue;
      const double f = a[k][i];
      for (std::size_t j = 0; j < 5; ++j) a[k][j] -= f * a[i][j], b[k][j] -= f * b[i][j];
    }
  }
  return b;
}

// Without passes, gates and memory the cell is gamma = W (3 P : E0) with any orbit-tied W. With M = sum_s P_s P_s^T
// (5 x 5) a linear viscous crystal under full constraints slips by P M^-1 E, so W = - P M^-2 P^T / 3 makes the model Taylor's of
// exponent 1, whose rates src/taylor.cpp finds by Newton's method.
Model viscous_taylor(const PhaseSpec& phase) {
  NonlocalSpec s;
  s.passes = 0, s.channels = 1, s.width = 1, s.polarisations = 1, s.memory = 0, s.warmup = 0;
  s.carried = s.gated = s.stress = false;
  s.phases = {phase};
  Model m = random_cell(s, 1);
  const SlipMaps maps = slip_maps(phase);
  const std::size_t n = maps.P.size();
  Five M{};
  for (const Deviator& p : maps.P)
    for (std::size_t a = 0; a < 5; ++a)
      for (std::size_t b = 0; b < 5; ++b) M[a][b] += p[a] * p[b];
  const Five I = inverse(M);
  Five square{};
  for (std::size_t a = 0; a < 5; ++a)
    for (std::size_t b = 0; b < 5; ++b)
      for (std::size_t c = 0; c < 5; ++c) square[a][b] += I[a][c] * I[c][b];
  std::vector<float> W(std::size_t(maps.odd.count)), one(W.size(), 0.0f);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const std::int32_t o = maps.odd.of[i * n + j];
      double w = 0;
      for (std::size_t a = 0; a < 5; ++a)
        for (std::size_t b = 0; b < 5; ++b) w -= maps.P[i][a] * square[a][b] * maps.P[j][b] / 3;
      if (o < 0) {
        EXPECT_NEAR(w, 0, 1e-12);
        continue;
      }
      W[std::size_t(o)] = float(maps.odd.sign[i * n + j] * w);
      if (i == j) one[std::size_t(o)] = 1;
    }
  for (const char* name : {"phase0.in.odd", "phase0.in.out", "phase0.head.odd"}) m.tensors.at(name).values = one;
  m.tensors.at("phase0.head.out").values = W;
  return m;
}

TEST(SlipRates, AModelThatIsTaylorsHasTaylorsRates) {
  for (const char* set : {"fcc", "bcc24"}) {
    const PhaseSpec phase = phase_of(set);
    const Model m = viscous_taylor(phase);
    const LoadStep load = load_of({1e-5, 4e-6, 2e-6, -3e-6, -4e-6, 1e-6, 5e-6, 0, -6e-6});
    const auto q = random_orientations(kShape.voxels(), 3);
    const Step got = steps_of(m, q, {load}).at(0);
    TaylorMaterial material;
    material.slip = slip_set(phase.slip_families);
    material.n = 1;
    TaylorOptions options;
    options.threads = 1;
    const TaylorStep truth = taylor(material, kShape.voxels(), q.data(), {}, {load}, {}, options).at(0);
    ASSERT_EQ(truth.slip.size(), got.rates.size());
    const double size = cell_load(load).size;
    std::vector<float> theirs;
    for (const float g : truth.slip) theirs.push_back(float(g / size));
    for (std::size_t i = 0; i < theirs.size(); ++i) EXPECT_NEAR(got.rates[i], theirs[i], 2e-4) << set << " " << i;
    const int columns = int(material.slip.count());
    const SlipLikeness l = slip_likeness(kShape.voxels(), columns, got.rates.data(), theirs.data());
    EXPECT_EQ(l.voxels, kShape.voxels());
    EXPECT_NEAR(l.cosine_mean, 1, 1e-6);
    EXPECT_NEAR(l.correlation, 1, 1e-6);
    EXPECT_NEAR(l.size_ratio, 1, 1e-4);
    EXPECT_GT(l.active_shared, 0.98);
  }
}

// What a voxel turns by beyond the grid is minus the plastic spin of its rates, in a cell with all its parts (but for the
// part of the rotation that the Green operator adds).
TEST(SlipRates, TheyTurnTheLatticeAsTheStepDoes) {
  Model m = random_cell(small_nonlocal(), 2);
  std::fill(m.tensors.at("spin").values.begin(), m.tensors.at("spin").values.end(), 0.0f);
  const auto loads = testing::varied_loads(4);
  auto q = random_orientations(kShape.voxels(), 4);
  const SlipMaps maps = slip_maps(m.spec.nonlocal.phases[0]);
  for (std::size_t t = 0; t < loads.size(); ++t) {
    const std::vector<Step> steps = steps_of(m, random_orientations(kShape.voxels(), 4), {loads.begin(), loads.begin() + std::ptrdiff_t(t) + 1});
    const Step& s = steps.back();
    const double size = cell_load(loads[t]).size;
    const double W[3] = {(s.L[7] - s.L[5]) / 2, (s.L[2] - s.L[6]) / 2, (s.L[3] - s.L[1]) / 2};
    for (std::size_t v = 0; v < std::size_t(kShape.voxels()); ++v) {
      const Quatd r{q[4 * v], q[4 * v + 1], q[4 * v + 2], q[4 * v + 3]};
      const auto p = plastic_spin(maps, &s.rates[v * 12]);
      const Vec3<double> turned = matrix(r) * Vec3<double>{p[0], p[1], p[2]};
      const double expected[3] = {W[0] - size * turned.x, W[1] - size * turned.y, W[2] - size * turned.z};
      for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(s.increment[3 * v + i], expected[i], 1e-6) << t << " " << v;
      const Quatd next = normalised(exp(Vec3<double>{s.increment[3 * v], s.increment[3 * v + 1], s.increment[3 * v + 2]}) * r);
      const double four[4] = {next.w, next.x, next.y, next.z};
      for (std::size_t i = 0; i < 4; ++i) q[4 * v + i] = float(four[i]);
    }
  }
}

// q and q g are one orientation; the systems of the second frame are the first's, moved and signed by g.
TEST(SlipRates, EquivalentFramesHaveTheSameRatesInOtherPlaces) {
  for (const auto& [set, ratio] : {std::pair{"fcc", 0.0}, {"bcc24", 0.0}, {"hcp18", 1.587}}) {
    const PhaseSpec phase = phase_of(set, ratio);
    const Model m = random_cell(small_nonlocal({phase}), 5);
    const PointGroup& group = PointGroup::named(phase.point_group);
    const SlipAction action = slip_action(slip_set(phase.slip_families, phase.c_over_a), group);
    const auto q = random_orientations(kShape.voxels(), 6);
    auto moved = q;
    std::vector<std::size_t> by;
    for (std::size_t v = 0; v < std::size_t(kShape.voxels()); ++v) {
      by.push_back((5 * v + 3) % group.operators().size());
      const Quatd r = Quatd{q[4 * v], q[4 * v + 1], q[4 * v + 2], q[4 * v + 3]} * group.operators()[by.back()];
      const double four[4] = {r.w, r.x, r.y, r.z};
      for (std::size_t i = 0; i < 4; ++i) moved[4 * v + i] = float(four[i]);
    }
    const auto loads = testing::varied_loads(2);
    const Step a = steps_of(m, q, loads).at(1), b = steps_of(m, moved, loads).at(1);
    const std::size_t n = action.perm[0].size();
    double largest = 0;
    for (const float x : a.rates) largest = std::max(largest, double(std::abs(x)));
    for (std::size_t v = 0; v < by.size(); ++v)
      for (std::size_t s = 0; s < n; ++s)
        EXPECT_NEAR(b.rates[v * n + s], action.sign[by[v]][s] * a.rates[v * n + std::size_t(action.perm[by[v]][s])], 1e-4 * largest) << set;
  }
}

// FCC in tension along <001>: eight systems alike, four at rest. Together they shear by sqrt 6 times the strain.
TEST(SlipRates, AtTheStressOfASymmetricTension) {
  const SlipMaps maps = slip_maps(phase_of("fcc"));
  const std::vector<double> xi(12, 3e7);
  const float q[4] = {1, 0, 0, 0}, stress[6] = {5e6f, 5e6f, 1.05e8f, 0, 0, 0}, none[6] = {1e7f, 1e7f, 1e7f, 0, 0, 0};
  float rates[12];
  for (const double n : {1.0, 20.0, 200.0}) {
    rates_at_stress(maps, xi, n, q, stress, rates);
    int active = 0;
    for (const float r : rates) {
      if (std::abs(r) < 1e-6) continue;
      EXPECT_NEAR(std::abs(r), std::sqrt(6.0) / 8, 1e-6);
      ++active;
    }
    EXPECT_EQ(active, 8);
  }
  // One system a little softer takes nearly all at a high exponent.
  std::vector<double> soft = xi;
  std::size_t first = 0;
  while (std::abs(rates[first]) < 1e-6) ++first;
  soft[first] *= 0.9;
  rates_at_stress(maps, soft, 200, q, stress, rates);
  for (std::size_t s = 0; s < 12; ++s) {
    if (s != first) {
      EXPECT_LT(std::abs(rates[s]), 1e-6 * std::abs(rates[first]));
    }
  }
  rates_at_stress(maps, xi, 20, q, none, rates);
  for (const float r : rates) EXPECT_EQ(r, 0);
}

TEST(SlipRates, LikenessOfAFewNumbers) {
  const float a[] = {3, 4, 0, 0, 1, 0, 0, 0, 0}, b[] = {3, 0, 0, 0, -2, 0, 1, 1, 1};
  const SlipLikeness l = slip_likeness(3, 3, a, b);
  EXPECT_EQ(l.voxels, 2);  // the third row of a is all zero
  EXPECT_NEAR(l.cosine_mean, (0.6 - 1) / 2, 1e-12);
  EXPECT_NEAR(l.cosine_median, (0.6 - 1) / 2, 1e-12);
  EXPECT_NEAR(l.correlation, (9.0 - 2) / std::sqrt(26.0 * 13), 1e-12);
  EXPECT_NEAR(l.size_ratio, std::sqrt(26.0 / 13), 1e-12);
  EXPECT_NEAR(l.active_shared, (1.0 / 2 + 0) / 2, 1e-12);  // of two and one; opposite signs share nothing
  EXPECT_NEAR(l.active_a, 1.5, 1e-12);
  EXPECT_NEAR(l.active_b, 1, 1e-12);
  // At a higher threshold the row {3, 4, 0} still has two, {10, 1} only one.
  const float c[] = {10, 1, 0}, d[] = {10, 1, 0};
  EXPECT_EQ(slip_likeness(1, 3, c, d, 0.05).active_a, 2);
  EXPECT_EQ(slip_likeness(1, 3, c, d, 0.2).active_a, 1);
}

TEST(SlipRates, TheLocalFamilyHasNone) {
  const Model local = testing::random_model({}, "432", 2, 1);
  const Region region = whole(kShape, {});
  const auto q = random_orientations(kShape.voxels(), 1);
  EXPECT_THROW(run_with_slip_rates(local, region, q.data(), 1, [](const StepOutput&, const float*) {}), Error);
}

}  // namespace
}  // namespace grainspin

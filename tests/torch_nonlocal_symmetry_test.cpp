// What the nonlocal cell must not change under: another choice of equivalent crystal axes, turning or
// mirroring the whole sample with its load, shifting the cell.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "local_oracle.h"
#include "networks/nonlocal.h"
#include "networks/rotation.h"
#include "one_thread.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::angle_between;
using testing::phase_of;
using testing::random_cell;
using testing::random_orientations;
using testing::small_nonlocal;

NonlocalSpec spec_of(const std::string& set) {
  auto s = small_nonlocal({phase_of(set, 1.6)});
  s.passes = 3, s.channels = 4, s.green = Green::kLearned;
  return s;
}

std::vector<Quatd> orientations(std::int64_t n, unsigned seed) {
  const auto q = random_orientations(n, seed);
  std::vector<Quatd> all;
  for (std::int64_t i = 0; i < n; ++i)
    all.push_back(normalised(Quatd{q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}));
  return all;
}

struct Path {
  std::vector<Quatd> q;  // at the end
  at::Tensor increment;  // of the last step
  at::Tensor stress;
};

Path roll(const Model& model, torch::ScalarType type, Shape shape, std::array<double, 3> spacing,
          const std::vector<LoadStep>& loads, const std::vector<Quatd>& start) {
  torch::NoGradGuard no_gradient;
  NonlocalNetwork network(model.spec, type);
  network->load(model);
  const auto grid = network->grid(shape, spacing);
  const auto weights = network->expand();
  auto state = network->start(grid);
  at::Tensor q = torch::empty({std::int64_t(start.size()), 4}, torch::kDouble);
  for (std::size_t i = 0; i < start.size(); ++i) {
    const double c[4] = {start[i].w, start[i].x, start[i].y, start[i].z};
    std::copy_n(c, 4, q.data_ptr<double>() + 4 * i);
  }
  q = q.to(type);
  Path path;
  for (const LoadStep& load : loads) {
    const auto step = network->step(weights, grid, cell_load(load), q, state);
    q = turn(step.increment, q);
    path.increment = step.increment.to(torch::kDouble).contiguous();
    path.stress = step.stress.to(torch::kDouble).contiguous();
  }
  q = q.to(torch::kDouble).contiguous();
  for (std::size_t i = 0; i < start.size(); ++i) {
    const double* p = q.data_ptr<double>() + 4 * i;
    path.q.push_back({p[0], p[1], p[2], p[3]});
  }
  return path;
}

double worst_angle(const std::vector<Quatd>& a, const std::vector<Quatd>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, angle_between(a[i], b[i]));
  return most;
}

TEST(NonlocalSymmetry, MapsCommuteWithEveryOperator) {
  for (const char* set : {"fcc", "bcc24", "bcc48", "hcp18", "hcp24", "hcp30", "hcp39"}) {
    auto spec = spec_of(set);
    spec.passes = 1, spec.channels = 2, spec.width = 3, spec.memory = 1;
    const Model model = random_cell(spec, 3);
    NonlocalNetwork network(model.spec, torch::kDouble);
    network->load(model);
    torch::NoGradGuard no_gradient;
    const auto w = network->expand(false).phases[0];
    const SlipSet slips = named_slip_set(set, 1.6);
    const int N = slips.count();
    const SlipAction action = slip_action(slips, PointGroup::named(slips.point_group));
    const auto violation = [&](const at::Tensor& map, std::size_t g, bool odd) {
      const at::Tensor m = map.view({N, map.size(0) / N, N, map.size(1) / N});
      const at::Tensor perm =
          torch::tensor(std::vector<std::int64_t>(action.perm[g].begin(), action.perm[g].end()));
      at::Tensor sign =
          torch::tensor(std::vector<double>(action.sign[g].begin(), action.sign[g].end()), torch::kDouble);
      if (!odd) sign = sign.abs();
      const at::Tensor turned =
          m.index_select(0, perm).index_select(2, perm) * sign.view({N, 1, 1, 1}) * sign.view({1, 1, N, 1});
      return (turned - m).abs().max().item<double>();
    };
    for (std::size_t g = 0; g < action.perm.size(); ++g) {
      for (const at::Tensor& map :
           {w.in.odd, w.in.out, w.passes[0].odd, w.passes[0].out, w.head.odd, w.head.out})
        EXPECT_EQ(violation(map, g, true), 0) << set;
      for (const at::Tensor& map : {w.in.even, w.passes[0].even, w.head.even, w.update, w.candidate})
        EXPECT_EQ(violation(map, g, false), 0) << set;
    }
    EXPECT_GT(w.passes[0].odd.abs().max().item<double>(), 0) << set;
  }
}

TEST(NonlocalSymmetry, EquivalentCrystalAxesGiveTheSamePath) {
  for (const char* set : {"fcc", "hcp18"})
    for (const auto type : {torch::kFloat, torch::kDouble}) {
      const Model model = random_cell(spec_of(set), 4);
      const Shape shape{4, 3, 5};
      const auto q = orientations(shape.voxels(), 7);
      const auto& group = PointGroup::named(model.spec.point_group).operators();
      std::mt19937 random(9);
      std::vector<Quatd> turns, equivalent;
      for (const Quatd& one : q) {
        turns.push_back(group[random() % group.size()]);
        equivalent.push_back(one * turns.back());
      }
      auto a = roll(model, type, shape, {1, 1, 1}, model.spec.loads, q);
      const auto b = roll(model, type, shape, {1, 1, 1}, model.spec.loads, equivalent);
      for (std::size_t i = 0; i < q.size(); ++i) a.q[i] = a.q[i] * turns[i];
      EXPECT_LT(worst_angle(a.q, b.q), type == torch::kFloat ? 1e-4 : 1e-9) << set;
      EXPECT_GT(worst_angle(a.q, equivalent), 0.01) << set;  // it did turn
    }
}

// A signed permutation of the axes, det -1 included: positions go with it, orientations with the proper
// rotation det * O (crystals are centrosymmetric).
struct Operation {
  int to[3];
  int sign[3];
  int det;
};
std::vector<Operation> operations() {
  std::vector<Operation> all;
  const int permutations[6][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}};
  for (int p = 0; p < 6; ++p)
    for (int s = 0; s < 8; ++s) {
      Operation o;
      o.det = p < 3 ? 1 : -1;
      for (int i = 0; i < 3; ++i) {
        o.to[i] = permutations[p][i];
        o.sign[i] = s >> i & 1 ? -1 : 1;
        o.det *= o.sign[i];
      }
      all.push_back(o);
    }
  return all;
}

// The quaternion of the proper rotation that takes axis i to det sign[i] times axis to[i], by search: among
// unit quaternions with components 0, 1/2, 1/sqrt2, 1 there are the 24 of the cube.
Quatd proper(const Operation& o) {
  for (const Quatd& g : PointGroup::named("432").operators()) {
    const auto R = matrix(g);
    const Vec3<double> axes[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    double wrong = 0;
    for (int i = 0; i < 3; ++i) {
      const Vec3<double> got = R * axes[i];
      const double c[3] = {got.x, got.y, got.z};
      for (int j = 0; j < 3; ++j) wrong += std::abs(c[j] - (j == o.to[i] ? o.det * o.sign[i] : 0));
    }
    if (wrong < 1e-9) return g;
  }
  throw Error(Errc::kInternal, "no such rotation");
}

TEST(NonlocalSymmetry, TheSampleTurnsWithItsLoad) {
  const Model model = random_cell(spec_of("fcc"), 4, 4);
  const Shape shape{4, 3, 5};
  const std::array<double, 3> spacing{1, 1.5, 0.8};
  const int n[3] = {4, 3, 5};
  const auto q = orientations(shape.voxels(), 7);
  const Path plain = roll(model, torch::kDouble, shape, spacing, model.spec.loads, q);
  ASSERT_EQ(operations().size(), 48u);
  for (const Operation& o : operations()) {
    int m[3];
    std::array<double, 3> turned_spacing{};
    for (int i = 0; i < 3; ++i)
      m[o.to[i]] = n[i], turned_spacing[std::size_t(o.to[i])] = spacing[std::size_t(i)];
    const Shape turned_shape{m[0], m[1], m[2]};
    const Quatd g = proper(o);
    std::vector<std::size_t> place;  // of each voxel after the operation
    std::vector<Quatd> turned_q(q.size());
    for (std::int64_t v = 0; v < shape.voxels(); ++v) {
      const int at[3] = {int(v % n[0]), int(v / n[0] % n[1]), int(v / n[0] / n[1])};
      int to[3];
      for (int i = 0; i < 3; ++i) to[o.to[i]] = o.sign[i] > 0 ? at[i] : n[i] - 1 - at[i];
      place.push_back(std::size_t((std::int64_t(to[2]) * m[1] + to[1]) * m[0] + to[0]));
      turned_q[place.back()] = g * q[std::size_t(v)];
    }
    std::vector<LoadStep> loads;
    for (const LoadStep& load : model.spec.loads) {
      LoadStep t;
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
          const std::size_t from = std::size_t(3 * i + j), to = std::size_t(3 * o.to[i] + o.to[j]);
          t.L[to] = o.sign[i] * o.sign[j] * load.L[from];
          t.prescribed[to] = load.prescribed[from];
        }
      loads.push_back(t);
    }
    const Path turned_path = roll(model, torch::kDouble, turned_shape, turned_spacing, loads, turned_q);
    for (std::size_t v = 0; v < q.size(); ++v) {
      EXPECT_LT(angle_between(g * plain.q[v], turned_path.q[place[v]]), 1e-9);
      const std::int64_t to = std::int64_t(place[v]), from = std::int64_t(v);
      for (int i = 0; i < 3; ++i) {
        EXPECT_NEAR(turned_path.increment[to][o.to[i]].item<double>(),
                    o.det * o.sign[i] * plain.increment[from][i].item<double>(), 1e-10);
        EXPECT_NEAR(turned_path.stress[to][o.to[i]].item<double>(), plain.stress[from][i].item<double>(),
                    1e-9);
      }
      // yz, xz, xy: the component across axis i carries the signs of the two others.
      for (int i = 0; i < 3; ++i)
        EXPECT_NEAR(turned_path.stress[to][3 + o.to[i]].item<double>(),
                    o.sign[(i + 1) % 3] * o.sign[(i + 2) % 3] * plain.stress[from][3 + i].item<double>(),
                    1e-9);
    }
  }
}

TEST(NonlocalSymmetry, TheCellHasNoOrigin) {
  const Model model = random_cell(spec_of("fcc"), 4, 4);
  const Shape shape{4, 3, 5};
  const auto q = orientations(shape.voxels(), 7);
  std::vector<Quatd> shifted(q.size()), expected(q.size());
  std::vector<std::size_t> place;
  for (int z = 0; z < 5; ++z)
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 4; ++x)
        place.push_back(std::size_t(((z + 3) % 5 * 3 + (y + 1) % 3) * 4 + (x + 2) % 4));
  for (std::size_t v = 0; v < q.size(); ++v) shifted[place[v]] = q[v];
  const Path a = roll(model, torch::kDouble, shape, {1, 2, 1}, model.spec.loads, q),
             b = roll(model, torch::kDouble, shape, {1, 2, 1}, model.spec.loads, shifted);
  for (std::size_t v = 0; v < q.size(); ++v) expected[place[v]] = a.q[v];
  EXPECT_LT(worst_angle(expected, b.q), 1e-11);
  EXPECT_GT(worst_angle(a.q, b.q), 0.1);
}

}  // namespace
}  // namespace grainspin

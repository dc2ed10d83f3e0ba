// The nonlocal cell in LibTorch against its definition written out voxel by voxel (nonlocal_definition.h),
// its gradients against finite differences.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "local_oracle.h"
#include "networks/nonlocal.h"
#include "networks/rotation.h"
#include "nonlocal_definition.h"
#include "one_thread.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::load_of;
using testing::NonlocalDefinition;
using testing::phase_of;
using testing::random_cell;
using testing::random_orientations;
using testing::small_nonlocal;

at::Tensor orientations(std::int64_t n, unsigned seed, torch::ScalarType type = torch::kDouble) {
  const auto q = random_orientations(n, seed);
  const at::Tensor t = torch::tensor(q).view({n, 4}).to(torch::kDouble);
  return (t / t.norm(2, -1, true)).to(type);
}
std::vector<Quatd> quaternions(const at::Tensor& q) {
  std::vector<Quatd> all;
  const at::Tensor t = q.to(torch::kDouble).contiguous();
  for (std::int64_t i = 0; i < q.size(0); ++i) {
    const double* p = t.data_ptr<double>() + 4 * i;
    all.push_back({p[0], p[1], p[2], p[3]});
  }
  return all;
}
NonlocalNetwork network_of(const Model& model, torch::ScalarType type = torch::kDouble) {
  NonlocalNetwork n(model.spec, type);
  n->load(model);
  return n;
}
double worst(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

struct Case {
  Shape shape{3, 2, 4};
  std::array<double, 3> spacing{1, 1, 1};
  bool phases = false, masked = false;
};

void expect_definition(const NonlocalSpec& spec, const Case& c, const std::string& what) {
  SCOPED_TRACE(what);
  const Model model = random_cell(spec, 5, 6);
  const std::int64_t V = c.shape.voxels();
  std::vector<std::int32_t> phase;
  std::vector<std::uint8_t> mask;
  for (std::int64_t v = 0; v < V; ++v) {
    if (c.phases) phase.push_back(std::int32_t((v * 5 / 3) % std::int64_t(spec.phases.size())));
    if (c.masked) mask.push_back(v % 5 != 2);
  }
  auto network = network_of(model);
  torch::NoGradGuard no_gradient;
  const auto weights = network->expand();
  const auto grid =
      network->grid(c.shape, c.spacing, c.phases ? phase.data() : nullptr, c.masked ? mask.data() : nullptr);
  auto state = network->start(grid);
  NonlocalDefinition oracle(model, c.shape, c.spacing, phase, mask);
  at::Tensor q = orientations(V, 8);
  double largest = 0;
  network->warm_up(weights, grid, cell_load(model.spec.loads[0]), q, state);
  for (const LoadStep& load : model.spec.loads) {
    const auto got = network->step(weights, grid, cell_load(load), q, state);
    const auto want = oracle.step(load, quaternions(q));
    for (std::int64_t v = 0; v < V; ++v) {
      for (int i = 0; i < 3; ++i) {
        largest = std::max(largest, std::abs(want.increment[v][i]));
        ASSERT_NEAR(got.increment[v][i].item<double>(), want.increment[v][i], 1e-12) << "voxel " << v;
      }
      for (int i = 0; i < 6 && spec.stress; ++i)
        ASSERT_NEAR(got.stress[v][i].item<double>(), want.stress[v][i], 1e-10) << "voxel " << v;
    }
    EXPECT_EQ(got.stress.defined(), spec.stress);
    for (int i = 0; i < 9; ++i) EXPECT_NEAR(got.L[i].item<double>(), want.L[i], 1e-12);
    q = turn(got.increment, q);
  }
  EXPECT_GT(largest, 1e-3);  // the case says something
}

TEST(Nonlocal, FollowsItsDefinition) {
  expect_definition(small_nonlocal(), {}, "fcc");
  expect_definition(small_nonlocal(), {{5, 1, 3}, {1, 2, 0.5}}, "odd extents, one of 1, anisotropic spacing");
  expect_definition(small_nonlocal(), {{4, 3, 2}, {1, 1, 1}, false, true}, "mask");
  auto spec = small_nonlocal();
  spec.passes = 0;
  expect_definition(spec, {}, "no passes");
  spec = small_nonlocal();
  spec.warmup = 0;
  expect_definition(spec, {}, "no warm-up");
  spec.warmup = 3;
  expect_definition(spec, {}, "three warm-ups");
  spec = small_nonlocal();
  spec.carried = false, spec.memory = 0;
  expect_definition(spec, {}, "nothing carried");
  spec = small_nonlocal();
  spec.gated = false, spec.stress = false;
  expect_definition(spec, {}, "linear, no stress");
  spec = small_nonlocal();
  spec.green = Green::kCompressible, spec.beta = 0.7, spec.frequencies = Frequencies::kSine;
  expect_definition(spec, {{4, 3, 2}, {1, 1.5, 1}}, "compressible, sine");
  spec.green = Green::kLearned;
  expect_definition(spec, {}, "learned beta");
}

TEST(Nonlocal, FollowsItsDefinitionOnOtherSlipSetsAndPhases) {
  for (const char* set : {"bcc24", "hcp18", "hcp24"}) {
    auto spec = small_nonlocal({phase_of(set, 1.6)});
    spec.passes = 1;
    expect_definition(spec, {{2, 2, 2}}, set);
  }
  expect_definition(small_nonlocal({phase_of("fcc"), phase_of("hcp18", 1.587)}), {{4, 2, 3}, {1, 1, 1}, true},
                    "two phases");
  expect_definition(small_nonlocal({phase_of("bcc24"), phase_of("fcc"), phase_of("fcc18")}),
                    {{4, 2, 3}, {1, 1, 1}, true, true}, "three phases and a mask");
  // A grid of the model's second phase alone.
  const Model model = random_cell(small_nonlocal({phase_of("bcc24"), phase_of("fcc")}), 5, 1);
  const std::vector<std::int32_t> phase(8, 1);
  auto network = network_of(model);
  torch::NoGradGuard no_gradient;
  const auto grid = network->grid({2, 2, 2}, {1, 1, 1}, phase.data());
  auto state = network->start(grid);
  const at::Tensor q = orientations(8, 8);
  network->warm_up(network->expand(), grid, cell_load(model.spec.loads[0]), q, state);
  const auto got = network->step(network->expand(), grid, cell_load(model.spec.loads[0]), q, state);
  NonlocalDefinition oracle(model, {2, 2, 2}, {1, 1, 1}, phase);
  const auto want = oracle.step(model.spec.loads[0], quaternions(q));
  for (int v = 0; v < 8; ++v)
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(got.increment[v][i].item<double>(), want.increment[v][i], 1e-12);
}

TEST(Nonlocal, TurnsWithTheMeanSpinAloneWhenNothingStrains) {
  const Model model = random_cell(small_nonlocal(), 5);
  auto network = network_of(model);
  torch::NoGradGuard no_gradient;
  const auto grid = network->grid({3, 3, 3});
  auto state = network->start(grid);
  const auto weights = network->expand();
  const at::Tensor q = orientations(27, 2);
  network->step(weights, grid, cell_load(model.spec.loads[0]), q, state);  // so that a state is carried
  const at::Tensor h = state.h[0].clone();
  const auto rest = network->step(weights, grid, cell_load(load_of({})), q, state);
  EXPECT_EQ(rest.increment.abs().max().item<double>(), 0);
  EXPECT_EQ(worst(state.h[0], h), 0);
  // Spin about z by 0.01: W_yx = 0.01.
  const auto spun =
      network->step(weights, grid, cell_load(load_of({0, -0.01, 0, 0.01, 0, 0, 0, 0, 0})), q, state);
  EXPECT_LT(worst(spun.increment, torch::tensor({0.0, 0.0, 0.01}, torch::kDouble).expand({27, 3})), 1e-16);
}

TEST(Nonlocal, StartsAnewFromAZeroState) {
  const Model model = random_cell(small_nonlocal(), 5);
  auto network = network_of(model, torch::kFloat);
  torch::NoGradGuard no_gradient;
  const auto grid = network->grid({3, 4, 2});
  const auto weights = network->expand();
  const at::Tensor q = orientations(24, 2, torch::kFloat);
  const CellLoad load = cell_load(model.spec.loads[1]);
  auto state = network->start(grid);
  const auto first = network->step(weights, grid, load, q, state);
  const auto second = network->step(weights, grid, load, q, state);
  state = network->start(grid);
  const auto again = network->step(weights, grid, load, q, state);
  EXPECT_TRUE(torch::equal(first.increment, again.increment));
  EXPECT_TRUE(torch::equal(first.stress, again.stress));
  EXPECT_GT(worst(first.increment, second.increment), 1e-4);
}

// A loss over three steps of a rollout that everything enters.
at::Tensor rolled_loss(NonlocalNetworkImpl& network, const NonlocalNetworkImpl::Grid& grid,
                       const std::vector<LoadStep>& loads, at::Tensor q, bool checkpointed) {
  const auto weights = network.expand();
  auto state = network.start(grid);
  at::Tensor loss = torch::zeros({}, q.options());
  const at::Tensor pattern = torch::linspace(-1, 1, q.numel(), q.options()).view(q.sizes());
  for (const LoadStep& one : loads) {
    const CellLoad load = cell_load(one);
    const auto step = checkpointed ? network.step_checkpointed(weights, grid, load, q, state)
                                   : network.step(weights, grid, load, q, state);
    q = turn(step.increment, q);
    loss = loss + (q * pattern).sum() + 3 * step.L.square().sum();
    if (step.stress.defined()) loss = loss + 0.01 * step.stress.square().mean();
  }
  return loss + 0.1 * (state.x[0] * state.x[0].cos()).sum() + 0.1 * state.h[0].square().sum();
}

NonlocalSpec differentiated(bool learned) {
  auto spec = small_nonlocal({phase_of("fcc"), phase_of("hcp18", 1.6)});
  spec.green = learned ? Green::kLearned : Green::kIncompressible;
  return spec;
}

TEST(Nonlocal, GradientsAreThoseOfFiniteDifferences) {
  const Model model = random_cell(differentiated(true), 9, 3);
  auto network = network_of(model);
  const Shape shape{4, 3, 2};
  std::vector<std::int32_t> phase;
  for (int v = 0; v < 24; ++v) phase.push_back(v % 3 == 1);
  const auto grid = network->grid(shape, {1, 1, 2}, phase.data());
  const at::Tensor q = orientations(24, 3).requires_grad_();
  const auto loss = [&] { return rolled_loss(*network, grid, model.spec.loads, q, false); };
  loss().backward();
  std::vector<std::pair<std::string, at::Tensor>> all{{"q", q}};
  for (const auto& item : network->named_parameters()) all.emplace_back(item.key(), item.value());
  torch::NoGradGuard no_gradient;
  const double step = 1e-6;
  for (auto& [name, value] : all) {
    ASSERT_TRUE(value.grad().defined()) << name;
    // Along a random direction in this tensor's space.
    torch::manual_seed(4);
    const at::Tensor direction = torch::randn_like(value);
    const at::Tensor middle = value.clone();
    value.copy_(middle + step * direction);
    const double above = loss().item<double>();
    value.copy_(middle - step * direction);
    const double below = loss().item<double>();
    value.copy_(middle);
    const double want = (above - below) / (2 * step), got = (value.grad() * direction).sum().item<double>();
    EXPECT_NEAR(got, want, 1e-7 + 1e-6 * std::abs(want)) << name;
    EXPECT_GT(std::abs(want), 1e-9) << name << " does not matter";
  }
}

TEST(Nonlocal, CheckpointedStepsHaveTheSameNumbersAndGradients) {
  for (bool learned : {false, true}) {
    const Model model = random_cell(differentiated(learned), 9, 3);
    auto network = network_of(model);
    std::vector<std::int32_t> phase(24, 0);
    for (int v = 0; v < 24; v += 3) phase[std::size_t(v)] = 1;
    const auto grid = network->grid({4, 3, 2}, {1, 1, 2}, phase.data());
    const at::Tensor q = orientations(24, 3).requires_grad_();
    std::vector<at::Tensor> values, gradients[2];
    for (bool checkpointed : {false, true}) {
      network->zero_grad();
      q.mutable_grad() = at::Tensor();
      const at::Tensor loss = rolled_loss(*network, grid, model.spec.loads, q, checkpointed);
      loss.backward();
      values.push_back(loss.detach());
      gradients[checkpointed].push_back(q.grad().clone());
      for (const auto& item : network->named_parameters()) {
        ASSERT_TRUE(item.value().grad().defined()) << item.key() << (checkpointed ? ", checkpointed" : "");
        gradients[checkpointed].push_back(item.value().grad().clone());
      }
    }
    EXPECT_TRUE(torch::equal(values[0], values[1]));
    for (std::size_t i = 0; i < gradients[0].size(); ++i)
      EXPECT_LT(worst(gradients[0][i], gradients[1][i]),
                1e-12 * (1 + gradients[0][i].abs().max().item<double>()));
  }
  // Nothing carried, no stress, no passes: empty tensors on the way.
  auto spec = small_nonlocal();
  spec.carried = spec.stress = false, spec.memory = 0;
  auto network = network_of(random_cell(spec, 9, 1));
  const auto grid = network->grid({2, 2, 2});
  auto state = network->start(grid);
  const auto step = network->step_checkpointed(network->expand(), grid, cell_load(load_of({0, 0.01})),
                                               orientations(8, 1), state);
  step.increment.square().sum().backward();
  for (const auto& item : network->named_parameters())
    EXPECT_TRUE(item.key() == "free" || item.value().grad().defined()) << item.key();
}

// The packed blocks against the dense matrices, over more voxels than one piece, with all gradients.
TEST(Nonlocal, BlocksAreTheDenseMaps) {
  for (const char* set : {"fcc", "fcc18", "bcc48", "hcp39"}) {
    auto spec = small_nonlocal({phase_of(set, 1.6)});
    spec.passes = 1;
    const Model model = random_cell(spec, 9, 1);
    auto network = network_of(model);
    const auto grid = network->grid({13, 11, 8});  // 1144 voxels: a piece and a part
    const at::Tensor q = orientations(1144, 3).requires_grad_();
    std::vector<at::Tensor> values[2];
    for (const bool blocks : {false, true}) {
      network->zero_grad();
      q.mutable_grad() = at::Tensor();
      const auto weights = network->expand(blocks);
      auto state = network->start(grid);
      const CellLoad load = cell_load(model.spec.loads[0]);
      network->warm_up(weights, grid, load, q, state);
      const auto step = network->step(weights, grid, load, q, state);
      const at::Tensor pattern = torch::linspace(-1, 1, 1144, torch::kDouble).unsqueeze(1);
      ((step.increment * pattern).sum() + (step.stress * pattern).sum() + state.x[0].square().sum() +
       (state.h[0] * pattern.t()).sum())
          .backward();
      values[blocks] = {step.increment.detach(), step.stress.detach(), state.x[0].detach(), q.grad().clone()};
      for (const at::Tensor& p : network->parameters()) values[blocks].push_back(p.grad().clone());
    }
    for (std::size_t i = 0; i < values[0].size(); ++i)
      EXPECT_LT(worst(values[0][i], values[1][i]), 1e-11 * (1 + values[0][i].abs().max().item<double>()))
          << set;
  }
}

TEST(Nonlocal, WeightsGoThroughTheModelFileUnchanged) {
  const Model model = random_cell(differentiated(true), 9, 3);
  Model saved;
  network_of(model, torch::kFloat)->save(saved);
  ASSERT_EQ(saved.tensors.size(), model.tensors.size());
  for (const auto& [name, tensor] : model.tensors) {
    EXPECT_EQ(saved.tensors.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(saved.tensors.at(name).values, tensor.values) << name;
  }
  check(saved);
}

TEST(Nonlocal, InitialWeightsRunManyStepsAndComeFromTheSeed) {
  auto spec = small_nonlocal();
  spec.passes = 16;
  const Model model = random_cell(spec, 1);
  NonlocalNetwork a(model.spec), b(model.spec);
  a->initialise(7), b->initialise(7);
  for (std::size_t i = 0; i < a->parameters().size(); ++i)
    EXPECT_TRUE(torch::equal(a->parameters()[i], b->parameters()[i]));
  b->initialise(8);
  EXPECT_FALSE(torch::equal(a->named_parameters()["phase0.in.odd"], b->named_parameters()["phase0.in.odd"]));
  torch::NoGradGuard no_gradient;
  const auto grid = a->grid({4, 4, 4});
  auto state = a->start(grid);
  const auto weights = a->expand();
  at::Tensor q = orientations(64, 3, torch::kFloat);
  for (int t = 0; t < 26; ++t) {
    const auto step = a->step(weights, grid, cell_load(model.spec.loads[0]), q, state);
    q = turn(step.increment, q);
    EXPECT_LT(step.increment.abs().max().item<double>(), 1);
  }
  EXPECT_TRUE(torch::isfinite(state.x[0]).all().item<bool>());
  EXPECT_LT(state.x[0].abs().max().item<double>(), 100);
}

TEST(Nonlocal, RefusesGridsThatMakeNoSense) {
  auto network = network_of(random_cell(small_nonlocal(), 1));
  const std::int32_t unknown[1] = {1};
  EXPECT_THROW(network->grid({0, 1, 1}), Error);
  EXPECT_THROW(network->grid({1, 1, 1}, {1, 0, 1}), Error);
  EXPECT_THROW(network->grid({1, 1, 1}, {1, 1, 1}, unknown), Error);
  EXPECT_THROW(network->grid({1, 1, 1}, {1, 1, 1}, nullptr, nullptr, {}, -1), Error);
}

}  // namespace
}  // namespace grainspin

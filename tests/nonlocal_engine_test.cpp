// The nonlocal family on the CPU against the definition in double precision (nonlocal_oracle.h), on every instruction
// set that this machine runs; its invariances; what it refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine_cpu.h"
#include "grainspin/nonlocal.h"
#include "local_oracle.h"
#include "nonlocal_kernels.h"
#include "nonlocal_oracle.h"

namespace grainspin {
namespace {

using testing::angle_between;
using testing::named_phase;
using testing::random_nonlocal;
using testing::random_orientations;
using testing::tension;

struct Collected {
  std::vector<float> orientation, increment, stress;  // [T][inner, ..]
  std::vector<LoadStep> loads;
  bool operator==(const Collected& o) const {
    const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
      return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
    };
    return same(orientation, o.orientation) && same(increment, o.increment) && same(stress, o.stress);
  }
};

Collected collect(const Surrogate& s, const Region& region, const float* q0, const std::uint8_t* mask = nullptr,
                  const float* teacher = nullptr) {
  Collected all;
  const std::int64_t n = region.inner.voxels();
  const auto append = [n](std::vector<float>& to, const float* from, int numbers) {
    if (from) to.insert(to.end(), from, from + n * numbers);
  };
  s.run(region, q0, mask, teacher, [&](const StepOutput& o) {
    append(all.orientation, o.orientation, 4);
    append(all.increment, o.increment, 3);
    append(all.stress, o.stress, 6);
    ASSERT_NE(o.load, nullptr);
    EXPECT_EQ(o.log_variance, nullptr);
    all.loads.push_back(*o.load);
    EXPECT_EQ(o.step, int(all.loads.size()));
  });
  return all;
}

struct Case {
  NonlocalSpec spec;
  Shape shape{4, 3, 5};
  Boundaries boundaries{};
  std::array<double, 3> spacing{1, 1, 1};
  int padding = 8;
  bool masked = false, taught = false;
  std::vector<LoadStep> loads = {tension(0.01), tension(0.012)};
  unsigned seed = 1;
};

NonlocalSpec small(const std::string& set = "fcc", double c_over_a = 0) {
  NonlocalSpec s;
  s.passes = 2;
  s.channels = 3;
  s.width = 4;
  s.polarisations = 2;
  s.memory = 2;
  s.phases = {named_phase(set, c_over_a)};
  return s;
}

// Differences to the oracle in units of the largest increment and stress: single precision through a few passes.
void expect_agreement(const Case& c) {
  const Model model = random_nonlocal(c.spec, 1, c.seed);
  Region region = whole(c.shape, c.boundaries);
  region.spacing = c.spacing;
  region.padding = c.padding;
  region.loads = c.loads;
  const std::int64_t n = c.shape.voxels();
  std::vector<std::int32_t> phase;
  for (std::int64_t v = 0; v < n; ++v) phase.push_back(std::int32_t(v * v % 7 % std::int64_t(c.spec.phases.size())));
  if (c.spec.phases.size() > 1) region.phase = phase.data();
  std::vector<std::uint8_t> mask(std::size_t(n), 1);
  for (std::int64_t v = 1; v < n; v += 4) mask[std::size_t(v)] = 0;
  const auto q0 = random_orientations(n, c.seed + 1);
  const auto teacher = random_orientations(n * std::int64_t(c.loads.size()), c.seed + 2);
  const std::uint8_t* hidden = c.masked ? mask.data() : nullptr;
  const float* given = c.taught ? teacher.data() : nullptr;
  testing::NonlocalOracle oracle(model, region, hidden);
  const auto wanted = oracle.run(q0.data(), given, c.loads);
  double moved = 0, loaded = 0;
  for (const auto& step : wanted) {
    for (const double w : step.increment) moved = std::max(moved, std::abs(w));
    for (const double p : step.stress) loaded = std::max(loaded, std::abs(p));
  }
  EXPECT_GT(moved, 1e-5);  // the weights do something
  for (const NonlocalKernels* kernels : nonlocal_kernels()) {
    SCOPED_TRACE(kernels->name);
    const auto engine = make_cpu_nonlocal_engine(model, {.threads = 2}, kernels);
    const Collected got = collect(*engine, region, q0.data(), hidden, given);
    ASSERT_EQ(got.loads.size(), wanted.size());
    ASSERT_EQ(got.stress.empty(), !c.spec.stress);
    for (std::size_t t = 0; t < wanted.size(); ++t) {
      for (std::int64_t v = 0; v < n; ++v) {
        const float* q = &got.orientation[(std::int64_t(t) * n + v) * 4];
        const double* o = &wanted[t].orientation[std::size_t(v) * 4];
        ASSERT_LT(angle_between({q[0], q[1], q[2], q[3]}, {o[0], o[1], o[2], o[3]}), 1e-6 + 3e-5 * moved) << "step " << t + 1;
        for (int i = 0; i < 3; ++i)
          ASSERT_NEAR(got.increment[(std::int64_t(t) * n + v) * 3 + i], wanted[t].increment[std::size_t(v) * 3 + i],
                      2e-5 * moved);
        for (int i = 0; i < 6 && c.spec.stress; ++i)
          ASSERT_NEAR(got.stress[(std::int64_t(t) * n + v) * 6 + i], wanted[t].stress[std::size_t(v) * 6 + i],
                      2e-5 * loaded);
      }
      for (int i = 0; i < 9; ++i) EXPECT_NEAR(got.loads[t].L[i], wanted[t].L[i], 1e-7);
      EXPECT_EQ(got.loads[t].prescribed, c.loads[t].prescribed);
    }
  }
}

TEST(NonlocalEngine, Fcc) { expect_agreement({.spec = small()}); }
TEST(NonlocalEngine, Bcc48) { expect_agreement({.spec = small("bcc48"), .shape = {3, 2, 2}}); }
TEST(NonlocalEngine, Hcp39) { expect_agreement({.spec = small("hcp39", 1.59), .shape = {3, 2, 2}}); }

// Groups whose parts are of complex type have no adapted coordinates here: the natural ones serve.
TEST(NonlocalEngine, SubgroupsInNaturalCoordinates) {
  for (const char* group : {"23", "4", "1"}) {
    Case c{.spec = small(), .shape = {3, 2, 2}};
    c.spec.phases[0].point_group = group;
    expect_agreement(c);
  }
}

TEST(NonlocalEngine, TwoPhases) {
  Case c{.spec = small()};
  c.spec.phases.push_back(named_phase("hcp18", 1.6));
  expect_agreement(c);
  c.masked = true;
  expect_agreement(c);
}

TEST(NonlocalEngine, MaskAndTeacher) {
  for (const bool masked : {false, true})
    for (const bool taught : {false, true}) expect_agreement({.spec = small(), .masked = masked, .taught = taught});
}

TEST(NonlocalEngine, ExtentsAndSpacing) {
  for (const Shape shape : {Shape{5, 3, 7}, {1, 4, 6}, {6, 1, 1}, {2, 2, 2}, {37, 2, 1}, {1, 1, 1}})
    expect_agreement({.spec = small(), .shape = shape, .spacing = {1, 2, 0.5}});
}

TEST(NonlocalEngine, Padding) {
  const Boundaries z{.z = Boundary::kClamped}, xy{Boundary::kClamped, Boundary::kClamped};
  expect_agreement({.spec = small(), .shape = {4, 3, 3}, .boundaries = z, .padding = 2});
  expect_agreement({.spec = small(), .shape = {3, 2, 3}, .boundaries = xy, .padding = 8, .masked = true});
  expect_agreement({.spec = small(), .shape = {3, 2, 3}, .boundaries = xy, .padding = 0, .taught = true});
}

TEST(NonlocalEngine, Settings) {
  const auto with = [](auto change) {
    Case c{.spec = small()};
    change(c.spec);
    expect_agreement(c);
  };
  with([](NonlocalSpec& s) { s.passes = 0; });
  with([](NonlocalSpec& s) { s.passes = 0, s.carried = false, s.stress = false; });
  with([](NonlocalSpec& s) { s.gated = false; });
  with([](NonlocalSpec& s) { s.carried = false; });
  with([](NonlocalSpec& s) { s.memory = 0; });
  with([](NonlocalSpec& s) { s.memory = 7, s.width = 2; });
  with([](NonlocalSpec& s) { s.warmup = 0; });
  with([](NonlocalSpec& s) { s.warmup = 2; });
  with([](NonlocalSpec& s) { s.stress = false; });
  with([](NonlocalSpec& s) { s.green = Green::kLearned; });
  with([](NonlocalSpec& s) { s.green = Green::kCompressible, s.beta = 0.6; });
  with([](NonlocalSpec& s) { s.frequencies = Frequencies::kSine; });
  with([](NonlocalSpec& s) { s.channels = 13, s.width = 25, s.polarisations = 5, s.passes = 1; });
}

TEST(NonlocalEngine, Loads) {
  const auto all = [](const std::array<double, 9>& L) {
    LoadStep load;
    load.L = L;
    load.prescribed.fill(true);
    return load;
  };
  const LoadStep shear = all({0, 0, 0.02, 0, 0, 0, 0, 0, 0}), still = all({}), spin = all({0, 0.01, 0, -0.01, 0, 0, 0, 0, 0});
  LoadStep partly = all({0.01, 0.004, 0, 0, 0, 0, 0, 0, -0.002});
  partly.prescribed[2] = partly.prescribed[4] = false;
  expect_agreement({.spec = small(), .loads = {shear, partly}});
  expect_agreement({.spec = small(), .loads = {tension(0.05), still, spin, tension(-0.002)}});
}

TEST(NonlocalEngine, SameBitsForAnyNumberOfThreads) {
  Case c{.spec = small()};
  c.spec.phases.push_back(named_phase("hcp18", 1.6));
  const Model model = random_nonlocal(c.spec, 3, 1);
  for (const Shape shape : {Shape{10, 9, 16}, {33, 7, 5}}) {  // planes by thread, and swept in turns
    Region region = whole(shape, {.y = Boundary::kClamped});
    region.padding = 2;
    const std::int64_t n = shape.voxels();
    std::vector<std::int32_t> phase;
    std::vector<std::uint8_t> mask;
    for (std::int64_t v = 0; v < n; ++v) phase.push_back(v % 3 == 0), mask.push_back(v % 11 != 0);
    region.phase = phase.data();
    const auto q0 = random_orientations(n, 5);
    const Collected one = collect(*make_engine(model, {.threads = 1}), region, q0.data(), mask.data());
    for (const int threads : {2, 3, 7})
      EXPECT_TRUE(one == collect(*make_engine(model, {.threads = threads}), region, q0.data(), mask.data()));
    const auto engine = make_engine(model, {.threads = 2});
    EXPECT_TRUE(one == collect(*engine, region, q0.data(), mask.data()));
    EXPECT_TRUE(one == collect(*engine, region, q0.data(), mask.data()));
  }
}

// q and q s of any operator s of the point group, at each voxel another: after 13 steps within 1e-4 rad.
TEST(NonlocalEngine, CrystalSymmetry) {
  for (const auto& [set, ratio] : {std::pair{"fcc", 0.0}, {"bcc24", 0.0}, {"hcp30", 1.59}}) {
    NonlocalSpec s = small(set, ratio);
    const Model model = random_nonlocal(s, 13, 3);
    const Region region = whole({6, 5, 4}, {});
    const auto q0 = random_orientations(120, 4);
    const auto& operators = PointGroup::named(s.phases[0].point_group).operators();
    auto other = q0;
    std::vector<Quatd> op;
    for (int v = 0; v < 120; ++v) {
      op.push_back(operators[std::size_t(v * 7 + 1) % operators.size()]);
      const Quatd q = Quatd{q0[v * 4], q0[v * 4 + 1], q0[v * 4 + 2], q0[v * 4 + 3]} * op.back();
      other[v * 4] = float(q.w), other[v * 4 + 1] = float(q.x), other[v * 4 + 2] = float(q.y), other[v * 4 + 3] = float(q.z);
    }
    const auto engine = make_engine(model, {.threads = 1});
    const Collected a = collect(*engine, region, q0.data()), b = collect(*engine, region, other.data());
    double worst = 0;
    for (int v = 0; v < 120; ++v) {
      const float *qa = &a.orientation[(12 * 120 + v) * 4], *qb = &b.orientation[(12 * 120 + v) * 4];
      const Quatd turned = Quatd{qa[0], qa[1], qa[2], qa[3]} * op[std::size_t(v)];
      worst = std::max(worst, angle_between(turned, {qb[0], qb[1], qb[2], qb[3]}));
    }
    EXPECT_LT(worst, 1e-4) << set;
  }
}

TEST(NonlocalEngine, AnInnerPartIsItsPartOfTheWhole) {
  const Model model = random_nonlocal(small(), 2, 1);
  Region region = whole({5, 4, 6}, {});
  const auto q0 = random_orientations(120, 1);
  const auto engine = make_engine(model, {.threads = 1});
  const Collected all = collect(*engine, region, q0.data());
  region.inner_lo = {1, 2, 3};
  region.inner = {3, 2, 2};
  const Collected some = collect(*engine, region, q0.data());
  for (int t = 0; t < 2; ++t)
    for (int v = 0; v < 12; ++v) {
      const int from = ((v / 6 + 3) * 4 + v / 3 % 2 + 2) * 5 + v % 3 + 1;
      EXPECT_EQ(0, std::memcmp(&some.orientation[(t * 12 + v) * 4], &all.orientation[(t * 120 + from) * 4], 16));
      EXPECT_EQ(0, std::memcmp(&some.stress[(t * 12 + v) * 6], &all.stress[(t * 120 + from) * 6], 24));
    }
}

TEST(NonlocalEngine, Refusals) {
  const Model model = random_nonlocal(small(), 1, 1);
  Model bare = model;
  bare.spec.loads.clear();
  auto q0 = random_orientations(8, 1);
  const auto refused = [&](const Model& m, auto change, const std::string& part, const std::vector<float>& q) {
    Region region = whole({2, 2, 2}, {});
    change(region);
    try {
      make_engine(m, {.threads = 1})->run(region, q.data(), nullptr, nullptr, [](const StepOutput&) {});
      ADD_FAILURE() << "was not refused: " << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  refused(bare, [](Region&) {}, "no load", q0);
  refused(model, [](Region& r) { r.edge[1].fill(Edge::kCut); }, "whole grids", q0);
  refused(model, [](Region& r) { r.padding = -1; }, "padding", q0);
  refused(model, [](Region& r) { r.spacing[2] = 0; }, "spacing along z", q0);
  const std::vector<std::int32_t> phase(8, 1);
  refused(model, [&](Region& r) { r.phase = phase.data(); }, "phase 1", q0);
  LoadStep load = tension(0.01);
  load.L[8] = std::numeric_limits<double>::quiet_NaN();
  refused(model, [&](Region& r) { r.loads = {load}; }, "L_zz", q0);
  auto hole = q0;
  hole[13] = std::numeric_limits<float>::quiet_NaN();
  refused(model, [](Region&) {}, "voxel 3", hole);
}

TEST(NonlocalKernels, SigmoidAndItsPower) {
  constexpr int n = 4096;
  alignas(64) static float x[n], out[n];
  for (int i = 0; i < n; ++i) x[i] = float(i - n / 2) * 0.02f;
  for (const NonlocalKernels* kernels : nonlocal_kernels()) {
    kernels->sigmoid(n, x, out);
    for (int i = 0; i < n; ++i) {
      const double exact = 1 / (1 + std::exp(-double(x[i])));
      EXPECT_NEAR(out[i], exact, 2e-7 * exact + 1e-26) << kernels->name << " at " << x[i];
    }
    for (const float exponent : {0.0f, 0.3f, 1.0f, 2.5f}) {
      kernels->power(n, exponent, x, out);
      for (int i = 0; i < n; ++i)
        EXPECT_NEAR(out[i], 1 - std::pow(1 / (1 + std::exp(double(x[i]))), double(exponent)), 1e-6) << x[i];
    }
  }
}

}  // namespace
}  // namespace grainspin

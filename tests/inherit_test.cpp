// Weights that a model gets from another: what the transfer promises of the function, run by the engine.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "datasets/inherit.h"
#include "grainspin/surrogate.h"
#include "local_oracle.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::load_of;
using testing::phase_of;
using testing::random_cell;
using testing::random_orientations;
using testing::small_nonlocal;

constexpr Shape kShape{4, 3, 5};

class Inherit : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("inherit " + std::to_string(getpid()) + ".safetensors");
  }
  void TearDown() override { std::filesystem::remove(path_); }
  // `child` from `parent` through a file.
  Inheritance pass_on(const Model& parent, Model& child) {
    write_model(path_, parent);
    return inherit(read_parent(path_, child.spec.family), path_, child);
  }
  std::string refusal(const Model& parent, Model child) {
    try {
      pass_on(parent, child);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      return e.what();
    }
    ADD_FAILURE() << "was not refused";
    return {};
  }
  std::string path_;
};

struct Path {
  std::vector<float> increment, stress;
  std::vector<std::array<double, 9>> L;
};
Path path_of(const Model& m, const std::vector<LoadStep>& loads) {
  Region region = whole(kShape, {});
  region.loads = loads;
  const auto q = random_orientations(kShape.voxels(), 5);
  Path out;
  make_engine(m, {.threads = 1})->run(region, q.data(), nullptr, nullptr, [&](const StepOutput& o) {
    out.increment.insert(out.increment.end(), o.increment, o.increment + 3 * kShape.voxels());
    if (o.stress) out.stress.insert(out.stress.end(), o.stress, o.stress + 6 * kShape.voxels());
    out.L.push_back(o.load->L);
  });
  return out;
}

double largest(const std::vector<float>& v) {
  double most = 0;
  for (const float x : v) most = std::max(most, double(std::abs(x)));
  return most;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Plane and direction exchanged: equal slip rates and stresses, so the plastic spin is the opposite one. (Without the part of
// the rotation that the Green operator adds, which is the surroundings' and not the slip's.)
TEST_F(Inherit, TheDualCrystalTurnsTheOtherWay) {
  Model fcc = random_cell(small_nonlocal(), 1);
  std::fill(fcc.tensors["spin"].values.begin(), fcc.tensors["spin"].values.end(), 0.0f);
  Model bcc = random_cell(small_nonlocal({phase_of("bcc110")}), 2);
  const Inheritance got = pass_on(fcc, bcc);
  EXPECT_EQ(got.numbers, got.of_numbers);
  EXPECT_TRUE(got.in_part.empty() && got.fresh.empty());
  EXPECT_EQ(got.sha256.size(), 64u);
  // Tension with free lateral strains, and a load with a spin of its own.
  for (const LoadStep& load : {load_of({0, 0, 0, 0, 0, 0, 0, 0, 0.01}, {0, 4}), load_of({0, 0.004, 0.012, 0, -0.006, 0, 0, 0, 0.006})}) {
    const Path a = path_of(fcc, {load}), b = path_of(bcc, {load});
    const auto& L = a.L[0];
    const double W[3] = {(L[7] - L[5]) / 2, (L[2] - L[6]) / 2, (L[3] - L[1]) / 2};
    ASSERT_GT(largest(a.increment), 1e-4);
    for (std::size_t i = 0; i < a.increment.size(); ++i)
      EXPECT_NEAR(b.increment[i] - W[i % 3], W[i % 3] - a.increment[i], 1e-5 * largest(a.increment) + 1e-8);
    const double scale = double(bcc.spec.stress_scale[0]) / fcc.spec.stress_scale[0];
    for (std::size_t i = 0; i < a.stress.size(); ++i)
      EXPECT_NEAR(b.stress[i], scale * a.stress[i], 1e-5 * largest(b.stress));
    for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(b.L[0][i], L[i], 1e-8);
  }
}

// Systems that the parent did not have change nothing at first, whatever weights they begin with.
TEST_F(Inherit, NewSystemsBeginSilent) {
  Model few = random_cell(small_nonlocal({phase_of("bcc110")}), 3);
  Model more = random_cell(small_nonlocal({phase_of("bcc24")}), 4);
  const Inheritance got = pass_on(few, more);
  EXPECT_TRUE(has(got.in_part, "phase0.in.odd"));
  EXPECT_TRUE(has(got.taken, "phase0.in.bias"));
  EXPECT_LT(got.numbers, got.of_numbers);
  more.spec.stress_scale = few.spec.stress_scale;
  const auto loads = testing::varied_loads(4);
  const Path a = path_of(few, loads), b = path_of(more, loads);
  for (std::size_t i = 0; i < a.increment.size(); ++i)
    EXPECT_NEAR(a.increment[i], b.increment[i], 2e-5 * largest(a.increment));
  for (std::size_t i = 0; i < a.stress.size(); ++i) EXPECT_NEAR(a.stress[i], b.stress[i], 2e-5 * largest(a.stress));
  // But they are there to be learned with: the maps onto them are not zero.
  const auto& out = more.tensors.at("phase0.in.out");
  EXPECT_GT(std::count_if(out.values.begin(), out.values.end(), [](float x) { return x != 0; }), std::int64_t(few.tensors.at("phase0.in.out").values.size()));
}

// The same material: the function as it is, with the unit of its stress; a pass more adds nothing.
TEST_F(Inherit, TheSameMaterialGoesOnWhereItWas) {
  const Model parent = random_cell(small_nonlocal(), 5);
  NonlocalSpec deeper = small_nonlocal();
  deeper.passes = 3;
  Model child = random_cell(deeper, 6);
  child.spec.stress_scale[0] = 1;
  const Inheritance got = pass_on(parent, child);
  EXPECT_EQ(child.spec.stress_scale[0], parent.spec.stress_scale[0]);
  EXPECT_TRUE(has(got.in_part, "spin"));
  EXPECT_TRUE(has(got.fresh, "phase0.pass2.odd"));
  const auto loads = testing::varied_loads(3);
  const Path a = path_of(parent, loads), b = path_of(child, loads);
  for (std::size_t i = 0; i < a.increment.size(); ++i)
    EXPECT_NEAR(a.increment[i], b.increment[i], 1e-5 * largest(a.increment));
}

TEST_F(Inherit, APhaseComesFromTheOneOfItsName) {
  PhaseSpec first = phase_of("fcc"), second = phase_of("fcc");
  first.name = "A", second.name = "B";
  const Model parent = random_cell(small_nonlocal({first, second}), 7);
  Model child = random_cell(small_nonlocal({second}), 8);
  pass_on(parent, child);
  EXPECT_EQ(child.tensors.at("phase0.head.odd").values, parent.tensors.at("phase1.head.odd").values);
}

TEST_F(Inherit, AnotherCrystalTakesWhatIsNotTiedToSlipSystems) {
  const Model parent = random_cell(small_nonlocal(), 9);
  Model child = random_cell(small_nonlocal({phase_of("hcp18", 1.587)}), 10);
  const Model before = child;
  const Inheritance got = pass_on(parent, child);
  for (const char* name : {"spin", "free", "pressure", "phase0.carry", "phase0.in.bias", "phase0.memory.update_bias"}) {
    EXPECT_TRUE(has(got.taken, name)) << name;
    EXPECT_EQ(child.tensors.at(name).values, parent.tensors.at(name).values);
  }
  for (const char* name : {"phase0.in.odd", "phase0.pass0.polarise", "phase0.head.out", "phase0.memory.update"}) {
    EXPECT_TRUE(has(got.fresh, name)) << name;
    EXPECT_EQ(child.tensors.at(name).values, before.tensors.at(name).values);
  }
}

TEST_F(Inherit, AHeadWithoutStressTakesTheRateAlone) {
  const Model parent = random_cell(small_nonlocal(), 11);
  NonlocalSpec s = small_nonlocal();
  s.stress = false;
  Model child = random_cell(s, 12);
  pass_on(parent, child);
  const Path a = path_of(parent, testing::varied_loads(2)), b = path_of(child, testing::varied_loads(2));
  for (std::size_t i = 0; i < a.increment.size(); ++i)
    EXPECT_NEAR(a.increment[i], b.increment[i], 1e-5 * largest(a.increment));
}

TEST_F(Inherit, WhatDoesNotAgreeIsNamed) {
  const Model parent = random_cell(small_nonlocal(), 13);
  NonlocalSpec s = small_nonlocal();
  s.channels = 4;
  EXPECT_NE(refusal(parent, random_cell(s, 1)).find("channels 3, this training 4"), std::string::npos);
  s = small_nonlocal();
  s.passes = 1;
  EXPECT_NE(refusal(parent, random_cell(s, 1)).find("grow, not shrink"), std::string::npos);
  s = small_nonlocal();
  s.green = Green::kLearned;
  EXPECT_NE(refusal(parent, random_cell(s, 1)).find("Green operator incompressible, this training learned"), std::string::npos);
  const Model local = testing::random_model({}, "432", 2, 1);
  EXPECT_NE(refusal(local, parent).find("a model of the local family, this training is of the nonlocal family"), std::string::npos);
}

// The local family: what reads the embedding is of its crystal, the rest is taken.
TEST_F(Inherit, LocalTakesAllButTheInputOfAnotherCrystal) {
  const Model parent = testing::random_model({}, "432", 2, 2);
  Model child = testing::random_model({}, "622", 2, 3), alike = testing::random_model({}, "432", 2, 4);
  const Inheritance got = pass_on(parent, child), whole = pass_on(parent, alike);
  EXPECT_EQ(got.fresh, std::vector<std::string>{"rnn.weight_ih_l0"});
  EXPECT_EQ(child.tensors.at("rnn.weight_hh_l0").values, parent.tensors.at("rnn.weight_hh_l0").values);
  EXPECT_NE(child.spec.input_mean.size(), parent.spec.input_mean.size());
  EXPECT_TRUE(whole.fresh.empty());
  EXPECT_EQ(alike.spec.input_mean, parent.spec.input_mean);
  LocalSpec other;
  other.hidden = 32;
  EXPECT_NE(refusal(parent, testing::random_model(other, "432", 2, 1)).find("hidden units 64, this training 32"), std::string::npos);
}

}  // namespace
}  // namespace grainspin

// The nonlocal family's part of include/grainspin/model.h: settings there and back, shapes as nonlocal.h lists them,
// what is refused.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "grainspin/core.h"
#include "grainspin/model.h"
#include "nonlocal_oracle.h"

namespace grainspin {
namespace {

using testing::named_phase;
using testing::random_nonlocal;

std::string refusal(const auto& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kFormat)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

TEST(NonlocalModel, RoundTrip) {
  NonlocalSpec s;
  s.passes = 2;
  s.channels = 5;
  s.width = 7;
  s.polarisations = 2;
  s.memory = 3;
  s.warmup = 2;
  s.stress = false;
  s.green = Green::kCompressible;
  s.beta = 0.7;
  s.frequencies = Frequencies::kSine;
  s.phases = {named_phase("fcc"), named_phase("hcp18", 1.6)};
  Model m = random_nonlocal(s, 2, 1);
  m.spec.stress_scale[0] = 3e8f;
  const std::string path =
      (std::filesystem::temp_directory_path() / ("nonlocal mödel " + std::to_string(::getpid()))).string();
  write_model(path, m);
  const Model r = read_model(path);
  std::filesystem::remove(path);
  EXPECT_EQ(r.spec.family, Family::kNonlocal);
  const NonlocalSpec& t = r.spec.nonlocal;
  EXPECT_EQ(t.passes, 2);
  EXPECT_EQ(t.channels, 5);
  EXPECT_EQ(t.width, 7);
  EXPECT_EQ(t.polarisations, 2);
  EXPECT_EQ(t.memory, 3);
  EXPECT_EQ(t.warmup, 2);
  EXPECT_TRUE(t.carried);
  EXPECT_TRUE(t.gated);
  EXPECT_FALSE(t.stress);
  EXPECT_EQ(t.green, Green::kCompressible);
  EXPECT_EQ(t.beta, 0.7);
  EXPECT_EQ(t.frequencies, Frequencies::kSine);
  ASSERT_EQ(t.phases.size(), 2u);
  EXPECT_EQ(t.phases[1].name, "hcp18");
  EXPECT_EQ(t.phases[1].point_group, "622");
  EXPECT_EQ(t.phases[1].slip_families, s.phases[1].slip_families);
  EXPECT_EQ(t.phases[1].c_over_a, 1.6);
  EXPECT_EQ(r.spec.point_group, "432");
  EXPECT_EQ(r.spec.loads.size(), 2u);
  EXPECT_TRUE(r.spec.input_mean.empty());
  EXPECT_EQ(r.spec.stress_scale[0], 3e8f);
  ASSERT_EQ(r.tensors.size(), m.tensors.size());
  for (const auto& [name, tensor] : m.tensors) EXPECT_EQ(r.tensors.at(name).values, tensor.values) << name;
}

// FCC has 7 signed and 7 plain orbits.
TEST(NonlocalModel, ShapesAreThoseOfTheDefinition) {
  NonlocalSpec s;  // K 8, C 12, D 12, M 3, H 4
  s.phases = {named_phase("fcc")};
  ModelSpec spec;
  spec.family = Family::kNonlocal;
  spec.nonlocal = s;
  using V = std::vector<std::int64_t>;
  auto shapes = tensor_shapes(spec);
  EXPECT_EQ(shapes.size(), 6u + 8 * 6 + 5 + 4 + 3);
  EXPECT_EQ(shapes["phase0.in.odd"], (V{12, 13, 7}));
  EXPECT_EQ(shapes["phase0.in.even"], (V{12, 17, 7}));
  EXPECT_EQ(shapes["phase0.in.out"], (V{12, 12, 7}));
  EXPECT_EQ(shapes["phase0.carry"], (V{12}));
  EXPECT_EQ(shapes["phase0.pass7.polarise"], (V{3, 12, 7}));
  EXPECT_EQ(shapes["phase0.pass7.odd"], (V{12, 18, 7}));
  EXPECT_EQ(shapes["phase0.pass7.even"], (V{12, 22, 7}));
  EXPECT_EQ(shapes["phase0.pass7.rate"], (V{12}));
  EXPECT_EQ(shapes["phase0.head.out"], (V{2, 12, 7}));
  EXPECT_EQ(shapes["phase0.head.even"], (V{12, 16, 7}));
  EXPECT_EQ(shapes["phase0.memory.candidate"], (V{4, 16, 7}));
  EXPECT_EQ(shapes["pressure"], (V{8, 3}));
  spec.nonlocal.gated = spec.nonlocal.carried = spec.nonlocal.stress = false;
  spec.nonlocal.memory = spec.nonlocal.passes = 0;
  shapes = tensor_shapes(spec);
  EXPECT_EQ(shapes.size(), 4u);
  EXPECT_EQ(shapes["phase0.in.odd"], (V{12, 1, 7}));
  EXPECT_EQ(shapes["phase0.head.out"], (V{1, 12, 7}));
}

TEST(NonlocalModel, Refusals) {
  NonlocalSpec s;
  s.passes = 1;
  s.phases = {named_phase("fcc")};
  const Model good = random_nonlocal(s, 1, 1);
  check(good);
  const auto refused = [&](auto change, const std::string& part) {
    Model m = good;
    change(m);
    const std::string text = refusal([&] { check(m); });
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  refused([](Model& m) { m.spec.nonlocal.passes = 33; }, "passes");
  refused([](Model& m) { m.spec.nonlocal.channels = 0; }, "channels");
  refused([](Model& m) { m.spec.nonlocal.width = 65; }, "width");
  refused([](Model& m) { m.spec.nonlocal.polarisations = 9; }, "polarisations");
  refused([](Model& m) { m.spec.nonlocal.memory = -1; }, "memory");
  refused([](Model& m) { m.spec.nonlocal.warmup = 9; }, "warmup");
  refused([](Model& m) { m.spec.nonlocal.beta = 1.5; }, "beta");
  refused([](Model& m) { m.spec.nonlocal.phases.clear(); }, "phases");
  refused([](Model& m) { m.spec.input_mean = m.spec.input_scale = {1}; }, "normaliser");
  refused([](Model& m) { m.spec.point_group = "622"; }, "phase 0");
  refused([](Model& m) { m.spec.point_group = m.spec.nonlocal.phases[0].point_group = "622"; }, "not closed");
  refused([](Model& m) { m.tensors.erase("spin"); }, "spin");
  refused([](Model& m) { m.tensors["phase0.pass1.odd"] = {}; }, "phase0.pass1.odd");
  refused([](Model& m) { m.tensors["phase0.carry"].shape = {13}; }, "phase0.carry");
  Model m = good;
  m.spec.loads.clear();  // may be given with the region
  EXPECT_NO_THROW(check(m));
}

}  // namespace
}  // namespace grainspin

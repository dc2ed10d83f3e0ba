// Mirrors src/io/hardened.h, and what of damask_configuration.h puts its numbers into a text. Expected values: a cube
// oriented fcc crystal in tension along a cube axis slips by sum |gamma| = sqrt(6) strain (Taylor factor 2.449, Bishop & Hill
// 1951); where all interaction coefficients are 1 every system hardens alike, and xi' = h0 (1 - xi/xi_inf)^a has a closed form.
#include "src/io/hardened.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/io/damask_configuration.h"
#include "src/io/damask_setup.h"

namespace grainspin {
namespace {

// Voxels whose orientations stay, under steps of tension along z.
class Fixed final : public FieldReader {
 public:
  Fixed(const std::vector<double>& strains, std::int64_t voxels, std::vector<std::int32_t> phase = {}) : phase_(std::move(phase)) {
    info_.path = "made.h5";
    info_.shape = {int(voxels), 1, 1};
    phase_.resize(std::size_t(voxels), 0);
    info_.steps.resize(1 + strains.size());
    for (std::size_t t = 0; t < strains.size(); ++t) {
      LoadStep load;
      load.L[8] = strains[t];
      load.prescribed.fill(true);
      load.prescribed[0] = load.prescribed[4] = false;
      info_.loads.push_back(load);
      info_.steps[t + 1].time = info_.steps[t].time + strains[t] / 1e-3;
    }
  }
  ArchiveInfo& open() { return info_; }
  const ArchiveInfo& info() const override { return info_; }
  void orientation(int, std::int64_t, std::int64_t count, float* q) override {
    for (std::int64_t i = 0; i < count; ++i) q[4 * i] = 1, q[4 * i + 1] = q[4 * i + 2] = q[4 * i + 3] = 0;
  }
  void F(int, std::int64_t, std::int64_t, float*) override { FAIL(); }
  void P(int, std::int64_t, std::int64_t, float*) override { FAIL(); }
  void phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) override {
    std::copy_n(phase_.begin() + begin, count, phase);
  }
  void grain(std::int64_t, std::int64_t, std::int32_t*) override { FAIL(); }

 private:
  ArchiveInfo info_;
  std::vector<std::int32_t> phase_;
};

// Copper as the sample archives have it, all coefficients 1.
PhaseInfo copper(const std::string& name = "Cu", double xi0 = 1.6e6) {
  PhaseInfo p;
  p.name = name, p.lattice = "cF", p.point_group = "432";
  Phenopowerlaw law;
  law.N_sl = {12};
  law.gdot0 = {1e-3}, law.n = {83.3}, law.a = {2.25}, law.xi0 = {xi0}, law.xi_inf = {148e6}, law.h0 = {75e6};
  law.h_sl_sl.assign(7, 1);
  p.law = law;
  return p;
}

double closed_form(double xi0, double strain) {
  const double a = 2.25, slip = std::sqrt(6.0) * strain;
  const double left = std::pow(1 - xi0 / 148e6, 1 - a) + (a - 1) * 75e6 / 148e6 * slip * 1;
  return 148e6 * (1 - std::pow(left, 1 / (1 - a)));
}

TEST(Hardened, AgreesWithTheClosedForm) {
  Fixed in({0.01, 0.02, 0.03}, 3);
  for (int step = 0; step <= 3; ++step) {
    const double strain[] = {0, 0.01, 0.03, 0.06};
    const Hardened h = hardened(in, step, {copper()});
    ASSERT_EQ(h.xi.size(), 1u);
    ASSERT_EQ(h.xi[0].size(), 1u);
    EXPECT_NEAR(h.strain, strain[step], 1e-12);
    EXPECT_NEAR(h.xi[0][0], closed_form(1.6e6, strain[step]), 2e-3 * h.xi[0][0]) << step;
  }
}

TEST(Hardened, TakesTheStrainBeforeTheFirstState) {
  Fixed in({0.02}, 2);
  in.open().has_mean_F = true;
  in.open().steps[0].mean_F = {std::exp(-0.02), 0, 0, 0, std::exp(-0.02), 0, 0, 0, std::exp(0.04)};
  in.open().steps[1].mean_F = {std::exp(-0.03), 0, 0, 0, std::exp(-0.03), 0, 0, 0, std::exp(0.06)};
  const Hardened h = hardened(in, 1, {copper()});
  EXPECT_NEAR(h.strain, 0.06, 1e-9);
  EXPECT_NEAR(h.xi[0][0], closed_form(1.6e6, 0.06), 2e-3 * h.xi[0][0]);
}

TEST(Hardened, PhasesAndSamplesAreApart) {
  Fixed in({0.01}, 1000, [] {
    std::vector<std::int32_t> phase(1000, 0);
    for (std::size_t i = 0; i < 1000; i += 3) phase[i] = 1;
    return phase;
  }());
  const Hardened h = hardened(in, 1, {copper("A", 1.6e6), copper("B", 50e6)}, 100);
  EXPECT_NEAR(h.xi[0][0], closed_form(1.6e6, 0.01), 2e-3 * h.xi[0][0]);
  EXPECT_NEAR(h.xi[1][0], closed_form(50e6, 0.01), 2e-3 * h.xi[1][0]);
}

TEST(Hardened, SaysWhatIsMissing) {
  Fixed in({0.01}, 1);
  PhaseInfo none;
  none.name = "glue";
  try {
    hardened(in, 1, {none});
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kArgument);
    EXPECT_NE(std::string(e.what()).find("phase 'glue' states no phenopowerlaw"), std::string::npos) << e.what();
  }
  in.open().loads.clear();
  EXPECT_THROW(hardened(in, 1, {copper()}), Error);
}

TEST(Hardened, GoesIntoATextThatStaysAsItIs) {
  const std::string text =
      "# words\nphase:\n  \"a b\": {mechanical: {plastic: {type: phenopowerlaw, xi_0_sl: [1.6e6, 2], a_sl: [2]}}}\n"
      "  Cu:\n    mechanical:\n      plastic:\n        xi_inf_sl: [9.]\n        xi_0_sl: 1.6e6 # annealed\n        h: 1\n";
  const std::string one = with_resistances(text, "a b", {3e6, 4e6});
  EXPECT_NE(one.find("xi_0_sl: [3e+06, 4e+06], a_sl: [2]}"), std::string::npos) << one;
  EXPECT_NE(one.find("xi_0_sl: 1.6e6 # annealed\n"), std::string::npos);
  const std::string two = with_resistances(text, "Cu", {83.5e6});
  EXPECT_NE(two.find("xi_0_sl: [83500000] # annealed\n        h: 1\n"), std::string::npos) << two;
  EXPECT_EQ(two.substr(0, two.find("xi_0_sl: [83")), text.substr(0, text.find("xi_0_sl: 1.6e6 #")));
  EXPECT_THROW(with_resistances(text, "Ni", {1}), Error);
  EXPECT_THROW(with_resistances("phase:\n  Cu:\n    mechanical:\n      plastic:\n        xi_0_sl:\n        - 1\n", "Cu", {2}), Error);
}

}  // namespace
}  // namespace grainspin

// Mirrors include/grainspin/taylor.h where the material hardens. Expected values: the law itself, an independent
// integration, convergence.
#include <gtest/gtest.h>

#include <cmath>

#include "grainspin/core.h"
#include "grainspin/metrics.h"
#include "grainspin/symmetry.h"
#include "grainspin/taylor.h"
#include "src/taylor_grain.h"
#include "taylor_cases.h"

namespace grainspin {
namespace {

using namespace testing;

TEST(TaylorHardening, HardeningIsTheLaw) {
  // xidot_s = h0 |1-xi_s/xi_inf|^a sgn sum_r h_sr |gdot_r|, one system active: its column of h.
  using namespace taylor_detail;
  TaylorMaterial material;
  material.slip = damask_slip_set("cF", {12}, 0);
  material.law = copper();
  const Systems systems(material);
  const auto types = damask_slip_interaction_types(material.slip);
  std::vector<double> xi(12, 20e6), gdot(12, 0), rate;
  xi[4] = 120e6;  // above saturation: softens
  gdot[2] = -2e-3;
  hardening_rate(systems, xi, gdot, rate);
  for (int s = 0; s < 12; ++s) {
    const double h = material.law->h_sl_sl[std::size_t(types[std::size_t(12 * s + 2)] - 1)];
    const double left = 1 - xi[s] / 96.4e6;
    EXPECT_NEAR(rate[s], std::copysign(350e6 * std::pow(std::abs(left), 0.6) * h * 2e-3, left), 1e-6 * 350e6) << s;
  }
}

TEST(TaylorHardening, HardenedGrainsAgreeWithAnIndependentIntegration) {
  // One grain of copper, 10 % strain: scipy 1.x solve_ivp (DOP853, rtol 1e-7) over orientation and resistances,
  // systems and interactions written out by hand.
  TaylorMaterial material;
  material.slip = damask_slip_set("cF", {12}, 0);
  material.law = copper();
  LoadStep load;
  load.prescribed.fill(true);
  load.L = {-0.005, 0.002, 0, 0, -0.005, 0, 0.001, 0, 0.01};
  struct Case {
    Quatd start, end;
    double stress[6];  // MPa, xx yy zz yz xz xy
  };
  const Case cases[] = {
      {{0.71847188, 0.3158298, -0.1335307, 0.60516052},
       {0.71279241, 0.3499905, -0.11087689, 0.59761187},
       {-49.10243552, -136.14023658, 185.2426721, 32.95571372, -30.58297921, 16.51039331}},
      {{0.61141766, 0.17372356, 0.44684334, 0.6295392},
       {0.6382198, 0.15144678, 0.45033188, 0.60575619},
       {-116.58748272, -70.6328495, 187.22033222, -45.314083, 37.30649995, 11.80755874}}};
  for (const Case& c : cases) {
    const auto q = field({c.start});
    const auto steps = taylor(material, 1, q.data(), {}, std::vector<LoadStep>(10, load), std::vector<double>(10, 10.0));
    EXPECT_LT(disorientation_angle(PointGroup::named("432"), at(steps.back().orientation, 0), c.end), 0.02 * kDegree);
    for (int k = 0; k < 6; ++k) EXPECT_NEAR(steps.back().stress[k] / 1e6, c.stress[k], 1.0) << k;
  }
}

TEST(TaylorHardening, SubstepsConverge) {
  // Midpoint substeps: halving them moves the end state by a quarter of what halving the double moved.
  TaylorMaterial material;
  material.slip = damask_slip_set("cF", {12}, 0);
  material.law = copper();
  const auto q = random_orientations(20, 8);
  const std::vector<LoadStep> loads(13, tension(0.01));
  std::vector<std::vector<float>> end;
  for (const double substep : {0.01, 1.25e-3, 2.5e-4}) {
    TaylorOptions options;
    options.substep = substep;
    end.push_back(taylor(material, 20, q.data(), {}, loads, std::vector<double>(13, 10.0), options).back().orientation);
  }
  const VoxelSymmetry symmetry{{&PointGroup::named("432")}, nullptr};
  std::vector<float> coarse(20), fine(20);
  disorientation_angles(symmetry, 20, end[0].data(), end[2].data(), coarse.data());
  disorientation_angles(symmetry, 20, end[1].data(), end[2].data(), fine.data());
  EXPECT_LT(spread(fine).max, 0.02 * kDegree);
  EXPECT_LT(spread(fine).mean, 0.2 * spread(coarse).mean);
}

}  // namespace
}  // namespace grainspin

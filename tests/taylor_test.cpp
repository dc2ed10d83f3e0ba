// Mirrors include/grainspin/taylor.h. Expected values: closed forms of symmetric and single-slip crystals,
// the Taylor factor of random FCC (Taylor 1938: 3.06), the equations themselves put back in.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "grainspin/core.h"
#include "grainspin/metrics.h"
#include "grainspin/symmetry.h"
#include "grainspin/taylor.h"
#include "src/taylor_grain.h"
#include "taylor_cases.h"

namespace grainspin {
namespace {

using namespace testing;

TEST(Taylor, FactorOfRandomFcc) {
  // 3.06 (Taylor 1938, the rate-insensitive limit); at exponent 100 the slips differ from it by under 1 %.
  const auto q = random_orientations(1500, 1);
  const auto steps = taylor(without_hardening("fcc", 100), 1500, q.data(), {}, {tension(0.001)}, {});
  EXPECT_NEAR(steps[0].taylor_factor, 3.06, 0.0306);
}

TEST(Taylor, FactorOfRandomBccPencilGlide) {
  // {110}+{112}+{123}<111> comes near pencil glide: 2.748 (Rosenberg & Piehler, Metall. Trans. 2 (1971) 257).
  const auto q = random_orientations(1500, 2);
  const auto steps = taylor(without_hardening("bcc48", 100), 1500, q.data(), {}, {tension(0.001)}, {});
  EXPECT_NEAR(steps[0].taylor_factor, 2.748, 0.03);
}

TEST(Taylor, SymmetricTensionAxesHaveClosedFactorsAndDoNotTurn) {
  // Axisymmetric strain in the rigid-plastic limit, sum|dgamma|/strain: <100> sqrt6, <111> and <110> 3 sqrt6/2.
  const auto q = field({along_z({0, 0, 1}), along_z({1, 1, 1}), along_z({1, 1, 0})});
  const double expected[] = {std::sqrt(6.0), 1.5 * std::sqrt(6.0), 1.5 * std::sqrt(6.0)};
  for (int i = 0; i < 3; ++i) {
    const auto steps = taylor(without_hardening("fcc", 100), 1, q.data() + 4 * i, {},
                              std::vector<LoadStep>(10, tension(0.01, false)), {});
    EXPECT_NEAR(steps[0].taylor_factor, expected[i], 1e-3 * expected[i]) << i;
    EXPECT_LT(disorientation_angle(PointGroup::named("432"), at(steps.back().orientation, 0), at(q, i)), 1e-6) << i;
  }
}

TEST(Taylor, SimpleShearOnASlipSystemIsSingleSlip) {
  // L = dgamma b (x) n: the sharp limit is that system alone, whose plastic spin is the load's own, so the
  // lattice stays. At exponent n the others carry about (tau/xi)^n of it: at tau/xi = 1/2 nothing.
  const SlipSet slip = named_slip_set("fcc");
  for (const int s : {0, 5, 11}) {
    const auto& [b, n, family, length] = slip.systems[std::size_t(s)];
    LoadStep load;
    load.prescribed.fill(true);
    const double bb[] = {b.x, b.y, b.z}, nn[] = {n.x, n.y, n.z};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) load.L[std::size_t(3 * i + j)] = 0.01 * bb[i] * nn[j];
    const auto q = field({Quatd{}});
    const auto steps = taylor(without_hardening("fcc", 100), 1, q.data(), {}, std::vector<LoadStep>(5, load), {});
    // von Mises strain of simple shear: dgamma / sqrt3.
    EXPECT_NEAR(steps.back().taylor_factor, std::sqrt(3.0), 2e-3);
    EXPECT_LT(disorientation_angle(PointGroup::named("432"), at(steps.back().orientation, 0), at(q, 0)), 0.01 * kDegree);
  }
}

TEST(Taylor, SymmetricPartOfSingleSlipTurnsByHalfTheShear) {
  // With E alone of b (x) n prescribed and no spin the lattice turns by -antisym(b (x) n) dgamma:
  // the vector -(n x b)/2 dgamma, constant in the crystal's frame and so in the sample's.
  const SlipSet slip = named_slip_set("fcc");
  const auto& [b, n, family, length] = slip.systems[3];
  LoadStep load;
  load.prescribed.fill(true);
  const double bb[] = {b.x, b.y, b.z}, nn[] = {n.x, n.y, n.z}, dgamma = 2e-3;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) load.L[std::size_t(3 * i + j)] = dgamma * (bb[i] * nn[j] + bb[j] * nn[i]) / 2;
  const auto q = field({Quatd{}});
  const auto steps = taylor(without_hardening("fcc", 100), 1, q.data(), {}, {load}, {});
  const Vec3<double> w = disorientation(PointGroup::named("432"), at(steps[0].orientation, 0), at(q, 0));
  EXPECT_NEAR(w.x, -dgamma / 2 * (n.y * b.z - n.z * b.y), 0.02 * dgamma);
  EXPECT_NEAR(w.y, -dgamma / 2 * (n.z * b.x - n.x * b.z), 0.02 * dgamma);
  EXPECT_NEAR(w.z, -dgamma / 2 * (n.x * b.y - n.y * b.x), 0.02 * dgamma);
}

TEST(Taylor, SpinIsAddedToWhatTheStrainDoes) {
  // A pure spin turns every grain by it; the prescribed W is the load's antisymmetric part.
  LoadStep load;
  load.prescribed.fill(true);
  load.L = {0, -0.02, 0, 0.02, 0, 0, 0, 0, 0};
  const auto q = random_orientations(3, 4);
  const auto steps = taylor(without_hardening("fcc", 20), 3, q.data(), {}, {load}, {});
  for (int i = 0; i < 3; ++i) {
    const Vec3<double> w = disorientation(PointGroup::named("432"), at(steps[0].orientation, i), at(q, i));
    EXPECT_NEAR(w.x, 0, 1e-6);
    EXPECT_NEAR(w.y, 0, 1e-6);
    EXPECT_NEAR(w.z, 0.02, 1e-6);
  }
}

TEST(Taylor, TensionDriftsTo111And100) {
  // FCC tension ends in a <111> + <100> double fibre (Hosford, The Mechanics of Crystals and Textured
  // Polycrystals, 1993, ch. 8): axes come nearer to their pole than they were.
  const auto q = random_orientations(300, 5);
  const auto steps = taylor(without_hardening("fcc", 20), 300, q.data(), {}, std::vector<LoadStep>(40, tension(0.02)), {});
  const auto near_pole = [](const Quatd& r) {  // cosine to the nearer of <111> and <100>
    const Mat3<double> R = matrix(r);
    const double c[] = {std::abs(R(2, 0)), std::abs(R(2, 1)), std::abs(R(2, 2))};
    return std::max({c[0], c[1], c[2], (c[0] + c[1] + c[2]) / std::sqrt(3.0)});
  };
  double before = 0, after = 0;
  int closer = 0;
  for (int i = 0; i < 300; ++i) {
    const double a = std::acos(std::min(1.0, near_pole(at(q, i))));
    const double b = std::acos(std::min(1.0, near_pole(at(steps.back().orientation, i))));
    before += a / 300, after += b / 300;
    closer += b < a;
  }
  EXPECT_GT(closer, 255);             // 93 % of grains move towards one of the two at small strain
  EXPECT_LT(after, 0.6 * before);
}

TEST(Taylor, FreeLateralComponentsCarryNoMeanStress) {
  const auto q = random_orientations(40, 6);
  for (const char* set : {"fcc", "bcc24", "hcp24"}) {
    const auto steps = taylor(without_hardening(set, 20), 40, q.data(), {}, {tension(0.01), tension(0.01)}, {});
    for (const auto& step : steps) {
      const auto& s = step.mean_stress;
      // With the pressure that clears xx, yy must be clear too.
      EXPECT_NEAR(s[0], s[4], 1e-6 * s[8]) << set;
      EXPECT_NEAR(step.L[0] + step.L[4] + step.L[8], 0, 1e-12);
      EXPECT_NEAR(step.L[8], 0.01, 1e-12);
    }
  }
}

TEST(Taylor, AReversedPathLeadsBack) {
  // Without hardening stress and slip change their sign with the strain rate, so every grain goes back the way it came,
  // with components prescribed and free, over a change of direction and with spin.
  const auto q = random_orientations(25, 12);
  LoadStep shear;
  shear.prescribed.fill(true);
  shear.L = {0.002, 0.012, 0, -0.003, -0.004, 0.001, 0, 0, 0.002};
  std::vector<LoadStep> path{tension(0.01), tension(0.01), shear, shear};
  for (int k = 3; k >= 0; --k) {
    path.push_back(path[std::size_t(k)]);
    for (double& x : path.back().L) x = -x;
  }
  const auto steps = taylor(without_hardening("fcc", 20), 25, q.data(), {}, path, {});
  const auto& group = PointGroup::named("432");
  for (int i = 0; i < 25; ++i) {
    EXPECT_LT(disorientation_angle(group, at(steps[7].orientation, i), at(q, i)), 0.01 * kDegree);
    EXPECT_LT(disorientation_angle(group, at(steps[5].orientation, i), at(steps[1].orientation, i)), 0.01 * kDegree);
  }
  // Steps 2 and 7 stand at the two ends of the same way: the free strains are each other's negative to first order.
  for (const std::size_t c : {0, 4}) EXPECT_NEAR(steps[6].L[c], -steps[1].L[c], 2e-5);
}

TEST(Taylor, APairWithOneFreeShearHasNoStressThere) {
  // L_xy prescribed, L_yx free: the mean shear stress xy vanishes and L_yx follows from the symmetric part.
  const auto q = random_orientations(30, 13);
  LoadStep load = tension(0.01);
  load.prescribed[3] = false;
  load.L[1] = 0.004;
  const auto steps = taylor(without_hardening("fcc", 20), 30, q.data(), {}, {load}, {});
  EXPECT_NEAR(steps[0].mean_stress[1], 0, 1e-6 * steps[0].mean_stress[8]);
  EXPECT_NEAR(steps[0].L[1], 0.004, 1e-12);
  EXPECT_GT(std::abs(steps[0].L[3] + 0.004), 1e-6);  // the strain that clears the stress is not zero
}

TEST(Taylor, SingleCrystalWithFreeLateralStrain) {
  // <110> along z, <001> along x, <1-10> along y: the four systems with the largest Schmid factor 1/sqrt6,
  // (111)[10-1], (111)[01-1], (11-1)[101], (11-1)[011], together stretch <110>, shorten <001> as much and
  // leave <1-10> alone; sum|dgamma| = sqrt6 E_zz.
  const double r = std::sqrt(0.5);
  // Columns of R: crystal x, y, z in the sample. crystal z -> sample x; crystal (1,1,0) -> sample z.
  const Mat3<double> R{{0, 0, 1, r, -r, 0, r, r, 0}};
  const double w = 0.5 * std::sqrt(1 + R(0, 0) + R(1, 1) + R(2, 2));
  const auto q = field({Quatd{w, (R(2, 1) - R(1, 2)) / (4 * w), (R(0, 2) - R(2, 0)) / (4 * w), (R(1, 0) - R(0, 1)) / (4 * w)}});
  const auto steps = taylor(without_hardening("fcc", 100), 1, q.data(), {}, {tension(0.001)}, {});
  const auto& L = steps[0].L;
  EXPECT_NEAR(L[0], -0.001, 2e-5);
  EXPECT_NEAR(L[4], 0, 2e-5);
  EXPECT_NEAR(steps[0].taylor_factor * std::sqrt(2.0 / 3.0 * (L[0] * L[0] + L[4] * L[4] + L[8] * L[8])), std::sqrt(6.0) * 0.001, 2e-5);
}

TEST(Taylor, StressSolvesTheFlowRule) {
  // The equations put back in, for every material class, from a cold start and from a warm one.
  using namespace taylor_detail;
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  for (const char* set : {"fcc", "bcc48", "hcp24"})
    for (const double n : {5.0, 20.0, 37.5, 150.0}) {
      const Systems systems(without_hardening(set, n));
      Grain grain;
      std::vector<double> xi(std::size_t(systems.count));
      for (int trial = 0; trial < 20; ++trial) {
        for (double& x : xi) x = 1 + 3 * std::abs(normal(random));
        Dev D;
        for (double& x : D) x = 1e-3 * normal(random);
        ASSERT_TRUE(solve(systems, D, xi, grain)) << set << " n " << n;
        Dev sum{};
        for (int i = 0; i < systems.count; ++i) {
          const double tau = dot(systems.m[i], grain.stress);
          const double rate = std::copysign(1e-3 * std::pow(std::abs(tau) / xi[i], n), tau);
          for (int k = 0; k < 5; ++k) sum[k] += rate * systems.m[i][k];
        }
        for (int k = 0; k < 5; ++k) EXPECT_NEAR(sum[k], D[k], 1e-8 * std::sqrt(dot(D, D)));
      }
    }
}

TEST(Taylor, DeviatorBasisIsOrthonormal) {
  using namespace taylor_detail;
  const Mat3<double> a{{1, 2, 3, 2, -4, 5, 3, 5, 3}}, b{{-2, 1, 0.5, 1, 1, 7, 0.5, 7, 1}};
  double inner = 0;
  for (int i = 0; i < 9; ++i) inner += a.m[i] * b.m[i];
  EXPECT_NEAR(dot(deviator(a), deviator(b)), inner, 1e-12);
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(tensor(deviator(a)).m[i], a.m[i], 1e-12);
}

TEST(Taylor, CrystalSymmetryAndSampleFrame) {
  const auto& group = PointGroup::named("622");
  const auto material = without_hardening("hcp24", 20);
  const auto q = random_orientations(6, 9);
  LoadStep load;
  load.prescribed.fill(true);
  load.L = {0.01, 0.004, 0, -0.002, -0.004, 0.003, 0, 0.001, -0.006};
  const std::vector<LoadStep> loads(4, load);
  const auto plain = taylor(material, 6, q.data(), {}, loads, {}).back().orientation;

  std::vector<float> equivalent;
  for (int i = 0; i < 6; ++i) {
    const Quatd r = at(q, i) * group.operators()[std::size_t(2 * i + 1)];
    for (const double x : {r.w, r.x, r.y, r.z}) equivalent.push_back(float(x));
  }
  const auto other = taylor(material, 6, equivalent.data(), {}, loads, {}).back().orientation;
  for (int i = 0; i < 6; ++i) EXPECT_LT(disorientation_angle(group, at(other, i), at(plain, i)), 2e-6);

  // The whole experiment seen from a turned frame.
  const Quatd g = exp(Vec3<double>{0.3, -1.1, 0.7});
  const Mat3<double> G = matrix(g);
  LoadStep turned = load;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      double x = 0;
      for (int k = 0; k < 3; ++k)
        for (int l = 0; l < 3; ++l) x += G(i, k) * load.L[std::size_t(3 * k + l)] * G(j, l);
      turned.L[std::size_t(3 * i + j)] = x;
    }
  std::vector<float> moved(24);
  rotate(g, 6, q.data(), moved.data());
  const auto seen = taylor(material, 6, moved.data(), {}, std::vector<LoadStep>(4, turned), {}).back().orientation;
  for (int i = 0; i < 6; ++i) EXPECT_LT(disorientation_angle(group, at(seen, i), g * at(plain, i)), 2e-6);
}

TEST(Taylor, WeightsCountGrainsAndThreadsDoNot) {
  const auto two = random_orientations(2, 10);
  std::vector<float> three = two;
  three.insert(three.end(), two.begin() + 4, two.begin() + 8);
  const std::vector<LoadStep> loads(3, tension(0.01));
  const auto weighted = taylor(without_hardening("fcc", 20), 2, two.data(), {1, 2}, loads, {});
  const auto listed = taylor(without_hardening("fcc", 20), 3, three.data(), {}, loads, {});
  for (int i = 0; i < 8; ++i) EXPECT_NEAR(weighted.back().orientation[i], listed.back().orientation[i], 1e-5);

  const auto many = random_orientations(150, 11);
  TaylorOptions one, four;
  one.threads = 1, four.threads = 4;
  const auto a = taylor(without_hardening("fcc", 20), 150, many.data(), {}, loads, {}, one);
  const auto b = taylor(without_hardening("fcc", 20), 150, many.data(), {}, loads, {}, four);
  EXPECT_EQ(a.back().orientation, b.back().orientation);
}

TEST(Taylor, RefusesWhatCannotBe) {
  const auto q = field({Quatd{}});
  TaylorMaterial basal;
  basal.slip = slip_set({"hcp-basal<a>", "hcp-prism<a>"}, 1.6);
  try {
    taylor(basal, 1, q.data(), {}, {tension(0.01)}, {});
    FAIL() << "basal and prismatic slip alone cannot strain the c axis";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kArgument);
  }
  PhaseInfo phase;
  phase.name = "Sn";
  phase.lattice = "tI";
  phase.point_group = "422";
  EXPECT_THROW(taylor_material(phase), Error);
  phase.lattice = "hP";
  phase.point_group = "622";  // no c/a
  EXPECT_THROW(taylor_material(phase), Error);
  const std::vector<float> nan(4, std::nanf(""));
  EXPECT_THROW(taylor(without_hardening("fcc", 20), 1, nan.data(), {}, {tension(0.01)}, {}), Error);
}

}  // namespace
}  // namespace grainspin

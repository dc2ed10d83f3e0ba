// Mirrors include/grainspin/metrics_stress.h: fields whose errors follow by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "grainspin/core.h"
#include "grainspin/metrics_stress.h"

namespace grainspin {
namespace {

TEST(MetricsStress, VonMisesOfTheTextbookStates) {
  EXPECT_NEAR(von_mises({0, 0, 5, 0, 0, 0}), 5, 1e-12);                    // uniaxial
  EXPECT_NEAR(von_mises({0, 0, 0, 0, 2, 0}), 2 * std::sqrt(3.0), 1e-12);   // simple shear
  EXPECT_NEAR(von_mises({7, 7, 7, 0, 0, 0}), 0, 1e-12);                    // pressure
  EXPECT_NEAR(von_mises({1, -1, 0, 0, 0, 0}), std::sqrt(3.0), 1e-12);      // pure shear
}

TEST(MetricsStress, ErrorsOfAPlantedField) {
  // Two voxels: uniaxial 3 and 5 along z; predicted one more along z, and one less along z with a shear xy of 2.
  const std::vector<float> truth{0, 0, 3, 0, 0, 0, 0, 0, 5, 0, 0, 0}, predicted{0, 0, 4, 0, 0, 0, 0, 0, 4, 0, 0, 2};
  const StressErrors e = stress_errors(2, predicted.data(), truth.data());
  EXPECT_NEAR(e.bias[2], 0, 1e-12);
  EXPECT_NEAR(e.rms[2], 1, 1e-12);
  EXPECT_NEAR(e.bias[5], 1, 1e-12);
  EXPECT_NEAR(e.rms[5], std::sqrt(2.0), 1e-12);
  for (const std::size_t k : {0, 1, 3, 4}) EXPECT_EQ(e.rms[k], 0);
  const double second = std::sqrt(16 + 3 * 4.0) - 5;  // local von Mises: 4 - 3, sqrt(28) - 5
  EXPECT_NEAR(e.von_mises, std::sqrt((1 + second * second) / 2), 1e-6);
  EXPECT_NEAR(e.norm, std::sqrt((1 + 1 + 3 * 4.0) / 2), 1e-6);
  EXPECT_EQ(mean_stress(2, truth.data())[2], 4);
  // Uniform stress with the true mean, 4 along z: one off at both.
  const StressErrors u = uniform_stress_errors(2, mean_stress(2, truth.data()), truth.data());
  EXPECT_NEAR(u.von_mises, 1, 1e-12);
  EXPECT_NEAR(u.bias[2], 0, 1e-12);
}

TEST(MetricsStress, PressureIsNoVonMisesError) {
  const std::vector<float> truth{1, 2, 3, 4, 5, 6}, predicted{11, 12, 13, 4, 5, 6};
  const StressErrors e = stress_errors(1, predicted.data(), truth.data());
  EXPECT_NEAR(e.von_mises, 0, 1e-6);
  EXPECT_NEAR(e.norm, 0, 1e-6);
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(e.bias[std::size_t(k)], 10, 1e-12);
}

TEST(MetricsStress, CurvesAreMeasuredByTheTrueOnesSize) {
  // True 3 and 4 along z: S^2 = 25/2. Three per cent more everywhere is three per cent.
  const std::vector<StressComponents> truth{{0, 0, 3, 0, 0, 0}, {0, 0, 4, 0, 0, 0}};
  std::vector<StressComponents> more = truth, shear = truth;
  for (auto& s : more)
    for (double& x : s) x *= 1.03;
  CurveError e = curve_error(more, truth);
  EXPECT_NEAR(e.von_mises, 0.03, 1e-12);
  EXPECT_NEAR(e.component[2], 0.03, 1e-12);
  EXPECT_EQ(e.component[0], 0);
  // A shear of 1 at the second step: sqrt(1/2) over sqrt(25/2); von Mises sqrt(16 + 3) there.
  shear[1][3] = 1;
  e = curve_error(shear, truth);
  EXPECT_NEAR(e.component[3], 0.2, 1e-12);
  EXPECT_NEAR(e.von_mises, (std::sqrt(19.0) - 4) / 5, 1e-12);
  EXPECT_EQ(curve_error({{}}, {{}}).von_mises, 0);
  EXPECT_THROW(curve_error({{}}, truth), Error);
}

}  // namespace
}  // namespace grainspin

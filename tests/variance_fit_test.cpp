// The fit of the variance head: normal numbers of a known variance, and two sample runs from end to end.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "datasets/variance_fit.h"
#include "datasets/variance_net.h"

namespace grainspin {
namespace {

// Components of variance exp(-3 + 1.5 f_0 + 0.8 b_1), b_1 the second number of the basis: the best mean of -ln density is the
// mean of (ln sigma^2 + 1) / 2, and nothing can be below it but by chance.
TEST(VarianceNet, LearnsAKnownVariance) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  VarianceSamples samples;
  double best = 0;
  const int n = 20'000;
  for (int i = 0; i < n; ++i) {
    const double f0 = normal(random), f1 = 5 + 2 * normal(random);
    samples.features.insert(samples.features.end(), {float(f0), float(f1), 1.0f});
    for (int c = 0; c < 3; ++c) {
      const double b = c - 1, log = -3 + 1.5 * std::tanh(f0) + 0.8 * b;
      samples.squares.push_back(float(std::exp(log) * std::pow(normal(random), 2)));
      samples.basis.insert(samples.basis.end(), {1.0f, float(b), 0.0f, 0.0f});
      best += 0.5 * (log + 1) / (3.0 * n);
    }
  }
  VarianceNet net(3, 8, samples, 1);
  EXPECT_NEAR(net.loss(samples), net.constant(), 1e-6);  // it begins with one variance for all
  EXPECT_GT(net.constant(), best + 0.2);
  net.fit(samples, 15, 5e-3, 1, [](double) {});
  EXPECT_NEAR(net.loss(samples), best, 0.01);
}

TEST(VarianceFit, OnSampleRuns) {
  const std::string source = GRAINSPIN_SOURCE_DIR, data = source + "/datasets/cu_uniaxial/";
  const Model model = read_model(source + "/networks/pretrained/cu_uniaxial.safetensors");
  VarianceFitOptions o;
  o.samples = 10'000;
  o.epochs = 15;
  const VarianceFit fit = fit_variance(model, {data + "train/cu_uniaxial_21.h5"}, {data + "train/cu_uniaxial_21.h5"}, o);
  EXPECT_NEAR(double(fit.samples), 10'000, 500);
  EXPECT_LT(fit.fitted, fit.constant - 0.05);
  const Calibration& c = fit.calibration;
  // Heavier tails than normal ones, and a set of factors in their order.
  EXPECT_TRUE(0.4 < c.increment[0] && c.increment[0] < 0.75 && 1.4 < c.increment[1] && c.increment[1] < 2 && c.increment[1] < c.increment[2]);
  EXPECT_TRUE(c.radius[0] < c.radius[1] && c.radius[1] < c.radius[2]);
  EXPECT_GT(c.correlation, 0.3);  // a voxel that is wrong at one step is wrong alike at the next
  check(fit.model);
  EXPECT_EQ(fit.model.tensors.at("phase0.in.odd").values, model.tensors.at("phase0.in.odd").values);

  EXPECT_THROW((void)fit_variance(model, {data + "train/cu_uniaxial_21.h5"}, {}, o), Error);
  EXPECT_THROW((void)fit_variance(read_model(source + "/networks/pretrained/cu_uniaxial_local.safetensors"), {"a"}, {"b"}, o), Error);
}

}  // namespace
}  // namespace grainspin

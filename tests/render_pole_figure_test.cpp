// Mirrors src/render/pole_figure.h: where poles of a known orientation lie, and that densities are
// multiples of random.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "src/render/pole_figure.h"

namespace grainspin::render {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

std::vector<float> one(const Quatd& q) {
  return {float(q.w), float(q.x), float(q.y), float(q.z)};
}

double mean(const PoleDensity& d) {
  double sum = 0;
  int n = 0;
  for (const float v : d.value)
    if (!std::isnan(v)) sum += v, ++n;
  return sum / n;
}

// The density in the direction v of the sample, nearest value.
float at(const PoleDensity& d, Vec3<double> v) {
  const double f = 1 / std::sqrt(1 + v.z), side = d.side;
  const int i = int((v.x * f + 1) / 2 * side), j = int((1 - v.y * f) / 2 * side);
  return d.value[std::size_t(std::min(j, d.side - 1)) * d.side + std::min(i, d.side - 1)];
}

const PoleFamily& family(const PointGroup& group, int k) {
  static std::vector<PoleFamily> kept;
  kept = shown_poles(group);
  return kept[k];
}

TEST(PoleFamilies, Multiplicities) {
  const auto counts = [](const char* group) {
    std::vector<std::size_t> n;
    for (const PoleFamily& f : shown_poles(PointGroup::named(group))) n.push_back(f.poles.size());
    return n;
  };
  EXPECT_EQ(counts("432"), (std::vector<std::size_t>{3, 6, 4}));  // lines, not vectors
  EXPECT_EQ(counts("622"), (std::vector<std::size_t>{1, 3, 3}));
  EXPECT_EQ(counts("1"), (std::vector<std::size_t>{1, 1, 1}));
}

TEST(PoleFamilies, HexagonalPrismPlanesLieThirtyDegreesApart) {
  const std::vector<PoleFamily> f = shown_poles(PointGroup::named("622"));
  EXPECT_EQ(f[1].name, "{101\u03050}");
  // a1 = x, a2 at 120 degrees; the reciprocal direction of (10-10) has a1.g = 1, a2.g = 0: azimuth 30.
  const Vec3<double> g10{1, 1 / std::sqrt(3.0), 0};
  const double length = std::sqrt(g10.x * g10.x + g10.y * g10.y);
  bool found = false;
  for (const Vec3<double>& p : f[1].poles) found |= std::abs(p.x * g10.x + p.y * g10.y) / length > 1 - 1e-12;
  EXPECT_TRUE(found);
  for (const Vec3<double>& p : f[1].poles)
    for (const Vec3<double>& r : f[2].poles)
      EXPECT_LT(std::abs(p.x * r.x + p.y * r.y), std::cos(29.9 * kDegree));
}

TEST(PoleDensity, CubeOrientationPeaksAtTheAxes) {
  const PointGroup& cubic = PointGroup::named("432");
  const std::vector<float> q = one({1, 0, 0, 0});
  const PoleDensity d = pole_density(family(cubic, 0), 1, q.data(), 7.5, 91);
  // Closed form: kernel at its own pole plus the other two at 90 degrees (negligible), shared by 3 poles,
  // half of it in each of the two antipodes.
  const double kappa = std::log(0.5) / (2 * std::log(std::cos(3.75 * kDegree)));
  EXPECT_NEAR(at(d, {0, 0, 1}), (1 + kappa) / 2 / 3, 0.01 * kappa / 6);
  EXPECT_GT(at(d, {std::cos(0.02), 0, std::sin(0.02)}), 0.9 * (1 + kappa) / 6);  // x, at the rim
  EXPECT_LT(at(d, {std::sqrt(0.5), 0, std::sqrt(0.5)}), 1e-3);
  // Half of the peak at the half width: that is what it means.
  const double t = 7.5 * kDegree;
  EXPECT_NEAR(at(d, {std::sin(t), 0, std::cos(t)}) / at(d, {0, 0, 1}), 0.5, 0.1);
}

TEST(PoleDensity, TurnedOrientationPeaksWhereGeometrySays) {
  // 40 degrees about sample y: crystal z goes to (sin 40, 0, cos 40), to the right of the centre.
  const double t = 40 * kDegree;
  const std::vector<float> q = one(exp(Vec3<double>{0, t, 0}));
  const PoleDensity d = pole_density({"c", {{0, 0, 1}}}, 1, q.data());
  int best = 0;
  for (int i = 0; i < int(d.value.size()); ++i)
    if (d.value[i] > d.value[best] || std::isnan(d.value[best])) best = i;
  const double x = (2 * (best % d.side) + 1.0) / d.side - 1, y = 1 - (2 * (best / d.side) + 1.0) / d.side;
  EXPECT_NEAR(x, std::sin(t) / std::sqrt(1 + std::cos(t)), 2.0 / d.side);
  EXPECT_NEAR(y, 0, 2.0 / d.side);
}

TEST(PoleDensity, MeanOverTheHemisphereIsOne) {
  std::mt19937 rng(3);
  std::normal_distribution<float> normal;
  for (const char* group : {"432", "622", "222"}) {
    const PoleFamily f = family(PointGroup::named(group), 2);
    for (const int n : {1, 50}) {
      std::vector<float> q(4 * n);
      for (float& v : q) v = normal(rng);  // scaled to unit length inside: a random rotation
      EXPECT_NEAR(mean(pole_density(f, n, q.data())), 1, 0.02) << group << " " << n;
    }
  }
}

TEST(PoleDensity, UniformOrientationsAreOneEverywhere) {
  std::mt19937 rng(5);
  std::normal_distribution<float> normal;
  std::vector<float> q(4 * 40000);
  for (float& v : q) v = normal(rng);
  const PoleDensity d = pole_density(family(PointGroup::named("432"), 0), 40000, q.data());
  EXPECT_NEAR(d.low, 1, 0.2);
  EXPECT_NEAR(d.high, 1, 0.2);
}

TEST(PoleDensity, SameForEquivalentOrientationsAndBothSigns) {
  const PointGroup& cubic = PointGroup::named("432");
  const Quatd q = normalised(Quatd{0.8, 0.3, -0.2, 0.4});
  const PoleDensity d = pole_density(family(cubic, 2), 1, one(q).data());
  for (const Quatd& s : cubic.operators()) {
    const Quatd e = q * s;
    const PoleDensity o = pole_density(family(cubic, 2), 1, one({-e.w, -e.x, -e.y, -e.z}).data());
    for (std::size_t i = 0; i < d.value.size(); ++i) {
      if (std::isnan(d.value[i])) continue;
      ASSERT_NEAR(o.value[i], d.value[i], 1e-3);
    }
  }
}

TEST(PoleDensity, BrokenOrientationsAreLeftOut) {
  std::vector<float> q = one({1, 0, 0, 0});
  const PoleDensity good = pole_density(family(PointGroup::named("432"), 0), 1, q.data());
  q.insert(q.begin(), {NAN, 0, 0, 1});
  const PoleDensity d = pole_density(family(PointGroup::named("432"), 0), 2, q.data());
  EXPECT_EQ(d.high, good.high);
}

TEST(PoleFigure, DiscIsDrawnAndOutsideIsTransparent) {
  const PoleDensity d = pole_density(family(PointGroup::named("432"), 0), 1, one({1, 0, 0, 0}).data());
  Canvas canvas(Canvas::Format::kPng, 100, 100, 1);
  draw_pole_figure(canvas, {0, 0, 100, 100}, d, d.high);
  const Pixels p = decode_png(canvas.finish());
  EXPECT_EQ(p.rgba[3], 0);
  const std::uint8_t* centre = &p.rgba[4 * (50 * 100 + 50)];
  const Rgb peak = colour_at(ColourMap::kViridis, 1);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(centre[c], peak[c], 24);
}

}  // namespace
}  // namespace grainspin::render

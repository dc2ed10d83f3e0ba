// Mirrors src/render/ipf_map.h. Colours of the corners of the cubic key are its convention: [001] red,
// [101] green, [111] blue.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "src/render/ipf_map.h"

namespace grainspin::render {
namespace {

std::array<int, 3> rgb(const Pixels& p, int x, int y) {
  const std::uint8_t* v = &p.rgba[4 * (std::size_t(y) * p.width + x)];
  return {v[0], v[1], v[2]};
}

std::vector<float> repeated(const Quatd& q, int n) {
  std::vector<float> out;
  for (int i = 0; i < n; ++i)
    for (const double v : {q.w, q.x, q.y, q.z}) out.push_back(float(v));
  return out;
}

TEST(IpfMap, UniformCubeOrientationHasTheKeysCornerColours) {
  const PointGroup& cubic = PointGroup::named("432");
  const std::vector<float> q = repeated({1, 0, 0, 0}, 6);
  const double r2 = std::sqrt(0.5), r3 = std::sqrt(1 / 3.0);
  const std::pair<std::array<double, 3>, int> corners[] = {
      {{0, 0, 1}, 0}, {{r2, 0, r2}, 1}, {{r3, r3, r3}, 2}};
  for (const auto& [axis, channel] : corners) {
    const Pixels map = decode_png(png(ipf_map({{&cubic}, nullptr}, 3, 2, q.data(), axis)));
    ASSERT_EQ(map.width, 3);
    ASSERT_EQ(map.height, 2);
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 3; ++x)
        for (int c = 0; c < 3; ++c)
          EXPECT_NEAR(rgb(map, x, y)[c], c == channel ? 255 : 0, 2)
              << "corner " << channel << " channel " << c;
  }
}

TEST(IpfMap, RowZeroIsAtTheBottom) {
  const PointGroup& cubic = PointGroup::named("432");
  std::vector<float> q = repeated({1, 0, 0, 0}, 1);
  // The rotation that carries [111] to z: axis [111] x z, angle 54.7 degrees.
  const double t = std::acos(std::sqrt(1 / 3.0));
  const Quatd up = exp(Vec3<double>{t * std::sqrt(0.5), -t * std::sqrt(0.5), 0});
  const std::vector<float> second = repeated(up, 1);
  q.insert(q.end(), second.begin(), second.end());
  const Pixels map = ipf_map({{&cubic}, nullptr}, 1, 2, q.data(), {0, 0, 1});
  EXPECT_GT(rgb(map, 0, 1)[0], 250);  // bottom: [001], red
  EXPECT_GT(rgb(map, 0, 0)[2], 250);  // top: [111], blue
}

TEST(IpfMap, EveryVoxelInTheColoursOfItsPhase) {
  // [1 0 1]/sqrt2 along the axis: the green corner for 432; for 422 half way down from red to green.
  const std::int32_t phase[2] = {0, 1};
  const VoxelSymmetry symmetry{{&PointGroup::named("432"), &PointGroup::named("422")}, phase};
  const std::vector<float> q = repeated({1, 0, 0, 0}, 2);
  const Pixels map = ipf_map(symmetry, 2, 1, q.data(), {1, 0, 1});
  EXPECT_LT(rgb(map, 0, 0)[0], 3);
  EXPECT_EQ(rgb(map, 1, 0)[0], 255);
  EXPECT_EQ(rgb(map, 1, 0)[1], 255);
}

TEST(IpfMap, BrokenOrientationsAreBlack) {
  const std::vector<float> q{NAN, 0, 0, 0};
  EXPECT_EQ(rgb(ipf_map({{&PointGroup::named("432")}, nullptr}, 1, 1, q.data(), {0, 0, 1}), 0, 0),
            (std::array<int, 3>{0, 0, 0}));
}

TEST(Disorientation, InDegreesModuloSymmetry) {
  const PointGroup& cubic = PointGroup::named("432");
  const double degree = std::numbers::pi / 180;
  const std::vector<float> a = repeated({1, 0, 0, 0}, 3);
  std::vector<float> b = repeated(exp(Vec3<double>{0, 0, 3 * degree}), 1);
  const std::vector<float> turned = repeated(exp(Vec3<double>{0, 0, 85 * degree}), 1);  // 5 from 90
  b.insert(b.end(), turned.begin(), turned.end());
  b.insert(b.end(), {0, 0, 0, 0});
  const std::vector<float> deg = disorientation_deg({{&cubic}, nullptr}, 3, a.data(), b.data());
  EXPECT_NEAR(deg[0], 3, 1e-3);
  EXPECT_NEAR(deg[1], 5, 1e-3);
  EXPECT_TRUE(std::isnan(deg[2]));
}

TEST(ErrorMap, GoesFromDarkToLight) {
  const std::vector<float> deg{0, 5, 10, NAN};
  const Pixels map = error_map(4, 1, deg.data(), 10);
  const auto is = [&](int x, const Rgb& c) { return rgb(map, x, 0) == std::array<int, 3>{c[0], c[1], c[2]}; };
  EXPECT_TRUE(is(0, colour_at(ColourMap::kMagma, 0)));
  EXPECT_TRUE(is(1, colour_at(ColourMap::kMagma, 0.5)));
  EXPECT_TRUE(is(2, colour_at(ColourMap::kMagma, 1)));
  EXPECT_TRUE(is(3, {128, 128, 128}));
}

TEST(Enlarged, WholePixelsLinesBetweenGrainsAndProportions) {
  const Pixels map{2, 1, {10, 20, 30, 255, 40, 50, 60, 255}};
  const Pixels plain = enlarged(map, 1, 1, nullptr, {}, 40);
  EXPECT_EQ(plain.width, 40);
  EXPECT_EQ(plain.height, 20);
  EXPECT_EQ(rgb(plain, 19, 0), (std::array<int, 3>{10, 20, 30}));
  EXPECT_EQ(rgb(plain, 20, 19), (std::array<int, 3>{40, 50, 60}));

  const std::int32_t grain[2] = {0, 1};
  const Pixels lined = enlarged(map, 1, 1, grain, {200, 100, 0}, 40);
  EXPECT_EQ(rgb(lined, 19, 10), (std::array<int, 3>{200, 100, 0}));
  EXPECT_EQ(rgb(lined, 20, 10), (std::array<int, 3>{200, 100, 0}));
  EXPECT_EQ(rgb(lined, 10, 10), (std::array<int, 3>{10, 20, 30}));

  const Pixels tall = enlarged(map, 1, 3, nullptr, {}, 60);  // 2 x 3 in length
  EXPECT_EQ(tall.height * 2, tall.width * 3);
}

TEST(Enlarged, AVeryLargeMapIsThinnedOut) {
  Pixels map{5000, 10, std::vector<std::uint8_t>(5000 * 10 * 4, 255)};
  const Pixels small = enlarged(map, 1, 1, nullptr, {}, 480);
  EXPECT_EQ(small.width, 960);
  EXPECT_GE(small.height, 1);
}

TEST(IpfKey, CornersOfTheDrawnTriangleHaveTheirColours) {
  Canvas canvas(Canvas::Format::kPng, 190, 130, 2);
  draw_ipf_key(canvas, {0, 0, 190, 130}, Theme::light(), PointGroup::named("432"));
  const Pixels p = decode_png(canvas.finish());
  // Wherever the labels are: each pure colour must appear, red left of green, blue above both.
  std::array<double, 3> x{}, y{}, n{};
  for (int j = 0; j < p.height; ++j)
    for (int i = 0; i < p.width; ++i) {
      const auto c = rgb(p, i, j);
      if (p.rgba[4 * (std::size_t(j) * p.width + i) + 3] < 255) continue;
      for (int k = 0; k < 3; ++k)
        if (c[k] > 250 && c[(k + 1) % 3] < 40 && c[(k + 2) % 3] < 40) x[k] += i, y[k] += j, n[k] += 1;
    }
  for (int k = 0; k < 3; ++k) ASSERT_GT(n[k], 3) << "channel " << k;
  for (int k = 0; k < 3; ++k) x[k] /= n[k], y[k] /= n[k];
  EXPECT_LT(x[0] + 30, x[1]);
  EXPECT_LT(y[2] + 30, y[0]);
  EXPECT_LT(y[2] + 30, y[1]);
}

TEST(IpfKey, EveryGroupHasOne) {
  for (const char* name : {"1", "2", "222", "3", "32", "4", "422", "6", "622", "23", "432"}) {
    Canvas canvas(Canvas::Format::kPng, 190, 130, 1);
    draw_ipf_key(canvas, {0, 0, 190, 130}, Theme::light(), PointGroup::named(name));
    const Pixels p = decode_png(canvas.finish());
    int opaque = 0;
    for (std::size_t i = 3; i < p.rgba.size(); i += 4) opaque += p.rgba[i] == 255;
    EXPECT_GT(opaque, 1500) << name;
  }
}

}  // namespace
}  // namespace grainspin::render

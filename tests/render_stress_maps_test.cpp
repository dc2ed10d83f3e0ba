// Mirrors src/render/stress_maps.cpp: a planted stress field, looked up voxel by voxel in the pictures.
#include <gtest/gtest.h>

#include <cmath>

#include "src/render/colour_map.h"
#include "src/render/pictures.h"

namespace grainspin::render {
namespace {

ArchiveScore planted() {
  ArchiveScore a;
  a.name = "planted";
  a.point_group = "432";
  a.shape = {4, 3, 2};
  a.voxels = 24;
  std::vector<float> truth, predicted, q;
  for (int i = 0; i < 24; ++i) {
    truth.push_back(float(1e7 * i));
    predicted.push_back(float(1e7 * i + (i % 2 ? 2e7 : -2e7)));
    q.insert(q.end(), {1, 0, 0, 0});
  }
  a.slices = {slice_of(a.shape, {4, 3, 2}, 2, 1, nullptr, q.data(), q.data(), nullptr)};
  a.slices[0].stress_truth = plane_of(a.shape, 2, 1, truth.data());
  a.slices[0].stress_predicted = plane_of(a.shape, 2, 1, predicted.data());
  return a;
}

// The colour in the middle of a voxel; row 0 is at the bottom.
Rgb colour_of(const Pixels& p, const Slice& s, int column, int row) {
  const int x = int((column + 0.5) * p.width / s.columns), y = int((s.rows - row - 0.5) * p.height / s.rows);
  const std::uint8_t* c = &p.rgba[4 * (std::size_t(y) * p.width + x)];
  return {c[0], c[1], c[2]};
}

TEST(StressMaps, PlanesLieAsSlicesDo) {
  std::vector<float> field(24);
  for (int i = 0; i < 24; ++i) field[std::size_t(i)] = float(i);
  EXPECT_EQ(plane_of({4, 3, 2}, 2, 1, field.data()), (std::vector<float>{12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}));
  EXPECT_EQ(plane_of({4, 3, 2}, 0, 3, field.data()), (std::vector<float>{3, 7, 11, 15, 19, 23}));   // y right, z up
  EXPECT_EQ(plane_of({4, 3, 2}, 1, 0, field.data()), (std::vector<float>{0, 1, 2, 3, 12, 13, 14, 15}));
  EXPECT_THROW(plane_of({4, 3, 2}, 0, 4, field.data()), Error);
}

TEST(StressMaps, EveryVoxelHasItsColour) {
  const ArchiveScore a = planted();
  const StressRange range = stress_range(a);
  // 99 % of the values lie below 250 MPa: a round number above them; the difference is 20 MPa everywhere.
  EXPECT_GE(range.top, 2.3e8);
  EXPECT_LE(range.top, 3e8);
  EXPECT_NEAR(range.span, 2e7, 1);
  const auto maps = stress_maps(a, range);
  ASSERT_EQ(maps.size(), 1u);
  const Slice& s = a.slices[0];
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 4; ++column) {
      const int i = 12 + 4 * row + column;
      EXPECT_EQ(colour_of(maps[0].truth, s, column, row), colour_at(ColourMap::kViridis, 1e7 * i / range.top)) << i;
      EXPECT_EQ(colour_of(maps[0].difference, s, column, row), colour_at(ColourMap::kBalance, i % 2 ? 1 : 0)) << i;
    }
}

TEST(StressMaps, DifferencesAreBalancedAboutWhite) {
  const Rgb white = colour_at(ColourMap::kBalance, 0.5), low = colour_at(ColourMap::kBalance, 0), high = colour_at(ColourMap::kBalance, 1);
  EXPECT_EQ(white[0], white[1]);
  EXPECT_EQ(white[1], white[2]);
  EXPECT_GT(low[2], low[0]);    // blue
  EXPECT_GT(high[0], high[2]);  // red
  // Equal distances are equally far from white, to the luminance of Rec. 709 on both sides.
  const auto light = [](const Rgb& c) { return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
  EXPECT_NEAR(light(low), light(high), 2);
}

TEST(StressMaps, ThePageShowsThemAndOnlyThen) {
  Report report;
  report.title = "t";
  report.archives = {planted()};
  EXPECT_NE(report_html(report).find("Local von Mises stress"), std::string::npos);
  EXPECT_FALSE(stress_maps_png(report.archives[0]).empty());
  report.archives[0].slices[0].stress_truth.pop_back();
  EXPECT_THROW(report_html(report), Error);
  report.archives[0].slices[0].stress_truth.clear();
  report.archives[0].slices[0].stress_predicted.clear();
  EXPECT_EQ(report_html(report).find("Local von Mises stress"), std::string::npos);
  EXPECT_EQ(stress_range(report.archives[0]).top, 0);
}

}  // namespace
}  // namespace grainspin::render

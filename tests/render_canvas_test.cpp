// Mirrors src/render/canvas.h, colour_map.h, curve.h and text.h. Colours from matplotlib's published tables,
// pixels from the geometry that was drawn.
#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <locale>

#include "grainspin/core.h"
#include "src/render/canvas.h"
#include "src/render/curve.h"
#include "src/render/ipf_map.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

std::array<int, 4> pixel(const Pixels& p, int x, int y) {
  const std::uint8_t* v = &p.rgba[4 * (std::size_t(y) * p.width + x)];
  return {v[0], v[1], v[2], v[3]};
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(ColourMap, EndsAndMiddleAreThePublishedOnes) {
  // matplotlib 3.11 colormaps: viridis(0), viridis(127.5/255), viridis(255); magma(0), magma(255).
  EXPECT_EQ(colour_at(ColourMap::kViridis, 0), (Rgb{0x44, 0x01, 0x54}));
  EXPECT_EQ(colour_at(ColourMap::kViridis, 0.5), (Rgb{0x21, 0x90, 0x8c}));
  EXPECT_EQ(colour_at(ColourMap::kViridis, 1), (Rgb{0xfd, 0xe7, 0x25}));
  EXPECT_EQ(colour_at(ColourMap::kMagma, 0), (Rgb{0x00, 0x00, 0x04}));
  EXPECT_EQ(colour_at(ColourMap::kMagma, 1), (Rgb{0xfc, 0xfd, 0xbf}));
  EXPECT_EQ(colour_at(ColourMap::kMagma, 7), colour_at(ColourMap::kMagma, 1));
  EXPECT_EQ(colour_at(ColourMap::kMagma, NAN), (Rgb{128, 128, 128}));
}

TEST(ColourMap, LightnessRisesSteadily) {
  for (const ColourMap map : {ColourMap::kViridis, ColourMap::kMagma}) {
    double before = -1;
    for (int i = 0; i <= 32; ++i) {
      const Rgb c = colour_at(map, i / 32.0);
      double luminance = 0;  // CIE Y of sRGB, IEC 61966-2-1
      const double weight[3] = {0.2126, 0.7152, 0.0722};
      for (int k = 0; k < 3; ++k) {
        const double v = c[k] / 255.0;
        luminance += weight[k] * (v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
      }
      EXPECT_GT(luminance, before);
      before = luminance;
    }
  }
}

TEST(Canvas, PngHasTheSizeAndTheColoursDrawn) {
  Canvas canvas(Canvas::Format::kPng, 30, 20, 2);
  canvas.fill({0, 0, 30, 20}, hex(0xffffff));
  canvas.fill({5, 5, 10, 10}, hex(0x0072b2));
  const Pixels p = decode_png(canvas.finish());
  EXPECT_EQ(p.width, 60);
  EXPECT_EQ(p.height, 40);
  EXPECT_EQ(pixel(p, 0, 0), (std::array<int, 4>{255, 255, 255, 255}));
  EXPECT_EQ(pixel(p, 20, 20), (std::array<int, 4>{0x00, 0x72, 0xb2, 255}));
  EXPECT_EQ(pixel(p, 31, 20), (std::array<int, 4>{255, 255, 255, 255}));
}

TEST(Canvas, PixelsSurviveTheRoundTrip) {
  Pixels p{3, 2, {}};
  for (int i = 0; i < 6; ++i)
    p.rgba.insert(p.rgba.end(), {std::uint8_t(40 * i), std::uint8_t(255 - i), 7, 255});
  p.rgba[3] = 0;  // transparent: its colour need not survive
  const Pixels q = decode_png(png(p));
  ASSERT_EQ(q.width, 3);
  ASSERT_EQ(q.height, 2);
  EXPECT_EQ(q.rgba[3], 0);
  EXPECT_TRUE(std::equal(p.rgba.begin() + 4, p.rgba.end(), q.rgba.begin() + 4));
}

TEST(Canvas, ImageKeepsItsEdgesAndItsTopRowOnTop) {
  const Pixels two{1, 2, {255, 0, 0, 255, 0, 0, 255, 255}};
  Canvas canvas(Canvas::Format::kPng, 10, 20, 1);
  canvas.image({0, 0, 10, 20}, two);
  const Pixels p = decode_png(canvas.finish());
  EXPECT_EQ(pixel(p, 5, 9), (std::array<int, 4>{255, 0, 0, 255}));
  EXPECT_EQ(pixel(p, 5, 10), (std::array<int, 4>{0, 0, 255, 255}));
}

TEST(Canvas, TextLeavesInkAndAnyBytesAreAccepted) {
  for (const std::string text : {"101\u03050 {Ä} °", "\xff\xfe broken \xc3", "\xed\xa0\x80"}) {
    Canvas canvas(Canvas::Format::kPng, 200, 40, 1);
    canvas.text(10, 30, text, {20, hex(0x000000)});
    const Pixels p = decode_png(canvas.finish());
    int ink = 0;
    for (std::size_t i = 3; i < p.rgba.size(); i += 4) ink += p.rgba[i] > 128;
    EXPECT_GT(ink, 50) << text;
  }
}

TEST(Canvas, OverlineLiesAboveItsCharacter) {
  const auto top_ink = [](const char* text) {
    Canvas canvas(Canvas::Format::kPng, 60, 60, 1);
    canvas.text(5, 50, text, {40, hex(0x000000)});
    const Pixels p = decode_png(canvas.finish());
    for (int y = 0; y < 60; ++y)
      for (int x = 0; x < 60; ++x)
        if (p.rgba[4 * (std::size_t(y) * 60 + x) + 3] > 100) return y;
    return 60;
  };
  EXPECT_LT(top_ink("1\u0305"), top_ink("1"));
}

TEST(Canvas, RefusesWhatIsNoPicture) {
  EXPECT_THROW(Canvas(Canvas::Format::kPng, 0, 10), Error);
  EXPECT_THROW(Canvas(Canvas::Format::kPng, 1e9, 10), Error);
  EXPECT_THROW(decode_png("not a PNG"), Error);
  EXPECT_THROW(png({2, 2, {0, 0, 0, 0}}), Error);
}

TEST(Canvas, SvgIsASelfContainedDocument) {
  Canvas canvas(Canvas::Format::kSvg, 100, 50);
  canvas.fill({0, 0, 10, 10}, hex(0xff0000));
  canvas.text(10, 30, "strain", {12, hex(0)});
  const std::string svg = canvas.finish();
  EXPECT_NE(svg.find("<svg"), std::string::npos);
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  EXPECT_EQ(svg.find("<text"), std::string::npos);  // outlines: no font is needed
  // What starts with http is only the name of the SVG and XLink dialects.
  EXPECT_EQ(count_of(svg, "http"), count_of(svg, "http://www.w3.org/"));
}

TEST(Text, NumbersDoNotFollowTheLocale) {
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const auto draw = [] {
    Canvas canvas(Canvas::Format::kSvg, 100, 50);
    canvas.polyline({{1.5, 2.25}, {30.125, 40}}, hex(0x123456), 1.75);
    return number(1234.5, 2) + canvas.finish();
  };
  const std::string plain = draw();
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  const std::string old = std::setlocale(LC_ALL, nullptr);
  std::setlocale(LC_ALL, "de_DE.UTF-8");  // where it is installed
  const std::string comma = draw();
  std::setlocale(LC_ALL, old.c_str());
  std::locale::global(before);
  EXPECT_EQ(plain.substr(0, 7), "1234.50");
  EXPECT_EQ(comma, plain);
}

TEST(Text, Numbers) {
  EXPECT_EQ(number(-0.001, 2), "0.00");
  EXPECT_EQ(number(-1.5, 1), "−1.5");
  EXPECT_EQ(number(NAN, 2), "–");
  EXPECT_EQ(tick(0.25, 0.05), "0.25");
  EXPECT_EQ(tick(20, 10), "20");
  EXPECT_EQ(count(1234567), "1\u2009234\u2009567");
  EXPECT_EQ(count(12), "12");
  EXPECT_EQ(valid_utf8("a\xff z\u00e4"), "a\uFFFD z\u00e4");
  EXPECT_EQ(valid_utf8("\xc0\xaf"), "\uFFFD\uFFFD");  // overlong "/"
}

TEST(Curve, TicksAreRoundAndInside) {
  EXPECT_EQ(round_ticks(0, 13, 7), (std::vector<double>{0, 2, 4, 6, 8, 10, 12}));
  EXPECT_EQ(round_ticks(-1, 1, 4), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_TRUE(round_ticks(1, 1, 5).empty());
  EXPECT_DOUBLE_EQ(round_up(0), 1);
  EXPECT_DOUBLE_EQ(round_up(8.1), 10);
  EXPECT_DOUBLE_EQ(round_up(0.021), 0.03);
  EXPECT_DOUBLE_EQ(round_up(20), 20);
}

TEST(Curve, HistogramCountsEveryFiniteValueOnce) {
  const std::vector<Point> steps = histogram_steps({0.1f, 0.2f, 1.5f, 99.f, NAN}, 1, 3);
  // bins [0,1): 2, [1,2): 1, [2,..): 1 of 4
  const std::vector<Point> expected{{0, 0}, {0, 50}, {1, 50}, {1, 25}, {2, 25}, {2, 25}, {3, 25}, {3, 0}};
  EXPECT_EQ(steps, expected);
}

TEST(Curve, TheLineRunsWhereTheNumbersSay) {
  Chart chart;
  chart.series = {{"", {{0, 0}, {1, 1}}, hex(0xff0000), 3, {}, false, false}};
  Canvas canvas(Canvas::Format::kPng, 300, 200, 1);
  canvas.fill({0, 0, 300, 200}, hex(0xffffff));
  draw_chart(canvas, {0, 0, 300, 200}, Theme::light(), chart);
  const Pixels p = decode_png(canvas.finish());
  int left = 300, right = -1, left_y = 0, right_y = 0, n = 0;
  for (int x = 0; x < 300; ++x)
    for (int y = 0; y < 200; ++y)
      if (pixel(p, x, y) == std::array<int, 4>{255, 0, 0, 255}) {
        if (x < left) left = x, left_y = y;
        if (x >= right) right = x, right_y = y;
        ++n;
      }
  EXPECT_GT(n, 200);
  EXPECT_GT(right - left, 220);
  EXPECT_GT(left_y - right_y, 110);  // it rises: y is down
}

TEST(Curve, EmptyAndOddNumbersStillDraw) {
  for (const std::vector<Point>& points :
       {std::vector<Point>{}, {{1, 1}}, {{0, NAN}, {1, INFINITY}}, {{0, -1}, {1, -2}}, {{0, 5}, {1, 5}}}) {
    for (const bool log_y : {false, true}) {
      Chart chart;
      chart.log_y = log_y;
      chart.series = {{"s", points, hex(0), 1, {}, true, true}};
      chart.marks = {{"m", 0.5, hex(0)}};
      Canvas canvas(Canvas::Format::kPng, 300, 200, 1);
      draw_chart(canvas, {0, 0, 300, 200}, Theme::light(), chart);
      EXPECT_EQ(decode_png(canvas.finish()).width, 300);
    }
  }
}

}  // namespace
}  // namespace grainspin::render

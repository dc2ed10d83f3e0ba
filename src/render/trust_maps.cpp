#include "src/render/trust_maps.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "src/render/ipf_map.h"
#include "src/render/pictures.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

// Told apart by any colour vision, and in print.
constexpr std::array<Rgb, 3> kVerdict{Rgb{0xc9, 0xd9, 0xe3}, Rgb{0xe6, 0x9f, 0x00}, Rgb{0x9e, 0x1b, 0x32}};
constexpr std::array<const char*, 3> kName{"fine", "doubtful", "outside"};

Pixels verdict_map(const Slice& s) {
  Pixels out{s.columns, s.rows, {}};
  for (int row = s.rows - 1; row >= 0; --row)  // the picture's first row is on top
    for (int column = 0; column < s.columns; ++column) {
      const float v = s.verdict[std::size_t(row * s.columns + column)];
      const Rgb& c = kVerdict[std::size_t(std::clamp(std::lround(v), 0L, 2L))];
      out.rgba.insert(out.rgba.end(), {c[0], c[1], c[2], 255});
    }
  return out;
}

}  // namespace

std::vector<TrustMaps> trust_maps(const Report& report, const ArchiveScore& a, double top) {
  std::vector<TrustMaps> out;
  const std::vector<SliceMaps> maps = slice_maps(report, a, top);
  constexpr Rgb kDark{0x20, 0x24, 0x2a}, kPale{0xf4, 0xf4, 0xf4};
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const Slice& s = a.slices[i];
    if (s.expected_deg.empty() && s.verdict.empty()) continue;
    const auto big = [&](const Pixels& p, const Rgb& line) {
      return enlarged(p, s.column_size, s.row_size, s.grain.empty() ? nullptr : s.grain.data(), line, 480);
    };
    TrustMaps m{&s, maps[i].error, {}, {}};
    if (!s.expected_deg.empty()) m.expected = big(error_map(s.columns, s.rows, s.expected_deg.data(), top), kPale);
    if (!s.verdict.empty()) m.verdict = big(verdict_map(s), kDark);
    out.push_back(std::move(m));
  }
  return out;
}

void draw_verdict_key(Canvas& canvas, double x, double y, const Theme& theme) {
  for (std::size_t k = 0; k < kVerdict.size(); ++k) {
    const Rgb& c = kVerdict[k];
    const Rect at{x + 100 * double(k), y + 4, 16, 16};
    canvas.fill(at, {c[0] / 255.0, c[1] / 255.0, c[2] / 255.0});
    canvas.outline(at, theme.rule, 1);
    canvas.text(at.x + 22, y + 17, kName[k], {13, theme.ink});
  }
}

std::string trust_maps_png(const Report& report, const ArchiveScore& a) {
  constexpr double kMargin = 24, kGap = 18, kTitle = 15, kWidth = 940, kPanel = (kWidth - 2 * kMargin - 2 * kGap) / 3;
  const Theme& theme = Theme::light();
  const double top = error_top(a);
  const std::vector<TrustMaps> maps = trust_maps(report, a, top);
  const auto height_of = [&](const Slice& s) {
    return std::clamp(kPanel * (s.rows * s.row_size) / (s.columns * s.column_size), 0.3 * kPanel, 1.6 * kPanel);
  };
  double height = 2 * kMargin + 30 + 70;
  for (const TrustMaps& m : maps) height += height_of(*m.slice) + kTitle + 50;
  Canvas canvas(Canvas::Format::kPng, kWidth, height, 1.5);
  canvas.fill({0, 0, kWidth, height}, theme.paper);
  canvas.text(kMargin, kMargin + 14, a.name + ": how far to believe it at " + last_strain(a), {18, theme.ink, Anchor::kStart, true});
  double y = kMargin + 30;
  for (const TrustMaps& m : maps) {
    const std::pair<const Pixels*, const char*> panels[] = {{&m.error, "error"}, {&m.expected, "error that the model expects"}, {&m.verdict, "verdict"}};
    for (int k = 0; k < 3; ++k) {
      const Pixels& p = *panels[k].first;
      if (p.width == 0) continue;
      const double x = kMargin + k * (kPanel + kGap), f = std::min(kPanel / p.width, height_of(*m.slice) / p.height);
      canvas.text(x, y + kTitle, panels[k].second, {kTitle, theme.ink, Anchor::kStart, true});
      const Rect at{x + (kPanel - p.width * f) / 2, y + kTitle + 10, p.width * f, p.height * f};
      canvas.image(at, p);
      canvas.outline(at, theme.rule, 1);
    }
    y += kTitle + 10 + height_of(*m.slice);
    canvas.text(kMargin, y + 18, m.slice->name + ": " + m.slice->column_axis + " to the right, " + m.slice->row_axis + " up", {13, theme.muted});
    y += 40;
  }
  draw_colour_bar(canvas, {kMargin, y + 8, kPanel, 56}, theme, ColourMap::kMagma, 0, top, "disorientation to the truth (°)");
  draw_verdict_key(canvas, kMargin + 2 * (kPanel + kGap), y + 8, theme);
  return canvas.finish();
}

}  // namespace grainspin::render

// Maps of the local von Mises stress: true, predicted, and their difference.
#include <algorithm>
#include <cmath>

#include "src/render/ipf_map.h"
#include "src/render/pictures.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

double quantile(std::vector<double> values, double share) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return 0;
  const auto at = values.begin() + std::ptrdiff_t(share * double(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

bool has_stress(const Slice& s) { return !s.stress_truth.empty() && !s.stress_predicted.empty(); }

}  // namespace

std::vector<float> plane_of(Shape shape, int axis, int index, const float* field) {
  require(axis >= 0 && axis < 3, Errc::kArgument, "a slice is across axis 0, 1 or 2");
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  require(index >= 0 && index < n[axis], Errc::kArgument, "a slice's index lies outside the grid");
  const int across = axis == 0 ? 1 : 0, up = axis == 2 ? 1 : 2;
  std::vector<float> out;
  for (int j = 0; j < n[up]; ++j)
    for (int i = 0; i < n[across]; ++i) {
      int at[3] = {index, index, index};
      at[across] = i, at[up] = j;
      out.push_back(field[(std::int64_t(at[2]) * n[1] + at[1]) * n[0] + at[0]]);
    }
  return out;
}

StressRange stress_range(const ArchiveScore& a) {
  std::vector<double> size, difference;
  for (const Slice& s : a.slices)
    for (std::size_t i = 0; has_stress(s) && i < s.stress_truth.size(); ++i) {
      size.push_back(s.stress_truth[i]);
      size.push_back(s.stress_predicted[i]);
      difference.push_back(std::abs(double(s.stress_predicted[i]) - s.stress_truth[i]));
    }
  if (size.empty()) return {};
  return {round_up(quantile(std::move(size), 0.99)), round_up(quantile(std::move(difference), 0.99))};
}

std::vector<StressMaps> stress_maps(const ArchiveScore& a, const StressRange& range) {
  std::vector<StressMaps> maps;
  constexpr Rgb kDark{0x20, 0x24, 0x2a}, kPale{0xf4, 0xf4, 0xf4};
  for (const Slice& s : a.slices) {
    if (!has_stress(s)) continue;
    const auto big = [&](ColourMap map, const std::vector<float>& values, double low, double high, const Rgb& line) {
      return enlarged(value_map(map, s.columns, s.rows, values.data(), low, high), s.column_size, s.row_size,
                      s.grain.empty() ? nullptr : s.grain.data(), line, 480);
    };
    std::vector<float> difference(s.stress_truth.size());
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = s.stress_predicted[i] - s.stress_truth[i];
    maps.push_back({big(ColourMap::kViridis, s.stress_truth, 0, range.top, kPale),
                    big(ColourMap::kViridis, s.stress_predicted, 0, range.top, kPale),
                    big(ColourMap::kBalance, difference, -range.span, range.span, kDark)});
  }
  return maps;
}

std::string stress_maps_png(const ArchiveScore& a) {
  constexpr double kMargin = 24, kGap = 18, kTitle = 15, kWidth = 940, kInner = kWidth - 2 * kMargin;
  const Theme& theme = Theme::light();
  const StressRange range = stress_range(a);
  const std::vector<StressMaps> maps = stress_maps(a, range);
  const double w = (kInner - 2 * kGap) / 3;
  std::vector<const Slice*> slices;
  for (const Slice& s : a.slices)
    if (has_stress(s)) slices.push_back(&s);
  const auto height_of = [&](const Slice& s) {
    return std::clamp(w * (s.rows * s.row_size) / (s.columns * s.column_size), 0.3 * w, 1.6 * w);
  };
  double height = 2 * kMargin + 30 + 70;
  for (const Slice* s : slices) height += height_of(*s) + kTitle + 10 + 40;
  Canvas canvas(Canvas::Format::kPng, kWidth, height, 1.5);
  canvas.fill({0, 0, kWidth, height}, theme.paper);
  canvas.text(kMargin, kMargin + 14, a.name + ": von Mises stress at " + last_strain(a), {18, theme.ink, Anchor::kStart, true});
  double y = kMargin + 30;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const Slice& s = *slices[i];
    const std::pair<const Pixels*, const char*> panels[] = {
        {&maps[i].truth, "true"}, {&maps[i].predicted, "predicted"}, {&maps[i].difference, "predicted − true"}};
    for (int k = 0; k < 3; ++k) {
      const double x = kMargin + k * (w + kGap), h = height_of(s);
      canvas.text(x, y + kTitle, panels[k].second, {kTitle, theme.ink, Anchor::kStart, true});
      const Pixels& p = *panels[k].first;
      const double f = std::min(w / p.width, h / p.height);
      const Rect at{x + (w - p.width * f) / 2, y + kTitle + 10, p.width * f, p.height * f};
      canvas.image(at, p);
      canvas.outline(at, theme.rule, 1);
    }
    y += kTitle + 10 + height_of(s);
    canvas.text(kMargin, y + 18, s.name + ": " + s.column_axis + " to the right, " + s.row_axis + " up", {13, theme.muted});
    y += 40;
  }
  draw_colour_bar(canvas, {kMargin, y + 8, w, 56}, theme, ColourMap::kViridis, 0, range.top / 1e6, "von Mises stress (MPa)");
  draw_colour_bar(canvas, {kMargin + 2 * (w + kGap), y + 8, w, 56}, theme, ColourMap::kBalance, -range.span / 1e6, range.span / 1e6,
                  "predicted − true (MPa)");
  return canvas.finish();
}

}  // namespace grainspin::render

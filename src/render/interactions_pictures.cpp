// Path, cross-validation and heat map of a fit of H and K.
#include <algorithm>
#include <cmath>

#include "grainspin/interactions/names.h"
#include "src/render/colour_map.h"
#include "src/render/interactions_page.h"
#include "src/render/ipf_map.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

using interactions::BlockFit;
using interactions::PathPoint;

constexpr std::size_t kLines = 80;  // of a path plot: the largest

double place(const BlockFit& b, std::size_t p) { return std::log10(b.path.points[p].lambda / b.path.lambda_max); }

std::vector<Mark> marks(const BlockFit& b, const Theme& theme) {
  std::vector<Mark> out;
  if (b.at_min >= 0 && b.at_min == b.at_one_se) return {{"λ min, 1 SE", place(b, std::size_t(b.at_min)), theme.muted}};
  if (b.at_min >= 0) out.push_back({"λ min", place(b, std::size_t(b.at_min)), theme.muted});
  if (b.at_one_se >= 0) out.push_back({"λ 1 SE", place(b, std::size_t(b.at_one_se)), theme.muted});
  return out;
}

// "0.31" in a cell of little room: ".31".
std::string cell_text(double v, double biggest) {
  const int decimals = biggest < 10 ? 2 : biggest < 100 ? 1 : 0;
  std::string s = number(v, decimals);
  if (s.starts_with("0.")) s = s.substr(1);
  return s;
}

}  // namespace

Chart path_chart(const BlockFit& b, const Theme& theme) {
  Chart c;
  c.x_label = "log₁₀ λ/λ_max";
  c.y_label = "coefficient / its largest";
  c.zero_y = false;
  const std::size_t P = b.path.points.size();
  std::vector<double> largest(b.columns.size(), 0);
  for (const PathPoint& p : b.path.points)
    for (std::size_t a = 0; a < p.active.size(); ++a) {
      const std::size_t at = std::size_t(p.active[a]);
      largest[at] = std::max(largest[at], std::abs(p.value[a]));
    }
  // The unknowns that entered first are drawn: they matter most.
  std::vector<std::size_t> order;
  for (const PathPoint& p : b.path.points)
    for (const auto a : p.active)
      if (order.size() < kLines && std::find(order.begin(), order.end(), std::size_t(a)) == order.end()) order.push_back(std::size_t(a));
  std::vector<bool> chosen(b.columns.size(), false);
  if (b.at >= 0)
    for (const auto a : b.path.points[std::size_t(b.at)].active) chosen[std::size_t(a)] = true;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return chosen[x] && !chosen[y]; });
  bool named[2] = {false, false};
  for (const std::size_t column : order) {
    Series s;
    for (std::size_t p = 0; p < P; ++p) {
      const PathPoint& point = b.path.points[p];
      const auto at = std::lower_bound(point.active.begin(), point.active.end(), std::int32_t(column));
      const bool there = at != point.active.end() && *at == std::int32_t(column);
      s.points.push_back({place(b, p), there ? point.value[std::size_t(at - point.active.begin())] / largest[column] : 0.0});
    }
    s.colour = chosen[column] ? theme.model : Colour{theme.persistence.r, theme.persistence.g, theme.persistence.b, 0.45};
    s.width = chosen[column] ? 1.5 : 1;
    if (!named[chosen[column]]) s.name = chosen[column] ? "chosen" : "not chosen", named[chosen[column]] = true;
    c.series.push_back(s);
  }
  c.marks = marks(b, theme);
  return c;
}

Chart cv_chart(const BlockFit& b, const Theme& theme) {
  Chart c;
  c.x_label = "log₁₀ λ/λ_max";
  c.y_label = "left-out error / response";
  c.log_y = true;
  const std::size_t P = std::min(b.cv_error.size(), b.path.points.size());
  Series mean, low, high;
  mean.name = "mean over folds";
  low.name = "± one standard error";
  for (std::size_t p = 0; p < P; ++p) {
    const double x = place(b, p), e = b.cv_error[p], se = b.cv_se[p];
    mean.points.push_back({x, e});
    low.points.push_back({x, e - se});
    high.points.push_back({x, e + se});
  }
  mean.colour = theme.model;
  mean.width = 2;
  low.colour = high.colour = theme.persistence;
  low.width = high.width = 1.1;
  low.dash = high.dash = {4, 3};
  c.series = {mean, low, high};
  c.marks = marks(b, theme);
  return c;
}

std::string heat_map_svg(const SlipSet& slip, const interactions::Tensor& tensor, const Theme& theme) {
  const int n = slip.count();
  const double cell = n <= 12 ? 44 : n <= 24 ? 34 : 25, left = 118, top = 96, side = cell * n;
  Canvas canvas(Canvas::Format::kSvg, left + side + 12, top + side + 64);
  double biggest = 0;
  for (const double v : tensor.value) biggest = std::max(biggest, std::abs(v));
  const bool negative = std::any_of(tensor.value.begin(), tensor.value.end(), [](double v) { return v < 0; });
  const ColourMap map = negative ? ColourMap::kBalance : ColourMap::kViridis;
  const auto scaled = [&](double v) { return biggest <= 0 ? 0.0 : negative ? 0.5 + 0.5 * v / biggest : v / biggest; };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double v = tensor.value[std::size_t(i * n + j)];
      const Rect rect{left + cell * j, top + cell * i, cell, cell};
      if (v == 0) continue;  // the page shows through: nothing was chosen here
      const Rgb rgb = colour_at(map, scaled(v));
      canvas.fill(rect, {rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0});
      const double light = (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255;
      canvas.text(rect.x + cell / 2, rect.y + cell / 2 + cell * 0.13, cell_text(v, biggest),
                  {cell * 0.38, light > 0.5 ? hex(0x1d232b) : hex(0xffffff), Anchor::kMiddle});
    }
  int begin = 0;
  for (int f = 0; f < int(slip.families.size()); ++f) {
    int count = 0;
    for (const SlipSystem& s : slip.systems) count += s.family == f;
    const double from = cell * begin, middle = from + cell * count / 2;
    for (const double at : {from, from + cell * count}) {
      canvas.polyline({{left + at, top}, {left + at, top + side}}, theme.muted, 1);
      canvas.polyline({{left, top + at}, {left + side, top + at}}, theme.muted, 1);
    }
    const std::string name = interactions::short_family(slip.families[std::size_t(f)]);
    canvas.text(left - 8, top + middle + 4.5, name, {13, theme.ink, Anchor::kEnd});
    canvas.text(left + middle + 4, top - 8, name, {13, theme.ink, Anchor::kStart, false, -0.7});
    begin += count;
  }
  const double bar = std::min(side, 300.0);
  if (biggest > 0)
    draw_colour_bar(canvas, {left, top + side + 6, bar, 54}, theme, map, negative ? -biggest : 0, biggest,
                    tensor.symbol + ": row responds, column acts");
  return canvas.finish();
}

}  // namespace grainspin::render

#include "src/render/curve.h"

#include <algorithm>
#include <cmath>

#include "src/render/text.h"

namespace grainspin::render {
namespace {

constexpr double kSize = 13;

struct Range {
  double low = INFINITY, high = -INFINITY;
  void take(double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
};

std::vector<double> decade_ticks(double low, double high) {
  std::vector<double> ticks;
  const bool dense = std::log10(high / low) < 2.5;
  for (int d = int(std::floor(std::log10(low))); d <= int(std::ceil(std::log10(high))); ++d)
    for (const double f : {1.0, 2.0, 5.0}) {
      const double t = f * std::pow(10, d);
      if ((f == 1 || dense) && t >= low * (1 - 1e-9) && t <= high * (1 + 1e-9)) ticks.push_back(t);
    }
  return ticks;
}

std::string log_tick(double v) {
  return v >= 1 ? number(v, 0) : number(v, int(std::ceil(-std::log10(v) - 1e-9)));
}

void draw_key(Canvas& canvas, const Theme& theme, double x, double y, const Series& s) {
  const double mid = y - 4.5;
  if (s.filled) canvas.fill({x, mid - 5, 24, 10}, {s.colour.r, s.colour.g, s.colour.b, s.colour.a * 0.35});
  if (!s.filled) canvas.polyline({{x, mid}, {x + 24, mid}}, s.colour, s.width, s.dash);
  if (s.markers) canvas.circle(x + 12, mid, 3, s.colour);
  canvas.text(x + 30, y, s.name, {kSize, theme.ink});
}

// Entries in rows that fit the width; returns the height used.
double draw_legend(Canvas& canvas, const Rect& rect, const Theme& theme, const Chart& chart) {
  double x = rect.x, y = rect.y + kSize;
  bool any = false;
  const auto place = [&](const std::string& name) {
    const double w = 30 + canvas.text_width(name, kSize) + 18;
    if (any && x + w - 18 > rect.x + rect.w) x = rect.x, y += kSize + 7;
    const double at = x;
    x += w;
    any = true;
    return at;
  };
  for (const Series& s : chart.series)
    if (!s.name.empty()) {
      const double at = place(s.name);
      draw_key(canvas, theme, at, y, s);
    }
  for (const Band& b : chart.bands)
    if (!b.name.empty()) {
      const double at = place(b.name);
      canvas.fill({at, y - 9.5, 24, 10}, b.colour);
      canvas.text(at + 30, y, b.name, {kSize, theme.ink});
    }
  return any ? y - rect.y + 8 : 0;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int wanted) {
  std::vector<double> ticks;
  if (!(high > low) || !std::isfinite(high - low)) return ticks;
  const double raw = (high - low) / std::max(1, wanted), power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double f : {1.0, 2.0, 5.0})
    if (f * power >= raw * (1 - 1e-9)) {
      step = f * power;
      break;
    }
  if (std::max(std::abs(low), std::abs(high)) > 1e15 * step) return ticks;  // no room between doubles
  for (long long k = std::llround(std::ceil(low / step - 1e-9)); k * step <= high + 1e-9 * step; ++k)
    ticks.push_back(k * step);
  return ticks;
}

std::vector<Point> histogram_steps(const std::vector<float>& values, double bin, double top) {
  const int bins = std::max(1, int(std::ceil(top / bin - 1e-9)));
  std::vector<double> share(bins, 0);
  std::int64_t n = 0;
  for (const float v : values)
    if (std::isfinite(v)) {
      share[std::clamp(int(v / bin), 0, bins - 1)] += 1;
      ++n;
    }
  std::vector<Point> steps{{0, 0}};
  for (int i = 0; i < bins; ++i) {
    const double y = n ? 100 * share[i] / double(n) : 0;
    steps.push_back({i * bin, y});
    steps.push_back({(i + 1) * bin, y});
  }
  steps.push_back({bins * bin, 0});
  return steps;
}

void draw_chart(Canvas& canvas, const Rect& rect, const Theme& theme, const Chart& chart) {
  Range rx, ry;
  for (const Series& s : chart.series)
    for (const Point& p : s.points) {
      if (!std::isfinite(p[1]) || (chart.log_y && p[1] <= 0)) continue;
      rx.take(p[0]);
      ry.take(p[1]);
    }
  for (const Band& b : chart.bands) ry.take(b.high);
  if (!(rx.high > rx.low))
    rx = {std::isfinite(rx.low) ? rx.low - 0.5 : 0, std::isfinite(rx.low) ? rx.low + 0.5 : 1};
  if (!std::isfinite(ry.low) || (chart.log_y && ry.low <= 0)) ry = {chart.log_y ? 0.1 : 0, 1};

  double top = rect.y;
  if (!chart.title.empty()) {
    canvas.text(rect.x, top + 15, chart.title, {15, theme.ink, Anchor::kStart, true});
    top += 27;
  }
  top += draw_legend(canvas, {rect.x, top, rect.w, 0}, theme, chart);
  if (!chart.marks.empty()) top += kSize + 3;
  const double bottom = rect.y + rect.h - (kSize + 6) - (kSize + 8);

  // The y range, a little air above, and its ticks.
  double low, high;
  std::vector<double> ticks;
  if (chart.log_y) {
    low = ry.low / 1.15, high = ry.high * 1.15;
    ticks = decade_ticks(low, high);
  } else {
    low = chart.zero_y && ry.low >= 0 ? 0 : ry.low;
    high = ry.high > low ? ry.high + 0.04 * (ry.high - low) : low + 1;
    if (low != 0) low -= 0.04 * (high - low);
    ticks = round_ticks(low, high, std::max(2, int((bottom - top) / 40)));
  }
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  const auto y_text = [&](double t) { return chart.log_y ? log_tick(t) : tick(t, step); };
  double room = 0;
  for (const double t : ticks) room = std::max(room, canvas.text_width(y_text(t), kSize));

  const double left = rect.x + kSize + 8 + room + 8, right = rect.x + rect.w - 10;
  const Rect plot{left, top, right - left, bottom - top};
  const auto px = [&](double x) { return plot.x + plot.w * (x - rx.low) / (rx.high - rx.low); };
  const auto py = [&](double y) {
    const double t = chart.log_y ? std::log(y / low) / std::log(high / low) : (y - low) / (high - low);
    return plot.y + plot.h * (1 - t);
  };

  canvas.clip(plot);
  for (const Band& b : chart.bands) {
    const double y0 = py(std::max(b.low, low)), y1 = py(b.high);
    canvas.fill({plot.x, y1, plot.w, y0 - y1}, b.colour);
  }
  canvas.unclip();
  for (const double t : ticks) {
    canvas.polyline({{plot.x, py(t)}, {plot.x + plot.w, py(t)}}, theme.rule, 1);
    canvas.text(plot.x - 8, py(t) + 4.5, y_text(t), {kSize, theme.ink, Anchor::kEnd});
  }
  const std::vector<double> across = round_ticks(rx.low, rx.high, std::max(2, int(plot.w / 55)));
  const double x_step = across.size() > 1 ? across[1] - across[0] : 1;
  for (const double t : across) {
    canvas.polyline({{px(t), plot.y + plot.h}, {px(t), plot.y + plot.h + 5}}, theme.muted, 1);
    canvas.text(px(t), plot.y + plot.h + kSize + 7, tick(t, x_step), {kSize, theme.ink, Anchor::kMiddle});
  }
  canvas.polyline({{plot.x, plot.y + plot.h}, {plot.x + plot.w, plot.y + plot.h}}, theme.muted, 1.2);
  canvas.text(plot.x + plot.w / 2, rect.y + rect.h - 4, chart.x_label, {kSize, theme.muted, Anchor::kMiddle});
  canvas.text(rect.x + kSize - 1, plot.y + plot.h / 2, chart.y_label,
              {kSize, theme.muted, Anchor::kMiddle, false, -M_PI / 2});

  canvas.clip({plot.x - 5, plot.y - 5, plot.w + 10, plot.h + 10});
  for (auto series = chart.series.rbegin(); series != chart.series.rend(); ++series) {
    const Series& s = *series;
    std::vector<Point> line;
    const auto stroke = [&] {
      if (line.size() > 1) {
        if (s.filled) {
          std::vector<Point> area = line;
          area.push_back({line.back()[0], plot.y + plot.h});
          area.push_back({line.front()[0], plot.y + plot.h});
          canvas.polygon(area, {s.colour.r, s.colour.g, s.colour.b, s.colour.a * 0.35});
        }
        canvas.polyline(line, s.colour, s.width, s.dash);
      }
      if (s.markers || line.size() == 1)
        for (const Point& p : line) canvas.circle(p[0], p[1], s.width + 1.2, s.colour);
      line.clear();
    };
    for (const Point& p : s.points) {  // a hole in the numbers is a hole in the line
      if (std::isfinite(p[1]) && (!chart.log_y || p[1] > 0))
        line.push_back({px(p[0]), py(p[1])});
      else
        stroke();
    }
    stroke();
  }
  canvas.unclip();
  // The first label ends at its line, the others begin at theirs; one that would touch another is left out.
  double free_from = -INFINITY;
  for (std::size_t i = 0; i < chart.marks.size(); ++i) {
    const Mark& m = chart.marks[i];
    if (m.x < rx.low || m.x > rx.high) continue;
    const double x = px(m.x), w = canvas.text_width(m.name, kSize);
    canvas.polyline({{x, plot.y - 2}, {x, plot.y + plot.h}}, m.colour, 1.2, {4, 3});
    const double at = std::clamp(i == 0 ? x - w : x, plot.x, plot.x + plot.w - w);
    if (at < free_from) continue;
    canvas.text(at, plot.y - 6, m.name, {kSize, m.colour});
    free_from = at + w + 10;
  }
}

}  // namespace grainspin::render

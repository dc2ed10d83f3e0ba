// Pictures for files: whole sheets with titles, on white.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "src/render/file.h"
#include "src/render/ipf_map.h"
#include "src/render/pictures.h"
#include "src/render/text.h"
#include "src/render/trust_charts.h"
#include "src/render/trust_maps.h"

namespace grainspin::render {
namespace {

constexpr double kMargin = 24, kTitle = 15;

// An image as large as fits, from the top of the rectangle, centred.
void place(Canvas& canvas, const Rect& r, const Pixels& p, const Theme& theme) {
  const double f = std::min(r.w / p.width, r.h / p.height), w = p.width * f, h = p.height * f;
  const Rect at{r.x + (r.w - w) / 2, r.y, w, h};
  canvas.image(at, p);
  canvas.outline(at, theme.rule, 1);
}

double maps_height(const Slice& s, double width) {
  const double aspect = (s.rows * s.row_size) / (s.columns * s.column_size);
  return std::clamp(width * aspect, 0.3 * width, 1.6 * width);
}

// start, true, predicted, error beside each other; returns the height used.
double draw_maps(Canvas& canvas, const Rect& r, const Theme& theme, const ArchiveScore& a, const Slice& slice,
                 const SliceMaps& maps) {
  constexpr double kGap = 18;
  const double w = (r.w - 3 * kGap) / 4, h = maps_height(slice, w);
  const std::string end = last_strain(a);
  const std::pair<const Pixels*, std::string> panels[] = {{&maps.start, "start"},
                                                          {&maps.truth, "true, " + end},
                                                          {&maps.predicted, "predicted, " + end},
                                                          {&maps.error, "error"}};
  for (int i = 0; i < 4; ++i) {
    if (panels[i].first->width == 0) continue;
    const double x = r.x + i * (w + kGap);
    canvas.text(x, r.y + kTitle, panels[i].second, {kTitle, theme.ink, Anchor::kStart, true});
    place(canvas, {x, r.y + kTitle + 10, w, h}, *panels[i].first, theme);
  }
  return kTitle + 10 + h;
}

// The triangle at the left with what it says, the bar of the error at the right. 120 units high.
void draw_keys(Canvas& canvas, const Rect& r, const Theme& theme, const Report& report, const ArchiveScore& a,
               double top) {
  double x = r.x;
  for (const std::string& group : key_groups(a)) {
    draw_ipf_key(canvas, {x, r.y, 190, 120}, theme, PointGroup::named(group));
    x += 205;
  }
  canvas.text(x, r.y + 55, "crystal direction along", {13, theme.muted});
  canvas.text(x, r.y + 73, report.ipf_axis_name, {13, theme.muted});
  const double w = (r.w - 3 * 18) / 4;
  draw_colour_bar(canvas, {r.x + r.w - w, r.y + 14, w, 56}, theme, ColourMap::kMagma, 0, top,
                  "disorientation to the truth (°)");
}

// Rows of three discs, each row named, the families' names on top, the bar below. Returns the height.
double draw_poles(Canvas& canvas, const Rect& r, const Theme& theme, const PolePlot& plot,
                  const std::vector<int>& rows) {
  const double left = 84, gap = 14, w = std::min(150.0, (r.w - left - 2 * gap) / 3);
  double y = r.y + 16;
  for (std::size_t k = 0; k < plot.families.size(); ++k)
    canvas.text(r.x + left + k * (w + gap) + w / 2, y, plot.families[k].name,
                {14, theme.ink, Anchor::kMiddle, true});
  y += 8;
  for (const int i : rows) {
    canvas.text(r.x, y + w / 2 + 5, plot.rows[i].name, {14, theme.ink, Anchor::kStart, true});
    for (std::size_t k = 0; k < plot.families.size(); ++k)
      draw_pole_figure(canvas, {r.x + left + k * (w + gap), y, w, w}, plot.rows[i].densities[k], plot.top);
    y += w + 10;
  }
  draw_colour_bar(canvas, {r.x + left - 14, y + 4, 3 * w + 2 * gap + 28, 52}, theme, ColourMap::kViridis, 0,
                  plot.top, "pole density (multiples of random)");
  return y + 56 - r.y;
}

std::vector<int> last_rows(const PolePlot& plot, int n) {
  std::vector<int> rows;
  for (int i = std::max(0, int(plot.rows.size()) - n); i < int(plot.rows.size()); ++i) rows.push_back(i);
  return rows;
}

// A name that is one component of a path everywhere.
std::string file_name(const std::string& name, std::set<std::string>& taken) {
  std::string s;
  for (const char c : valid_utf8(name))
    s += std::string_view("/\\:*?\"<>| \t\n").find(c) != std::string_view::npos ? '_' : c;
  if (s.empty() || s.front() == '.') s = "archive" + s;
  std::string free = s;
  for (int k = 2; !taken.insert(free).second; ++k) free = s + "_" + std::to_string(k);
  return free;
}

}  // namespace

std::string maps_png(const Report& report, const ArchiveScore& a) {
  const Theme& theme = Theme::light();
  const double top = error_top(a), width = 1200, w = width - 2 * kMargin;
  double height = 2 * kMargin + 30 + 130;
  for (const Slice& s : a.slices) height += maps_height(s, (w - 54) / 4) + kTitle + 10 + 40;
  Canvas canvas(Canvas::Format::kPng, width, height, 1.5);
  canvas.fill({0, 0, width, height}, theme.paper);
  canvas.text(kMargin, kMargin + 14, a.name, {18, theme.ink, Anchor::kStart, true});
  double y = kMargin + 30;
  const std::vector<SliceMaps> maps = slice_maps(report, a, top);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const Slice& s = a.slices[i];
    y += draw_maps(canvas, {kMargin, y, w, 0}, theme, a, s, maps[i]);
    canvas.text(kMargin, y + 18, s.name + ": " + s.column_axis + " to the right, " + s.row_axis + " up",
                {13, theme.muted});
    y += 40;
  }
  draw_keys(canvas, {kMargin, y, w, 120}, theme, report, a, top);
  return canvas.finish();
}

std::string poles_png(const ArchiveScore& a) {
  const Theme& theme = Theme::light();
  const PolePlot plot = pole_plot(a);
  const double width = 620, height = 2 * kMargin + 30 + 24 + 160.0 * plot.rows.size() + 56;
  Canvas canvas(Canvas::Format::kPng, width, height, 2);
  canvas.fill({0, 0, width, height}, theme.paper);
  canvas.text(kMargin, kMargin + 14, a.name + ": pole figures", {18, theme.ink, Anchor::kStart, true});
  draw_poles(canvas, {kMargin, kMargin + 30, width - 2 * kMargin, 0}, theme, plot, last_rows(plot, 3));
  return canvas.finish();
}

std::string overview_png(const Report& report, const ArchiveScore& a) {
  const Theme& theme = Theme::light();
  const double width = 1200, w = width - 2 * kMargin;
  const bool maps = !a.slices.empty() && !a.point_group.empty();
  const double maps_h = maps ? maps_height(a.slices[0], (w - 54) / 4) + kTitle + 10 + 12 + 126 : 0;
  const PolePlot plot = pole_plot(a);
  const double charts_h = 30 + 400, height = 2 * kMargin + maps_h + charts_h;
  Canvas canvas(Canvas::Format::kPng, width, height, 1.5);
  canvas.fill({0, 0, width, height}, theme.paper);
  double y = kMargin;
  if (maps) {
    const double top = error_top(a);
    ArchiveScore first = a;
    first.slices.resize(1);
    y += draw_maps(canvas, {kMargin, y, w, 0}, theme, a, a.slices[0], slice_maps(report, first, top)[0]) + 12;
    draw_keys(canvas, {kMargin, y, w, 120}, theme, report, a, top);
    y += 126;
  }
  const double half = (w - 40) / 2;
  Chart chart = error_chart(report, a, theme);
  chart.title = "error against strain";
  draw_chart(canvas, {kMargin, y + 10, half, charts_h - 10}, theme, chart);
  if (!plot.rows.empty())
    draw_poles(canvas, {kMargin + half + 60, y + 10, half - 60, 0}, theme, plot, last_rows(plot, 2));
  return canvas.finish();
}

std::string loss_svg(const std::vector<LossPoint>& loss, const std::string& name) {
  return chart_svg(loss_chart(loss, name, Theme::light()), Theme::light(), true);
}

std::vector<std::string> write_pictures(const std::string& directory, const Report& report) {
  namespace fs = std::filesystem;
  check(report);
  std::error_code error;
  fs::create_directories(directory, error);
  require(fs::is_directory(directory), Errc::kIo,
          directory + ": no folder, and none can be made: " + error.message());
  std::vector<std::string> paths;
  const auto write = [&](const std::string& name, const std::string& bytes) {
    paths.push_back((fs::path(directory) / name).string());
    write_file(paths.back(), bytes);
  };
  const Theme& theme = Theme::light();
  if (!report.archives.empty()) write("overview.png", overview_png(report, report.archives.front()));
  std::set<std::string> taken{"overview", "loss"};
  for (const ArchiveScore& a : report.archives) {
    const std::string name = file_name(a.name, taken);
    if (!a.slices.empty() && !a.point_group.empty()) write(name + "_maps.png", maps_png(report, a));
    if (!a.steps.empty()) write(name + "_error.svg", chart_svg(error_chart(report, a, theme), theme, true));
    if (!a.error_deg.empty())
      write(name + "_histogram.svg", chart_svg(histogram_chart(a, theme), theme, true));
    if (!pole_plot(a).rows.empty()) write(name + "_poles.png", poles_png(a));
    if (!a.stress.empty()) write(name + "_stress.svg", chart_svg(stress_chart(a, theme), theme, true));
    if (a.trust && !a.trust->reliability.empty()) write(name + "_reliability.svg", chart_svg(reliability_chart(a, theme), theme, true));
    if (a.trust && !a.trust->coverage.empty()) write(name + "_coverage.svg", chart_svg(coverage_chart(a, theme), theme, true));
    if (!trust_maps(report, a, 1).empty()) write(name + "_trust.png", trust_maps_png(report, a));
    if (stress_range(a).top > 0) write(name + "_stress_maps.png", stress_maps_png(a));
  }
  if (!report.loss.empty()) write("loss.svg", loss_svg(report.loss, report.loss_name));
  return paths;
}

}  // namespace grainspin::render

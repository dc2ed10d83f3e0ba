#include "src/render/pictures.h"

#include <algorithm>
#include <cmath>

#include "src/render/ipf_map.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

Colour faint(const Colour& c, double alpha) {
  return {c.r, c.g, c.b, alpha};
}

// The value below which `share` of the finite values lie; 0 if there are none.
double quantile(std::vector<float> values, double share) {
  std::erase_if(values, [](float v) { return !std::isfinite(v); });
  if (values.empty()) return 0;
  const auto at = values.begin() + std::ptrdiff_t(share * double(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// The point group of each voxel of the slice.
VoxelSymmetry symmetry_of(const ArchiveScore& a, const Slice& s) {
  if (s.phase.empty()) return {{&PointGroup::named(a.point_group)}, nullptr};
  VoxelSymmetry symmetry{{}, s.phase.data()};
  for (const std::string& group : a.phase_groups) symmetry.groups.push_back(&PointGroup::named(group));
  return symmetry;
}

std::vector<float> slice_error(const ArchiveScore& a, const Slice& s) {
  return disorientation_deg(symmetry_of(a, s), s.truth.size() / 4, s.truth.data(), s.predicted.data());
}

}  // namespace

void check(const Report& report) {
  for (const ArchiveScore& a : report.archives) {
    const auto fits = [&](bool ok, const std::string& what) {
      require(ok, Errc::kShape, "report, " + a.name + ": " + what);
    };
    for (const Slice& s : a.slices) {
      const std::size_t n = std::size_t(std::max(0, s.columns)) * std::max(0, s.rows);
      fits(n > 0, "the slice " + s.name + " has no voxels");
      fits(s.truth.size() == 4 * n && s.predicted.size() == 4 * n &&
               (s.start.empty() || s.start.size() == 4 * n),
           "orientations of the slice " + s.name + " are not columns x rows x 4");
      fits(s.grain.empty() || s.grain.size() == n,
           "grains of the slice " + s.name + " are not columns x rows");
      fits((s.expected_deg.empty() || s.expected_deg.size() == n) && (s.verdict.empty() || s.verdict.size() == n),
           "slice " + s.name + ": expected errors or verdicts of another size");
      fits((s.stress_truth.empty() && s.stress_predicted.empty()) || (s.stress_truth.size() == n && s.stress_predicted.size() == n),
           "stresses of the slice " + s.name + " are not columns x rows");
      fits(s.phase.empty() || s.phase.size() == n,
           "phases of the slice " + s.name + " are not columns x rows");
      for (const std::int32_t p : s.phase)
        fits(p >= 0 && std::size_t(p) < a.phase_groups.size(),
             "a phase of the slice " + s.name + " has no point group");
    }
    fits(a.truth.size() % 4 == 0 && a.predicted.size() % 4 == 0 && a.start.size() % 4 == 0,
         "orientations for pole figures are not a multiple of 4 numbers");
  }
}

std::string percent(double fraction) {
  const double p = 100 * fraction;
  return number(p, std::abs(p - std::round(p)) < 0.05 ? 0 : 1) + " %";
}

std::string last_strain(const ArchiveScore& a) {
  return a.steps.empty() ? "the last step" : percent(a.steps.back().strain) + " strain";
}

Chart error_chart(const Report& report, const ArchiveScore& a, const Theme& theme) {
  Chart chart;
  chart.title = a.name + ": error against strain";
  chart.x_label = "strain (%)";
  chart.y_label = "disorientation to the truth (°)";
  Series persistence{"nothing turns, mean", {{0, 0}}, theme.persistence, 2, {7, 4}};
  Series taylor{"Taylor, mean", {{0, 0}}, theme.taylor, 2, {2, 3}};
  Series p95{"model, 95 % of voxels below", {{0, 0}}, faint(theme.model, 0.55), 1.4, {}};
  Series mean{"model, mean", {{0, 0}}, theme.model, 2.6, {}, true};
  const auto add = [](Series& s, double x, const std::optional<Spread>& spread) {
    s.points.push_back({x, spread ? spread->mean : NAN});
  };
  for (const StepScore& s : a.steps) {
    const double x = 100 * s.strain;
    add(persistence, x, s.persistence);
    add(taylor, x, s.taylor);
    add(mean, x, s.model);
    p95.points.push_back({x, s.model.p95});
  }
  const auto known = [](const Series& s) {
    return std::any_of(s.points.begin() + 1, s.points.end(),
                       [](const Point& p) { return std::isfinite(p[1]); });
  };
  for (const Series& s : {mean, p95, persistence, taylor})
    if (known(s)) chart.series.push_back(s);
  const auto [low, high] = report.noise_deg;
  if (high > 0) chart.bands.push_back({"reference's own noise", low, high, faint(theme.noise, 0.35)});
  return chart;
}

Chart histogram_chart(const ArchiveScore& a, const Theme& theme) {
  Chart chart;
  chart.title = a.name + ": errors at " + last_strain(a);
  chart.x_label = "disorientation to the truth at " + last_strain(a) + " (°)";
  chart.y_label = "voxels in each bin (%)";
  // About 35 bins of a round width; one voxel in a thousand may lie in the last one from beyond.
  const double most =
      std::max({1e-3, quantile(a.error_deg, 0.999), quantile(a.persistence_error_deg, 0.999)});
  const double bin = round_ticks(0, most, 35).at(1), top = bin * std::ceil(most / bin);
  chart.series.push_back(
      {"model", histogram_steps(a.error_deg, bin, top), theme.model, 1.6, {}, false, true});
  if (!a.persistence_error_deg.empty())
    chart.series.push_back({"nothing turns",
                            histogram_steps(a.persistence_error_deg, bin, top),
                            theme.persistence,
                            1.8,
                            {7, 4}});
  const double median = quantile(a.error_deg, 0.5), p95 = quantile(a.error_deg, 0.95);
  chart.marks = {{"median " + number(median, 2) + "°", median, theme.model},
                 {"95 %: " + number(p95, 2) + "°", p95, theme.model}};
  return chart;
}

Chart stress_chart(const ArchiveScore& a, const Theme& theme) {
  Chart chart;
  chart.title = a.name + ": stress";
  chart.x_label = "strain (%)";
  chart.y_label = a.stress_name + " (MPa)";
  Series truth{"true", {}, theme.truth, 2, {7, 4}}, predicted{"predicted", {}, theme.model, 2.6, {}, true};
  Series taylor{"Taylor", {}, theme.taylor, 2, {2, 3}}, training{"mean of the training runs", {}, theme.persistence, 2, {10, 3, 2, 3}};
  for (const StressPoint& p : a.stress) {
    truth.points.push_back({100 * p.strain, p.truth / 1e6});
    predicted.points.push_back({100 * p.strain, p.predicted / 1e6});
    if (p.taylor) taylor.points.push_back({100 * p.strain, *p.taylor / 1e6});
    if (p.training) training.points.push_back({100 * p.strain, *p.training / 1e6});
  }
  chart.series = {truth, predicted};
  for (const Series& s : {taylor, training})
    if (!s.points.empty()) chart.series.push_back(s);
  return chart;
}

Chart loss_chart(const std::vector<LossPoint>& loss, const std::string& name, const Theme& theme) {
  Chart chart;
  chart.title = "Training";
  chart.x_label = "epoch";
  chart.y_label = name;
  Series train{"training batches", {}, theme.persistence, 1.8, {}},
      held{"runs set aside", {}, theme.model, 2.4, {}, true};
  bool positive = true;
  double low = INFINITY, high = 0;
  const auto look = [&](double v) {
    if (!std::isfinite(v)) return;
    positive = positive && v > 0;
    low = std::min(low, v), high = std::max(high, v);
  };
  for (const LossPoint& p : loss) {
    train.points.push_back({p.epoch, p.train});
    look(p.train);
    if (p.held_out) {
      held.points.push_back({p.epoch, *p.held_out});
      look(*p.held_out);
    }
  }
  held.markers = held.points.size() <= 60;
  if (!held.points.empty()) chart.series.push_back(held);
  chart.series.push_back(train);
  chart.log_y = positive && high > 4 * low;
  chart.zero_y = false;
  return chart;
}

std::string chart_svg(const Chart& chart, const Theme& theme, bool title) {
  Canvas canvas(Canvas::Format::kSvg, 460, title ? 360 : 330);
  Chart shown = chart;
  if (!title)
    shown.title.clear();
  else
    canvas.fill({0, 0, 460, 360}, theme.paper);
  draw_chart(canvas, {6, 6, 448, title ? 348.0 : 318.0}, theme, shown);
  return canvas.finish();
}

std::vector<std::string> key_groups(const ArchiveScore& a) {
  std::vector<std::string> groups;
  for (const Slice& s : a.slices) {
    if (s.phase.empty()) groups.push_back(a.point_group);
    for (const std::int32_t p : s.phase) {
      if (groups.empty() || groups.back() != a.phase_groups[p]) groups.push_back(a.phase_groups[p]);
    }
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

double error_top(const ArchiveScore& a) {
  std::vector<float> all;
  if (a.point_group.empty()) return 1;
  for (const Slice& s : a.slices) {
    const std::vector<float> deg = slice_error(a, s);
    all.insert(all.end(), deg.begin(), deg.end());
  }
  return round_up(quantile(std::move(all), 0.99));
}

std::vector<SliceMaps> slice_maps(const Report& report, const ArchiveScore& a, double top) {
  std::vector<SliceMaps> maps;
  if (a.point_group.empty()) return maps;
  for (const Slice& s : a.slices) {
    const std::int32_t* grain = s.grain.empty() ? nullptr : s.grain.data();
    const auto big = [&](const Pixels& p, const Rgb& line) {
      return enlarged(p, s.column_size, s.row_size, grain, line, 480);
    };
    const VoxelSymmetry symmetry = symmetry_of(a, s);
    constexpr Rgb kDark{0x20, 0x24, 0x2a}, kPale{0xf4, 0xf4, 0xf4};  // seen on bright colours and on magma
    const auto ipf = [&](const std::vector<float>& q) {
      return q.empty() ? Pixels{}
                       : big(ipf_map(symmetry, s.columns, s.rows, q.data(), report.ipf_axis), kDark);
    };
    const std::vector<float> deg = slice_error(a, s);
    maps.push_back({ipf(s.start), ipf(s.truth), ipf(s.predicted),
                    big(error_map(s.columns, s.rows, deg.data(), top), kPale)});
  }
  return maps;
}

PolePlot pole_plot(const ArchiveScore& a) {
  PolePlot plot;
  if (a.point_group.empty() || (a.start.empty() && a.truth.empty() && a.predicted.empty())) return plot;
  plot.families = shown_poles(PointGroup::named(a.point_group));
  double high = 0;
  const auto add = [&](const char* name, const std::vector<float>& q) {
    if (q.empty()) return;
    PoleRow row{name, {}};
    for (const PoleFamily& family : plot.families) {
      row.densities.push_back(pole_density(family, std::int64_t(q.size() / 4), q.data()));
      high = std::max(high, row.densities.back().high);
    }
    plot.rows.push_back(std::move(row));
  };
  add("start", a.start);
  add("true", a.truth);
  add("predicted", a.predicted);
  plot.top = round_up(std::max(1.0, high));
  return plot;
}

}  // namespace grainspin::render

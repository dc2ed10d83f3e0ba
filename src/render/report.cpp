#include "src/render/report.h"

#include <algorithm>
#include <cmath>

#include "src/render/figure.h"
#include "src/render/file.h"
#include "src/render/html.h"
#include "src/render/ipf_map.h"
#include "src/render/pictures.h"
#include "src/render/text.h"
#include "src/render/trust_section.h"

namespace grainspin::render {
namespace {

std::string degrees(double v) {
  return number(v, 2) + "°";
}
std::string or_dash(const std::optional<double>& v, int decimals) {
  return v ? number(*v, decimals) : "–";
}

std::string noise_text(const Report& r) {
  return number(r.noise_deg[0], 2) + " to " + number(r.noise_deg[1], 2) + "°";
}

std::string summary(const Report& r) {
  std::vector<std::vector<std::string>> rows;
  const auto judged = [](const ArchiveScore& a) { return a.trust && !a.trust->verdict.empty(); };
  const bool any = std::ranges::any_of(r.archives, judged);
  for (const ArchiveScore& a : r.archives) {
    if (a.steps.empty()) continue;
    const StepScore& s = a.steps.back();
    rows.push_back({a.name, degrees(s.model.mean), s.persistence ? degrees(s.persistence->mean) : "–",
                    s.taylor ? degrees(s.taylor->mean) : "–", or_dash(s.skill_persistence, 3),
                    or_dash(s.skill_taylor, 3), or_dash(s.r2_rolled, 3), or_dash(s.r2_one_step, 3),
                    percent(s.strain), count(a.voxels)});
    if (any) rows.back().push_back(judged(a) ? a.trust->verdict : "–");
  }
  if (rows.empty()) return "";
  std::vector<std::string> head{"archive", "model, mean", "nothing turns", "Taylor", "skill over nothing turns",
                                "skill over Taylor", "R² rolled", "R² one step", "strain", "voxels"};
  if (any) head.push_back("verdict");
  return "<h3>Scores at the last step</h3>\n" + table(head, rows);
}

std::string words(const Report& r) {
  std::string s =
      "<h3>What the numbers mean</h3>\n<dl class=\"words\">\n"
      "<div><dt>Error</dt><dd>The angle of the smallest rotation, crystal symmetry allowed, between the "
      "predicted and the "
      "true orientation of a voxel.</dd></div>\n"
      "<div><dt>Nothing turns (persistence)</dt><dd>The simplest forecast: every voxel keeps its first "
      "orientation. Its "
      "error is how far the material really turned.</dd></div>\n"
      "<div><dt>Taylor</dt><dd>The classical model: every grain deforms as the whole piece does and feels no "
      "neighbour.</dd></div>\n"
      "<div><dt>Skill</dt><dd>1 − mean error / mean error of the baseline: 1 is perfect, 0 no better than "
      "the baseline, "
      "negative worse.</dd></div>\n"
      "<div><dt>R²</dt><dd>The share of the rotation increments (not of the orientations) that is explained. "
      "<em>One step</em>: the true orientation is given at each step. <em>Rolled</em>: the model follows its "
      "own "
      "path.</dd></div>\n";
  if (std::ranges::any_of(r.archives, [](const ArchiveScore& a) { return a.trust && !a.trust->verdict.empty(); }))
    s += "<div><dt>Verdict</dt><dd>Whether the run lies within what the model was trained on: <em>fine</em>, <em>doubtful</em> (near the edge), "
         "<em>outside</em>. It knows nothing of the true run.</dd></div>\n";
  if (r.noise_deg[1] > 0)
    s += "<div><dt>The reference's own noise</dt><dd>Solving the same polycrystal with other tolerances and "
         "time steps moves "
         "the reference by " +
         noise_text(r) + ": errors of that size are not the model's.</dd></div>\n";
  return s + "</dl>\n";
}

std::string tiles(const ArchiveScore& a) {
  if (a.steps.empty()) return "";
  const StepScore& s = a.steps.back();
  std::string t = "<div class=\"tiles\">\n" + tile(degrees(s.model.mean), "mean error at " + last_strain(a));
  if (s.persistence) t += tile(degrees(s.persistence->mean), "if nothing turned");
  if (s.taylor) t += tile(degrees(s.taylor->mean), "Taylor");
  if (s.skill_persistence) t += tile(number(*s.skill_persistence, 3), "skill over nothing turns");
  if (s.skill_taylor) t += tile(number(*s.skill_taylor, 3), "skill over Taylor");
  if (s.r2_rolled) t += tile(number(*s.r2_rolled, 3), "R² of the increments, rolled");
  return t + "</div>\n";
}

std::string maps(const Report& r, const ArchiveScore& a) {
  if (a.slices.empty() || a.point_group.empty()) return "";
  std::string s = "<h3>Orientation maps</h3>\n";
  const double top = error_top(a);
  const std::vector<SliceMaps> all = slice_maps(r, a, top);
  const std::string end = last_strain(a);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Slice& slice = a.slices[i];
    const std::string of =
        " orientations of " + a.name + ", slice " + slice.name + ", inverse pole figure colours";
    const auto panel = [](const std::string& name, const Pixels& p, const std::string& alt) {
      return p.width ? "<figure><figcaption>" + escaped(name) + "</figcaption>" + png_image(p, alt) +
                           "</figure>\n"
                     : std::string();
    };
    s += "<div class=\"maps\">\n" + panel("start", all[i].start, "Start" + of) +
         panel("true, " + end, all[i].truth, "True" + of) +
         panel("predicted, " + end, all[i].predicted, "Predicted" + of) +
         panel("error", all[i].error, "Disorientation between predicted and true, slice " + slice.name) +
         "</div>\n<p class=\"note\">" +
         escaped(slice.name + ": " + slice.column_axis + " to the right, " + slice.row_axis + " up") +
         "</p>\n";
  }
  s += "<div class=\"keys\">";
  for (const std::string& group : key_groups(a))
    s += "<figure>" +
         themed_svg(
             [&](const Theme& t) {
               Canvas canvas(Canvas::Format::kSvg, 190, 130);
               draw_ipf_key(canvas, {0, 0, 190, 130}, t, PointGroup::named(group));
               return canvas.finish();
             },
             "Colour key of the crystal directions, point group " + group) +
         "</figure>\n";
  s += "<p class=\"note\">" +
       escaped("Colours: the crystal direction that is parallel to " + r.ipf_axis_name + " (" +
               std::string(ipf_key_name()) +
               " key). Lines are grain boundaries. Grains turn by a few degrees only, so the start resembles "
               "both others: "
               "judge by the error map. It is dark where the prediction is right; errors usually gather at "
               "grain boundaries "
               "and in grains that split.") +
       "</p><figure>" +
       themed_svg(
           [&](const Theme& t) {
             Canvas canvas(Canvas::Format::kSvg, 300, 58);
             draw_colour_bar(canvas, {0, 2, 300, 54}, t, ColourMap::kMagma, 0, top,
                             "disorientation to the truth (°)");
             return canvas.finish();
           },
           "Colour bar of the error, 0 to " + tick(top, top) + " degrees") +
       "</figure></div>\n";
  return s;
}

std::string charts(const Report& r, const ArchiveScore& a) {
  std::string s;
  if (!a.steps.empty()) {
    const StepScore& last = a.steps.back();
    std::string alt =
        "Mean error against strain; at " + last_strain(a) + ": model " + degrees(last.model.mean);
    if (last.persistence) alt += ", nothing turns " + degrees(last.persistence->mean);
    if (last.taylor) alt += ", Taylor " + degrees(last.taylor->mean);
    std::string caption =
        "The thick line is the model's mean error over all voxels. It is worth something where it lies below "
        "the "
        "dashed lines of the baselines.";
    if (r.noise_deg[1] > 0)
      caption += " The shaded band, " + noise_text(r) + ", is the reference solver's own noise.";
    s += chart_figure([&](const Theme& t) { return error_chart(r, a, t); }, alt, caption);
  }
  if (!a.error_deg.empty())
    s += chart_figure([&](const Theme& t) { return histogram_chart(a, t); },
                      "Histogram of the voxels' errors at the last step",
                      "How the error is spread over the voxels. The further left of the dashed outline, the "
                      "more of the real "
                      "rotation was foreseen. The last bin holds all beyond.");
  if (!a.stress.empty())
    s += chart_figure([&](const Theme& t) { return stress_chart(a, t); },
                      "Stress against strain, true and predicted",
                      "The mean stress of the piece. A model that only knows the material would give the mean of "
                      "the training runs, where that is shown.");
  return s.empty() ? s : "<h3>Errors</h3>\n<div class=\"charts\">\n" + s + "</div>\n";
}

std::string stress_section(const ArchiveScore& a) {
  const StressRange range = stress_range(a);
  if (!(range.top > 0)) return "";
  std::string s = "<h3>Local von Mises stress at " + escaped(last_strain(a)) + "</h3>\n";
  const auto panel = [](const std::string& name, const Pixels& p) {
    return "<figure><figcaption>" + escaped(name) + "</figcaption>" + png_image(p, "Von Mises stress, " + name) + "</figure>\n";
  };
  for (const StressMaps& m : stress_maps(a, range))
    s += "<div class=\"maps\">\n" + panel("true", m.truth) + panel("predicted", m.predicted) +
         panel("predicted − true", m.difference) + "</div>\n";
  const auto bar = [](ColourMap map, double low, double high, const std::string& label) {
    return "<figure>" +
           themed_svg(
               [&](const Theme& t) {
                 Canvas canvas(Canvas::Format::kSvg, 300, 58);
                 draw_colour_bar(canvas, {0, 2, 300, 54}, t, map, low, high, label);
                 return canvas.finish();
               },
               "Colour bar: " + label) +
           "</figure>\n";
  };
  return s + "<div class=\"keys\">" + bar(ColourMap::kViridis, 0, range.top / 1e6, "von Mises stress (MPa)") +
         bar(ColourMap::kBalance, -range.span / 1e6, range.span / 1e6, "predicted − true (MPa)") + "</div>\n";
}

std::string poles(const ArchiveScore& a) {
  const PolePlot plot = pole_plot(a);
  if (plot.rows.empty()) return "";
  std::string s = "<h3>Texture: pole figures</h3>\n<div class=\"poles\">\n";
  for (const PoleRow& row : plot.rows) {
    s += "<div><h4>" + escaped(row.name == "start" ? row.name : row.name + ", " + last_strain(a)) +
         "</h4><div class=\"discs\">\n";
    for (std::size_t k = 0; k < plot.families.size(); ++k) {
      const PoleDensity& d = row.densities[k];
      Canvas canvas(Canvas::Format::kPng, 150, 150, 2);
      draw_pole_figure(canvas, {0, 0, 150, 150}, d, plot.top);
      const std::string name = plot.families[k].name;
      s += "<figure><img width=\"150\" height=\"150\" alt=\"" +
           escaped("Pole figure " + name + ", " + row.name + ", density " + number(d.low, 2) + " to " +
                   number(d.high, 2)) +
           "\" src=\"" + data_uri("image/png", canvas.finish()) + "\"/><figcaption>" + escaped(name) +
           "<br/>" + number(d.low, 2) + " to " + number(d.high, 2) + "</figcaption></figure>\n";
    }
    s += "</div></div>\n";
  }
  s += "</div>\n<div class=\"keys\"><p class=\"note\">Where the crystals' poles point: x to the right, y up, "
       "z in the centre, equal-area "
       "projection of the upper hemisphere, de la Vallée Poussin kernel of 7.5° half width. 1 is a random "
       "texture. True and "
       "predicted should look alike.</p><figure>" +
       themed_svg(
           [&](const Theme& t) {
             Canvas canvas(Canvas::Format::kSvg, 300, 58);
             draw_colour_bar(canvas, {0, 2, 300, 54}, t, ColourMap::kViridis, 0, plot.top,
                             "multiples of random");
             return canvas.finish();
           },
           "Colour bar of the pole density, 0 to " + tick(plot.top, 0.5) + " multiples of random") +
       "</figure></div>\n";
  return s;
}

std::string measures(const ArchiveScore& a) {
  std::string s;
  if (!a.measures.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const Measure& m : a.measures) {
      const std::string unit = m.unit.empty() || m.unit == "°" ? m.unit : " " + m.unit;
      const auto value = [&](const std::optional<double>& v) { return v ? number(*v, 3) + unit : "–"; };
      rows.push_back(
          {m.note.empty() ? m.name : m.name + " (" + m.note + ")", value(m.truth), value(m.predicted)});
    }
    s += "<h3>Structure and texture at " + escaped(last_strain(a)) + "</h3>\n" +
         table({"measure", "true", "predicted"}, rows);
  }
  if (!a.by_distance.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const BoundaryBin& b : a.by_distance)
      rows.push_back({b.distance, count(b.voxels), number(b.model_deg, 2), or_dash(b.persistence_deg, 2),
                      or_dash(b.taylor_deg, 2)});
    s += "<h3>Mean error by distance to the nearest grain boundary</h3>\n" +
         table({"distance", "voxels", "model (°)", "nothing turns (°)", "Taylor (°)"}, rows);
  }
  return s;
}

std::string steps(const ArchiveScore& a) {
  if (a.steps.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const StepScore& s : a.steps) {
    const auto mean = [](const std::optional<Spread>& v) {
      return v ? number(v->mean, 2) : std::string("–");
    };
    rows.push_back({std::to_string(s.step), number(100 * s.strain, 1), number(s.model.mean, 2),
                    number(s.model.median, 2), number(s.model.p95, 2), number(s.model.p99, 2),
                    number(s.model.max, 2), mean(s.persistence), mean(s.taylor),
                    or_dash(s.skill_persistence, 3), or_dash(s.skill_taylor, 3), or_dash(s.r2_rolled, 3),
                    or_dash(s.r2_one_step, 3)});
  }
  return "<h3>Every step</h3>\n" +
         table({"step", "strain (%)", "mean (°)", "median (°)", "95 % (°)", "99 % (°)", "max (°)",
                "nothing turns (°)", "Taylor (°)", "skill over nothing turns", "skill over Taylor",
                "R² rolled", "R² one step"},
               rows);
}

}  // namespace

std::string report_html(const Report& r) {
  check(r);
  std::string body = "<header>\n<h1>" + escaped(r.title) + "</h1>\n";
  if (!r.model.empty()) body += "<p class=\"lead\">" + escaped(r.model) + "</p>\n";
  body += "</header>\n<main>\n";
  for (const std::string& note : r.notes) body += "<p class=\"warning\">" + escaped(note) + "</p>\n";
  if (r.archives.size() > 1) {
    body += "<nav>";
    for (std::size_t i = 0; i < r.archives.size(); ++i)
      body += "<a href=\"#archive" + std::to_string(i + 1) + "\">" + escaped(r.archives[i].name) + "</a>\n";
    body += "</nav>\n";
  }
  body += summary(r) + words(r);
  for (std::size_t i = 0; i < r.archives.size(); ++i) {
    const ArchiveScore& a = r.archives[i];
    body += "<section id=\"archive" + std::to_string(i + 1) + "\">\n<h2>" + escaped(a.name) + "</h2>\n";
    if (!a.description.empty()) body += "<p class=\"muted\">" + escaped(a.description) + "</p>\n";
    body += tiles(a) + maps(r, a) + charts(r, a) + trust_section(r, a) + stress_section(a) + poles(a) + measures(a) + steps(a) + "</section>\n";
  }
  if (!r.loss.empty())
    body += "<section><h2>Training</h2>\n<div class=\"charts\">" +
            chart_figure([&](const Theme& t) { return loss_chart(r.loss, r.loss_name, t); },
                         "Training loss against epoch",
                         "Early stopping watches the runs set aside for it, never the archives judged here. "
                         "A widening gap between the "
                         "two lines is overfitting.") +
            "</div></section>\n";
  for (const TextTable& t : r.tables) {
    body += "<section><h2>" + escaped(t.title) + "</h2>\n" + table(t.header, t.rows);
    if (!t.caption.empty()) body += "<p class=\"note\">" + escaped(t.caption) + "</p>\n";
    body += "</section>\n";
  }
  if (!r.facts.empty()) {
    body += "<section><h2>Model and run</h2>\n<dl class=\"facts\">\n";
    for (const auto& [name, value] : r.facts)
      body += "<dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd>\n";
    body += "</dl></section>\n";
  }
  body += "</main>\n<footer>Made by grainspin. This file is complete in itself: it loads nothing.</footer>\n";
  return document(r.title, body);
}

void write_report(const std::string& path, const Report& report) {
  write_file(path, report_html(report));
}

Slice slice_of(Shape shape, std::array<double, 3> size, int axis, int index, const float* start,
               const float* truth, const float* predicted, const std::int32_t* grain,
               const std::int32_t* phase) {
  require(axis >= 0 && axis < 3, Errc::kArgument, "a slice is across axis 0, 1 or 2");
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  require(index >= 0 && index < n[axis], Errc::kArgument, "a slice's index lies outside the grid");
  const int across = axis == 0 ? 1 : 0, up = axis == 2 ? 1 : 2;
  constexpr const char* kNames[3] = {"x", "y", "z"};
  const auto voxel_size = [&](int k) { return size[k] > 0 ? size[k] / n[k] : 1.0; };
  Slice s;
  s.name = std::string(kNames[axis]) + " = " + std::to_string(index + 1) + " of " + std::to_string(n[axis]);
  s.columns = n[across], s.rows = n[up];
  s.column_axis = kNames[across], s.row_axis = kNames[up];
  s.column_size = voxel_size(across), s.row_size = voxel_size(up);
  for (int j = 0; j < s.rows; ++j)
    for (int i = 0; i < s.columns; ++i) {
      int at[3] = {index, index, index};
      at[across] = i, at[up] = j;
      const std::int64_t v = (std::int64_t(at[2]) * n[1] + at[1]) * n[0] + at[0];
      if (start) s.start.insert(s.start.end(), start + 4 * v, start + 4 * v + 4);
      s.truth.insert(s.truth.end(), truth + 4 * v, truth + 4 * v + 4);
      s.predicted.insert(s.predicted.end(), predicted + 4 * v, predicted + 4 * v + 4);
      if (grain) s.grain.push_back(grain[v]);
      if (phase) s.phase.push_back(phase[v]);
    }
  return s;
}

}  // namespace grainspin::render

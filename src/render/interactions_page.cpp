#include "src/render/interactions_page.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "src/render/figure.h"
#include "src/render/file.h"
#include "src/render/html.h"
#include "src/render/text.h"

namespace grainspin::render {
namespace {

using namespace interactions;

constexpr std::size_t kBlocks = 8;   // regressions shown
constexpr std::size_t kTerms = 200;  // rows of a table of terms

std::string percent_of(double part, double whole) {
  if (whole <= 0) return "–";
  const double p = 100 * part / whole;
  return number(p, p >= 10 ? 0 : p >= 1 ? 1 : 2) + " %";
}

// Three significant digits, whatever the size.
std::string short_number(double v) {
  if (!std::isfinite(v)) return "–";
  if (v == 0) return "0";
  const int power = int(std::floor(std::log10(std::abs(v)) + 1e-12));
  if (power >= -3 && power < 5) return number(v, std::clamp(2 - power, 0, 5));
  return number(v / std::pow(10.0, power), 2) + " × 10^" + (power < 0 ? "−" : "") + std::to_string(std::abs(power));
}

std::string score(double v) { return std::isfinite(v) ? number(v, 4) : "–"; }

const char* target_text(Target t) {
  switch (t) {
    case Target::kResistance: return "z = ((g − τ₀)/(µ b))²";
    case Target::kRate: return "density rates";
    case Target::kIncrement: return "increments of density (weak form)";
  }
  return "";
}

template <class Fn>
void for_each_part(const InteractionFit& fit, const Fn& fn) {
  if (fit.h) fn("H", *fit.h);
  if (fit.k) fn("K", *fit.k);
}

// Left-out R2 over all regressions of a part.
double left_out(const FitPart& part) {
  double error = 0, square = 0;
  for (const BlockFit& b : part.blocks) {
    if (!std::isfinite(b.r2_cv)) return std::numeric_limits<double>::quiet_NaN();
    const double s = b.response_rms * b.response_rms * double(b.rows);
    error += (1 - b.r2_cv) * s;
    square += s;
  }
  return square > 0 ? 1 - error / square : std::numeric_limits<double>::quiet_NaN();
}

std::string tiles(const InteractionFit& fit) {
  std::string s = "<div class=\"tiles\">\n";
  for_each_part(fit, [&](const char*, const FitPart& part) {
    for (const Tensor& t : part.tensors) {
      const TensorCounts c = counts(t);
      s += tile(percent_of(double(c.kept_entries), double(c.entries)),
                t.symbol + ": entries not zero, " + count(c.kept_entries) + " of " + count(c.entries));
      s += tile(count(c.kept_orbits) + " of " + count(c.free_orbits), t.symbol + ": orbits not zero");
    }
  });
  for_each_part(fit, [&](const char* name, const FitPart& part) {
    if (const double r = left_out(part); std::isfinite(r)) s += tile(number(r, 3), std::string(name) + ": R² on left-out runs, before the refit");
  });
  return s + tile(count((long long)fit.runs.size()), "runs fitted") + "</div>\n";
}

std::string counts_table(const InteractionFit& fit) {
  std::vector<std::vector<std::string>> rows;
  for_each_part(fit, [&](const char*, const FitPart& part) {
    for (const Tensor& t : part.tensors) {
      const TensorCounts c = counts(t);
      rows.push_back({t.symbol + ", " + t.term.text, count(c.entries), count(c.free_orbits), count(c.left_orbits), count(c.left_entries),
                      count(c.kept_orbits), count(c.kept_entries), percent_of(double(c.kept_entries), double(c.entries))});
    }
  });
  return "<h3>From all entries to the few that matter</h3>\n" +
         table({"tensor", "entries", "orbits free under " + fit.group, "orbits after the mask", "entries after the mask", "orbits not zero",
                "entries not zero", "of all entries"},
               rows);
}

// Unknowns that are not zero, the weightiest first.
std::string terms_table(const Tensor& t) {
  std::vector<const Unknown*> kept;
  for (const auto* list : {&t.unknowns, &t.deviations})
    for (const Unknown& u : *list)
      if (u.value != 0) kept.push_back(&u);
  std::stable_sort(kept.begin(), kept.end(), [](const Unknown* a, const Unknown* b) { return a->contribution > b->contribution; });
  if (kept.empty()) return "<p>Nothing was chosen: no entry of " + escaped(t.symbol) + " tells the responses better than none.</p>\n";
  const bool stable = std::any_of(kept.begin(), kept.end(), [](const Unknown* u) { return std::isfinite(u->frequency); });
  std::vector<std::string> header = {"interaction", "kind of orbit", "entries", "value", "standard error", "value/error", "part of the response"};
  if (stable) header.push_back("chosen in halves");
  std::vector<std::vector<std::string>> rows;
  for (std::size_t k = 0; k < std::min(kept.size(), kTerms); ++k) {
    const Unknown& u = *kept[k];
    rows.push_back({std::to_string(k + 1) + ".  " + u.entry, u.name, count(u.size), short_number(u.value), short_number(u.error),
                    std::isfinite(u.error) && u.error > 0 ? number(std::abs(u.value) / u.error, 1) : "–", percent_of(u.contribution, 1)});
    if (stable) rows.back().push_back(percent_of(u.frequency, 1));
  }
  std::string s = table(header, rows);
  s += "<p class=\"note\">" +
       escaped("An orbit is shown by its first entry: the response, an arrow, what acts; systems count within their family from 1. "
               "Part of the response: rms of this term over rms of the responses it is fitted to." +
               (kept.size() > kTerms ? " " + std::to_string(kept.size() - kTerms) + " weaker ones are left out here." : std::string())) +
       "</p>\n";
  return s;
}

std::string regressions(const FitPart& part) {
  std::string s;
  std::vector<std::vector<std::string>> rows;
  for (const BlockFit& b : part.blocks) {
    const int chosen = b.at >= 0 ? int(b.path.points[std::size_t(b.at)].active.size()) : 0;
    rows.push_back({b.name, count((long long)b.columns.size()), count(b.rank), count(b.rows), count(chosen),
                    b.at >= 0 ? short_number(b.path.points[std::size_t(b.at)].lambda / b.path.lambda_max) : "–", score(b.r2), score(b.r2_cv)});
  }
  s += table({"regression", "unknowns", "told apart", "observations", "chosen", "λ/λ_max", "R² of the law", "R² on left-out runs"}, rows);
  s += "<div class=\"charts\">\n";
  for (std::size_t b = 0; b < std::min(part.blocks.size(), kBlocks); ++b) {
    const BlockFit& block = part.blocks[b];
    if (block.path.points.size() < 2 || !(block.path.lambda_max > 0)) continue;
    s += chart_figure([&](const Theme& t) { return path_chart(block, t); }, "Coefficients along the path, " + block.name,
                      block.name + ": coefficients as the penalty falls, from right to left. What enters first matters most.");
    if (block.cv_error.empty()) continue;
    s += chart_figure([&](const Theme& t) { return cv_chart(block, t); }, "Error of left-out runs along the path, " + block.name,
                      block.name + ": mean squared error of runs that were left out, in parts of the mean squared response.");
  }
  s += "</div>\n";
  if (part.blocks.size() > kBlocks)
    s += "<p class=\"note\">" + escaped("The first " + std::to_string(kBlocks) + " of " + std::to_string(part.blocks.size()) + " regressions are drawn.") + "</p>\n";
  return s;
}

std::string held_out(const InteractionFit& fit) {
  if (fit.scores.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  const auto least = [](const std::vector<double>& v) {
    double low = std::numeric_limits<double>::quiet_NaN();
    for (const double x : v)
      if (std::isfinite(x) && !(x >= low)) low = x;
    return score(low);
  };
  for (const RunScore& r : fit.scores)
    rows.push_back({r.run, least(r.h_r2), least(r.k_r2), r.drive.empty() ? "–" : r.drive, std::isfinite(r.density_error) ? percent_of(r.density_error, 1) : "–",
                    std::isfinite(r.resistance_error) ? percent_of(r.resistance_error, 1) : "–", std::isfinite(r.shear_error) ? percent_of(r.shear_error, 1) : "–"});
  return "<section><h2>Runs that no fit saw</h2>\n" +
         table({"run", "R² of H, least of the families", "R² of K, least of the families", "driven by", "density, rms error", "resistance, rms error", "shear, rms error"}, rows) +
         "<p class=\"note\">The law is rolled forward from the run's first row; errors are of the whole trajectory, in parts of what was recorded.</p></section>\n";
}

std::string facts(const InteractionFit& fit) {
  std::string s = "<section><h2>Fit and data</h2>\n<dl class=\"facts\">\n";
  const auto fact = [&](const std::string& name, const std::string& value) {
    s += "<dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd>\n";
  };
  fact("slip systems", fit.slip.name + ": " + std::to_string(fit.slip.count()) +
                           (fit.slip.c_over_a > 0 ? ", c/a " + short_number(fit.slip.c_over_a) : std::string()));
  fact("ties by point group", fit.group);
  fact("shear modulus", short_number(fit.material.shear_modulus / 1e9) + " GPa");
  fact("flow law", "gdot0 " + short_number(fit.gdot0) + " /s, n " + short_number(fit.n) + (fit.flow_fitted ? ", from the runs" : ", assumed"));
  for_each_part(fit, [&](const char* name, const FitPart& part) { fact(std::string("responses of ") + name, target_text(part.target) + std::string(", ") + count(part.rows) + " rows"); });
  if (!fit.held_out.empty()) fact("held out", count((long long)fit.held_out.size()) + " runs");
  fact("options", fit.options);
  fact("provenance", fit.provenance);
  return s + "</dl></section>\n";
}

}  // namespace

std::string interactions_html(const InteractionFit& fit, const std::string& title) {
  std::string body = "<header>\n<h1>" + escaped(title) + "</h1>\n<p class=\"lead\">" +
                     escaped("Interaction matrices of " + std::to_string(fit.slip.count()) + " slip systems, fitted to " + std::to_string(fit.runs.size()) +
                             " runs of dislocation dynamics; point group " + fit.group + ".") +
                     "</p>\n</header>\n<main>\n";
  for (const std::string& remark : fit.remarks) body += "<p class=\"warning\">" + escaped(remark) + "</p>\n";
  body += tiles(fit) + counts_table(fit);
  if (fit.h) {
    const Tensor& h = fit.h->tensors.front();
    body += "<section><h2>H: how every system hardens every other</h2>\n<figure>" +
            themed_svg([&](const Theme& t) { return heat_map_svg(fit.slip, h, t); }, "Heat map of H") +
            "<figcaption>" + escaped("g = τ₀ + µ b √(Σ H ρ). Cells without colour are zero.") + "</figcaption></figure>\n<h3>Its orbits</h3>\n" + terms_table(h) +
            "<h3>Its regressions</h3>\n" + regressions(*fit.h) + "</section>\n";
  }
  if (fit.k) {
    body += "<section><h2>K: how density grows from what meets</h2>\n";
    for (const Tensor& t : fit.k->tensors) {
      body += "<h3>" + escaped("Surviving terms of " + t.symbol + ", " + t.term.text) + "</h3>\n";
      if (t.orbits.order == 2 && counts(t).kept_entries)
        body += "<figure>" + themed_svg([&](const Theme& theme) { return heat_map_svg(fit.slip, t, theme); }, "Heat map of " + t.symbol) + "</figure>\n";
      body += terms_table(t);
    }
    body += "<h3>Its regressions</h3>\n" + regressions(*fit.k) + "</section>\n";
  }
  body += held_out(fit) + facts(fit) + "</main>\n<footer>Made by grainspin. This file is complete in itself: it loads nothing.</footer>\n";
  return document(title, body);
}

void write_interactions_page(const std::string& path, const InteractionFit& fit, const std::string& title) {
  write_file(path, interactions_html(fit, title));
}

}  // namespace grainspin::render

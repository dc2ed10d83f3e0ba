#include "src/render/trust_charts.h"

#include <algorithm>

#include "src/render/text.h"

namespace grainspin::render {

Chart reliability_chart(const ArchiveScore& a, const Theme& theme) {
  Chart chart;
  chart.title = a.name + ": reliability";
  chart.x_label = "error that the model expects (°)";
  chart.y_label = "mean error (°)";
  Series bins{"voxels, ten equal bins", {}, theme.model, 2.2, {}, true}, right{"as expected", {}, theme.truth, 1.6, {7, 4}};
  double low = 1e300, high = 0;
  for (const ReliabilityBin& b : a.trust->reliability) {
    bins.points.push_back({b.expected_deg, b.observed_deg});
    low = std::min(low, b.expected_deg), high = std::max(high, b.expected_deg);
  }
  right.points = {{low, low}, {high, high}};
  chart.series = {bins, right};
  return chart;
}

Chart coverage_chart(const ArchiveScore& a, const Theme& theme) {
  Chart chart;
  chart.title = a.name + ": coverage";
  chart.x_label = "meant to hold (% of the errors)";
  chart.y_label = "hold (%)";
  Series right{"as meant", {}, theme.truth, 1.6, {7, 4}}, angle{"angle, last step", {}, theme.model, 2.6, {}, true};
  std::array<Series, 3> component{Series{"increments, x", {}, theme.persistence, 1.6, {2, 3}, true}, Series{"y", {}, theme.taylor, 1.6, {2, 3}, true},
                                  Series{"z", {}, theme.ink, 1.6, {1, 5}, true}};
  for (const CoverageLevel& c : a.trust->coverage) {
    right.points.push_back({100 * c.level, 100 * c.level});
    angle.points.push_back({100 * c.level, 100 * c.angle});
    for (std::size_t i = 0; i < 3; ++i) component[i].points.push_back({100 * c.level, 100 * c.increment[i]});
  }
  chart.series = {angle, component[0], component[1], component[2], right};
  return chart;
}

std::string trust_text(const ArchiveScore& a) {
  const TrustScore& t = *a.trust;
  std::string out;
  if (!t.verdict.empty()) {
    out = "Verdict: " + t.verdict + ". " + number(100 * t.fine, 1) + " % of the voxels are fine, " + number(100 * t.doubtful, 1) + " % doubtful, " +
          number(100 * t.outside, 1) + " % outside the domain of training (the worst of all steps).";
    for (std::size_t i = 0; i < t.reasons.size(); ++i) out += (i == 0 ? " Why: " : "; ") + t.reasons[i] + (i + 1 == t.reasons.size() ? "." : "");
  }
  if (t.expected_deg)
    out += (out.empty() ? "" : " ") + std::string("The model expects of itself a mean error of ") + number(*t.expected_deg, 2) + "° at the last step; it is " +
           number(t.error_deg, 2) + "°.";
  return out;
}

}  // namespace grainspin::render

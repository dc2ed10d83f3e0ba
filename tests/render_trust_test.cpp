// The part of the page that says how far to believe a model.
#include <gtest/gtest.h>

#include <string>

#include "src/render/canvas.h"
#include "src/render/report.h"
#include "src/render/trust_charts.h"

namespace grainspin::render {
namespace {

ArchiveScore judged() {
  ArchiveScore a;
  a.name = "run";
  TrustScore t;
  t.verdict = "doubtful";
  t.fine = 0.8, t.doubtful = 0.15, t.outside = 0.05;
  t.reasons = {"coarse <grains>", "steps of 2 %"};
  t.expected_deg = 1.25;
  t.error_deg = 1.5;
  t.reliability = {{1, 1.1}, {2, 2.4}};
  t.coverage = {{0.5, 0.55, {0.5, 0.51, 0.52}}, {0.9, 0.88, {0.9, 0.91, 0.92}}};
  a.trust = t;
  return a;
}

TEST(RenderTrust, ChartsHoldTheNumbers) {
  const ArchiveScore a = judged();
  const Chart reliability = reliability_chart(a, Theme::light()), coverage = coverage_chart(a, Theme::light());
  ASSERT_EQ(reliability.series.size(), 2u);
  EXPECT_EQ(reliability.series[0].points, (std::vector<Point>{{1, 1.1}, {2, 2.4}}));
  EXPECT_EQ(reliability.series[1].points, (std::vector<Point>{{1, 1}, {2, 2}}));  // the diagonal over the same range
  ASSERT_EQ(coverage.series.size(), 5u);
  EXPECT_DOUBLE_EQ(coverage.series[0].points[1][0], 90);
  EXPECT_DOUBLE_EQ(coverage.series[0].points[1][1], 88);
  EXPECT_DOUBLE_EQ(coverage.series[3].points[0][1], 52);
}

TEST(RenderTrust, ThePageTellsVerdictAndExpectedError) {
  Report report;
  report.title = "a title";
  report.archives = {judged()};
  const std::string page = report_html(report);
  for (const char* part : {"Verdict: doubtful. 80.0 % of the voxels are fine, 15.0 % doubtful, 5.0 % outside", "Why: coarse &lt;grains&gt;; steps of 2 %.",
                           "expects of itself a mean error of 1.25° at the last step; it is 1.50°", "error that the model expects"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  report.archives[0].trust.reset();
  EXPECT_EQ(report_html(report).find("How far to believe it"), std::string::npos);
}

}  // namespace
}  // namespace grainspin::render

// The part of the page that says how far to believe a model.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "src/render/canvas.h"
#include "src/render/report.h"
#include "src/render/trust_charts.h"
#include "src/render/trust_maps.h"

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
  report.archives = {judged(), judged()};
  report.archives[0].steps = report.archives[1].steps = {StepScore{}};
  report.archives[1].name = "unknown", report.archives[1].trust.reset();
  const std::string page = report_html(report);
  for (const char* part : {"Verdict: doubtful. 80.0 % of the voxels are fine, 15.0 % doubtful, 5.0 % outside", "Why: coarse &lt;grains&gt;; steps of 2 %.",
                           "expects of itself a mean error of 1.25° at the last step; it is 1.50°", "error that the model expects", "<dt>Verdict</dt>", "<td>doubtful</td>", "<td>–</td></tr>"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  report.archives[0].trust.reset();
  for (const char* part : {"How far to believe it", "<dt>Verdict</dt>"}) EXPECT_EQ(report_html(report).find(part), std::string::npos) << part;
}

// Two by two voxels: what the model expects as the error's colours, and the three verdicts told apart.
TEST(RenderTrust, MapsOfExpectedErrorAndVerdict) {
  Report report;
  report.title = "a title";
  ArchiveScore a = judged();
  a.point_group = "432";
  Slice s;
  s.name = "z = 1 of 1";
  s.columns = s.rows = 2;
  for (int i = 0; i < 4; ++i) {
    for (auto* q : {&s.truth, &s.predicted}) q->insert(q->end(), {1, 0, 0, 0});
  }
  s.verdict = {0, 1, 2, 0};  // rows run up
  s.expected_deg = {0, 1, 2, 4};
  a.slices = {s};
  report.archives = {a};
  const std::vector<TrustMaps> maps = trust_maps(report, a, 4);
  ASSERT_EQ(maps.size(), 1u);
  const auto at = [](const Pixels& p, int column, int row) {  // the middle of a voxel
    const std::uint8_t* c = &p.rgba[std::size_t(4 * (((1 - row) * 2 + 1) * p.height / 4 * p.width + (2 * column + 1) * p.width / 4))];
    return std::array<int, 3>{c[0], c[1], c[2]};
  };
  EXPECT_EQ(at(maps[0].verdict, 0, 0), at(maps[0].verdict, 1, 1));
  EXPECT_NE(at(maps[0].verdict, 0, 0), at(maps[0].verdict, 1, 0));
  EXPECT_NE(at(maps[0].verdict, 1, 0), at(maps[0].verdict, 0, 1));
  EXPECT_NE(at(maps[0].verdict, 0, 0), at(maps[0].verdict, 0, 1));
  for (int i = 0; i < 4; ++i) {
    const Rgb c = colour_at(ColourMap::kMagma, s.expected_deg[std::size_t(i)] / 4);
    EXPECT_EQ(at(maps[0].expected, i % 2, i / 2), (std::array<int, 3>{c[0], c[1], c[2]}));
  }
  const std::string page = report_html(report);
  for (const char* part : {"error that the model expects, slice z = 1 of 1", "verdict, the worst of all steps", "Key of the verdict"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_GT(decode_png(trust_maps_png(report, a)).width, 900);
  // What is not there is left out.
  report.archives[0].slices[0].verdict.clear();
  EXPECT_EQ(report_html(report).find("Key of the verdict"), std::string::npos);
  EXPECT_NE(report_html(report).find("Both errors have the colours"), std::string::npos);
  report.archives[0].slices[0].verdict = s.verdict;
  report.archives[0].slices[0].expected_deg.clear();
  EXPECT_EQ(report_html(report).find("Both errors have the colours"), std::string::npos);
  report.archives[0].slices[0].verdict.clear();
  EXPECT_TRUE(trust_maps(report, report.archives[0], 4).empty());
  report.archives[0].slices[0].expected_deg = {1};
  EXPECT_THROW((void)report_html(report), Error);
}

}  // namespace
}  // namespace grainspin::render

// Mirrors src/render/report.h: the page is whole, escapes its text, loads nothing, and fails clearly.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <regex>
#include <set>

#include "grainspin/core.h"
#include "grainspin/orientation.h"
#include "src/render/canvas.h"
#include "src/render/html.h"
#include "src/render/report.h"

namespace grainspin::render {
namespace {

namespace fs = std::filesystem;

std::vector<float> random_orientations(int n, unsigned seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  std::vector<float> q;
  for (int i = 0; i < n; ++i) {
    const Quatd u = normalised(Quatd{normal(rng), normal(rng), normal(rng), normal(rng)});
    q.insert(q.end(), {float(u.w), float(u.x), float(u.y), float(u.z)});
  }
  return q;
}

Report full_report(const std::string& group = "432") {
  Report r;
  r.title = "a <b>title</b> & \"quotes\"";
  r.model = "model of <script>alert(1)</script>";
  r.facts = {{"file", "größe & <maß>"}};
  r.notes = {"careful <i>"};
  r.loss = {{1, 1.0, 1.1}, {2, 0.5, std::nullopt}, {3, 0.2, 0.4}};
  r.tables = {{"Table <T>", "caption & more", {"a", "<th>"}, {{"r", "1 < 2"}}}};
  ArchiveScore a;
  a.name = "run <1>";
  a.point_group = group;
  a.shape = {4, 3, 2};
  a.voxels = 24;
  a.start = random_orientations(24, 1);
  a.truth = random_orientations(24, 2);
  a.predicted = random_orientations(24, 3);
  const std::vector<std::int32_t> grain(24, 0);
  a.slices = {
      slice_of(a.shape, {4, 3, 2}, 2, 1, a.start.data(), a.truth.data(), a.predicted.data(), grain.data())};
  for (int k = 1; k <= 2; ++k) {
    StepScore s;
    s.step = k;
    s.strain = 0.01 * k;
    s.model = {1.0 * k, 0.9 * k, 2.0 * k, 2.5 * k, 3.0 * k};
    s.persistence = Spread{1.2 * k, 1.1 * k, 2.2 * k, 2.6 * k, 3.3 * k};
    s.skill_persistence = 0.1667;
    a.steps.push_back(s);
  }
  for (int i = 0; i < 24; ++i) a.error_deg.push_back(0.1f * i), a.persistence_error_deg.push_back(0.2f * i);
  a.measures = {{"KAM <mean>", "°", 1.25, 1.5, "26 neighbours"}};
  a.by_distance = {{"1 voxel", 20, 2.5, 3.5, std::nullopt}};
  a.stress = {{0.01, 1e8, 1.1e8}, {0.02, 1.5e8, 1.4e8}};
  r.archives = {a, a};
  return r;
}

// Every tag closed in order; void elements must be written <x/>.
void expect_balanced(const std::string& html) {
  std::vector<std::string> open;
  const std::string text = std::regex_replace(html, std::regex("<style>[^<]*</style>"), "");
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t end = text.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = text.substr(at + 1, end - at - 1);
    if (tag[0] == '!' || tag.back() == '/') continue;
    const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" \n") - (tag[0] == '/'));
    if (tag[0] != '/') {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << tag;
      ASSERT_EQ(open.back(), name);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, IsACompleteDocument) {
  const std::string html = report_html(full_report());
  EXPECT_EQ(html.rfind("<!DOCTYPE html>", 0), 0u);
  EXPECT_NE(html.find("<meta charset=\"utf-8\""), std::string::npos);
  EXPECT_NE(html.find("name=\"viewport\""), std::string::npos);
  EXPECT_TRUE(html.ends_with("</html>\n"));
  expect_balanced(html);
  const std::regex id("id=\"([^\"]*)\"");
  std::set<std::string> ids;
  for (auto it = std::sregex_iterator(html.begin(), html.end(), id); it != std::sregex_iterator(); ++it)
    EXPECT_TRUE(ids.insert((*it)[1]).second) << (*it)[1];
}

TEST(Report, LoadsNothing) {
  const std::string html = report_html(full_report());
  EXPECT_EQ(html.find("http:"), std::string::npos);
  EXPECT_EQ(html.find("https:"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("<link"), std::string::npos);
  EXPECT_EQ(html.find("@import"), std::string::npos);
  EXPECT_EQ(html.find("url("), std::string::npos);
  int sources = 0;
  for (const std::string what : {"src=\"", "srcset=\""})
    for (std::size_t at = html.find(what); at != std::string::npos; at = html.find(what, at + 1), ++sources)
      EXPECT_EQ(html.compare(at + what.size(), 5, "data:"), 0);
  EXPECT_GT(sources, 10);
  for (std::size_t at = html.find("href=\""); at != std::string::npos; at = html.find("href=\"", at + 1))
    EXPECT_EQ(html[at + 6], '#');
}

TEST(Report, EscapesAllText) {
  const std::string html = report_html(full_report());
  for (const char* raw : {"<b>title", "alert(1)</script>", "<maß>", "<i>", "run <1>", "Table <T>",
                          "<th></th>", "1 < 2", "KAM <mean>"})
    EXPECT_EQ(html.find(raw), std::string::npos) << raw;
  EXPECT_NE(html.find("a &lt;b&gt;title&lt;/b&gt; &amp; &quot;quotes&quot;"), std::string::npos);
  EXPECT_NE(html.find("größe &amp; &lt;maß&gt;"), std::string::npos);
  EXPECT_EQ(escaped("'\xff"), "&#39;\uFFFD");
}

TEST(Report, EveryPictureHasAText) {
  const std::string html = report_html(full_report());
  for (std::size_t at = html.find("<img "); at != std::string::npos; at = html.find("<img ", at + 1)) {
    const std::string head = html.substr(at, 40);
    EXPECT_NE(head.find("alt=\""), std::string::npos) << head;
    EXPECT_EQ(head.find("alt=\"\""), std::string::npos) << head;
  }
}

TEST(Report, PrintsTheScores) {
  const std::string html = report_html(full_report());
  for (const char* number : {"2.00°", "2.40°", "0.167", "1.250°", "1.500°", "2 %"})
    EXPECT_NE(html.find(number), std::string::npos) << number;
}

TEST(Report, ShowsOnlyWhatIsThere) {
  Report r;
  r.title = "empty";
  expect_balanced(report_html(r));
  r.archives.resize(1);
  r.archives[0].name = "no fields";
  StepScore s;
  s.step = 1;
  s.strain = 0.01;
  s.model.mean = NAN;
  r.archives[0].steps = {s};
  const std::string html = report_html(r);
  expect_balanced(html);
  EXPECT_EQ(html.find("Orientation maps"), std::string::npos);
  EXPECT_EQ(html.find("pole figures"), std::string::npos);
}

TEST(Report, EveryPointGroupHasAPage) {
  for (const char* group : {"1", "2", "222", "3", "32", "4", "422", "6", "622", "23"})
    EXPECT_NE(report_html(full_report(group)).find("Orientation maps"), std::string::npos) << group;
}

TEST(Report, UnknownSymmetryLeavesTheMapsOut) {
  Report r = full_report("");
  const std::string html = report_html(r);
  expect_balanced(html);
  EXPECT_EQ(html.find("Orientation maps"), std::string::npos);
  EXPECT_EQ(html.find("pole figures"), std::string::npos);
  EXPECT_NE(html.find("Every step"), std::string::npos);
}

TEST(Report, EveryPhaseHasItsKey) {
  Report r = full_report();
  r.archives[0].phase_groups = {"432", "622"};
  r.archives[0].slices[0].phase.assign(12, 0);
  EXPECT_EQ(report_html(r).find("point group 622"), std::string::npos);
  r.archives[0].slices[0].phase[5] = 1;
  const std::string html = report_html(r);
  EXPECT_NE(html.find("point group 432"), std::string::npos);
  EXPECT_NE(html.find("point group 622"), std::string::npos);
  r.archives[0].slices[0].phase[5] = 2;
  EXPECT_THROW(report_html(r), Error);
}

TEST(Report, SizesThatDoNotFitAreRefusedByName) {
  Report r = full_report();
  r.archives[1].slices[0].predicted.pop_back();
  try {
    report_html(r);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kShape);
    EXPECT_NE(std::string(e.what()).find("run <1>"), std::string::npos);
  }
}

TEST(Slice, TakesThePlaneInThePicturesOrder) {
  const Shape shape{4, 3, 2};
  std::vector<float> q;  // w of voxel v is v
  for (int v = 0; v < 24; ++v) q.insert(q.end(), {float(v), 0, 0, 0});
  std::vector<std::int32_t> grain(24);
  for (int v = 0; v < 24; ++v) grain[v] = 100 + v;
  const auto check = [&](int axis, int index, int columns, int rows, auto voxel) {
    const Slice s = slice_of(shape, {8, 3, 2}, axis, index, nullptr, q.data(), q.data(), grain.data());
    ASSERT_EQ(s.columns, columns);
    ASSERT_EQ(s.rows, rows);
    EXPECT_TRUE(s.start.empty());
    for (int j = 0; j < rows; ++j)
      for (int i = 0; i < columns; ++i) {
        EXPECT_EQ(s.truth[4 * (j * columns + i)], voxel(i, j));
        EXPECT_EQ(s.grain[j * columns + i], 100 + voxel(i, j));
      }
  };
  check(2, 1, 4, 3, [](int i, int j) { return (1 * 3 + j) * 4 + i; });
  check(1, 2, 4, 2, [](int i, int j) { return (j * 3 + 2) * 4 + i; });
  check(0, 3, 3, 2, [](int i, int j) { return (j * 3 + i) * 4 + 3; });
  EXPECT_EQ(slice_of(shape, {8, 3, 2}, 2, 1, nullptr, q.data(), q.data(), nullptr).column_size, 2);
  EXPECT_EQ(slice_of(shape, {8, 3, 2}, 2, 1, nullptr, q.data(), q.data(), nullptr).name, "z = 2 of 2");
  EXPECT_THROW(slice_of(shape, {1, 1, 1}, 2, 2, nullptr, q.data(), q.data(), nullptr), Error);
}

class Files : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("räume und umlaute " + std::to_string(::getpid()));
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  static std::string bytes(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  fs::path root_;
};

TEST_F(Files, WritesThePageAndLeavesNothingElse) {
  const fs::path path = root_ / "größe report.html";
  const Report r = full_report();
  write_report(path.string(), r);
  EXPECT_EQ(bytes(path), report_html(r));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(Files, FailsClearly) {
  const auto message = [](const std::string& path) -> std::string {
    try {
      write_report(path, Report{});
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kIo);
      return e.what();
    }
    return "nothing thrown";
  };
  const std::string missing = (root_ / "no such folder" / "r.html").string();
  EXPECT_NE(message(missing).find(missing), std::string::npos);
  EXPECT_NE(message(root_.string()).find("directory"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(root_));
  if (fs::exists("/dev/full")) {
    const std::string full = message("/dev/full");
    EXPECT_NE(full.find("/dev/full"), std::string::npos);
    EXPECT_NE(full.find("No space left"), std::string::npos);
    EXPECT_FALSE(fs::is_regular_file("/dev/full"));
  }
}

TEST_F(Files, PicturesAreWhatTheirNamesSay) {
  const Report r = full_report("622");
  const std::vector<std::string> paths = write_pictures((root_ / "pictures of it").string(), r);
  std::set<std::string> names;
  for (const std::string& path : paths) {
    names.insert(fs::path(path).filename().string());
    const std::string b = bytes(path);
    if (path.ends_with(".png")) {
      const Pixels p = decode_png(b);
      EXPECT_GT(p.width, 1000) << path;
      EXPECT_EQ(p.rgba[0], 255);  // white paper
    } else {
      EXPECT_NE(b.find("</svg>"), std::string::npos) << path;
    }
  }
  // Two archives of one name: neither may overwrite the other.
  const std::set<std::string> expected{"overview.png",          "loss.svg",
                                       "run__1__maps.png",      "run__1__error.svg",
                                       "run__1__histogram.svg", "run__1__poles.png",
                                       "run__1__stress.svg",    "run__1__2_maps.png",
                                       "run__1__2_error.svg",   "run__1__2_histogram.svg",
                                       "run__1__2_poles.png",   "run__1__2_stress.svg"};
  EXPECT_EQ(names, expected);
  EXPECT_EQ(decode_png(bytes(root_ / "pictures of it" / "overview.png")).width, 1800);
}

TEST_F(Files, AFileInTheWayOfTheFolderIsNamed) {
  std::ofstream(root_ / "taken") << "x";
  EXPECT_THROW(write_pictures((root_ / "taken").string(), Report{}), Error);
}

}  // namespace
}  // namespace grainspin::render

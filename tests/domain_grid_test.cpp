// Whole grids against the domain of training: ranges and margins from grids whose numbers are known in closed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "datasets/domain.h"
#include "grainspin/domain.h"
#include "grainspin/nonlocal.h"
#include "nonlocal_models.h"

namespace grainspin {
namespace {

using nlohmann::json;
using testing::named_phase;
using testing::tension;

const double kShear = 1.5 / std::sqrt(6.0);  // largest resolved shear of <100> along the axis of tension
constexpr double kChecks = 14.0 / 26, kContrast = 5.0 / 6;  // tests/surroundings_test.cpp

ModelSpec spec_with(json domain, const std::string& set = "fcc", double c_over_a = 0) {
  ModelSpec spec;
  spec.family = Family::kNonlocal;
  spec.nonlocal.phases = {named_phase(set, c_over_a)};
  spec.point_group = spec.nonlocal.phases[0].point_group;
  spec.slip_families = spec.nonlocal.phases[0].slip_families;
  const std::size_t numbers = spec.point_group == "432" ? 9 : 18;
  domain["embedding"] = {{{"phase", set}, {"point_group", spec.point_group}, {"low", std::vector<double>(numbers, -9)}, {"high", std::vector<double>(numbers, 9)}}};
  spec.domain = domain.dump();
  return spec;
}

using Range = std::array<double, 2>;
constexpr Range kAnyShear{-1, 2}, kAnyBoundary{0, 1e-6}, kAnyContrast{0, 1e-6};
ModelSpec surrounded(Range resolved, Range boundary, Range contrast) {
  if (resolved == kAnyShear) resolved = {0, 2};
  return spec_with({{"surroundings", {{{"phase", "fcc"}, {"resolved", resolved}, {"boundary", boundary}, {"contrast", contrast}}}}});
}

constexpr Shape kShape{8, 8, 8};
// All cubes along the axes; `checks`: every other one turned by 45 degrees about z.
std::vector<float> cubes(bool checks) {
  std::vector<float> q;
  for (int i = 0; i < 512; ++i) {
    const bool turned = checks && (i % 8 + i / 8 % 8 + i / 64) % 2;
    const double half = turned ? std::numbers::pi / 8 : 0;
    q.insert(q.end(), {float(std::cos(half)), 0, 0, float(std::sin(half))});
  }
  return q;
}

struct Told {
  VoxelVerdicts sum;
  std::vector<std::uint8_t> verdict = std::vector<std::uint8_t>(512);
  std::vector<float> measure = std::vector<float>(512);
  std::string text;
};
Told judge(const ModelSpec& spec, bool checks) {
  const DomainJudge judge(spec);
  const auto q = cubes(checks);
  const LoadStep load = tension(0.01);
  const GridFields fields{kShape, {}, q.data(), nullptr, nullptr, nullptr, &load};
  Told out;
  out.sum = judge.grid(fields, out.verdict.data(), 2);
  judge.measure(fields, 0, out.measure.data(), 2);
  out.text = text(judge.run({load}, std::span(&out.sum, 1)));
  return out;
}

// distance = |value - middle| / half of the range: fine up to 1.5 and doubtful up to 2.25 for the shear, 1.1 and 1.6 for grains, 1.2 and 1.7 for the contrast.
TEST(DomainGrid, HowTheSurroundingsStandToTheLoad) {
  const auto at = [](double distance) {  // a range that the shear is this far from
    return judge(surrounded({kShear - 0.05 - 0.05 * distance, kShear + 0.05 - 0.05 * distance}, kAnyBoundary, kAnyContrast), false);
  };
  const Told fine = at(1.4), doubtful = at(1.9), outside = at(2.6);
  EXPECT_EQ(fine.sum.verdict(), Verdict::kFine);
  EXPECT_EQ(fine.sum.surroundings[0], 0);
  EXPECT_EQ(doubtful.sum.doubtful, 512);
  EXPECT_EQ(doubtful.sum.verdict(), Verdict::kDoubtful);
  EXPECT_EQ(outside.sum.outside, 512);
  EXPECT_EQ(outside.sum.surroundings[0], 512);
  EXPECT_NE(outside.text.find("stand to the load as none trained on"), std::string::npos) << outside.text;
  EXPECT_NEAR(fine.measure[0], 1.4 / 1.5, 1e-3);
  EXPECT_NEAR(doubtful.measure[77], 1 + 0.4 / 0.75, 1e-3);
  EXPECT_NEAR(outside.measure[511], 1 + 1.1 / 0.75, 1e-3);
}

TEST(DomainGrid, CoarseGrains) {
  const Told fine = judge(surrounded(kAnyShear, {0.01, 1}, kAnyContrast), false);       // no boundary at all: 0.505 / 0.495
  const Told doubtful = judge(surrounded(kAnyShear, {0.1, 0.9}, kAnyContrast), false);  // 1.25
  const Told outside = judge(surrounded(kAnyShear, {0.2, 0.6}, kAnyContrast), false);   // 2
  EXPECT_EQ(fine.sum.verdict(), Verdict::kFine);
  EXPECT_EQ(doubtful.sum.doubtful, 512);
  EXPECT_NEAR(doubtful.measure[3], 1 + 0.15 / 0.5, 1e-3);
  EXPECT_EQ(outside.sum.outside, 512);
  EXPECT_NE(outside.text.find("coarser grains than trained on"), std::string::npos) << outside.text;
  // Finer ones are not doubted.
  EXPECT_EQ(judge(surrounded(kAnyShear, {0.1, 0.3}, kAnyContrast), true).sum.verdict(), Verdict::kFine);
}

TEST(DomainGrid, AlikeNeighbours) {
  const Range boundary{kChecks - 0.1, kChecks + 0.1};
  const Told outside = judge(surrounded(kAnyShear, boundary, {kContrast + 0.05, kContrast + 0.15}), true);  // 2
  EXPECT_EQ(outside.sum.surroundings[2], 512);
  EXPECT_EQ(outside.sum.outside, 512);
  EXPECT_NE(outside.text.find("more alike than trained on"), std::string::npos) << outside.text;
  EXPECT_EQ(judge(surrounded(kAnyShear, boundary, {kContrast - 0.5, kContrast - 0.4}), true).sum.verdict(), Verdict::kFine);
}

// What voxels() says and what surrounds them, the worse of both, each voxel once; masked voxels are none.
TEST(DomainGrid, CountsAreThoseOfTheVerdicts) {
  ModelSpec spec = surrounded(kAnyShear, {0.1, 0.9}, kAnyContrast);  // doubtful
  json domain = json::parse(spec.domain);
  domain["increment_rad"] = {{"max", 0.01}, {"rms", 0.005}};
  spec.domain = domain.dump();
  const DomainJudge judge(spec);
  const auto q = cubes(false);
  std::vector<float> w(3 * 512, 0.0f);
  std::vector<std::uint8_t> mask(512, 1), verdict(512);
  for (std::size_t i = 0; i < 512; i += 3) w[3 * i] = 0.02f;     // outside
  for (std::size_t i = 1; i < 512; i += 3) w[3 * i] = 0.011f;    // doubtful too
  for (std::size_t i = 0; i < 512; i += 16) mask[i] = 0;
  const VoxelVerdicts v = judge.grid({kShape, {}, q.data(), w.data(), nullptr, mask.data(), nullptr}, verdict.data());
  EXPECT_EQ(v.voxels, 480);
  EXPECT_EQ(v.doubtful, std::ranges::count(verdict, 1));
  EXPECT_EQ(v.outside, std::ranges::count(verdict, 2));
  EXPECT_EQ(v.doubtful + v.outside, 480);
  EXPECT_EQ(v.outside, 171 - 11);  // every third, of which 0, 48, ... are masked
  EXPECT_EQ(v.surroundings[1], 480);
  for (std::size_t i = 0; i < 512; i += 16) EXPECT_EQ(verdict[i], 0);
}

TEST(DomainGrid, TheLoadCountsForEveryVoxel) {
  const DomainJudge judge(spec_with({{"step_strain", {0.01, 0.01}}, {"total_strain", {0, 0.1}}}));
  const auto q = cubes(false);
  const auto measured = [&](double step, double strain) {
    std::vector<float> m(512);
    const LoadStep load = tension(step);
    judge.measure({kShape, {}, q.data(), nullptr, nullptr, nullptr, &load}, strain, m.data());
    EXPECT_EQ(m.front(), m.back());
    return double(m.front());
  };
  EXPECT_NEAR(measured(0.01, 0), 0, 1e-4);
  EXPECT_NEAR(measured(0.0103, 0), 1 + 0.02 / 0.04, 1e-3);       // 3 % beyond: margins 1 and 5 %
  EXPECT_NEAR(measured(0.02, 0), 1 + 0.99 / 0.04, 1e-2);
  EXPECT_NEAR(measured(0.01, 0.0945), 1 + 0.035 / 0.04, 1e-3);   // 4.5 % beyond in all
}

TEST(DomainGrid, AnotherCrystal) {
  const auto told = [](const ModelSpec& spec, const std::string& lattice, double c_over_a) {
    DomainJudge judge(spec);
    judge.crystal(0, "mine", lattice, c_over_a);
    return judge.run({tension(0.01), tension(0.01)});
  };
  const ModelSpec copper = spec_with({{"total_strain", {0, 0.1}}}), titanium = spec_with({{"total_strain", {0, 0.1}}}, "hcp18", 1.6);
  EXPECT_EQ(told(copper, "cF", 0).verdict, Verdict::kFine);
  EXPECT_EQ(told(copper, "", 0).verdict, Verdict::kFine);  // not told
  const DomainJudgement iron = told(copper, "cI", 0);
  EXPECT_EQ(iron.verdict, Verdict::kOutside);
  EXPECT_EQ(iron.steps, std::vector<Verdict>(2, Verdict::kOutside));
  EXPECT_NE(text(iron).find("phase 'mine' is a cI crystal, trained on cF"), std::string::npos) << text(iron);
  EXPECT_EQ(told(titanium, "hP", 1.605).verdict, Verdict::kFine);
  EXPECT_EQ(told(titanium, "hP", 1.632).verdict, Verdict::kDoubtful);
  EXPECT_EQ(told(titanium, "hP", 1.856).verdict, Verdict::kOutside);
}

// Ranges from runs: nearly all of one grid, and the rest; (n + 1) / (n - 1) wider than what n runs span.
TEST(DomainGrid, RangesOfTrainingRuns) {
  const auto run_of = [](bool checks) {
    GridRun run;
    run.shape = kShape;
    run.loads = {tension(0.01)};
    for (int t = 0; t < 2; ++t) {
      const auto q = cubes(checks);
      run.q.insert(run.q.end(), q.begin(), q.end());
    }
    run.w.assign(3 * 512, 0.001f);
    return run;
  };
  DomainRanges ranges(domain_phases(spec_with(json::object())));
  for (int i = 0; i < 149; ++i) ranges.add(run_of(false));
  ranges.add(run_of(true));  // less than one in a hundred
  const auto domain = json::parse(ranges.json()).at("surroundings").at(0);
  EXPECT_EQ(domain.at("phase"), "fcc");
  EXPECT_NEAR(domain.at("resolved")[0].get<double>(), kShear, 1.0 / 1024);
  EXPECT_EQ(domain.at("boundary"), json::array({0.0, 0.0}));
  EXPECT_NEAR(domain.at("contrast")[0].get<double>(), kContrast, 1.0 / 1024);  // of the one that has any
  ranges.add(run_of(true));  // two of 151 are more
  EXPECT_NEAR(json::parse(ranges.json()).at("surroundings").at(0).at("boundary")[1].get<double>(), kChecks * (1 + 152.0 / 150) / 2, 1.0 / 1024);
  EXPECT_EQ(json::parse(ranges.json()).at("surroundings").at(0).at("boundary")[0], 0.0);  // and not below what there is

  DomainRanges few(domain_phases(spec_with(json::object())));
  few.add(run_of(false));
  EXPECT_TRUE(json::parse(few.json()).at("surroundings").empty());  // one run tells nothing of others
  few.add(run_of(true));
  few.add(run_of(true));  // three: twice as wide
  EXPECT_NEAR(json::parse(few.json()).at("surroundings").at(0).at("boundary")[1].get<double>(), kChecks * 1.5, 2.0 / 1024);
}

TEST(DomainGrid, RefusesWhatIsNoRange) {
  for (const json& bad : {json::array({0.5, 0.1}), json(0.5), json::array({0.1, -1.0}), json::array({0.1})})
    EXPECT_THROW(DomainJudge(spec_with({{"surroundings", {{{"phase", "fcc"}, {"resolved", bad}, {"boundary", {0, 1}}, {"contrast", {0, 1}}}}}})), Error)
        << bad.dump();
}

}  // namespace
}  // namespace grainspin

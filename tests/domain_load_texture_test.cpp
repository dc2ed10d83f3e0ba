// How grains stand to the load, and how far from the directions trained on a load may point, in closed forms.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "grainspin/domain.h"
#include "grainspin/nonlocal.h"
#include "grainspin/orientation.h"
#include "nonlocal_models.h"

namespace grainspin {
namespace {

using testing::named_phase;
using testing::tension;

constexpr double kDegree = std::numbers::pi / 180;

// The crystal's <100>, or a <111>, along z.
const std::array<float, 4> kCube{1, 0, 0, 0};
std::array<float, 4> octahedral() {
  const double angle = std::acos(1 / std::sqrt(3.0)), r = std::sqrt(0.5);  // (1,1,1) to z about (1,-1,0)
  const Quatd q = exp(Vec3<double>{angle * r, -angle * r, 0});
  return {float(q.w), float(q.x), float(q.y), float(q.z)};
}

ModelSpec spec_with(const nlohmann::json& domain) {
  ModelSpec spec;
  spec.family = Family::kNonlocal;
  spec.nonlocal.phases = {named_phase("fcc")};
  spec.point_group = "432";
  spec.slip_families = spec.nonlocal.phases[0].slip_families;
  spec.domain = domain.dump();
  return spec;
}

// In tension the resolved shear for a direction of von Mises size 1 is 3/2 of the Schmid factor, which is 1/sqrt(6) for <100>
// and sqrt(6)/9 for <111> in {111}<110>.
TEST(DomainTexture, ResolvedShearOfKnownOrientations) {
  const SlipMaps maps = slip_maps(named_phase("fcc"));
  std::vector<float> q(kCube.begin(), kCube.end()), out(2);
  const auto o = octahedral();
  q.insert(q.end(), o.begin(), o.end());
  resolved_shear(maps.P, cell_load(tension(0.01)).E0, 2, q.data(), out.data());
  EXPECT_NEAR(out[0], 1.5 / std::sqrt(6.0), 1e-6);
  EXPECT_NEAR(out[1], 1.5 * std::sqrt(6.0) / 9, 1e-6);
}

TEST(DomainTexture, AFibreThatWasNotTrainedOn) {
  const DomainJudge judge(spec_with({{"resolved", {{{"phase", "fcc"}, {"low", 0.6}, {"high", 0.7}, {"spread", 0.1}}}}}));
  const LoadStep load = tension(0.01);
  // 0.612 - 0.204 p with a part p of <111>: 0.6 - 0.025 is fine, 0.6 - 0.06 doubtful, what is below outside.
  const auto verdict_of = [&](int octahedral_voxels, const LoadStep* given) {
    std::vector<float> q;
    for (int i = 0; i < 100; ++i) {
      const auto one = i < octahedral_voxels ? octahedral() : kCube;
      q.insert(q.end(), one.begin(), one.end());
    }
    const VoxelVerdicts v = judge.voxels(100, q.data(), nullptr, nullptr, nullptr, nullptr, 2, given);
    const DomainJudgement all = judge.run({load}, std::span(&v, 1));
    EXPECT_EQ(all.reasons.size() + all.doubts.size(), all.verdict == Verdict::kFine ? 0u : 1u);
    return all;
  };
  EXPECT_EQ(verdict_of(0, &load).verdict, Verdict::kFine);
  EXPECT_EQ(verdict_of(17, &load).verdict, Verdict::kFine);
  EXPECT_EQ(verdict_of(20, &load).verdict, Verdict::kDoubtful);
  EXPECT_EQ(verdict_of(34, &load).verdict, Verdict::kDoubtful);
  EXPECT_EQ(verdict_of(37, &load).verdict, Verdict::kOutside);
  EXPECT_EQ(verdict_of(100, nullptr).verdict, Verdict::kFine);  // not judged
  const std::string said = text(verdict_of(100, &load));
  EXPECT_NE(said.find("largest resolved shear 0.408"), std::string::npos) << said;
  EXPECT_NE(said.find("in training 0.6 to 0.7)"), std::string::npos) << said;
}

// Tension turned towards plane strain by t degrees in the plane of diagonal deviators, then by a degrees towards shear xy. The
// cube's rotations permute the diagonal; t from 0 to 60 is one of six equal parts of that plane.
LoadStep direction(double t, double a) {
  const double c = std::cos((90 - t) * kDegree), s = std::sin((90 - t) * kDegree), r2 = std::sqrt(2.0), r6 = std::sqrt(6.0);
  const double in = std::cos(a * kDegree), off = std::sin(a * kDegree) / r2;
  LoadStep load;
  load.prescribed.fill(true);
  load.L = {in * (c / r2 - s / r6), off, 0, off, in * (-c / r2 - s / r6), 0, 0, 0, in * 2 * s / r6};
  for (double& l : load.L) l *= 0.01 * std::sqrt(1.5);  // of von Mises size 0.01
  return load;
}

TEST(DomainDirections, ManyDirectionsReachAsFarAsTheyLieApart) {
  nlohmann::json loads = nlohmann::json::array();
  // The last two are 20 and 15 degrees from their neighbours: the largest distance to the nearest is 15.
  for (const double t : {0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 45.0, 60.0}) {
    const LoadStep l = direction(t, 0);
    loads.push_back({{"L", l.L}, {"prescribed", l.prescribed}});
  }
  const auto verdict_of = [](const nlohmann::json& seen, double a) {
    return judge_loads(spec_with({{"loads", seen}}), {direction(0, a)}).verdict;
  };
  EXPECT_EQ(verdict_of(loads, 14.5), Verdict::kFine);
  EXPECT_EQ(verdict_of(loads, 18), Verdict::kDoubtful);
  EXPECT_EQ(verdict_of(loads, 21), Verdict::kOutside);
  loads.erase(2);  // seven are few: 10 and 15 degrees
  EXPECT_EQ(verdict_of(loads, 9.5), Verdict::kFine);
  EXPECT_EQ(verdict_of(loads, 12), Verdict::kDoubtful);
  EXPECT_EQ(verdict_of(loads, 16), Verdict::kOutside);
}

}  // namespace
}  // namespace grainspin

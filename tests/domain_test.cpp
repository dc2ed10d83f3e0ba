// Voxels and steps against a domain of training. Expected values: distances of embeddings taken from their definition
// (embedding.h: e of a rotation about an axis), counts by hand, margins as domain.h states them.
#include "grainspin/domain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "grainspin/core.h"
#include "grainspin/embedding.h"
#include "grainspin/load_path.h"
#include "grainspin/orientation.h"

namespace grainspin {
namespace {

using Quats = std::vector<float>;
constexpr double kDegree = DomainMargins::kDegree;

// Rotations about z by the angles given: two numbers of their embeddings are cos and sin of four times the angle, by 1/4.
Quats about_z(const std::vector<double>& degrees) {
  Quats q;
  for (const double d : degrees) q.insert(q.end(), {float(std::cos(d * kDegree / 2)), 0, 0, float(std::sin(d * kDegree / 2))});
  return q;
}

std::string numbers(const std::vector<float>& values) {
  std::string out;
  for (const float v : values) out.append(out.empty() ? "[" : ",").append(std::to_string(v));
  return out.append("]");
}

// Ranges of the embeddings of these orientations.
std::string ranges(const Quats& q, const std::string& group = "432") {
  const EmbeddingSpec& spec = embedding(PointGroup::named(group));
  const std::size_t C = std::size_t(spec.size);
  std::vector<float> e(q.size() / 4 * C), low(C, 9), high(C, -9);
  embed(spec, std::int64_t(q.size() / 4), q.data(), e.data());
  for (std::size_t i = 0; i < e.size(); ++i) {
    low[i % C] = std::min(low[i % C], e[i] - 1e-5f);
    high[i % C] = std::max(high[i % C], e[i] + 1e-5f);
  }
  return R"("low":)" + numbers(low) + R"(,"high":)" + numbers(high);
}

ModelSpec local_spec(const std::string& domain) {
  ModelSpec spec;
  spec.point_group = "432";
  spec.domain = domain;
  return spec;
}

// Trained on rotations about z from 0 to 20 degrees, turning by 2 degrees at most.
ModelSpec about_z_spec() {
  std::vector<double> seen;
  for (int i = 0; i <= 200; ++i) seen.push_back(0.1 * i);
  return local_spec(R"({"embedding":[{"phase":"","point_group":"432",)" + ranges(about_z(seen)) +
                    R"(}],"increment_rad":{"max":)" + std::to_string(2 * kDegree) + "}}");
}

TEST(DomainVoxels, DistanceFromTheRangesIsAnAngle) {
  const DomainJudge judge(about_z_spec());
  // Beyond 20 degrees by 1, 3.5, 7; the same turned by a quarter, which is the same crystal; before 0 by 1 and 8.
  const Quats q = about_z({0, 10, 20, 21, 23.5, 27, 90 + 21, 180 + 23.5, 270 + 27, -1, -8});
  std::vector<std::uint8_t> verdict(11, 7);
  const VoxelVerdicts v = judge.voxels(11, q.data(), nullptr, nullptr, nullptr, verdict.data());
  EXPECT_EQ(verdict, (std::vector<std::uint8_t>{0, 0, 0, 0, 1, 2, 0, 1, 2, 0, 2}));
  EXPECT_EQ(v.voxels, 11);
  EXPECT_EQ(v.doubtful, 2);
  EXPECT_EQ(v.outside, 3);
  EXPECT_EQ(v.orientation, 5);
  EXPECT_EQ(v.increment, 0);
  EXPECT_NEAR(v.orientation_beyond, 0.25 * std::sin(4 * 8 * kDegree), 5e-5);  // of the last one
}

TEST(DomainVoxels, IncrementsBeyondTheLargest) {
  const DomainJudge judge(about_z_spec());
  const Quats q = about_z({5, 5, 5, 5, 5});
  const float d = float(kDegree);
  const float w[] = {0, 0, 0, 1.9f * d, 0, 0, 0, -2.2f * d, 0, 0, 0, 2.6f * d, 1.2f * d, 1.2f * d, 1.2f * d};
  std::vector<std::uint8_t> verdict(5);
  const VoxelVerdicts v = judge.voxels(5, q.data(), w, nullptr, nullptr, verdict.data());
  EXPECT_EQ(verdict, (std::vector<std::uint8_t>{0, 0, 1, 2, 1}));  // 1.2 sqrt 3 = 2.08
  EXPECT_NEAR(v.increment_largest, 2.6 * kDegree, 1e-6);
  EXPECT_EQ(v.increment, 3);
  EXPECT_EQ(v.verdict(), Verdict::kOutside);  // a fifth of the voxels
}

TEST(DomainVoxels, WhatIsNoNumberIsOutsideAndMaskedOnesDoNotCount) {
  const DomainJudge judge(about_z_spec());
  Quats q = about_z({5, 5, 40, 5});
  q[5] = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  const float w[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, inf, 0};
  const std::uint8_t mask[] = {1, 1, 0, 1};
  std::uint8_t verdict[4];
  const VoxelVerdicts v = judge.voxels(4, q.data(), w, nullptr, mask, verdict);
  EXPECT_EQ(std::vector<std::uint8_t>(verdict, verdict + 4), (std::vector<std::uint8_t>{0, 2, 0, 2}));
  EXPECT_EQ(v.voxels, 3);
  EXPECT_EQ(v.outside, 2);
}

TEST(DomainVoxels, EachPhaseHasItsOwnRanges) {
  ModelSpec spec;
  spec.family = Family::kNonlocal;
  spec.nonlocal.phases = {{"A", "432", {}, 0}, {"none", "432", {}, 0}, {"B", "622", {}, 0}};
  spec.domain = R"({"embedding":[{"phase":"B","point_group":"622",)" + ranges(about_z({0}), "622") + R"(},
    {"phase":"A","point_group":"432",)" + ranges(about_z({30})) + "}]}";
  const DomainJudge judge(spec);
  const Quats q = about_z({30, 0, 0, 30, 60, 30});
  const std::int32_t phase[] = {0, 0, 2, 2, 2, 1};  // hexagonal: 60 degrees is the crystal again
  std::uint8_t verdict[6];
  judge.voxels(6, q.data(), nullptr, phase, nullptr, verdict);
  EXPECT_EQ(std::vector<std::uint8_t>(verdict, verdict + 6), (std::vector<std::uint8_t>{0, 2, 0, 2, 0, 0}));
}

TEST(DomainVoxels, SameForAnyThreadsAndParts) {
  const DomainJudge judge(about_z_spec());
  const std::int64_t n = 100'003;
  std::mt19937 random(3);
  std::uniform_real_distribution<double> angle(-6, 26);
  std::vector<double> degrees(static_cast<std::size_t>(n));
  std::vector<float> w(std::size_t(3 * n));
  for (double& d : degrees) d = angle(random);
  for (float& x : w) x = float(angle(random) * kDegree / 15);
  const Quats q = about_z(degrees);
  std::vector<std::uint8_t> one(static_cast<std::size_t>(n)), four(one), parts(one);
  const auto same = [](const VoxelVerdicts& a, const VoxelVerdicts& b) {
    return a.voxels == b.voxels && a.doubtful == b.doubtful && a.outside == b.outside && a.orientation == b.orientation &&
           a.increment == b.increment && a.orientation_beyond == b.orientation_beyond && a.increment_largest == b.increment_largest;
  };
  const VoxelVerdicts whole = judge.voxels(n, q.data(), w.data(), nullptr, nullptr, one.data(), 1);
  EXPECT_TRUE(same(whole, judge.voxels(n, q.data(), w.data(), nullptr, nullptr, four.data(), 4)));
  VoxelVerdicts sum;
  for (std::int64_t at = 0; at < n; at += 777)
    sum += judge.voxels(std::min<std::int64_t>(777, n - at), &q[std::size_t(4 * at)], &w[std::size_t(3 * at)], nullptr, nullptr, &parts[std::size_t(at)]);
  EXPECT_TRUE(same(whole, sum));
  EXPECT_EQ(one, four);
  EXPECT_EQ(one, parts);
  EXPECT_GT(whole.doubtful, 1000);
  EXPECT_GT(whole.outside, 1000);
  EXPECT_LT(whole.outside + whole.doubtful, n - 1000);
}

TEST(DomainStep, EdgesOfTheLoad) {
  const DomainJudge judge(local_spec(R"({"step_strain":[0.005,0.01],"total_strain":[0,0.13],
    "loads":[{"L":[0,0,0,0,0,0,0,0,1],"prescribed":[0,1,1,1,0,1,1,1,1]}]})"));
  const auto verdict = [&](double size, double strain) {
    return judge.load(named_load("uniaxial:z:" + std::to_string(size) + ":1", {})[0], strain).verdict;
  };
  EXPECT_EQ(verdict(0.01, 0.12), Verdict::kFine);  // up to the largest total
  EXPECT_EQ(verdict(0.01, 0.122), Verdict::kDoubtful);
  EXPECT_EQ(verdict(0.01, 0.127), Verdict::kOutside);
  EXPECT_EQ(verdict(0.0104, 0), Verdict::kDoubtful);
  EXPECT_EQ(verdict(0.0106, 0), Verdict::kOutside);
  EXPECT_EQ(verdict(0.0048, 0), Verdict::kDoubtful);
  EXPECT_EQ(verdict(0.0047, 0), Verdict::kOutside);
  const StepJudgement s = judge.load(named_load("uniaxial:z:0.02:1", {})[0], 0.12);
  EXPECT_EQ(s.reason, "total strain 0.14 > 0.13; step strain 0.02 outside 0.005 to 0.01");
  EXPECT_NEAR(s.strain, 0.14, 1e-12);
  LoadStep broken;
  broken.prescribed.fill(true);
  broken.L[8] = std::nan("");
  EXPECT_EQ(judge.load(broken, 0).verdict, Verdict::kOutside);
}

TEST(DomainStep, TheWorseOfLoadAndVoxels) {
  const DomainJudge judge(about_z_spec());
  const LoadStep load = named_load("uniaxial:z:0.01", {})[0];
  VoxelVerdicts v;
  v.voxels = 1000, v.doubtful = 90, v.outside = 10, v.orientation = 100, v.orientation_beyond = 7 * kDegree;
  EXPECT_EQ(judge.step(load, 0, v).verdict, Verdict::kFine);
  v.outside = 11;
  StepJudgement s = judge.step(load, 0, v);
  EXPECT_EQ(s.verdict, Verdict::kDoubtful);
  EXPECT_EQ(s.load, Verdict::kFine);
  EXPECT_EQ(s.reason, "10 % of the voxels with orientations up to 7 degrees from the range trained on");
  v.outside = 101, v.increment = 500, v.increment_largest = 4 * kDegree;
  s = judge.step(load, 0, v);
  EXPECT_EQ(s.verdict, Verdict::kOutside);
  EXPECT_NE(s.reason.find("50 % of the voxels turning by up to 4 degrees a step (in training at most 2)"), std::string::npos) << s.reason;
  const std::vector<VoxelVerdicts> run{VoxelVerdicts{}, v};
  const DomainJudgement j = judge.run({load, load}, run);
  EXPECT_EQ(j.steps, (std::vector<Verdict>{Verdict::kFine, Verdict::kOutside}));
  EXPECT_EQ(text(j).find("outside the domain of training: 10 % of the voxels with orientations"), 0u) << text(j);
  EXPECT_NE(text(j).find("in step 2"), std::string::npos);
}

// What earlier versions wrote.
TEST(TrainingDomain, OlderFormsAreRead) {
  const TrainingDomain local = training_domain(local_spec(R"({"embedding":{)" + ranges(about_z({0, 9})) + R"(},
    "increment_rad":{"max":0.03,"rms":0.01},"load":[[null,0,0,0,null,0,0,0,0.01],[null,0,0,0,null,0,0,0,0.02]],
    "runs":17,"strain_per_step":[0.0101,0.0202],"total_strain":0.0303,"voxels":67008})"));
  EXPECT_EQ(local.increment, 0.03);
  EXPECT_NEAR(local.step_strain[0], 0.01, 1e-12);
  EXPECT_NEAR(local.step_strain[1], 0.02, 1e-12);
  EXPECT_NEAR(local.total_strain, 0.03, 1e-12);
  ASSERT_EQ(local.loads.size(), 2u);
  EXPECT_FALSE(local.loads[0].prescribed[0]);
  EXPECT_TRUE(local.loads[0].prescribed[1]);
  ASSERT_EQ(local.orientations.size(), 1u);
  EXPECT_EQ(local.orientations[0].point_group, "432");
  const TrainingDomain nonlocal = training_domain(local_spec(R"({"increment_rad":[0.0,0.035],"steps":13,"step_strain":[0.01,0.02]})"));
  EXPECT_EQ(nonlocal.increment, 0.035);
  EXPECT_EQ(nonlocal.steps, 13);
  EXPECT_FALSE(training_domain(local_spec("{}")).stated());
}

TEST(TrainingDomain, RefusesOtherForms) {
  for (const char* wrong :
       {"[]", "3", R"({"step_strain":[1]})", R"({"step_strain":"x"})", R"({"total_strain":[0,-1]})", R"({"total_strain":1e999})",
        R"({"increment_rad":{"rms":1}})", R"({"loads":{}})", R"({"loads":[{"L":[1,2],"prescribed":[1,1]}]})",
        R"({"embedding":[{"phase":"","point_group":"432","low":[0],"high":[1]}]})",
        R"({"embedding":[{"phase":"","point_group":"m3m","low":[0,0,0,0,0,0,0,0,0],"high":[1,1,1,1,1,1,1,1,1]}]})",
        R"({"embedding":[{"phase":"","point_group":"432","low":[2,0,0,0,0,0,0,0,0],"high":[1,1,1,1,1,1,1,1,1]}]})"}) {
    try {
      training_domain(local_spec(wrong));
      ADD_FAILURE() << wrong;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kFormat) << wrong;
      EXPECT_NE(std::string(e.what()).find("domain of training"), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace grainspin

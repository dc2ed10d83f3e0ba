#include "datasets/normaliser.h"

#include <gtest/gtest.h>

#include "datasets/sha256.h"
#include "training_cases.h"

using namespace grainspin;
using namespace grainspin::testing;

using HeldRun = grainspin::Run;  // the name alone is a member of every test

TEST(Normaliser, ChannelsBecomeStandard) {
  std::vector<HeldRun> runs;
  runs.push_back(made_run({4, 4, 4}, 2, 1));
  runs.push_back(made_run({3, 5, 2}, 2, 2));
  ModelSpec spec;
  spec.point_group = "432";
  set_scales(runs, spec);
  ASSERT_EQ(spec.input_mean.size(), 9u);
  for (std::size_t c = 0; c < 9; ++c) {
    double sum = 0, squares = 0, n = 0;
    for (const HeldRun& run : runs)
      for (std::size_t i = c; i < run.e.size(); i += 9) {
        const double v = (run.e[i] - spec.input_mean[c]) / spec.input_scale[c];
        sum += v, squares += v * v, n += 1;
      }
    EXPECT_NEAR(sum / n, 0, 1e-5);
    EXPECT_NEAR(squares / n, 1, 1e-4);
  }
  double squares = 0, n = 0;
  for (const HeldRun& run : runs)
    for (const float w : run.w) squares += double(w) * w, n += 1;
  for (const float s : spec.increment_scale) EXPECT_NEAR(s, std::sqrt(squares / n), 1e-7);
}

TEST(Normaliser, WhatNeverVariesIsNotDividedByZero) {
  const Shape shape{2, 2, 2};
  std::vector<float> q;
  for (int i = 0; i < 2 * 8; ++i) q.insert(q.end(), {1, 0, 0, 0});
  std::vector<HeldRun> runs;
  runs.push_back(make_run("still", shape, {}, "432", 0, tension(1), q, {}));
  ModelSpec spec;
  set_scales(runs, spec);
  for (const float s : spec.input_scale) EXPECT_EQ(s, 1);
  for (const float s : spec.increment_scale) EXPECT_EQ(s, 1);
}

// Stored orientations may be any equivalents: the increments must not notice.
TEST(Run, FollowsOrientationsThroughTheirEquivalents) {
  const Shape shape{2, 2, 2};
  const auto q = follow_law(shape, 3, 9);
  auto mixed = q;
  const auto& group = PointGroup::named("432").operators();
  for (std::size_t i = 0; i < q.size(); i += 4) {
    Quatd v = Quatd{q[i], q[i + 1], q[i + 2], q[i + 3]} * group[(i * 7) % 24];
    if (i % 3 == 0) v = {-v.w, -v.x, -v.y, -v.z};
    mixed[i] = float(v.w), mixed[i + 1] = float(v.x), mixed[i + 2] = float(v.y), mixed[i + 3] = float(v.z);
  }
  const HeldRun a = make_run("a", shape, {}, "432", 0, tension(3), q, {}),
                b = make_run("b", shape, {}, "432", 0, tension(3), mixed, {});
  for (std::size_t i = 0; i < a.w.size(); ++i) EXPECT_NEAR(a.w[i], b.w[i], 2e-6);
  for (std::size_t i = 0; i < b.q.size() - 32; i += 4) {  // q[t + 1] = exp(w) q[t]
    const float* w = &b.w[i / 4 * 3];
    const Quat next = exp(Vec3<float>{w[0], w[1], w[2]}) * Quat{b.q[i], b.q[i + 1], b.q[i + 2], b.q[i + 3]};
    EXPECT_NEAR(next.w, b.q[i + 32], 1e-6);
    EXPECT_NEAR(next.z, b.q[i + 35], 1e-6);
  }
}

TEST(Run, RefusesWhatDoesNotBelongTogether) {
  auto reason = [](const HeldRun& other) {
    std::vector<HeldRun> runs;
    runs.push_back(made_run({2, 2, 2}, 2, 1));
    runs.push_back(other);
    try {
      require_alike(runs);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kFormat);
      return std::string(e.what());
    }
    return std::string();
  };
  const Shape s{2, 2, 2};
  EXPECT_EQ(reason(made_run({3, 1, 2}, 2, 5)), "");
  EXPECT_NE(reason(made_run(s, 3, 5)).find("3 strain steps, wanted 2"), std::string::npos);
  const auto q = follow_law(s, 2, 5);
  EXPECT_NE(reason(make_run("b", s, {}, "622", 0, tension(2), q, {})).find("point group 622, wanted 432"),
            std::string::npos);
  EXPECT_NE(reason(make_run("b", s, {}, "432", 0, tension(2, 0.02), q, {})).find("strain 0.02, wanted 0.01"),
            std::string::npos);
  auto loads = tension(2);
  loads[1].prescribed[0] = true;
  EXPECT_NE(
      reason(make_run("b", s, {}, "432", 0, loads, q, {})).find("step 2: load component 11 is prescribed"),
      std::string::npos);
  loads = tension(2);
  loads[0].L[1] = 0.004;
  EXPECT_NE(reason(make_run("b", s, {}, "432", 0, loads, q, {})).find("step 1: "), std::string::npos);
  auto broken = q;
  broken[33] = std::nanf("");
  try {
    make_run("broken", s, {}, "432", 0, tension(2), broken, {});
    ADD_FAILURE() << "not refused";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("orientation of step 1, voxel 0"), std::string::npos) << e.what();
  }
}

// FIPS 180-4's examples (NIST, "SHA256.pdf" of the example values) and the million times 'a'.
TEST(Sha256, PublishedValues) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// A grid carried step by step must give the bits of the whole run, whatever happened in between.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/surrogate.h"
#include "local_oracle.h"

namespace grainspin::testing {

// A copy of what a step gave.
struct StepCopy {
  int step = 0;
  std::vector<float> orientation, increment, stress, log_variance;
  std::array<double, 9> L{};
  bool operator==(const StepCopy&) const = default;
};

inline StepCopy copy_of(const StepOutput& o, std::int64_t n) {
  const auto part = [n](const float* from, int each) {
    return from ? std::vector<float>(from, from + n * each) : std::vector<float>();
  };
  return {o.step, part(o.orientation, 4), part(o.increment, 3), part(o.stress, 6), part(o.log_variance, 3),
          o.load ? o.load->L : std::array<double, 9>{}};
}

inline std::vector<StepCopy> whole_path(const Surrogate& s, const Region& region, const float* q0,
                                        const std::uint8_t* mask, const float* teacher = nullptr) {
  std::vector<StepCopy> all;
  s.run(region, q0, mask, teacher, [&](const StepOutput& o) { all.push_back(copy_of(o, region.shape.voxels())); });
  return all;
}

// The next step, and a copy of what it gave.
inline StepCopy advanced(Rollout& r, const LoadStep* load, std::int64_t n) {
  StepOutput o;
  o.load = r.advance(load);
  o.step = r.step();
  o.orientation = r.orientation(), o.increment = r.field(Field::kIncrement);
  o.stress = r.field(Field::kStress), o.log_variance = r.field(Field::kLogVariance);
  return copy_of(o, n);
}

// loads: empty for the model's own.
inline void expect_the_bits_of_a_run(const Surrogate& s, Region region, const std::uint8_t* mask) {
  const std::int64_t n = region.shape.voxels();
  const auto q0 = random_orientations(n, 5), other = random_orientations(n, 6);
  const std::vector<LoadStep> loads = region.loads;
  const auto want = whole_path(s, region, q0.data(), mask);
  const int steps = int(want.size());
  ASSERT_GT(steps, 2);
  region.loads.clear();
  const auto expect_rest = [&](Rollout& r, const char* what) {
    for (int t = r.step(); t < steps; ++t) {
      const StepCopy o = advanced(r, loads.empty() ? nullptr : &loads[std::size_t(t)], n);
      ASSERT_TRUE(o == want[std::size_t(t)]) << what << ", step " << t + 1;
      ASSERT_EQ(0, std::memcmp(r.orientation(), o.orientation.data(), std::size_t(n) * 16)) << what;
    }
    ASSERT_EQ(r.step(), steps);
  };
  const auto rollout = s.start(region, q0.data(), mask);
  ASSERT_EQ(0, std::memcmp(rollout->orientation(), q0.data(), std::size_t(n) * 16));
  expect_rest(*rollout, "steps");
  rollout->restart(q0.data());
  ASSERT_EQ(rollout->step(), 0);
  std::vector<std::byte> saved(std::size_t(rollout->size().carried), std::byte(0x7f));
  ASSERT_LE(rollout->size().carried, s.rollout_size(region, mask).carried);
  rollout->advance(loads.empty() ? nullptr : loads.data());
  rollout->carry(saved.data());
  expect_rest(*rollout, "after restart");
  rollout->resume(saved.data(), 1);
  ASSERT_EQ(0, std::memcmp(rollout->orientation(), want[0].orientation.data(), std::size_t(n) * 16));
  expect_rest(*rollout, "taken back to step 1");
  const auto second = s.start(region, other.data(), mask);
  second->resume(saved.data(), 1);
  expect_rest(*second, "another rollout that goes on");

  // Two at once, in turns.
  const auto a = s.start(region, q0.data(), mask), b = s.start(region, q0.data(), mask);
  for (int t = 0; t < steps; ++t) {
    const LoadStep* load = loads.empty() ? nullptr : &loads[std::size_t(t)];
    ASSERT_TRUE(advanced(*a, load, n) == want[std::size_t(t)]);
    ASSERT_TRUE(advanced(*b, load, n) == want[std::size_t(t)]);
  }
}

// Orientations that are set are what a teacher gives.
inline void expect_the_bits_of_a_teacher(const Surrogate& s, Region region, const std::uint8_t* mask) {
  const std::int64_t n = region.shape.voxels();
  const std::vector<LoadStep> loads = region.loads;
  const std::size_t steps = loads.empty() ? s.spec().loads.size() : loads.size();
  const auto teacher = random_orientations(n * std::int64_t(steps), 8);
  const auto want = whole_path(s, region, teacher.data(), mask, teacher.data());
  region.loads.clear();
  const auto rollout = s.start(region, teacher.data(), mask);
  const bool in_parts = s.spec().family == Family::kLocal && s.spec().local.feedback == Feedback::kNeighbours;
  for (std::size_t t = 0; t < steps; ++t) {
    const float* const q = teacher.data() + std::int64_t(t) * n * 4;
    rollout->set_orientation(q);
    if (in_parts) {  // voxels that are set again, and read
      std::vector<float> part(std::size_t(n - 7) * 4);
      if (t > 0) rollout->set_part(5, n - 7, q - n * 4), rollout->set_part(5, 2, q + 20), rollout->set_part(7, n - 9, q + 28);
      rollout->read_part(5, n - 7, part.data());
      ASSERT_EQ(0, std::memcmp(part.data(), q + 20, part.size() * sizeof(float)));
    } else {
      ASSERT_THROW(rollout->set_part(0, 1, q), Error);
      ASSERT_THROW(rollout->read_part(0, 1, nullptr), Error);
    }
    ASSERT_TRUE(advanced(*rollout, loads.empty() ? nullptr : &loads[t], n) == want[t]) << "step " << t + 1;
  }
}

}  // namespace grainspin::testing

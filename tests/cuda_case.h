// A run of the local family's engine on a GPU and all that it hands out.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "backend.h"
#include "local_oracle.h"

namespace grainspin {

using testing::angle_between;
using testing::random_model;
using testing::random_orientations;

// What a run hands out, step after step.
struct Steps {
  std::vector<float> orientation, increment, stress, log_variance;
  bool operator==(const Steps&) const = default;
};

inline Steps steps_of(const Surrogate& s, const Region& region, const float* q0, const std::uint8_t* mask,
                      const float* teacher) {
  Steps all;
  int last = 0;
  s.run(region, q0, mask, teacher, [&](const StepOutput& o) {
    EXPECT_EQ(o.step, ++last);
    const auto append = [&](std::vector<float>& to, const float* from, int numbers) {
      if (from) to.insert(to.end(), from, from + region.inner.voxels() * numbers);
    };
    append(all.orientation, o.orientation, 4);
    append(all.increment, o.increment, 3);
    append(all.stress, o.stress, 6);
    append(all.log_variance, o.log_variance, 3);
  });
  EXPECT_EQ(last, s.spec().steps());
  return all;
}

inline void expect_wanted_steps(Precision precision) {
  const Shape shape{5, 3, 2};
  const std::int64_t n = shape.voxels();
  const auto q0 = random_orientations(n, 9);
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
    for (const int layers : {1, 2}) {
      const auto engine = make_cuda_engine(random_model({Cell::kGru, layers, 32, 0, feedback, true, true}, "432", 5, 2), {.precision = precision});
      const Steps all = steps_of(*engine, whole(shape, {}), q0.data(), nullptr, nullptr);
      for (const std::vector<std::uint8_t>& wanted : {std::vector<std::uint8_t>{0, 1, 0, 1, 1}, {1, 0, 1, 0, 0}, {0, 0, 0, 0, 0}}) {
        Region region = whole(shape, {});
        region.wanted = wanted;
        EXPECT_LE(engine->workspace(region), engine->workspace(whole(shape, {})) + 4 * 16 * 64);
        int last = 0;
        engine->run(region, q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
          EXPECT_EQ(o.step, ++last);
          const auto same = [&](const std::vector<float>& want, const float* got, int numbers) {
            for (std::int64_t i = 0; i < n * numbers; ++i) ASSERT_EQ(got[i], want[std::size_t((o.step - 1) * n * numbers + i)]) << name(feedback);
          };
          if (!wanted[std::size_t(o.step - 1)]) {
            EXPECT_EQ(o.orientation, nullptr);
            return;
          }
          same(all.orientation, o.orientation, 4), same(all.increment, o.increment, 3);
          same(all.stress, o.stress, 6), same(all.log_variance, o.log_variance, 3);
        });
        EXPECT_EQ(last, 5);
      }
    }
}

struct CudaCase {
  LocalSpec local;
  const char* group = "432";
  Shape shape{4, 3, 3};
  Boundaries boundaries{};
  bool masked = false, teacher = false;
};

}  // namespace grainspin

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

struct CudaCase {
  LocalSpec local;
  const char* group = "432";
  Shape shape{4, 3, 3};
  Boundaries boundaries{};
  bool masked = false, teacher = false;
};

}  // namespace grainspin

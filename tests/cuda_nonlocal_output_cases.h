// What the nonlocal family gives on the GPU: the variance of its increments, and what is wanted alone. As cuda_nonlocal_cases.h.
#pragma once

#include "cuda_nonlocal_cases.h"
#include "random_head.h"

namespace grainspin {

// The CPU engine's head is tested against its definition in double (variance_test.cpp). A logarithm's argument may be near its
// floor, so single numbers differ by more than the mean of them.
TEST_F(CudaNonlocal, TheVarianceIsThatOfTheCpu) {
  NonlocalSpec two = small_cell(), plain = small_cell(), bare = small_cell();
  two.phases.push_back(named_phase("hcp18", 1.62));
  plain.gated = false;
  bare.passes = 0, bare.memory = 0, bare.stress = false;
  std::vector<std::int32_t> phase(60);
  std::vector<std::uint8_t> mask(60, 1);
  for (std::size_t i = 0; i < 60; ++i) phase[i] = std::int32_t(i % 2), mask[i] = i % 7 != 3;
  int cases = 0;
  for (const NonlocalSpec& s : {small_cell(), two, plain, bare}) {
    SCOPED_TRACE(++cases);
    const Model model = testing::with_random_head(random_nonlocal(s, 2, 17), cases == 1 ? 9 : 4, 6);
    Region region = whole({5, 4, 3}, cases == 2 ? Boundaries{Boundary::kClamped, {}, {}} : Boundaries{});
    region.loads = various_loads();
    if (cases == 2) region.phase = phase.data(), region.padding = 2;
    const std::uint8_t* m = cases == 2 ? mask.data() : nullptr;
    const auto q0 = random_orientations(60, 3);
    const Handed got = handed(*make_cuda_engine(model, {.device = Device::kCuda}), region, q0.data(), m);
    const Handed want = handed(*make_engine(model, {.threads = 1}), region, q0.data(), m);
    ASSERT_EQ(got.log_variance.size(), 5 * 180u);
    ASSERT_EQ(want.log_variance.size(), 5 * 180u);
    double sum = 0, most = 0, level = 0, spread = 0;
    for (std::size_t i = 0; i < got.log_variance.size(); ++i) {
      ASSERT_TRUE(std::isfinite(got.log_variance[i]));
      const double off = std::abs(double(got.log_variance[i]) - want.log_variance[i]);
      sum += off, most = std::max(most, off), level += want.log_variance[i];
    }
    const double n = double(got.log_variance.size());
    for (const float x : want.log_variance) spread += std::abs(x - level / n);
    EXPECT_LT(sum / n, 1e-4);
    EXPECT_LT(most, 5e-3);
    EXPECT_GT(spread / n, 0.5);  // from voxel to voxel and step to step
    for (std::size_t v = 0; m && v < 60; ++v)
      EXPECT_EQ(got.log_variance[3 * v] == 0.0f, !mask[v]);
    // State in fp16: features of three digits.
    const Handed fast = handed(*make_cuda_engine(model, {.device = Device::kCuda, .precision = Precision::kFast}), region, q0.data(), m);
    double rough = 0;
    for (std::size_t i = 0; i < fast.log_variance.size(); ++i) rough += std::abs(double(fast.log_variance[i]) - want.log_variance[i]);
    EXPECT_LT(rough / n, 0.02);
    EXPECT_GT(rough, sum);
  }
}

// What nobody reads is not given, and changes nothing of what is.
TEST_F(CudaNonlocal, OnlyWhatIsWantedIsGiven) {
  const Model model = testing::with_random_head(random_nonlocal(small_cell(), 5, 17), 4, 6);
  const auto q0 = random_orientations(60, 3), teacher = random_orientations(5 * 60, 4);
  const auto engine = make_cuda_engine(model, {.device = Device::kCuda});
  for (const float* given : {static_cast<const float*>(nullptr), teacher.data()}) {
    Region region = whole({5, 4, 3}, {});
    const Handed all = handed(*engine, region, q0.data(), nullptr, given);
    region.wanted = {0, 1, 0, 0, 1};
    for (const OutputFields fields : {OutputFields{}, OutputFields{false, true, false}, OutputFields{true, false, false}}) {
      region.fields = fields;
      int seen = 0;
      engine->run(region, q0.data(), nullptr, given, [&](const StepOutput& o) {
        const bool wanted = wants(region, o.step);
        const auto expect = [&](const char* what, const float* field, bool read, const std::vector<float>& whole, std::size_t each) {
          ASSERT_EQ(field != nullptr, read && wanted) << what << " of step " << o.step;
          const std::size_t n = 60 * each, from = n * std::size_t(o.step - 1);
          if (!field) return;
          EXPECT_TRUE(std::equal(field, field + n, whole.begin() + std::ptrdiff_t(from))) << what << " of step " << o.step;
        };
        expect("orientation", o.orientation, true, all.orientation, 4);
        expect("increment", o.increment, fields.increment, all.increment, 3);
        expect("stress", o.stress, fields.stress, all.stress, 6);
        expect("log variance", o.log_variance, fields.log_variance, all.log_variance, 3);
        EXPECT_EQ(o.load->L, all.loads[std::size_t(o.step - 1)].L);
        ++seen;
      });
      EXPECT_EQ(seen, 5);
    }
  }
}

}  // namespace grainspin

// An ensemble behind the C interface: the bits of a whole run, step by step, taken back, saved and restored; its memory; on a GPU
// (the host's stand-in) arrays of the host alone.
#include "capi_device_cases.h"
#include "ensemble_models.h"
#include "host_cuda_test.h"

namespace grainspin {
namespace {

using namespace testing;

constexpr int kSteps = 4;

struct Three {
  Three() : q0(random_orientations(N, 3)) {
    all = ensemble_of({nonlocal_member(1, kSteps), nonlocal_member(2, kSteps), nonlocal_member(3, kSteps)});
    all.spec.domain = with_calibration(all.spec.domain, {5, 0.5, 1.25, {0.5, 1.5, 2.5}, {1, 2, 3}});
    path = folder / "three.safetensors";
    write_model(path, all);
    make_engine(all, {.threads = 1})->run(whole({X, Y, Z}, {}), q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
      want.emplace_back(o.orientation, o.orientation + N * 4);
      logs.emplace_back(o.log_variance, o.log_variance + N * 3);
    });
  }
  Folder folder;
  Model all;
  std::string path;
  std::vector<float> q0;
  std::vector<std::vector<float>> want, logs;
};

TEST(CApiEnsemble, StepsTakenBackAndSaved) {
  Three c;
  const ModelHandle model = load(c.path);
  grainspin_model_info info{};
  info.size = sizeof info;
  ASSERT_OK(grainspin_model_query(model.get(), &info));
  EXPECT_EQ(std::string(info.description).find("ensemble of 3"), 0u);
  EXPECT_EQ(info.gives_log_variance, 1);
  StateHandle s = create(model, options_of(X, Y, Z), c.q0);
  for (std::size_t t = 0; t < kSteps; ++t) {
    ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    ASSERT_OK(grainspin_revert(s.get()));  // to the step before
    ASSERT_TRUE(orientations(s, N) == (t == 0 ? c.q0 : c.want[t - 1]));
    grainspin_state* raw = nullptr;
    const auto bytes = saved(s);
    ASSERT_OK(grainspin_state_restore_memory(model.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &raw));
    s.reset(raw);
    ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    ASSERT_TRUE(orientations(s, N) == c.want[t]) << t;
    std::vector<float> logs(N * 3);
    const grainspin_array out = array_of(logs);
    ASSERT_OK(grainspin_get_log_variance(s.get(), &out));
    ASSERT_TRUE(logs == c.logs[t]) << t;
    ASSERT_OK(grainspin_accept(s.get()));
  }
  // Orientations that are set are what every member goes on from, and what the state gives back.
  std::vector<float> other = random_orientations(N, 9);
  const grainspin_array given = array_of(other);
  ASSERT_OK(grainspin_set_orientations(s.get(), &given, nullptr));
  EXPECT_TRUE(orientations(s, N) == other);
  // What is saved of an ensemble is not what one of its members goes on from.
  const auto bytes = saved(s);
  const std::string one = c.folder / "one.safetensors";
  write_model(one, members_of(c.all)[0]);
  const ModelHandle single = load(one);
  grainspin_state* raw = nullptr;
  EXPECT_EQ(grainspin_state_restore_memory(single.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &raw), GRAINSPIN_ERROR_FORMAT);
  // Memory of all.
  grainspin_memory three{}, alone{};
  three.size = alone.size = sizeof three;
  const auto o = options_of(X, Y, Z);
  ASSERT_OK(grainspin_estimate_memory(model.get(), &o, &three));
  ASSERT_OK(grainspin_estimate_memory(single.get(), &o, &alone));
  EXPECT_EQ(three.accept, 3 * alone.accept);
  EXPECT_GT(three.host, 2 * alone.host);
}

class CApiEnsembleOnGpu : public HostCudaTest {};

TEST_F(CApiEnsembleOnGpu, StepsOfItsMembersThere) {
  Three c;
  std::vector<float> want;
  make_engine(c.all, {.device = Device::kCuda})->run(whole({X, Y, Z}, {}), c.q0.data(), nullptr, nullptr, [&](const StepOutput& o) {
    want.assign(o.orientation, o.orientation + N * 4);
  });
  HostCaller caller(*host_);
  const ModelHandle model = on_gpu(c.path);
  StateHandle s = create(model, options_of(X, Y, Z), c.q0);
  ASSERT_OK(grainspin_advance(s.get(), kSteps - 1, nullptr, nullptr, nullptr));
  ASSERT_OK(grainspin_accept(s.get()));
  ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
  EXPECT_TRUE(orientations(s, N) == want);
  ASSERT_OK(grainspin_revert(s.get()));
  ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
  EXPECT_TRUE(orientations(s, N) == want);
  Twin<float> q(caller, lies(4)[0], 4);
  EXPECT_EQ(grainspin_get_orientations(s.get(), &q.there, nullptr), GRAINSPIN_ERROR_DEVICE);
  EXPECT_NE(std::string(grainspin_last_error()).find("does not take: ensemble of 3"), std::string::npos) << grainspin_last_error();
}

}  // namespace
}  // namespace grainspin

// The C interface with a model on a GPU (the launchers' table on the host): the GPU engine's own bits, one call or step by
// step, after revert and restore; and what belongs to a GPU is refused elsewhere.
#include <cstdlib>

#include "backend.h"
#include "capi_run.h"
#include "local_oracle.h"

namespace grainspin {
namespace {

using namespace testing;

constexpr int X = 5, Y = 4, Z = 3, N = X * Y * Z;

ModelHandle on_gpu(const std::string& path, int device = GRAINSPIN_CUDA) {
  setenv("GRAINSPIN_CUDA_LIBRARY", GRAINSPIN_HOST_CUDA, 1);
  grainspin_model_options o;
  EXPECT_OK(grainspin_model_options_init(&o, sizeof o));
  o.device = device;
  grainspin_model* model = nullptr;
  EXPECT_OK(grainspin_model_load(path.c_str(), &o, &model));
  return ModelHandle(model);
}

TEST(CApiCuda, EqualsTheEngine) {
  for (const std::string& path : {kNonlocal, kLocal}) {
    SCOPED_TRACE(path);
    const ModelHandle model = on_gpu(path, GRAINSPIN_AUTO);  // there is one
    grainspin_model_info info{};
    info.size = sizeof info;
    ASSERT_OK(grainspin_model_query(model.get(), &info));
    EXPECT_EQ(info.device, GRAINSPIN_CUDA);
    std::vector<float> q0 = random_orientations(N, 4);
    std::vector<std::vector<float>> want;
    make_cuda_engine(read_model(path), {.device = Device::kCuda})
        ->run(whole({X, Y, Z}, {}), q0.data(), nullptr, nullptr,
              [&](const StepOutput& o) { want.emplace_back(o.orientation, o.orientation + N * 4); });
    const StateHandle s = create(model, options_of(X, Y, Z), q0);
    ASSERT_OK(grainspin_advance(s.get(), 2, nullptr, nullptr, nullptr));
    EXPECT_TRUE(orientations(s, N) == want[1]);
    ASSERT_OK(grainspin_accept(s.get()));
    ASSERT_OK(grainspin_advance(s.get(), 3, nullptr, nullptr, nullptr));
    EXPECT_TRUE(orientations(s, N) == want[4]);
    ASSERT_OK(grainspin_revert(s.get()));
    EXPECT_TRUE(orientations(s, N) == want[1]);
    const std::vector<char> bytes = saved(s);
    ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    EXPECT_TRUE(orientations(s, N) == want[2]);
    grainspin_state* raw = nullptr;
    ASSERT_OK(grainspin_state_restore_memory(model.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &raw));
    const StateHandle restored(raw);
    ASSERT_OK(grainspin_advance(restored.get(), 1, nullptr, nullptr, nullptr));
    EXPECT_TRUE(orientations(restored, N) == want[2]);
    // A state belongs to its device.
    const ModelHandle cpu = load(path);
    EXPECT_EQ(grainspin_state_restore_memory(cpu.get(), bytes.data(), std::int64_t(bytes.size()), nullptr, &raw),
              GRAINSPIN_ERROR_FORMAT);
    EXPECT_NE(std::string(grainspin_last_error()).find("saved on a GPU"), std::string::npos);
    grainspin_memory memory{};
    memory.size = sizeof memory;
    const grainspin_state_options o = options_of(X, Y, Z);
    ASSERT_OK(grainspin_estimate_memory(model.get(), &o, &memory));
    EXPECT_GT(memory.device, N * 16);
  }
}

TEST(CApiCuda, ArraysAndStreamsOfTheGpuAreRefused) {
  const ModelHandle model = on_gpu(kLocal);
  std::vector<float> q0 = random_orientations(N, 4);
  grainspin_state_options o = options_of(X, Y, Z);
  grainspin_array a = array_of(q0);
  a.place = GRAINSPIN_CUDA;
  o.orientation = &a;
  grainspin_state* raw = nullptr;
  EXPECT_EQ(grainspin_state_create(model.get(), &o, &raw), GRAINSPIN_ERROR_DEVICE);
  a.place = GRAINSPIN_HOST;
  o.stream = &o;
  EXPECT_EQ(grainspin_state_create(model.get(), &o, &raw), GRAINSPIN_ERROR_DEVICE);
  EXPECT_EQ(raw, nullptr);
}

}  // namespace
}  // namespace grainspin

// The C interface with a model on a GPU (the launchers' table on the host) and arrays of the host: the GPU engine's own
// bits, one call or step by step, after revert and restore; a state belongs to its device.
#include "capi_device_cases.h"
#include "host_cuda_test.h"

namespace grainspin {
namespace {

using namespace testing;

class CApiCuda : public HostCudaTest {};

TEST_F(CApiCuda, EqualsTheEngine) {
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

}  // namespace
}  // namespace grainspin

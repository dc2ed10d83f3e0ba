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

// An error inside a step, of the GPU or of the library itself: the state is half done, and says so to every call but
// revert, query and free.
TEST_F(CApiCuda, AnErrorWithinAStepLeavesAStateThatIsToBeReverted) {
  const ModelHandle model = on_gpu(kLocal);
  std::vector<float> q0 = random_orientations(N, 4), room(N * 4);
  std::vector<std::uint8_t> verdicts(N);
  const grainspin_array q = array_of(room), v = array_of(verdicts);
  const StateHandle s = create(model, options_of(X, Y, Z), q0);
  ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
  ASSERT_OK(grainspin_accept(s.get()));
  const std::vector<float> one = orientations(s, N);
  ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
  const std::vector<float> two = orientations(s, N);
  const auto fails = [&](int status, const std::string& text, const std::function<void()>& with) {
    int products = 0;
    host_->at_product = [&] {
      if (++products == 3) with();
    };
    grainspin_verdict verdict{};
    verdict.size = sizeof verdict;
    EXPECT_EQ(grainspin_advance(s.get(), 2, nullptr, nullptr, &verdict), status);
    host_->at_product = nullptr;
    EXPECT_EQ(verdict.steps, 0);
    EXPECT_NE(std::string(grainspin_last_error()).find(text), std::string::npos) << grainspin_last_error();
    const auto refused = [](int got) {
      EXPECT_EQ(got, GRAINSPIN_ERROR_ARGUMENT);
      EXPECT_NE(std::string(grainspin_last_error()).find("left the state half done"), std::string::npos);
    };
    std::int64_t bytes = 0;
    refused(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    refused(grainspin_accept(s.get()));
    refused(grainspin_set_orientations(s.get(), &q, nullptr));
    refused(grainspin_get_orientations(s.get(), &q, nullptr));
    refused(grainspin_get_increments(s.get(), &q));
    refused(grainspin_get_stress(s.get(), &q));
    refused(grainspin_get_log_variance(s.get(), &q));
    refused(grainspin_get_verdicts(s.get(), &v));
    refused(grainspin_state_save(s.get(), "/no such folder/x"));
    refused(grainspin_state_save_memory(s.get(), nullptr, 0, &bytes));
    grainspin_state_info info{};
    info.size = sizeof info;
    EXPECT_OK(grainspin_state_query(s.get(), &info));
    ASSERT_OK(grainspin_revert(s.get()));
    EXPECT_TRUE(orientations(s, N) == one);
    ASSERT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
    EXPECT_TRUE(orientations(s, N) == two);
  };
  fails(GRAINSPIN_ERROR_DEVICE, "the GPU is gone", [] { throw Error(Errc::kDevice, "the GPU is gone"); });
  fails(GRAINSPIN_ERROR_INTERNAL, "a broken promise", [] { throw std::logic_error("a broken promise"); });
  fails(GRAINSPIN_ERROR_INTERNAL, "no known type", [] { throw 1; });
  fails(GRAINSPIN_ERROR_MEMORY, "memory of this machine", [] { throw std::bad_alloc(); });
}

}  // namespace
}  // namespace grainspin

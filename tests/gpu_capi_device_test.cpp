// capi_device_test on a GPU: arrays of its memory, a stream of the caller's.
#include <dlfcn.h>

#include "backend.h"
#include "capi_device_cases.h"

namespace grainspin {
namespace {

using namespace testing;

class GpuCaller final : public Caller {
 public:
  GpuCaller() : table_(cuda_table(0)), context_(table_.create(0)) {
    // A stream that does not wait for the legacy default one; the driver's are the runtime's.
    void* const driver = dlopen("libcuda.so.1", RTLD_NOW);
    const auto make = driver ? reinterpret_cast<int (*)(void**, unsigned)>(dlsym(driver, "cuStreamCreate")) : nullptr;
    if (!make || make(&stream_, 1) != 0) throw Error(Errc::kDevice, "no stream could be made");
  }
  ~GpuCaller() override { table_.destroy(context_); }
  void* take(std::int64_t bytes) override { return table_.allocate(context_, bytes); }
  void drop(void* p) override { table_.release(context_, p); }
  void put(void* to, const void* from, std::int64_t bytes) override { copy(to, from, bytes); }
  void get(void* to, const void* from, std::int64_t bytes) override { copy(to, from, bytes); }
  void* stream() override { return stream_; }

 private:
  // After what the caller's stream was given, whose end it is.
  void copy(void* to, const void* from, std::int64_t bytes) {
    table_.wait_for(context_, static_cast<Stream>(stream_));
    table_.wait_for(context_, nullptr);
    table_.copy(context_, to, from, bytes);
    table_.synchronise(context_);
  }
  const cuda::Table& table_;
  cuda::Context* context_;
  void* stream_ = nullptr;
};

class GpuCApiDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = cuda_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(GpuCApiDevice, NonlocalTakesThem) {
  GpuCaller caller;
  nonlocal_takes_arrays_of_the_gpu(caller);
}

TEST_F(GpuCApiDevice, VoxelsAreJudgedWhereTheyAre) {
  GpuCaller caller;
  verdicts_are_those_of_the_judge(caller, false);
}

TEST_F(GpuCApiDevice, VoxelsAreJudgedByWhatSurroundsThemOnTheHost) {
  GpuCaller caller;
  verdicts_are_those_of_the_judge(caller, true);
}

TEST_F(GpuCApiDevice, LocalTakesThem) {
  GpuCaller caller;
  local_takes_arrays_of_the_gpu(caller);
}

TEST_F(GpuCApiDevice, MemoryOfTheHostIsRefusedAsTheGpus) {
  GpuCaller caller;
  const ModelHandle model = on_gpu(written(Folder(), random_model({Cell::kGru, 1, 32, 1, Feedback::kOwn}, "432", 3, 2)));
  Twin<float> q(caller, lies(4)[0], 4, 0.5f);
  grainspin_state_options o = options_of(X, Y, Z);
  grainspin_state* raw = nullptr;
  for (grainspin_array a : {q.here, q.there}) {
    a.place = a.place == GRAINSPIN_HOST ? GRAINSPIN_CUDA : GRAINSPIN_HOST;
    o.orientation = &a;
    EXPECT_EQ(grainspin_state_create(model.get(), &o, &raw), GRAINSPIN_ERROR_DEVICE);
    EXPECT_NE(std::string(grainspin_last_error()).find("its `place` is"), std::string::npos) << grainspin_last_error();
  }
}

}  // namespace
}  // namespace grainspin

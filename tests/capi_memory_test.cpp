// grainspin_estimate_memory against what a state really takes: the C library's count of bytes in use (mallinfo2; that of
// mapped blocks is of all threads, so that every larger block is made one); on a GPU, what is allocated there (the
// launchers' table on the host).
#include <malloc.h>

#include "capi_device_cases.h"
#include "host_cuda_test.h"

namespace grainspin {
namespace {

using namespace testing;


grainspin_memory estimated(const ModelHandle& model, const grainspin_state_options& o) {
  grainspin_memory memory{};
  memory.size = sizeof memory;
  EXPECT_OK(grainspin_estimate_memory(model.get(), &o, &memory));
  return memory;
}

// A whole use of a state: steps, verdict, revert, every field read.
void use(const StateHandle& s, std::int64_t voxels, bool stress) {
  std::vector<float> room(std::size_t(voxels) * 6);
  std::vector<std::uint8_t> verdicts(static_cast<std::size_t>(voxels));
  const grainspin_array a = array_of(room), v = array_of(verdicts);
  grainspin_verdict verdict{};
  verdict.size = sizeof verdict;
  ASSERT_OK(grainspin_advance(s.get(), 2, nullptr, nullptr, &verdict));
  ASSERT_OK(grainspin_get_orientations(s.get(), &a, nullptr));
  ASSERT_OK(grainspin_get_increments(s.get(), &a));
  if (stress) {
    ASSERT_OK(grainspin_get_stress(s.get(), &a));
  }
  ASSERT_OK(grainspin_get_verdicts(s.get(), &v));
}

TEST(CApiMemory, TheEstimateIsWhatAStateTakesOnTheHost) {
  constexpr int kEdge = 20;
  constexpr std::int64_t kVoxels = std::int64_t(kEdge) * kEdge * kEdge;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers have an allocator of their own, which counts for itself";
#endif
  mallopt(M_MMAP_THRESHOLD, 4096);
  mallopt(M_MMAP_MAX, 1 << 20);
  const auto used = [] { return std::int64_t(mallinfo2().hblkhd + mallinfo2().uordblks); };
  for (const std::string& path : {kNonlocal, kLocal})
    for (const bool masked : {false, true}) {
      SCOPED_TRACE(path + (masked ? ", masked" : ""));
      const ModelHandle model = load(path, 2);
      std::vector<float> q = random_orientations(kVoxels, 1);
      std::vector<std::uint8_t> mask(static_cast<std::size_t>(kVoxels), 1);
      for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
      const grainspin_array m = array_of(mask);
      grainspin_state_options o = options_of(kEdge, kEdge, kEdge);
      if (masked) o.mask = &m;
      (void)create(model, o, q);  // what is made once: plans, tables
      const grainspin_memory memory = estimated(model, o);
      const double least = masked ? 0.6 : 0.9;  // which voxels are masked is not looked at: it may be less, never more
      const auto within = [&](std::int64_t taken, std::int64_t told) {
        EXPECT_LE(double(taken), 1.01 * double(told) + 4096);  // blocks are of whole pages
        EXPECT_GE(double(taken), least * double(told));
      };
      const std::int64_t before = used();
      const StateHandle s = create(model, o, q);
      use(s, kVoxels, path == kNonlocal);
      const std::int64_t state = used() - before;
      within(state, memory.host);
      ASSERT_OK(grainspin_accept(s.get()));
      within(used() - before - state + kVoxels * 16, memory.accept);  // the undeformed orientations are gone
      const auto bytes = std::int64_t(saved(s).size());
      within(bytes, memory.saved);
      EXPECT_LE(bytes, memory.saved);
      EXPECT_EQ(memory.device, 0);
    }
}

class CApiMemoryCuda : public HostCudaTest {};

TEST_F(CApiMemoryCuda, TheEstimateIsWhatAStateTakesOnTheGpu) {
  constexpr int kEdge = 7;
  constexpr std::int64_t kVoxels = std::int64_t(kEdge) * kEdge * kEdge;
  for (const std::string& path : {kNonlocal, kLocal}) {
    SCOPED_TRACE(path);
    const ModelHandle model = on_gpu(path);
    std::vector<float> q = random_orientations(kVoxels, 1);
    const grainspin_state_options o = options_of(kEdge, kEdge, kEdge);
    const grainspin_memory memory = estimated(model, o);
    const std::int64_t before = host_->allocated;
    const StateHandle s = create(model, o, q);
    use(s, kVoxels, path == kNonlocal);
    const std::int64_t taken = host_->allocated - before;
    EXPECT_LE(taken, memory.device + 4096);  // parts of the workspace are aligned
    EXPECT_GE(taken, memory.device * 9 / 10);
  }
}

}  // namespace
}  // namespace grainspin

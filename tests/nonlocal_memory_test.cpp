// What a run of the nonlocal family allocates through operator new (all but the FFT library's own tables) is within
// what workspace() says, and not far below.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "grainspin/surrogate.h"
#include "local_oracle.h"
#include "nonlocal_oracle.h"

namespace {

std::atomic<std::int64_t> held{0}, peak{0};

// The size is kept in front of the block, on a cache line of its own.
void* counted(std::size_t size) {
  void* const p = std::aligned_alloc(64, (size + 127) / 64 * 64);
  if (!p) throw std::bad_alloc();
  *static_cast<std::size_t*>(p) = size;
  const std::int64_t now = held += std::int64_t(size);
  for (std::int64_t seen = peak; now > seen && !peak.compare_exchange_weak(seen, now);) {
  }
  return static_cast<char*>(p) + 64;
}
void uncounted(void* p) noexcept {
  if (!p) return;
  void* const start = static_cast<char*>(p) - 64;
  held -= std::int64_t(*static_cast<std::size_t*>(start));
  std::free(start);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, std::align_val_t) { return counted(size); }
void operator delete(void* p) noexcept { uncounted(p); }
void operator delete[](void* p) noexcept { uncounted(p); }
void operator delete(void* p, std::size_t) noexcept { uncounted(p); }
void operator delete[](void* p, std::size_t) noexcept { uncounted(p); }
void operator delete(void* p, std::align_val_t) noexcept { uncounted(p); }

namespace grainspin {
namespace {

TEST(NonlocalMemory, WorkspaceIsWhatARunTakes) {
  for (const bool stress : {true, false})
    for (const bool phases : {true, false})
      for (const bool masked : {false, true}) {
        NonlocalSpec s;
        s.passes = 1;
        s.stress = stress;
        s.phases = {testing::named_phase("fcc")};
        if (phases) s.phases.push_back(testing::named_phase("hcp18", 1.6));
        const Model model = testing::random_nonlocal(s, 1, 1);
        Region region = whole({40, 32, 28}, {.x = Boundary::kClamped});
        region.padding = 4;
        const std::int64_t n = region.shape.voxels();
        std::vector<std::int32_t> phase;
        std::vector<std::uint8_t> mask;
        for (std::int64_t v = 0; v < n; ++v) phase.push_back(v % 500 != 0), mask.push_back(v % 200 != 0);
        if (phases) region.phase = phase.data();
        const auto q0 = testing::random_orientations(n, 1);
        const auto engine = make_engine(model, {.threads = 2});
        const std::int64_t before = held;
        peak = before;
        engine->run(region, q0.data(), masked ? mask.data() : nullptr, nullptr, [](const StepOutput&) {});
        const std::int64_t taken = peak - before, said = engine->workspace(region);
        EXPECT_LE(taken, said) << stress << phases << masked;
        EXPECT_GE(double(taken), 0.9 * double(said)) << stress << phases << masked;
      }
}

}  // namespace
}  // namespace grainspin

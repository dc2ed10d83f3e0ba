// Several models and states at once, on threads: states of one model and of two, creation and loading beside steps,
// error texts of each thread its own. Bits must be those of one thread alone. (Also built with -fsanitize=thread.)
#include "capi_run.h"

#include <atomic>
#include <thread>

#include "local_oracle.h"

namespace grainspin {
namespace {

using namespace testing;

constexpr int X = 6, Y = 5, Z = 4, N = X * Y * Z, kSteps = 3;

std::vector<float> end_of(const ModelHandle& model, unsigned seed, bool turn_back) {
  std::vector<float> q = random_orientations(N, seed);
  const StateHandle s = create(model, options_of(X, Y, Z), q);
  grainspin_verdict verdict{};
  verdict.size = sizeof verdict;
  for (int t = 0; t < kSteps; ++t) {
    EXPECT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, &verdict));
    if (turn_back && t == 1) {
      EXPECT_OK(grainspin_accept(s.get()));
      EXPECT_OK(grainspin_advance(s.get(), 1, nullptr, nullptr, nullptr));
      EXPECT_OK(grainspin_revert(s.get()));
    }
  }
  return orientations(s, N);
}

TEST(CApiThreads, StatesOfOneAndOfTwoModels) {
  const ModelHandle nonlocal = load(kNonlocal, 2), local = load(kLocal, 2);
  constexpr unsigned kThreads = 6;
  std::vector<std::vector<float>> want, got(kThreads);
  for (unsigned i = 0; i < kThreads; ++i) want.push_back(end_of(i % 2 ? local : nonlocal, 40 + i, false));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] { got[i] = end_of(i % 2 ? local : nonlocal, 40 + i, i % 3 == 0); });
  for (std::thread& t : threads) t.join();
  EXPECT_TRUE(got == want);
}

TEST(CApiThreads, ErrorsAreTheThreadsOwn) {
  const ModelHandle model = load(kLocal, 1);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 50; ++k) {
        grainspin_phase_info info{};
        info.size = sizeof info;
        const int index = 100 * (i + 1) + k;
        if (grainspin_model_phase(model.get(), index, &info) != GRAINSPIN_ERROR_ARGUMENT) ++wrong;
        if (std::string(grainspin_last_error()).find("phase " + std::to_string(index)) == std::string::npos) ++wrong;
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

// A model's handle may go before its states, on another thread.
TEST(CApiThreads, ModelsAreLoadedAndFreedBesideSteps) {
  const ModelHandle nonlocal = load(kNonlocal, 1);
  const auto want = end_of(nonlocal, 7, false);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      std::vector<float> q = random_orientations(N, 7);
      ModelHandle mine = load(kNonlocal, 2);
      const StateHandle s = create(mine, options_of(X, Y, Z), q);
      std::thread([&] { mine.reset(); }).join();
      EXPECT_OK(grainspin_advance(s.get(), kSteps, nullptr, nullptr, nullptr));
      if (orientations(s, N) != want) ++wrong;
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace grainspin

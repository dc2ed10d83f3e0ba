// Mirrors gpu_interactions_test.cpp with the launchers on the host (host_cuda_regression.cpp): the team of one thread runs
// the kernel's own loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <thread>

#include "host_cuda_test.h"

namespace grainspin::interactions {
class CudaRegression : public grainspin::testing::HostCudaTest {};
}  // namespace grainspin::interactions

#include "cuda/regression_elements.h"
#include "cuda_regression_cases.h"

namespace grainspin::interactions {

// Threads with a barrier are what a CTA is: a missing one shows here (and by name under -fsanitize=thread).
struct Team {
  int me, count;
  std::barrier<>* barrier;
  int rank() const { return me; }
  int size() const { return count; }
  void sync() const { barrier->arrive_and_wait(); }
};

TEST_F(CudaRegression, ATeamOfAnySizeGivesTheSameBits) {
  constexpr int C = 20, L = 6;
  const BlockMoments m = block_of(random_rows(40, C, 0.5, 3));
  std::vector<double> gram(m.gram), q, ones(C, 1), lambda;
  for (int c = 0; c < C; ++c) {
    for (int d = 0; d < C; ++d) gram[c * C + d] /= std::sqrt(m.gram[c * C + c] * m.gram[d * C + d]);
    q.push_back(m.xy[c] / std::sqrt(m.gram[c * C + c]));
  }
  for (int l = 0; l < L; ++l) lambda.push_back(5 * std::pow(0.5, l));
  std::vector<double> first;
  for (const int count : {1, 3, 4, 7}) {
    std::vector<double> b(C * L), work(2 * C);
    std::vector<int> lists(C + 8);
    const cuda::DescentProblem p{C, L, false, 0.9, 1e-10, 1000, gram.data(), q.data(), ones.data(), ones.data(), lambda.data(), b.data()};
    std::barrier barrier(count);
    std::vector<std::thread> threads;
    for (int t = 0; t < count; ++t)
      threads.emplace_back([&, t] { cuda::descend(p, Team{t, count, &barrier}, {work.data(), work.data() + C, lists.data(), lists.data() + C}); });
    for (std::thread& t : threads) t.join();
    if (first.empty()) first = b;
    EXPECT_EQ(b, first) << count;
    EXPECT_GT(std::count_if(b.begin(), b.end(), [](double v) { return v != 0; }), C);
  }
}

TEST_F(CudaRegression, NoSuchGpuIsAnError) {
  Moments m(2, 1);
  const double x[2] = {1, 2}, y[1] = {3};
  EXPECT_THROW(add_on_gpu(m, 1, x, y, nullptr, 7), Error);
  EXPECT_EQ(m.rows, 0);
}

}  // namespace grainspin::interactions

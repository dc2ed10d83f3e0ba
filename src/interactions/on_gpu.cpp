#include "grainspin/interactions/on_gpu.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "lasso.h"
#include "moments.h"
#include "on_gpu.h"
#include "src/backend.h"
#include "src/device_memory.h"

namespace grainspin::interactions {
namespace {

constexpr std::int64_t kRows = 8192;  // copied at a time: 100 MB at 1521 features
constexpr int kSweeps = 20000;

}  // namespace

void add_on_gpu(Moments& moments, std::int64_t rows, const double* x, const double* y, const double* w, int device) {
  const Gpu gpu(cuda_table(device), device);
  ThreadPool pool(0);
  check_rows(moments, rows, x, y, w, pool);
  const std::int64_t M = moments.features, N = moments.responses, most = std::min(rows, kRows);
  const DeviceBuffer<double> gram(gpu, M * M), xy(gpu, N * M), X(gpu, most * M), Y(gpu, most * N);
  gpu->zero(gpu, gram.get(), M * M * std::int64_t(sizeof(double)));
  gpu->zero(gpu, xy.get(), N * M * std::int64_t(sizeof(double)));
  std::vector<double> xs, ys;  // rows times the roots of their weights
  for (std::int64_t begin = 0; begin < rows; begin += kRows) {
    const std::int64_t T = std::min(kRows, rows - begin);
    const double *a = x + begin * M, *b = y + begin * N;
    if (w) {
      xs.assign(a, a + T * M);
      ys.assign(b, b + T * N);
      pool.run(T, [&](std::int64_t t, int) {
        const double root = std::sqrt(w[begin + t]);
        for (std::int64_t m = 0; m < M; ++m) xs[t * M + m] *= root;
        for (std::int64_t i = 0; i < N; ++i) ys[t * N + i] *= root;
      });
    }
    gpu->copy(gpu, X.get(), w ? xs.data() : a, T * M * std::int64_t(sizeof(double)));
    gpu->copy(gpu, Y.get(), w ? ys.data() : b, T * N * std::int64_t(sizeof(double)));
    gpu->products(gpu, {int(T), int(M), int(N), X.get(), Y.get(), gram.get(), xy.get()});
    for (std::int64_t t = 0; t < T; ++t) {
      const double weight = w ? w[begin + t] : 1;
      for (std::int64_t m = 0; m < M; ++m) moments.x_sum[m] += weight * a[t * M + m];
      for (std::int64_t i = 0; i < N; ++i) {
        moments.y_sum[i] += weight * b[t * N + i];
        moments.yy[i] += weight * b[t * N + i] * b[t * N + i];
      }
      moments.weight += weight;
      moments.rows += weight > 0;
    }
  }
  std::vector<double> G(std::size_t(M * M)), B(std::size_t(N * M));
  gpu->copy(gpu, G.data(), gram.get(), M * M * std::int64_t(sizeof(double)));
  gpu->copy(gpu, B.data(), xy.get(), N * M * std::int64_t(sizeof(double)));
  gpu->synchronise(gpu);
  for (std::int64_t i = 0; i < M; ++i)
    for (std::int64_t j = i; j < M; ++j) {
      moments.gram[i * M + j] += G[i * M + j];
      moments.gram[j * M + i] = moments.gram[i * M + j];
    }
  for (std::int64_t i = 0; i < N * M; ++i) moments.xy[i] += B[i];
}

std::vector<std::vector<double>> descend_on_gpu(const std::vector<MomentSum>& sums, const std::vector<PathOptions>& options, int device) {
  const Gpu gpu(cuda_table(device), device);
  struct Memory {
    DeviceBuffer<double> gram, q, l1, l2, lambda, b;
  };
  std::vector<Memory> memory;
  std::vector<cuda::DescentProblem> problems;
  int most = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Columns columns(sums[i], options[i]);
    const std::int64_t n = columns.count(), L = std::int64_t(options[i].lambda.size());
    std::vector<double> gram(std::size_t(n * n));
    double largest = 0;
    for (int k = 0; k < n; ++k) {
      columns.fill(k, gram.data() + k * n);
      largest = std::max(largest, std::abs(columns.q[k]));
    }
    Memory& m = memory.emplace_back(Memory{on_device(gpu, gram.data(), n * n), on_device(gpu, columns.q.data(), n), on_device(gpu, columns.l1.data(), n),
                                           on_device(gpu, columns.l2.data(), n), on_device(gpu, options[i].lambda.data(), L), DeviceBuffer<double>(gpu, L * n)});
    problems.push_back({int(n), int(L), options[i].nonnegative, options[i].l1_ratio, 1e-9 * largest, kSweeps, m.gram.get(), m.q.get(), m.l1.get(),
                        m.l2.get(), m.lambda.get(), m.b.get()});
    most = std::max(most, int(n));
  }
  const auto list = on_device(gpu, problems.data(), std::int64_t(problems.size()));
  gpu->descend(gpu, {int(problems.size()), most, list.get()});
  std::vector<std::vector<double>> out;
  for (const cuda::DescentProblem& p : problems) {
    std::vector<double>& b = out.emplace_back(std::size_t(p.columns) * std::size_t(p.lambdas));
    if (!b.empty()) gpu->copy(gpu, b.data(), p.b, std::int64_t(b.size() * sizeof(double)));
  }
  gpu->synchronise(gpu);
  return out;
}

std::vector<Path> lasso_paths_on_gpu(const std::vector<BlockMoments>& blocks, const PathOptions& options,
                                     const std::vector<std::vector<double>>& penalty, int gpu, int threads) {
  require(penalty.empty() || penalty.size() == blocks.size(), Errc::kShape,
          "lasso: penalty weights of " + std::to_string(penalty.size()) + " blocks for " + std::to_string(blocks.size()));
  cuda_table(gpu);  // what is missing is said before any work
  const std::size_t B = blocks.size();
  std::vector<MomentSum> sums;
  std::vector<PathOptions> each(B, options);
  for (std::size_t b = 0; b < B; ++b) {
    sums.push_back({{&blocks[b], 1}});
    if (!penalty.empty()) each[b].penalty = penalty[b];
  }
  ThreadPool pool(threads);
  if (options.lambda.empty())
    pool.run(std::int64_t(B), [&](std::int64_t b, int) {
      PathOptions first = each[b];
      first.lambdas = 1;
      const double largest = lasso_path(sums[b], first).lambda_max;
      each[b].lambda = largest > 0 ? log_grid(largest, options.lambdas, options.lambda_min_ratio) : std::vector<double>{0};
    });
  const std::vector<std::vector<double>> guesses = descend_on_gpu(sums, each, gpu);
  std::vector<Path> out(B);
  pool.run(std::int64_t(B), [&](std::int64_t b, int) { out[b] = lasso_path(sums[b], each[b], options.lambda.empty(), &guesses[b]); });
  return out;
}

}  // namespace grainspin::interactions

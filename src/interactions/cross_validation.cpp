// Whole runs held out: training moments are all less the fold's, the error of the fold follows from its own.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "grainspin/interactions/selection.h"
#include "lasso.h"
#include "on_gpu.h"
#include "src/thread_pool.h"
#include "stlsq.h"

namespace grainspin::interactions {
namespace {

void check(const std::vector<std::vector<BlockMoments>>& folds, const CvOptions& options) {
  require(!folds.empty(), Errc::kArgument, "cross-validation: no regressions");
  require(options.penalty.empty() || options.penalty.size() == folds.size(), Errc::kShape,
          "cross-validation: penalty weights of " + std::to_string(options.penalty.size()) + " blocks for " + std::to_string(folds.size()));
  for (std::size_t b = 0; b < folds.size(); ++b) {
    const std::string block = "cross-validation of block " + std::to_string(b);
    require(folds[b].size() >= 2, Errc::kArgument, block + ": " + std::to_string(folds[b].size()) + " folds; at least two are needed, and one run is one fold at most");
    require(!options.joint || folds[b].size() == folds[0].size(), Errc::kShape, block + ": blocks that share a lambda need the same folds");
    for (std::size_t f = 0; f < folds[b].size(); ++f)
      require(folds[b][f].weight > 0, Errc::kArgument, block + ": fold " + std::to_string(f) + " has no rows");
  }
}

// squared [F,L] errors, weight [F].
void finish(CrossValidation& cv, const std::vector<double>& squared, const std::vector<double>& weight) {
  const std::size_t F = weight.size(), L = cv.lambda.size();
  const double all = std::accumulate(weight.begin(), weight.end(), 0.0);
  cv.fold_error.resize(F * L);
  for (std::size_t i = 0; i < L; ++i) {
    double mean = 0, spread = 0;
    for (std::size_t f = 0; f < F; ++f) {
      cv.fold_error[f * L + i] = squared[f * L + i] / weight[f];
      mean += squared[f * L + i] / all;
    }
    for (std::size_t f = 0; f < F; ++f) spread += weight[f] / all * (cv.fold_error[f * L + i] - mean) * (cv.fold_error[f * L + i] - mean);
    cv.error.push_back(mean);
    cv.se.push_back(std::sqrt(spread / double(F - 1)));
  }
  cv.best = int(std::min_element(cv.error.begin(), cv.error.end()) - cv.error.begin());
  cv.one_se = 0;
  while (cv.error[cv.one_se] > cv.error[cv.best] + cv.se[cv.best]) ++cv.one_se;
}

struct Solver {
  const CvOptions& options;
  PathOptions lasso(std::size_t block, const std::vector<double>& grid) const {
    PathOptions o = options.path;
    if (!options.penalty.empty()) o.penalty = options.penalty[block];
    if (!grid.empty()) o.lambda = grid;
    return o;
  }
  Path operator()(std::size_t block, const MomentSum& sum, const std::vector<double>& grid, bool may_stop,
                  const std::vector<double>* guesses = nullptr) const {
    if (options.solver == PathSolver::kLasso) return lasso_path(sum, lasso(block, grid), may_stop, guesses);
    StlsqOptions o = options.stlsq;
    if (!options.penalty.empty()) o.keep = options.penalty[block];
    if (!grid.empty()) o.threshold = grid;
    return stlsq_path(sum, o);
  }
  // One point at the largest lambda that makes sense.
  double largest(std::size_t block, const MomentSum& sum) const {
    CvOptions one = options;
    one.path.lambda.clear();
    one.path.lambdas = 1;
    one.stlsq.threshold.clear();
    one.stlsq.thresholds = 1;
    return Solver{one}(block, sum, {}, false).lambda_max;
  }
};

}  // namespace

const PathPoint& point_at(const Path& path, int i) {
  require(!path.points.empty() && i >= 0, Errc::kArgument, "path: no points");
  return path.points[std::min(std::size_t(i), path.points.size() - 1)];
}

CrossValidations cross_validate(const std::vector<std::vector<BlockMoments>>& folds, const CvOptions& options) {
  check(folds, options);
  const std::size_t B = folds.size();
  const Solver solve{options};
  std::vector<std::size_t> order(B);  // the largest first, so that no thread is left with one at the end
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return folds[a][0].columns > folds[b][0].columns; });

  ThreadPool pool(options.threads);
  std::vector<BlockMoments> all(B);
  pool.run(std::int64_t(B), [&](std::int64_t task, int) { all[order[task]] = sum(folds[order[task]]); });
  const bool on_gpu = options.gpu >= 0;
  require(!on_gpu || options.solver == PathSolver::kLasso, Errc::kArgument, "cross-validation: only the LASSO runs on a GPU");
  std::vector<std::vector<double>> grid(B);  // empty: the block's own
  const bool given = !(options.solver == PathSolver::kLasso ? options.path.lambda : options.stlsq.threshold).empty();
  if ((options.joint || on_gpu) && !given) {
    std::vector<double> largest(B);
    pool.run(std::int64_t(B), [&](std::int64_t task, int) { largest[order[task]] = solve.largest(order[task], {{&all[order[task]], 1}}); });
    if (options.joint) largest.assign(B, *std::max_element(largest.begin(), largest.end()));
    const bool lasso = options.solver == PathSolver::kLasso;
    const int count = lasso ? options.path.lambdas : options.stlsq.thresholds;
    const double ratio = lasso ? options.path.lambda_min_ratio : options.stlsq.threshold_min_ratio;
    for (std::size_t b = 0; b < B; ++b) grid[b] = largest[b] > 0 ? log_grid(largest[b], count, ratio) : std::vector<double>{0};
  }
  std::vector<std::vector<double>> guesses;
  if (on_gpu) {
    std::vector<MomentSum> sums;
    std::vector<PathOptions> each;
    for (std::size_t b = 0; b < B; ++b) {
      sums.push_back({{&all[b], 1}});
      each.push_back(solve.lasso(b, grid[b]));
    }
    guesses = descend_on_gpu(sums, each, options.gpu);
  }
  CrossValidations out;
  out.blocks.resize(B);
  pool.run(std::int64_t(B), [&](std::int64_t task, int) {
    const std::size_t b = order[task];
    CrossValidation& cv = out.blocks[b];
    cv.path = solve(b, {{&all[b], 1}}, grid[b], !given, on_gpu ? &guesses[b] : nullptr);
    for (const PathPoint& p : cv.path.points) cv.lambda.push_back(p.lambda);
  });

  struct Task {
    std::size_t block, fold;
  };
  std::vector<Task> tasks;
  std::vector<std::vector<double>> squared(B);  // [fold, lambda]
  for (const std::size_t b : order) {
    squared[b].resize(folds[b].size() * out.blocks[b].lambda.size());
    for (std::size_t f = 0; f < folds[b].size(); ++f) tasks.push_back({b, f});
  }
  if (on_gpu) {
    std::vector<MomentSum> sums;
    std::vector<PathOptions> each;
    for (const auto& [b, f] : tasks) {
      sums.push_back({{&all[b], 1}, {&folds[b][f], -1}});
      each.push_back(solve.lasso(b, out.blocks[b].lambda));
    }
    guesses = descend_on_gpu(sums, each, options.gpu);
  }
  pool.run(std::int64_t(tasks.size()), [&](std::int64_t task, int) {
    const auto [b, f] = tasks[task];
    const std::vector<double>& lambda = out.blocks[b].lambda;
    const Path path = solve(b, {{&all[b], 1}, {&folds[b][f], -1}}, lambda, false, on_gpu ? &guesses[task] : nullptr);
    for (std::size_t i = 0; i < lambda.size(); ++i) squared[b][f * lambda.size() + i] = squared_error(folds[b][f], point_at(path, int(i)));
  });
  for (std::size_t b = 0; b < B; ++b) {
    std::vector<double> weight;
    for (const BlockMoments& fold : folds[b]) weight.push_back(fold.weight);
    finish(out.blocks[b], squared[b], weight);
  }
  if (!options.joint) return out;

  const auto longest = std::max_element(out.blocks.begin(), out.blocks.end(), [](const auto& a, const auto& b) { return a.lambda.size() < b.lambda.size(); });
  out.joint.lambda = longest->lambda;
  const std::size_t L = out.joint.lambda.size(), F = folds[0].size();
  std::vector<double> total(F * L, 0), weight(F, 0);
  for (std::size_t b = 0; b < B; ++b)
    for (std::size_t f = 0; f < F; ++f) {
      weight[f] += folds[b][f].weight;
      const std::size_t own = out.blocks[b].lambda.size();
      for (std::size_t i = 0; i < L; ++i) total[f * L + i] += squared[b][f * own + std::min(i, own - 1)];
    }
  finish(out.joint, total, weight);
  return out;
}

CrossValidation cross_validate(const std::vector<BlockMoments>& folds, const CvOptions& options) {
  return std::move(cross_validate(std::vector<std::vector<BlockMoments>>{folds}, options).blocks[0]);
}

}  // namespace grainspin::interactions

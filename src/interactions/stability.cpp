// How often a column is selected on random halves of the groups of runs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>

#include "grainspin/interactions/selection.h"
#include "lasso.h"
#include "src/thread_pool.h"

namespace grainspin::interactions {

Stability stability(const std::vector<BlockMoments>& groups, const StabilityOptions& options) {
  require(groups.size() >= 4, Errc::kArgument, "stability selection: " + std::to_string(groups.size()) + " groups of runs; at least four are needed");
  require(options.pairs > 0, Errc::kArgument, "stability selection: at least one pair of halves");
  require(options.threshold > 0 && options.threshold <= 1, Errc::kArgument, "stability selection: the threshold lies between 0 and 1");
  const std::size_t C = std::size_t(groups[0].columns), half = groups.size() / 2;
  const int most = options.max_active > 0 ? options.max_active : std::max(1, int(std::sqrt(0.8 * double(C))));

  Stability out;
  PathOptions path = options.path;
  path.max_active = most;
  if (path.lambda.empty()) {
    MomentSum all;
    for (const BlockMoments& g : groups) all.push_back({&g, 1});
    for (const PathPoint& p : lasso_path(all, path).points) path.lambda.push_back(p.lambda);
  }
  out.lambda = path.lambda;
  const std::size_t L = out.lambda.size();

  std::vector<MomentSum> halves;
  std::mt19937_64 random(options.seed);
  std::vector<std::size_t> order(groups.size());
  for (int pair = 0; pair < options.pairs; ++pair) {
    std::iota(order.begin(), order.end(), 0);
    // Fisher and Yates; the bias of the remainder is below 2^-50.
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % (i + 1)]);
    for (std::size_t side = 0; side < 2; ++side) {
      MomentSum& sum = halves.emplace_back();
      for (std::size_t g = 0; g < half; ++g) sum.push_back({&groups[order[side * half + g]], 1});
    }
  }
  std::vector<std::vector<std::vector<std::int32_t>>> active(halves.size());
  ThreadPool pool(options.threads);
  pool.run(std::int64_t(halves.size()), [&](std::int64_t h, int) {
    for (const PathPoint& p : lasso_path(halves[h], path).points)
      if (int(p.active.size()) <= most) active[h].push_back(p.active);
  });

  out.frequency.assign(L * C, 0);
  out.largest.assign(C, 0);
  for (const auto& lists : active) {
    std::vector<std::uint8_t> ever(C, 0);
    for (std::size_t i = 0; i < lists.size(); ++i)
      for (const std::int32_t c : lists[i]) {
        out.frequency[i * C + std::size_t(c)] += 1;
        ever[std::size_t(c)] = 1;
      }
    for (std::size_t c = 0; c < C; ++c) {
      out.largest[c] += ever[c];
      out.mean_active += ever[c];
    }
  }
  const double fits = double(halves.size());
  for (double& v : out.frequency) v /= fits;
  for (double& v : out.largest) v /= fits;
  out.mean_active /= fits;
  for (std::size_t c = 0; c < C; ++c)
    if (out.largest[c] >= options.threshold) out.selected.push_back(std::int32_t(c));
  out.false_bound = options.threshold > 0.5 ? out.mean_active * out.mean_active / ((2 * options.threshold - 1) * double(C))
                                            : std::numeric_limits<double>::infinity();
  return out;
}

}  // namespace grainspin::interactions

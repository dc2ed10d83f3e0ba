// Path of lambdas: candidates by the sequential strong rule, optimum on them, conditions of all columns checked, certificate.
#include "lasso.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "blas.h"
#include "lasso_active.h"
#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

struct Certificate {
  double gap = 0, violation = 0, explained = 0;
};

// g = q - Q b. Over W, with residual r and the ridge as further rows of data: rr = |r|^2 + sum m b^2, yr = y.r;
// dual point s r, s as large as |g - m b| <= l1 allows; P - D = sum (l1 |b| - b (g - m b)) + (1-s) (yr - (1+s)/2 rr).
// The terms of the first sum are not negative where the conditions hold: no cancellation. Bounds near the rounding of g
// (no penalty, lambda below 1e-9 lambda_max) do not limit s: those columns show in the violation.
Certificate certify(const Columns& columns, const ActiveSet& set, const std::vector<double>& b, const std::vector<double>& g,
                    bool nonnegative, double lambda_max) {
  double largest = 0, slack = 0, by = 0, bg = 0, ridge = 0, violation = 0;
  for (int k = 0; k < columns.count(); ++k) {
    const double bound = set.bound(k), m = set.ridge(k), slope = g[k] - m * b[k];
    const double size = nonnegative ? std::max(slope, 0.0) : std::abs(slope);
    const double off = b[k] != 0 ? std::abs(slope - std::copysign(bound, b[k])) : std::max(0.0, size - bound);
    violation = std::max(violation, off / (columns.l1[k] > 0 ? columns.l1[k] : 1));
    if (bound > 1e-9 * lambda_max * columns.l1[k]) largest = std::max(largest, size / bound);
    slack += bound * std::abs(b[k]) - b[k] * slope;
    by += b[k] * columns.q[k];
    bg += b[k] * g[k];
    ridge += m * b[k] * b[k];
  }
  const double yr = columns.yy - by, rr = yr - bg + ridge;
  double s = largest > 1 ? 1 / largest : 1;
  if (rr > 0) s = std::min(s, std::max(yr / rr, -s));
  Certificate c;
  c.gap = slack + (1 - s) * (yr - (1 + s) / 2 * rr);
  c.violation = lambda_max > 0 ? violation / lambda_max : 0;
  if (columns.yy_all > 0) {
    c.gap = std::max(0.0, c.gap / columns.yy_all);
    c.explained = 1 - (yr - bg) / columns.yy_all;
  }
  return c;
}

// Adds columns with |g| above limit(k), those furthest above first, not many more than are active: the optimum on them
// tells which of the others are needed.
template <class Limit>
bool add_above(const Columns& columns, ActiveSet& set, const std::vector<double>& g, bool nonnegative, const Limit& limit) {
  std::vector<std::pair<double, int>> found;
  for (int k = 0; k < columns.count(); ++k) {
    if (set.has(k)) continue;
    const double excess = (nonnegative ? g[k] : std::abs(g[k])) - limit(k);
    if (excess > 0) found.emplace_back(-excess, k);
  }
  const std::size_t most = std::size_t(std::max(4, set.active()));
  if (found.size() > most) {
    std::nth_element(found.begin(), found.begin() + std::ptrdiff_t(most), found.end());
    found.resize(most);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const auto& [excess, k] : found) set.add(k);
  return !found.empty();
}

// Optimum over all columns; g its gradient.
void optimum(const Columns& columns, ActiveSet& set, std::vector<double>& g, bool nonnegative) {
  do {
    set.solve();
    set.gradient(g);
  } while (add_above(columns, set, g, nonnegative, [&](int k) { return set.bound(k) + set.tolerance(k); }));
}

}  // namespace

std::vector<double> log_grid(double largest, int count, double ratio) {
  std::vector<double> grid(std::size_t(std::max(count, 0)));
  for (int i = 0; i < count; ++i)
    grid[std::size_t(i)] = i == 0 ? largest : largest * std::pow(ratio, double(i) / double(count - 1));
  return grid;
}

void check(const PathOptions& o) {
  require(o.l1_ratio > 0 && o.l1_ratio <= 1, Errc::kArgument, "lasso: the share of the l1 penalty is " + short_text(o.l1_ratio) + "; above 0, at most 1");
  require(o.gap > 0, Errc::kArgument, "lasso: the duality gap wanted must be positive");
  if (o.lambda.empty()) {
    require(o.lambdas > 0, Errc::kArgument, "lasso: at least one lambda");
    require(o.lambda_min_ratio > 0 && o.lambda_min_ratio < 1, Errc::kArgument,
            "lasso: smallest over largest lambda is " + short_text(o.lambda_min_ratio) + "; between 0 and 1");
  }
  for (std::size_t i = 0; i < o.lambda.size(); ++i)
    require(std::isfinite(o.lambda[i]) && o.lambda[i] >= 0 && (i == 0 || o.lambda[i] <= o.lambda[i - 1]), Errc::kArgument,
            "lasso: lambda " + std::to_string(i) + " of the grid is " + short_text(o.lambda[i]) + "; descending and not negative");
}

Path lasso_path(const MomentSum& sum, const PathOptions& options, bool may_stop, const std::vector<double>* guesses) {
  check(options);
  const SingleThreadedBlas single;
  const Columns columns(sum, options);
  ActiveSet set(columns, options);
  const int n = columns.count();
  const bool nonnegative = options.nonnegative;
  std::vector<double> g = columns.q;

  // Unpenalised columns under a sign bound come first: lambda_max is of what they leave.
  set.set_lambda(0, std::abs(columns.yy));
  for (int k = 0; k < n; ++k)
    if (columns.l1[k] == 0) set.add(k);
  if (set.slots() > 0) {
    set.solve();
    set.gradient(g);
  }
  Path path;
  for (int k = 0; k < n; ++k)
    // Below this the unpenalised columns have left nothing but rounding.
    if (columns.l1[k] > 0 && std::abs(g[k]) > 1e-13 * std::sqrt(columns.yy_all)) path.lambda_max = std::max(path.lambda_max, (nonnegative ? g[k] : std::abs(g[k])) / (options.l1_ratio * columns.l1[k]));
  const double scale = path.lambda_max > 0 ? path.lambda_max : std::sqrt(std::max(columns.yy, 0.0));

  std::vector<double> grid = options.lambda;
  may_stop = may_stop || grid.empty();
  if (grid.empty()) grid = path.lambda_max > 0 ? log_grid(path.lambda_max, options.lambdas, options.lambda_min_ratio) : std::vector<double>{0};
  double before = path.lambda_max;
  for (const double lambda : grid) {
    set.set_lambda(lambda, scale);
    if (guesses) {
      set.start(guesses->data() + path.points.size() * std::size_t(n));
      set.gradient(g);
    }
    // Sequential strong rule: the others will hardly be needed, and are looked at afterwards.
    if (const double strong = options.l1_ratio * (2 * lambda - before); !guesses && strong > 0 && lambda < path.lambda_max)
      add_above(columns, set, g, nonnegative, [&](int k) { return strong * columns.l1[k]; });
    optimum(columns, set, g, nonnegative);
    std::vector<double> b = set.values();
    Certificate c = certify(columns, set, b, g, nonnegative, scale);
    for (int round = 0; round < 5 && (c.gap > options.gap || c.violation > 1e-9); ++round) {
      if (!set.refine()) optimum(columns, set, g, nonnegative);
      set.gradient(g);
      b = set.values();
      c = certify(columns, set, b, g, nonnegative, scale);
    }
    if (!(c.gap <= options.gap))
      throw Error(Errc::kConvergence, "lasso: duality gap " + short_text(c.gap) + " of y^2 at lambda " + short_text(lambda) + ", " +
                                          short_text(options.gap) + " was wanted");
    PathPoint point;
    point.lambda = lambda;
    point.gap = c.gap;
    point.max_violation = c.violation;
    point.explained = c.explained;
    columns.recover(b, point);
    const double gain = path.points.empty() ? 1 : point.explained - path.points.back().explained;
    path.points.push_back(std::move(point));
    before = lambda;
    if (options.max_active > 0 && int(path.points.back().active.size()) > options.max_active) {
      path.stopped_early = path.points.size() < grid.size();
      break;
    }
    // As glmnet: not within the first five.
    if (may_stop && path.points.size() >= 5 && path.points.size() < grid.size() && !path.points.back().active.empty() &&
        (gain < options.stop_gain * c.explained || c.explained > options.stop_explained)) {
      path.stopped_early = true;
      break;
    }
  }
  path.updates = set.updates;
  path.solves = set.solves;
  return path;
}

Path lasso_path(const BlockMoments& block, const PathOptions& options) { return lasso_path(MomentSum{{&block, 1}}, options); }

std::vector<double> dense(const PathPoint& point, int columns) {
  std::vector<double> v(std::size_t(columns), 0);
  for (std::size_t i = 0; i < point.active.size(); ++i) v[std::size_t(point.active[i])] = point.value[i];
  return v;
}

}  // namespace grainspin::interactions

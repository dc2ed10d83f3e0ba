#include "src/interactions/fit_part.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "grainspin/interactions/names.h"
#include "grainspin/interactions/selection.h"
#include "src/interactions/fit_columns.h"
#include "src/interactions/targets.h"

namespace grainspin::interactions {
namespace {

constexpr std::size_t kBuffer = 32u << 20;  // bytes of features gathered before they enter the moments

Moments moments_of(const DddData& data, const std::vector<const DddRun*>& runs, Target target, const std::vector<Term>& terms,
                   std::int64_t features, const FitOptions& options) {
  const std::int64_t n = data.slip.count();
  Moments moments(features, n);
  TargetRows gathered;
  const auto flush = [&] {
    if (gathered.rows) moments.add(gathered.rows, gathered.x.data(), gathered.y.data(), gathered.w.data(), options.threads);
    gathered.rows = 0;
    gathered.x.clear(), gathered.y.clear(), gathered.w.clear();
  };
  for (const DddRun* run : runs)
    target_rows(data, *run, target, terms, options, [&](const TargetRows& rows) {
      gathered.rows += rows.rows;
      gathered.x.insert(gathered.x.end(), rows.x.begin(), rows.x.end());
      gathered.y.insert(gathered.y.end(), rows.y.begin(), rows.y.end());
      gathered.w.insert(gathered.w.end(), rows.w.begin(), rows.w.end());
      if (gathered.x.size() * sizeof(double) >= kBuffer) flush();
    });
  flush();
  return moments;
}

std::string block_name(const SlipSet& slip, const std::vector<int>& responses) {
  std::vector<int> families;
  for (const int i : responses)
    if (std::find(families.begin(), families.end(), slip.systems[std::size_t(i)].family) == families.end())
      families.push_back(slip.systems[std::size_t(i)].family);
  std::string name;
  for (const int f : families) {
    if (!name.empty()) name += " + ";
    name += short_family(slip.families[std::size_t(f)]);
  }
  // Responses that no symmetry ties: the system's number, so that blocks can be told apart.
  if (responses.size() == 1) name += ", system " + std::to_string(responses[0] + 1);
  return name;
}

struct Chosen {
  CrossValidation cv;  // empty but for the path where lambda is given
  int at = -1;
};

Chosen choose(const std::vector<BlockMoments>& folds, const BlockMoments& all, const FitOptions& o, const PathOptions& path) {
  Chosen c;
  const bool stlsq = o.selector == Selector::kStlsq;
  StlsqOptions s;
  s.ridge = o.stlsq_ridge;
  s.standardise = path.standardise;
  s.nonnegative = path.nonnegative;
  s.keep = path.penalty;
  s.thresholds = path.lambdas;
  s.threshold_min_ratio = path.lambda_min_ratio;
  const double given = stlsq ? o.stlsq_threshold : o.lambda;
  if (given > 0) {
    if (stlsq) {
      s.threshold_min_ratio = given;
      c.cv.path = stlsq_path(all, s);
    } else {
      PathOptions to_it = path;
      to_it.lambda_min_ratio = given;
      to_it.stop_gain = 0, to_it.stop_explained = 2;  // all the way
      c.cv.path = lasso_path(all, to_it);
    }
    c.at = int(c.cv.path.points.size()) - 1;
    return c;
  }
  CvOptions cv;
  cv.solver = stlsq ? PathSolver::kStlsq : PathSolver::kLasso;
  cv.path = path;
  cv.stlsq = s;
  cv.threads = o.threads;
  c.cv = cross_validate(folds, cv);
  if (!c.cv.path.points.empty()) c.at = o.select == Select::kOneSe ? c.cv.one_se : c.cv.best;
  return c;
}

void check_options(const FitOptions& o, std::size_t runs) {
  require(o.folds >= 2, Errc::kArgument, "wanted at least two folds, found " + std::to_string(o.folds));
  require(!o.path.intercept, Errc::kArgument, "a law has no constant in its responses: declare a term for it (time^... or a column)");
  const double given = o.selector == Selector::kStlsq ? o.stlsq_threshold : o.lambda;
  require(given >= 0 && given < 1, Errc::kArgument, "a given lambda or threshold is in parts of the largest: between 0 and 1");
  require(given > 0 || runs > 1, Errc::kArgument,
          "one run only cannot be cross-validated: whole runs are left out in turn. Give more runs, or lambda (in parts of lambda_max)");
  require(o.stability == 0 || runs >= 4, Errc::kArgument, "stability selection draws halves of the runs and needs at least four, found " + std::to_string(runs));
}

// Least squares on the chosen columns; while one is below the threshold of |t| the weakest tenth of those leaves and the
// rest is fitted again. One at a time towards the end: columns that share what they explain look weak together.
Refit refit_significant(const BlockMoments& all, std::vector<std::int32_t> columns, const RefitOptions& options, double threshold) {
  for (;;) {
    Refit fit = refit(all, columns, options);
    std::vector<std::size_t> weak;
    for (std::size_t a = 0; a < fit.t.size(); ++a)
      if (!(std::abs(fit.t[a]) >= threshold)) weak.push_back(a);
    if (weak.empty() || threshold <= 0) return fit;
    std::stable_sort(weak.begin(), weak.end(), [&](std::size_t a, std::size_t b) { return std::abs(fit.t[a]) < std::abs(fit.t[b]); });
    weak.resize((weak.size() + 9) / 10);
    columns = fit.columns;
    for (const std::size_t a : weak) std::erase(columns, fit.columns[a]);
  }
}

// Marks what the refit keeps and how well it is known.
void refit_block(const BlockMoments& all, const std::vector<std::int32_t>& active, const FitOptions& o, bool nonnegative, BlockFit& block,
                 std::vector<Tensor>& tensors) {
  PathPoint law;
  if (o.refit) {
    RefitOptions r;
    r.nonnegative = nonnegative;
    const Refit fit = refit_significant(all, active, r, o.t_threshold);
    law.active = fit.columns;
    law.value = fit.value;
    for (std::size_t a = 0; a < fit.columns.size(); ++a)
      unknown_of(tensors, block.columns[std::size_t(fit.columns[a])]).error = fit.standard_error[a];
  } else if (block.at >= 0) {
    const PathPoint& p = block.path.points[std::size_t(block.at)];
    for (std::size_t a = 0; a < p.active.size(); ++a)
      if (std::binary_search(active.begin(), active.end(), p.active[a])) law.active.push_back(p.active[a]), law.value.push_back(p.value[a]);
  }
  for (std::size_t a = 0; a < law.active.size(); ++a) {
    const std::size_t c = std::size_t(law.active[a]);
    Unknown& u = unknown_of(tensors, block.columns[c]);
    u.value = law.value[a];
    if (all.yy > 0) u.contribution = std::abs(u.value) * std::sqrt(all.gram[c * std::size_t(all.columns) + c] / all.yy);
  }
  block.r2 = all.yy > 0 ? 1 - squared_error(all, law) / all.yy : 0;
}

// Responses in parts of their root mean square: an elastic net's two penalties then mean the same whatever the units.
// Returns that root mean square.
double scale_responses(std::vector<BlockMoments>& folds, std::vector<BlockMoments>& groups) {
  double yy = 0, weight = 0;
  for (const BlockMoments& m : folds) yy += m.yy, weight += m.weight;
  const double rms = yy > 0 && weight > 0 ? std::sqrt(yy / weight) : 1;
  for (auto* list : {&folds, &groups})
    for (BlockMoments& m : *list) {
      for (double& v : m.xy) v /= rms;
      m.yy /= rms * rms;
      m.y_sum /= rms;
    }
  return rms;
}

void fit_block(std::vector<BlockMoments> folds, std::vector<BlockMoments> groups, const FitOptions& o, bool nonnegative,
               const std::vector<double>& penalty, BlockFit& block, std::vector<Tensor>& tensors) {
  block.response_rms = scale_responses(folds, groups);
  const BlockMoments all = sum(folds);
  block.rows = all.rows;
  block.rank = effective_rank(all);
  PathOptions path = o.path;
  path.nonnegative = nonnegative;
  path.penalty = penalty;
  Chosen chosen = choose(folds, all, o, path);
  if (o.adaptive && chosen.at >= 0) {
    path.penalty = adaptive_weights(all, dense(chosen.cv.path.points[std::size_t(chosen.at)], all.columns), o.adaptive_power, path.standardise, penalty);
    const bool any = std::any_of(path.penalty.begin(), path.penalty.end(), [](double p) { return std::isfinite(p); });
    if (any) chosen = choose(folds, all, o, path);
  }
  block.path = std::move(chosen.cv.path);
  block.cv_error = chosen.cv.error;
  block.cv_se = chosen.cv.se;
  block.at = chosen.at;
  block.r2_cv = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::int32_t> active;
  if (block.at >= 0) {
    const PathPoint& point = block.path.points[std::size_t(block.at)];
    active = point.active;
    for (std::size_t a = 0; a < active.size(); ++a) unknown_of(tensors, block.columns[std::size_t(active[a])]).penalised = point.value[a];
    if (!block.cv_error.empty()) {
      block.at_min = chosen.cv.best;
      block.at_one_se = chosen.cv.one_se;
      if (all.yy > 0) block.r2_cv = 1 - block.cv_error[std::size_t(block.at)] * all.weight / all.yy;
    }
  }
  if (o.stability > 0) {
    StabilityOptions s;
    s.path = path;
    s.path.lambda.clear();
    s.pairs = (o.stability + 1) / 2;
    s.threshold = o.stability_threshold;
    s.seed = o.seed + 1;
    s.threads = o.threads;
    const Stability stable = stability(groups, s);
    for (std::size_t c = 0; c < block.columns.size(); ++c) unknown_of(tensors, block.columns[c]).frequency = stable.largest[c];
    std::erase_if(active, [&](std::int32_t c) { return stable.largest[std::size_t(c)] < o.stability_threshold; });
  }
  refit_block(all, active, o, nonnegative, block, tensors);
  // Back to the responses' units.
  for (PathPoint& p : block.path.points)
    for (double& v : p.value) v *= block.response_rms;
  for (const auto& c : block.columns) {
    Unknown& u = unknown_of(tensors, c);
    u.value *= block.response_rms, u.penalised *= block.response_rms, u.error *= block.response_rms;
  }
}

}  // namespace

RunGroups groups_of(const std::vector<const DddRun*>& runs, int folds, std::uint64_t seed) {
  std::vector<const DddRun*> order = runs;
  std::uint64_t state = seed;
  const auto next = [&] {  // splitmix64 (Steele, Lea & Flood 2014): the same draw on every machine
    std::uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  };
  if (seed)
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[std::size_t(next() % i)]);
  RunGroups groups(std::min(std::size_t(folds), std::max<std::size_t>(order.size(), 1)));
  for (std::size_t r = 0; r < order.size(); ++r) groups[r % groups.size()].push_back(order[r]);
  return groups;
}

FitPart fit_part(const DddData& data, const std::vector<const DddRun*>& runs, Target target, const std::vector<Term>& terms,
                 const FitOptions& o, const std::function<void(double)>& done, std::vector<std::string>& remarks) {
  check_options(o, runs.size());
  const bool resistance = target == Target::kResistance;
  FitPart part;
  part.target = target;
  part.tensors = tensors_of(data.slip, terms, resistance, o);
  const Tied tied = tied_of(part.tensors, data.slip.count());
  const std::vector<BlockFit::Column> columns = columns_of(part.tensors);
  const std::vector<double> penalty = penalties_of(part.tensors, columns, o);

  const auto moments = [&](const RunGroups& groups, double from, double to) {
    std::vector<Moments> out;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      done(from + (to - from) * double(g) / double(groups.size()));
      out.push_back(moments_of(data, groups[g], target, terms, tied.features, o));
    }
    return out;
  };
  const std::vector<Moments> folds = moments(groups_of(runs, o.folds, o.seed), 0, o.stability > 0 ? 0.2 : 0.4);
  // Halves of the runs are drawn from up to twenty packets: as many moments are kept.
  const std::vector<Moments> packets = o.stability > 0 ? moments(groups_of(runs, 20, o.seed), 0.2, 0.4) : std::vector<Moments>();
  double yy = 0, weight = 0;
  for (const Moments& m : folds) {
    part.rows += m.rows;
    yy += std::accumulate(m.yy.begin(), m.yy.end(), 0.0);
    weight += m.weight * double(m.responses);
  }
  part.response_rms = weight > 0 ? std::sqrt(yy / weight) : 0;

  const std::vector<Block> all = blocks(tied);
  int deficient = 0;
  std::string first;
  for (std::size_t b = 0; b < all.size(); ++b) {
    done(0.4 + 0.6 * double(b) / double(all.size()));
    BlockFit fit;
    fit.name = block_name(data.slip, all[b].responses);
    fit.responses = all[b].responses;
    std::vector<double> of_block;
    for (const int u : all[b].unknowns) {
      fit.columns.push_back(columns[std::size_t(u)]);
      of_block.push_back(penalty[std::size_t(u)]);
    }
    std::vector<BlockMoments> reduced, groups;
    for (const Moments& m : folds) reduced.push_back(reduce(m, tied, all[b]));
    for (const Moments& m : packets) groups.push_back(reduce(m, tied, all[b]));
    fit_block(std::move(reduced), std::move(groups), o, resistance, of_block, fit, part.tensors);
    if (fit.rank < int(fit.columns.size()) && ++deficient == 1)
      first = fit.name + ": " + std::to_string(fit.rank) + " of " + std::to_string(fit.columns.size()) + " unknowns";
    part.blocks.push_back(std::move(fit));
  }
  fill_values(part.tensors);
  if (resistance && o.refit) unsquare(data, runs, o, part);
  if (deficient)
    remarks.push_back(std::string(resistance ? "H" : "K") + ": the runs tell only a part of the unknowns apart (" + first +
                      (deficient > 1 ? ", and " + std::to_string(deficient - 1) + " more regressions" : "") +
                      "): the fit is unique, not every coefficient of it; more runs in other directions help");
  return part;
}

std::vector<double> row_scores(const DddData& data, const DddRun& run, const FitPart& part, const FitOptions& options) {
  const std::int64_t n = data.slip.count();
  std::vector<Term> terms;
  for (const Tensor& t : part.tensors) terms.push_back(t.term);
  std::vector<double> rss(data.slip.families.size(), 0), yy = rss;
  target_rows(data, run, part.target, terms, options, [&](const TargetRows& rows) {
    const std::int64_t width = std::int64_t(rows.x.size()) / rows.rows;
    for (std::int64_t t = 0; t < rows.rows; ++t)
      for (std::int64_t i = 0; i < n; ++i) {
        double predicted = 0;
        const double* x = rows.x.data() + t * width;
        for (const Tensor& tensor : part.tensors) {
          const std::int64_t m = tensor.term.features(int(n));
          for (std::int64_t e = 0; e < m; ++e)
            if (const double a = tensor.value[std::size_t(i * m + e)]; a != 0) predicted += a * x[e];
          x += m;
        }
        const double y = rows.y[std::size_t(t * n + i)], w = rows.w[std::size_t(t)];
        const std::size_t f = std::size_t(data.slip.systems[std::size_t(i)].family);
        rss[f] += w * (y - predicted) * (y - predicted);
        yy[f] += w * y * y;
      }
  });
  for (std::size_t f = 0; f < yy.size(); ++f) yy[f] = yy[f] > 0 ? 1 - rss[f] / yy[f] : std::numeric_limits<double>::quiet_NaN();
  return yy;
}

}  // namespace grainspin::interactions

#include "src/interactions/targets.h"

#include <algorithm>
#include <cmath>

namespace grainspin::interactions {
namespace {

constexpr std::int64_t kRows = 512;  // of a block: 6 MB of features of 39 systems

[[noreturn]] void missing(const DddRun& run, const char* column, const char* why) {
  throw Error(Errc::kArgument, "run '" + run.id + "' has no column " + column + ", which " + why);
}

void shape(const DddRun& run, const char* column, const std::vector<double>& values, std::int64_t wanted) {
  require(std::int64_t(values.size()) == wanted, Errc::kShape,
          "run '" + run.id + "': column " + column + ": wanted " + std::to_string(wanted) + " values, found " + std::to_string(values.size()));
}

std::vector<double> resistance_targets(const DddData& data, const DddRun& run) {
  const std::int64_t n = data.slip.count(), T = run.rows();
  const DddMaterial& m = data.material;
  if (run.resistance.empty()) missing(run, "g (resistance)", "the fit of H needs");
  shape(run, "g", run.resistance, T * n);
  require(m.shear_modulus > 0 && std::int64_t(m.burgers.size()) == n && std::int64_t(m.friction.size()) == n, Errc::kArgument,
          "the fit of H needs the shear modulus, and a Burgers length and a friction stress for each slip system");
  std::vector<double> y(std::size_t(T * n));
  for (std::int64_t e = 0; e < T * n; ++e) {
    const std::size_t i = std::size_t(e % n);
    const double s = (run.resistance[std::size_t(e)] - m.friction[i]) / (m.shear_modulus * m.burgers[i]);
    y[std::size_t(e)] = s * std::abs(s);
  }
  return y;
}

// Each row by 1/(mean square of its responses), so that a part of the response is the same error everywhere.
void weigh(TargetRows& rows, std::int64_t n) {
  for (std::int64_t t = 0; t < rows.rows; ++t) {
    double square = 0;
    for (std::int64_t i = 0; i < n; ++i) square += rows.y[std::size_t(t * n + i)] * rows.y[std::size_t(t * n + i)];
    rows.w[std::size_t(t)] *= square > 0 ? double(n) / square : 0;
  }
}

void pointwise(const DddData& data, const DddRun& run, const std::vector<double>& y, const std::vector<Term>& terms,
               const FitOptions& options, const std::function<void(const TargetRows&)>& take) {
  const std::int64_t n = data.slip.count(), T = run.rows();
  TargetRows rows;
  for (std::int64_t begin = 0; begin < T; begin += kRows) {
    rows.rows = std::min(kRows, T - begin);
    features(data, run, terms, begin, rows.rows, rows.x);
    rows.y.assign(y.begin() + begin * n, y.begin() + (begin + rows.rows) * n);
    rows.w.assign(std::size_t(rows.rows), 1.0);
    if (!run.weight.empty()) std::copy_n(run.weight.begin() + begin, rows.rows, rows.w.begin());
    if (options.relative) weigh(rows, n);
    take(rows);
  }
}

void windows(const DddData& data, const DddRun& run, const std::vector<Term>& terms, const FitOptions& options,
             const std::function<void(const TargetRows&)>& take) {
  const std::int64_t n = data.slip.count(), T = run.rows();
  const std::int64_t length = std::min<std::int64_t>(options.window, T - 1), stride = options.stride > 0 ? options.stride : length;
  TargetRows rows;
  std::vector<double> x;
  std::int64_t width = 0;
  for (const Term& t : terms) width += t.features(int(n));
  const auto send = [&] {
    if (options.relative) weigh(rows, n);
    take(rows);
    rows = {};
  };
  for (std::int64_t begin = 0; begin + length < T; begin += stride) {
    features(data, run, terms, begin, length + 1, x);
    const std::size_t at = rows.x.size();
    rows.x.resize(at + std::size_t(width), 0.0);
    double weight = 0;
    for (std::int64_t t = 0; t <= length; ++t) {
      // Half of the interval before and half of the one after.
      const double before = t > 0 ? run.time[std::size_t(begin + t)] - run.time[std::size_t(begin + t - 1)] : 0;
      const double after = t < length ? run.time[std::size_t(begin + t + 1)] - run.time[std::size_t(begin + t)] : 0;
      const double part = 0.5 * (before + after);
      for (std::int64_t m = 0; m < width; ++m) rows.x[at + std::size_t(m)] += part * x[std::size_t(t * width + m)];
      weight += (run.weight.empty() ? 1.0 : run.weight[std::size_t(begin + t)]) / double(length + 1);
    }
    for (std::int64_t i = 0; i < n; ++i)
      rows.y.push_back(run.density[std::size_t((begin + length) * n + i)] - run.density[std::size_t(begin * n + i)]);
    rows.w.push_back(weight);
    if (++rows.rows == kRows) send();
  }
  if (rows.rows) send();
}

}  // namespace

std::vector<double> rates_from_densities(const DddRun& run, int systems) {
  const std::int64_t n = systems, T = run.rows();
  require(T >= 3, Errc::kArgument,
          "run '" + run.id + "' has " + std::to_string(T) + " rows: without a column of density rates at least three are needed to take them from the densities");
  std::vector<double> out(std::size_t(T * n));
  for (std::int64_t t = 0; t < T; ++t) {
    // The parabola through three neighbouring rows, its slope at row t.
    const std::int64_t m = std::clamp<std::int64_t>(t, 1, T - 2);
    const double a = run.time[std::size_t(m - 1)], b = run.time[std::size_t(m)], c = run.time[std::size_t(m + 1)], x = run.time[std::size_t(t)];
    const double wa = ((x - b) + (x - c)) / ((a - b) * (a - c)), wb = ((x - a) + (x - c)) / ((b - a) * (b - c)),
                 wc = ((x - a) + (x - b)) / ((c - a) * (c - b));
    const double *pa = run.density.data() + (m - 1) * n, *pb = pa + n, *pc = pb + n;
    for (std::int64_t i = 0; i < n; ++i) out[std::size_t(t * n + i)] = wa * pa[i] + wb * pb[i] + wc * pc[i];
  }
  return out;
}

void target_rows(const DddData& data, const DddRun& run, Target target, const std::vector<Term>& terms,
                 const FitOptions& options, const std::function<void(const TargetRows&)>& take) {
  const std::int64_t n = data.slip.count(), T = run.rows();
  if (!run.weight.empty()) shape(run, "weight", run.weight, T);
  if (target == Target::kResistance) return pointwise(data, run, resistance_targets(data, run), terms, options, take);
  if (target == Target::kRate && !run.density_rate.empty()) {
    shape(run, "rhodot", run.density_rate, T * n);
    return pointwise(data, run, run.density_rate, terms, options, take);
  }
  if (run.density.empty()) missing(run, "rho (density)", "the fit of K needs");
  shape(run, "rho", run.density, T * n);
  if (target == Target::kRate) return pointwise(data, run, rates_from_densities(run, int(n)), terms, options, take);
  require(options.window >= 1, Errc::kArgument, "the window of the weak form spans at least one interval of rows");
  require(T >= 2, Errc::kArgument, "run '" + run.id + "' has one row: the weak form needs two");
  windows(data, run, terms, options, take);
}

}  // namespace grainspin::interactions

// What a model says of its own error, against what it is.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/evaluation_parts.h"

namespace grainspin {

namespace {

constexpr std::size_t kBins = 10;

// Ranks of the values, from 0; equal ones share their mean.
std::vector<double> ranks(const std::vector<float>& values) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[std::size_t(a)] < values[std::size_t(b)]; });
  std::vector<double> out(values.size());
  for (std::size_t i = 0, j; i < order.size(); i = j) {
    for (j = i; j < order.size() && values[std::size_t(order[j])] == values[std::size_t(order[i])];) ++j;
    for (std::size_t k = i; k < j; ++k) out[std::size_t(order[k])] = 0.5 * double(i + j - 1);
  }
  return out;
}

// Pearson's of the ranks.
double spearman(const std::vector<float>& a, const std::vector<float>& b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = 0.5 * double(x.size() - 1);
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace

void evaluate_uncertainty(const RunFields& truth, const Prediction& prediction, const VoxelSymmetry& symmetry, int threads,
                          Evaluation& out) {
  const std::int64_t n = truth.voxels();
  const int T = truth.steps();
  const Calibration& c = *prediction.calibration;
  Evaluation::Uncertainty u;
  PathError path(n, c);
  std::vector<float> w(3 * std::size_t(n)), angle(static_cast<std::size_t>(n));
  for (int t = 0; t < T; ++t) {
    const float* log_variance = prediction.log_variance.data() + 3 * n * t;
    const float* predicted = prediction.increment.data() + 3 * n * t;
    path.add(log_variance);
    rotation_increments(symmetry, n, truth.at(t + 1), truth.at(t), w.data(), threads);
    disorientation_angles(symmetry, n, prediction.at(n, t + 1), truth.at(t + 1), angle.data(), threads);
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::size_t a = 0; a < 3; ++a) {
        const double error = std::abs(double(predicted[3 * i + std::int64_t(a)]) - w[std::size_t(3 * i) + a]);
        const double sigma = std::exp(0.5 * double(log_variance[3 * i + std::int64_t(a)]));
        for (std::size_t l = 0; l < 3; ++l) u.increment[l][a] += error <= c.increment[l] * sigma;
      }
      for (std::size_t l = 0; l < 3; ++l) {
        const bool within = double(angle[std::size_t(i)]) <= path.radius(i, l);
        u.radius_path[l] += within;
        if (t + 1 == T) u.radius[l] += within;
        if (t + 1 == T && l == 1) u.within.push_back(within);
      }
    }
  }
  for (std::size_t l = 0; l < 3; ++l) {
    for (double& part : u.increment[l]) part /= double(n) * T;
    u.radius[l] /= double(n);
    u.radius_path[l] /= double(n) * T;
  }
  std::vector<float> expected(angle.size());
  for (std::int64_t i = 0; i < n; ++i) expected[std::size_t(i)] = float(path.expected(i));
  std::vector<std::int64_t> order(angle.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return expected[std::size_t(a)] < expected[std::size_t(b)]; });
  for (std::size_t b = 0; b < kBins; ++b) {
    const std::size_t from = order.size() * b / kBins, to = order.size() * (b + 1) / kBins;
    if (from == to) continue;
    Evaluation::Uncertainty::Bin bin;
    for (std::size_t k = from; k < to; ++k) {
      bin.predicted += expected[std::size_t(order[k])];
      bin.observed += angle[std::size_t(order[k])];
    }
    bin.voxels = std::int64_t(to - from);
    u.expected += bin.predicted / double(n);
    u.error += bin.observed / double(n);
    u.calibration_error += std::abs(bin.predicted - bin.observed) / double(n);
    bin.predicted /= double(bin.voxels);
    bin.observed /= double(bin.voxels);
    u.bins.push_back(bin);
  }
  u.correlation = spearman(expected, angle);
  u.angle = std::move(expected);
  out.uncertainty = std::move(u);
}

}  // namespace grainspin

// Rows of random regressions and what their definitions say, without the library's shortcuts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "grainspin/interactions/regression.h"

namespace grainspin::testing {

// SplitMix64 (Steele, Lea & Flood 2014); uniform from the upper 53 bits. tests/data/lasso_oracle.py has the same.
struct Draw {
  std::uint64_t state;
  std::uint64_t bits() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double uniform() { return double(bits() >> 11) * 0x1p-53; }
  double centred() { return 2 * uniform() - 1; }
  double normal() {  // Box & Muller
    const double r = std::sqrt(-2 * std::log(1 - uniform()));
    return r * std::cos(6.283185307179586 * uniform());
  }
};

struct Rows {
  std::int64_t count = 0, features = 0;
  std::vector<double> x, y, w;  // [T,M], [T], [T] or empty
  double weight(std::int64_t t) const { return w.empty() ? 1 : w[std::size_t(t)]; }
};

inline interactions::BlockMoments block_of(const Rows& r, std::int64_t begin, std::int64_t end) {
  const std::size_t M = std::size_t(r.features);
  interactions::BlockMoments b;
  b.columns = int(M);
  b.gram.assign(M * M, 0);
  b.xy.assign(M, 0);
  b.x_sum.assign(M, 0);
  for (std::int64_t t = begin; t < end; ++t) {
    const double w = r.weight(t), y = r.y[std::size_t(t)];
    const double* const x = r.x.data() + std::size_t(t) * M;
    for (std::size_t i = 0; i < M; ++i) {
      for (std::size_t j = 0; j < M; ++j) b.gram[i * M + j] += w * x[i] * x[j];
      b.xy[i] += w * x[i] * y;
      b.x_sum[i] += w * x[i];
    }
    b.yy += w * y * y;
    b.y_sum += w * y;
    b.weight += w;
    b.rows += w > 0;
  }
  return b;
}
inline interactions::BlockMoments block_of(const Rows& r) { return block_of(r, 0, r.count); }

// Correlated columns of different sizes, few of them in y.
inline Rows random_rows(std::int64_t count, std::int64_t features, double noise, std::uint64_t seed, bool weighted = false) {
  Draw draw{seed};
  Rows r{count, features, {}, {}, {}};
  for (std::int64_t t = 0; t < count; ++t) {
    const double common = draw.centred();
    double y = 0.3;
    for (std::int64_t m = 0; m < features; ++m) {
      const double x = (0.5 * common + draw.centred()) * (1 + double(m % 5));
      r.x.push_back(x);
      if (m % 3 == 0) y += x * (m % 2 ? -1.0 : 1.5) / (1 + double(m % 7));
    }
    r.y.push_back(y + noise * draw.normal());
    if (weighted) r.w.push_back(0.25 + draw.uniform());
  }
  return r;
}

// Solution of A x = b by elimination with pivots, A [n,n].
inline std::vector<double> solved(std::vector<double> A, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t p = k;
    for (std::size_t i = k + 1; i < n; ++i)
      if (std::abs(A[i * n + k]) > std::abs(A[p * n + k])) p = i;
    for (std::size_t j = 0; j < n; ++j) std::swap(A[k * n + j], A[p * n + j]);
    std::swap(b[k], b[p]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double f = A[i * n + k] / A[k * n + k];
      for (std::size_t j = k; j < n; ++j) A[i * n + j] -= f * A[k * n + j];
      b[i] -= f * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= A[k * n + j] * b[j];
    b[k] /= A[k * n + k];
  }
  return b;
}

// What lasso_path says it minimises, from the rows.
inline double objective(const Rows& r, const interactions::PathOptions& o, double lambda, const std::vector<double>& theta, double intercept) {
  const std::size_t M = std::size_t(r.features);
  double W = 0, rss = 0;
  std::vector<double> sum(M, 0), square(M, 0);
  for (std::int64_t t = 0; t < r.count; ++t) {
    const double w = r.weight(t);
    double e = r.y[std::size_t(t)] - intercept;
    for (std::size_t m = 0; m < M; ++m) {
      const double x = r.x[std::size_t(t) * M + m];
      e -= x * theta[m];
      sum[m] += w * x;
      square[m] += w * x * x;
    }
    W += w;
    rss += w * e * e;
  }
  double penalty = 0;
  for (std::size_t m = 0; m < M; ++m) {
    const double p = o.penalty.empty() ? 1 : o.penalty[m];
    const double mean = o.intercept ? sum[m] / W : 0;
    const double unit = o.standardise ? std::sqrt(square[m] / W - mean * mean) : 1;
    const double b = theta[m] * unit;
    if (b != 0) penalty += p * (o.l1_ratio * std::abs(b) + (1 - o.l1_ratio) / 2 * b * b);
  }
  return rss / (2 * W) + lambda * penalty;
}

}  // namespace grainspin::testing

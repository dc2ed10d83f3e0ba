#include "ensemble_mean.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "parallel_for.h"

namespace grainspin {
namespace {

constexpr std::int64_t kGrain = 4096;

// The power method on sum q q^T from the sum of the quaternions, which is right to third order in their spread: each step
// takes two more orders.
constexpr int kPowerSteps = 8;

void mean_rotation(const Fields& q, std::int64_t at, float* out) {
  const float* const first = q[0] + at;
  const auto same = [&](const float* other) { return std::memcmp(first, other + at, 4 * sizeof(float)) == 0; };
  if (std::ranges::all_of(q, same)) {
    std::copy_n(first, 4, out);
    return;
  }
  double A[4][4] = {}, m[4] = {};
  for (const float* const member : q) {
    const float* const p = member + at;
    double dot = 0;
    for (int i = 0; i < 4; ++i) dot += double(first[i]) * p[i];
    for (int i = 0; i < 4; ++i) {
      m[i] += dot < 0 ? -double(p[i]) : double(p[i]);
      for (int k = 0; k < 4; ++k) A[i][k] += double(p[i]) * p[k];
    }
  }
  for (int step = 0; step <= kPowerSteps; ++step) {
    double next[4] = {}, square = 0;
    for (int i = 0; i < 4; ++i)
      for (int k = 0; k < 4; ++k) next[i] += A[i][k] * m[k];
    for (const double x : next) square += x * x;
    const double inverse = 1 / std::sqrt(square);
    for (int i = 0; i < 4; ++i) m[i] = next[i] * inverse;
  }
  for (int i = 0; i < 4; ++i) out[i] = float(m[i]);
}

}  // namespace

void mean_rotations(const Fields& q, std::int64_t n, int threads, float* out) {
  parallel_for(n, threads, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) mean_rotation(q, 4 * i, out + 4 * i);
  });
}

void mean_values(const Fields& values, std::int64_t count, int threads, float* out) {
  const double part = 1 / double(values.size());
  parallel_for(count, threads, 4 * kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      double sum = 0;
      for (const float* const member : values) sum += member[i];
      out[i] = float(sum * part);
    }
  });
}

void mixture_log_variances(const Fields& w, const Fields& log_variance, const Units& units, std::int64_t n, int threads, float* out) {
  const std::size_t N = w.size();
  const double part = 1 / double(N);
  const auto square = [&](std::size_t member, std::int64_t i) {
    const double unit = units[member][std::size_t(i % 3)];
    return unit * unit;
  };
  parallel_for(n, threads, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 3 * begin; i < 3 * end; ++i) {
      double mean = 0, variance = 0, spread = 0;
      bool any = false;
      for (std::size_t m = 0; m < N; ++m) {
        mean += part * w[m][i];
        variance += part * square(m, i) * std::exp(double(log_variance[m][i]));
        any = any || w[m][i] != 0 || log_variance[m][i] != 0;
      }
      for (std::size_t m = 0; m < N; ++m) spread += part * (w[m][i] - mean) * (w[m][i] - mean);
      out[i] = any ? float(std::log((variance + spread) / square(0, i))) : 0.0f;
    }
  });
}

const LoadStep* mean_load(const std::vector<const LoadStep*>& loads, LoadStep& mean) {
  if (!loads.front()) return nullptr;
  mean.prescribed = loads.front()->prescribed;
  for (std::size_t c = 0; c < 9; ++c) {
    double sum = 0;
    bool same = true;
    for (const LoadStep* const load : loads) sum += load->L[c], same = same && load->L[c] == loads.front()->L[c];
    mean.L[c] = same ? loads.front()->L[c] : sum / double(loads.size());
  }
  return &mean;
}

}  // namespace grainspin

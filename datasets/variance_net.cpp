#include "datasets/variance_net.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "datasets/batch.h"

namespace grainspin {

namespace {

constexpr std::size_t kBatch = 512;
constexpr double kMost = 30;  // |o| of variance.h

double uniform(std::uint64_t seed, std::uint64_t i) { return double(mix(seed, i) >> 11) * 0x1p-53; }

}  // namespace

VarianceNet::VarianceNet(int features, int hidden, const VarianceSamples& samples, std::uint64_t seed)
    : F_(features), D_(hidden), mean_(std::size_t(F_), 0), scale_(std::size_t(F_), 0), parameters_(std::size_t(D_ * (F_ + 5) + 4), 0) {
  const std::size_t n = std::size_t(samples.count()), F = std::size_t(F_);
  for (std::size_t i = 0; i < n * F; ++i) mean_[i % F] += samples.features[i] / double(n);
  for (std::size_t i = 0; i < n * F; ++i) scale_[i % F] += std::pow(samples.features[i] - mean_[i % F], 2) / double(n);
  for (double& s : scale_) s = s > 1e-12 ? std::sqrt(s) : 1;  // a feature that never changes says nothing
  double square = 0;
  for (const float s : samples.squares) square += s;
  square = std::max(square / double(samples.squares.size()), 1e-20);
  constant_ = 0.5 * (std::log(square) + 1);
  for (int i = 0; i < D_ * F_; ++i)  // evenly drawn, unit variance of the sum
    parameters_[std::size_t(i)] = (2 * uniform(seed, std::uint64_t(i)) - 1) * std::sqrt(3.0 / F_);
  parameters_[std::size_t(D_ * (F_ + 5))] = std::log(square);
}

double VarianceNet::one(const VarianceSamples& samples, std::int64_t i, double* gradient) const {
  const double *V = parameters_.data(), *v0 = V + D_ * F_, *U = v0 + D_, *u0 = U + 4 * D_;
  std::array<double, 256> f, a;
  const float* given = samples.features.data() + i * F_;
  for (int k = 0; k < F_; ++k) f[std::size_t(k)] = (given[k] - mean_[std::size_t(k)]) / scale_[std::size_t(k)];
  std::array<double, 4> o{u0[0], u0[1], u0[2], u0[3]}, slope{};
  for (int d = 0; d < D_; ++d) {
    double sum = v0[d];
    for (int k = 0; k < F_; ++k) sum += V[d * F_ + k] * f[std::size_t(k)];
    a[std::size_t(d)] = std::tanh(sum);
    for (int k = 0; k < 4; ++k) o[std::size_t(k)] += U[k * D_ + d] * a[std::size_t(d)];
  }
  double loss = 0;
  for (std::int64_t c = 0; c < 3; ++c) {
    const float* basis = samples.basis.data() + (3 * i + c) * 4;
    double log = 0;
    for (std::size_t k = 0; k < 4; ++k) log += o[k] * basis[k];
    log = std::clamp(log, -kMost, kMost);
    const double ratio = samples.squares[std::size_t(3 * i + c)] * std::exp(-log);
    loss += 0.5 * (log + ratio) / 3;
    for (std::size_t k = 0; k < 4; ++k) slope[k] += 0.5 * (1 - ratio) * basis[k] / 3;
  }
  if (!gradient) return loss;
  double *gV = gradient, *gv0 = gV + D_ * F_, *gU = gv0 + D_, *gu0 = gU + 4 * D_;
  for (int k = 0; k < 4; ++k) gu0[k] += slope[std::size_t(k)];
  for (int d = 0; d < D_; ++d) {
    double back = 0;
    for (int k = 0; k < 4; ++k) {
      gU[k * D_ + d] += slope[std::size_t(k)] * a[std::size_t(d)];
      back += slope[std::size_t(k)] * U[k * D_ + d];
    }
    back *= 1 - a[std::size_t(d)] * a[std::size_t(d)];
    gv0[d] += back;
    for (int k = 0; k < F_; ++k) gV[d * F_ + k] += back * f[std::size_t(k)];
  }
  return loss;
}

double VarianceNet::loss(const VarianceSamples& samples) const {
  double sum = 0;
  for (std::int64_t i = 0; i < samples.count(); ++i) sum += one(samples, i, nullptr);
  return sum / double(std::max<std::int64_t>(samples.count(), 1));
}

void VarianceNet::fit(const VarianceSamples& samples, int epochs, double lr, std::uint64_t seed, const std::function<void(double)>& progress) {
  const std::size_t n = std::size_t(samples.count()), P = parameters_.size();
  std::vector<double> gradient(P), first(P, 0), second(P, 0);
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  const double batches = double((n + kBatch - 1) / kBatch) * epochs;
  double b1 = 1, b2 = 1, done = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (std::size_t i = n - 1; i > 0; --i) std::swap(order[i], order[mix(mix(seed, std::uint64_t(epoch)), i) % (i + 1)]);
    for (std::size_t from = 0; from < n; from += kBatch) {
      const std::size_t to = std::min(n, from + kBatch);
      std::fill(gradient.begin(), gradient.end(), 0);
      for (std::size_t i = from; i < to; ++i) (void)one(samples, order[i], gradient.data());
      double norm = 0;
      for (double& g : gradient) g /= double(to - from), norm += g * g;
      const double clip = std::min(1.0, 1 / std::sqrt(std::max(norm, 1e-300)));
      b1 *= 0.9, b2 *= 0.999;
      const double rate = lr * (1 - done / batches);
      for (std::size_t p = 0; p < P; ++p) {  // Kingma & Ba 2015, algorithm 1
        const double g = gradient[p] * clip;
        first[p] = 0.9 * first[p] + 0.1 * g;
        second[p] = 0.999 * second[p] + 0.001 * g * g;
        parameters_[p] -= rate * (first[p] / (1 - b1)) / (std::sqrt(second[p] / (1 - b2)) + 1e-8);
      }
      done += 1;
    }
    progress(double(epoch + 1) / epochs);
  }
}

std::vector<std::pair<std::string, Tensor>> VarianceNet::tensors() const {
  const std::int64_t F = F_, D = D_;
  const auto part = [](const double* from, std::vector<std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t s : shape) count *= s;
    return Tensor{std::move(shape), std::vector<float>(from, from + count)};
  };
  const double* V = parameters_.data();
  return {{"mean", part(mean_.data(), {F})},
          {"scale", part(scale_.data(), {F})},
          {"hidden", part(V, {D, F})},
          {"hidden_bias", part(V + D * F, {D})},
          {"out", part(V + D * (F + 1), {4, D})},
          {"out_bias", part(V + D * (F + 5), {4})}};
}

}  // namespace grainspin

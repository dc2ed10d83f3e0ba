#include "cell.h"

#include <fftw3.h>

#include <numbers>
#include <stdexcept>
#include <thread>

namespace cp {

void parallel(int threads, std::int64_t n, const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::int64_t parts = std::max<std::int64_t>(1, std::min<std::int64_t>(threads, n));
  std::vector<std::thread> others;
  for (std::int64_t p = 1; p < parts; ++p)
    others.emplace_back([&, p] { body(n * p / parts, n * (p + 1) / parts); });
  body(0, n / parts);
  for (auto& thread : others) thread.join();
}

Cell::Cell(std::array<int, 3> voxels, std::array<double, 3> size, int threads)
    : shape_(voxels), threads_(std::max(1, threads)) {
  for (int i = 0; i < 3; ++i)
    if (voxels[i] < 1 || !(size[i] > 0))
      throw std::runtime_error("a cell wants voxels and a size along every axis");
  const std::int64_t nx = voxels[0], ny = voxels[1], nz = voxels[2], half = nx / 2 + 1;
  voxels_ = nx * ny * nz;
  stride_ = (voxels_ + kLanes - 1) / kLanes * kLanes;
  waves_ = half * ny * nz;
  spectrum_.resize(9 * waves_);
  k_.resize(waves_);
  inverse_.resize(waves_);
  const auto frequency = [&](std::int64_t index, int axis) {
    const std::int64_t n = voxels[axis];
    if (2 * index == n) return 0.0;
    return 2 * std::numbers::pi * static_cast<double>(2 * index < n ? index : index - n) /
           (size[axis] / size[0]);
  };
  for (std::int64_t z = 0; z < nz; ++z)
    for (std::int64_t y = 0; y < ny; ++y)
      for (std::int64_t x = 0; x < half; ++x)
        k_[x + half * (y + ny * z)] = {frequency(x, 0), frequency(y, 1), frequency(z, 2)};
  Field scratch(voxels_);
  auto* waves = reinterpret_cast<fftw_complex*>(spectrum_.data());
  const int n[3] = {voxels[2], voxels[1], voxels[0]};
  forward_ = fftw_plan_dft_r2c(3, n, scratch.data(), waves, FFTW_ESTIMATE | FFTW_UNALIGNED);
  backward_ = fftw_plan_dft_c2r(3, n, waves, scratch.data(), FFTW_ESTIMATE | FFTW_UNALIGNED);
  if (!forward_ || !backward_) throw std::runtime_error("the Fourier transform could not be planned");
}

Cell::~Cell() {
  fftw_destroy_plan(forward_);
  fftw_destroy_plan(backward_);
}

double Cell::mean(const Field& field, int component) const {
  double sum = 0;
  const double* values = field.data() + component * stride_;
  for (std::int64_t i = 0; i < voxels_; ++i) sum += values[i];
  return sum / static_cast<double>(voxels_);
}

void Cell::set_reference(const Tangent& tangent, const Free& free) {
  Tangent C;
  for (int r = 0; r < 9; ++r)
    for (int c = 0; c < 9; ++c) C[9 * r + c] = 0.5 * (tangent[9 * r + c] + tangent[9 * c + r]);
  parallel(threads_, waves_, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t w = first; w < last; ++w) {
      const auto& k = k_[w];
      Matrix N{};
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
          for (int l = 0; l < 3; ++l)
            for (int m = 0; m < 3; ++m) N[3 * i + l] += C[9 * (3 * i + j) + 3 * l + m] * k[j] * k[m];
      if (k[0] == 0 && k[1] == 0 && k[2] == 0) {
        inverse_[w] = {};
        continue;
      }
      const Matrix I = inverse(N);
      inverse_[w] = {I[0], I[4], I[8], I[5], I[2], I[1]};
    }
  });
  // The mean: Gauss-Jordan on the free components of C.
  mean_compliance_.fill(0);
  std::array<std::array<double, 18>, 9> row{};
  for (int r = 0; r < 9; ++r) {
    for (int c = 0; c < 9; ++c) row[r][c] = free[r] && free[c] ? C[9 * r + c] : r == c;
    row[r][9 + r] = 1;
  }
  for (int p = 0; p < 9; ++p) {
    const double pivot = 1 / row[p][p];
    for (auto& x : row[p]) x *= pivot;
    for (int r = 0; r < 9; ++r) {
      const double f = row[r][p];
      for (int c = 0; r != p && c < 18; ++c) row[r][c] -= f * row[p][c];
    }
  }
  for (int r = 0; r < 9; ++r)
    for (int c = 0; c < 9; ++c) mean_compliance_[9 * r + c] = free[r] && free[c] ? row[r][9 + c] : 0;
}

void Cell::green(const Field& stress, Field& strain) {
  const auto waves = [&](int c) { return reinterpret_cast<fftw_complex*>(spectrum_.data() + c * waves_); };
  std::array<double, 9> average;
  for (int c = 0; c < 9; ++c) average[c] = mean(stress, c);
  parallel(threads_, 9, [&](std::int64_t first, std::int64_t last) {
    for (int c = static_cast<int>(first); c < last; ++c)
      fftw_execute_dft_r2c(forward_, const_cast<double*>(stress.data()) + c * stride_, waves(c));
  });
  const double scale = 1 / static_cast<double>(voxels_);
  parallel(threads_, waves_, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t w = first; w < last; ++w) {
      const auto& k = k_[w];
      const auto& N = inverse_[w];
      std::complex<double> f[3];
      for (int i = 0; i < 3; ++i)
        f[i] = spectrum_[(3 * i) * waves_ + w] * k[0] + spectrum_[(3 * i + 1) * waves_ + w] * k[1] +
               spectrum_[(3 * i + 2) * waves_ + w] * k[2];
      const std::complex<double> u[3] = {scale * (N[0] * f[0] + N[5] * f[1] + N[4] * f[2]),
                                         scale * (N[5] * f[0] + N[1] * f[1] + N[3] * f[2]),
                                         scale * (N[4] * f[0] + N[3] * f[1] + N[2] * f[2])};
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) spectrum_[(3 * i + j) * waves_ + w] = u[i] * k[j];
    }
  });
  for (int r = 0; r < 9; ++r) {
    double value = 0;
    for (int c = 0; c < 9; ++c) value += mean_compliance_[9 * r + c] * average[c];
    spectrum_[r * waves_] = value;
  }
  parallel(threads_, 9, [&](std::int64_t first, std::int64_t last) {
    for (int c = static_cast<int>(first); c < last; ++c)
      fftw_execute_dft_c2r(backward_, waves(c), strain.data() + c * stride_);
  });
}

}  // namespace cp

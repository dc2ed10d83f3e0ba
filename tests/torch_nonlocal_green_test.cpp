// The Green operator against closed forms: single waves, gradients of displacements, both written with 3 x 3
// matrices.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "grainspin/nonlocal.h"
#include "networks/nonlocal_green.h"
#include "one_thread.h"

namespace grainspin {
namespace {

using Matrix = std::array<double, 9>;

std::array<double, 3> axial(const Matrix& a) {
  return {(a[7] - a[5]) / 2, (a[2] - a[6]) / 2, (a[3] - a[1]) / 2};
}

GreenOperator make(Shape cell, std::array<double, 3> spacing, Frequencies f = Frequencies::kContinuous) {
  return GreenOperator(cell, spacing, f, torch::kCPU, torch::kDouble);
}

double phase_at(Shape c, const std::array<int, 3>& wave, std::int64_t v) {
  return 2 * M_PI *
         (double(wave[0]) * double(v % c.nx) / c.nx + double(wave[1]) * double(v / c.nx % c.ny) / c.ny +
          double(wave[2]) * double(v / c.nx / c.ny) / c.nz);
}

// u of p cos(k x) with p's deviator given, at one voxel.
struct Wave {
  Shape cell;
  std::array<double, 3> spacing;
  std::array<int, 3> wave;
  Frequencies frequencies = Frequencies::kContinuous;
  double beta = 1;
};

void expect_wave(const Wave& w) {
  const GreenOperator G = make(w.cell, w.spacing, w.frequencies);
  const Deviator d{0.3, -0.7, 1.1, 0.4, -0.5};
  const std::int64_t V = w.cell.voxels();
  at::Tensor p = torch::empty({5, 1, V}, torch::kDouble);
  for (std::int64_t v = 0; v < V; ++v)
    for (int b = 0; b < 5; ++b) p[b][0][v] = d[std::size_t(b)] * std::cos(phase_at(w.cell, w.wave, v));
  const at::Tensor u = G(p, torch::full({1}, w.beta, torch::kDouble), true);

  const Matrix P = tensor_of(d);
  const int extent[3] = {w.cell.nx, w.cell.ny, w.cell.nz};
  double n[3], size = 0, t[3] = {}, g = 0;
  for (int i = 0; i < 3; ++i) {
    const double f = 2 * M_PI * w.wave[std::size_t(i)] / extent[i];
    n[i] = (w.frequencies == Frequencies::kSine ? std::sin(f) : f) / w.spacing[std::size_t(i)];
    size += n[i] * n[i];
  }
  for (double& one : n) one = size > 0 ? one / std::sqrt(size) : 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) t[i] += P[std::size_t(3 * i + j)] * n[j];
  for (int i = 0; i < 3; ++i) g += n[i] * t[i];
  Matrix H{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) H[std::size_t(3 * i + j)] = (t[i] - w.beta * n[i] * g) * n[j];
  const Deviator e = deviator(H);
  const auto spin = axial(H);
  for (std::int64_t v = 0; v < V; ++v) {
    const double c = std::cos(phase_at(w.cell, w.wave, v));
    for (int i = 0; i < 5; ++i) ASSERT_NEAR(u[i][0][v].item<double>(), e[std::size_t(i)] * c, 1e-13);
    for (int i = 0; i < 3; ++i) ASSERT_NEAR(u[5 + i][0][v].item<double>(), spin[std::size_t(i)] * c, 1e-13);
    ASSERT_NEAR(u[8][0][v].item<double>(), g * c, 1e-13);
  }
}

TEST(NonlocalGreen, IsTheClosedFormForSingleWaves) {
  expect_wave({{6, 4, 5}, {1, 1, 1}, {1, 0, 0}});
  expect_wave({{6, 4, 5}, {1, 1, 1}, {2, -1, 2}});
  expect_wave({{6, 4, 5}, {1, 2, 0.5}, {-1, 1, -2}});
  expect_wave({{7, 5, 3}, {1, 1, 3}, {3, -2, 1}});
  expect_wave({{1, 6, 4}, {1, 1, 1}, {0, 2, 1}});
  expect_wave({{5, 1, 1}, {1, 1, 1}, {2, 0, 0}});
  expect_wave({{6, 4, 5}, {1, 1, 1}, {2, 1, -1}, Frequencies::kContinuous, 0.7});
  expect_wave({{6, 4, 5}, {1, 2, 1}, {2, 1, -2}, Frequencies::kSine, 0.9});
}

TEST(NonlocalGreen, IsZeroAtTheMeanAndAtNyquistFrequencies) {
  const std::array<int, 3> dead[] = {{0, 0, 0}, {3, 0, 0}, {0, 2, 0}, {3, 2, 0}};
  for (const auto& wave : dead)
    for (const Frequencies f : {Frequencies::kContinuous, Frequencies::kSine}) {
      const Shape c{6, 4, 5};
      at::Tensor p = torch::empty({5, 1, c.voxels()}, torch::kDouble);
      for (std::int64_t v = 0; v < c.voxels(); ++v)
        for (int b = 0; b < 5; ++b) p[b][0][v] = (b + 1) * std::cos(phase_at(c, wave, v));
      EXPECT_LT(make(c, {1, 1, 1}, f)(p, torch::ones({1}, torch::kDouble), true).abs().max().item<double>(),
                1e-14);
    }
  // Along one axis at Nyquist the others are left: the wave (3, 1, 0) is seen as one along y.
  const Shape c{6, 4, 5};
  at::Tensor p = torch::zeros({5, 1, c.voxels()}, torch::kDouble), along = p.clone();
  for (std::int64_t v = 0; v < c.voxels(); ++v) {
    p[4][0][v] = std::cos(phase_at(c, {3, 1, 0}, v));  // sqrt2 xy
    along[4][0][v] = 0.5 * p[4][0][v].item<double>();  // n = y: t = x p_xy, H = p_xy x (x) y, sym: half of p
  }
  const at::Tensor u = make(c, {1, 1, 1})(p, torch::ones({1}, torch::kDouble), false);
  EXPECT_EQ(u.size(0), 8);
  EXPECT_LT((u.narrow(0, 0, 5) - along).abs().max().item<double>(), 1e-14);
}

// p = 2 sym grad(v) of an incompressible periodic v gives back grad(v), for any beta: G is a projector up
// to 2.
TEST(NonlocalGreen, GivesBackTheGradientOfAnIncompressibleField) {
  const Shape c{6, 5, 7};
  const std::array<double, 3> spacing{1, 0.7, 2};
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<Matrix> gradient(std::size_t(c.voxels()), Matrix{});
  const std::array<int, 3> waves[] = {{1, 0, 0}, {0, -1, 2}, {2, 1, -3}, {-1, 2, 1}};
  for (const auto& wave : waves) {
    double k[3], a[3], ak = 0, kk = 0;
    const int extent[3] = {c.nx, c.ny, c.nz};
    for (int i = 0; i < 3; ++i) {
      k[i] = 2 * M_PI * wave[std::size_t(i)] / (extent[i] * spacing[std::size_t(i)]);
      a[i] = uniform(random);
      ak += a[i] * k[i], kk += k[i] * k[i];
    }
    const double shift = uniform(random);
    for (int i = 0; i < 3; ++i) a[i] -= ak / kk * k[i];  // a . k = 0
    for (std::int64_t v = 0; v < c.voxels(); ++v)
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
          gradient[std::size_t(v)][std::size_t(3 * i + j)] +=
              a[i] * k[j] * std::cos(phase_at(c, wave, v) + shift);
  }
  at::Tensor p = torch::empty({5, 1, c.voxels()}, torch::kDouble),
             w = torch::empty({3, 1, c.voxels()}, torch::kDouble);
  for (std::int64_t v = 0; v < c.voxels(); ++v) {
    const Deviator e = deviator(gradient[std::size_t(v)]);
    const auto spin = axial(gradient[std::size_t(v)]);
    for (int i = 0; i < 5; ++i) p[i][0][v] = 2 * e[std::size_t(i)];
    for (int i = 0; i < 3; ++i) w[i][0][v] = spin[std::size_t(i)];
  }
  for (const double beta : {0.6, 1.0}) {
    const at::Tensor u = make(c, spacing)(p, torch::full({1}, beta, torch::kDouble), true);
    EXPECT_LT((u.narrow(0, 0, 5) - p / 2).abs().max().item<double>(), 1e-13);
    EXPECT_LT((u.narrow(0, 5, 3) - w).abs().max().item<double>(), 1e-13);
    EXPECT_LT(u[8].abs().max().item<double>(), 1e-13);  // no pressure
  }
}

TEST(NonlocalGreen, FusedLoopsAreTheTensorOperationsWithTheirGradients) {
  for (const Shape c : {Shape{6, 4, 5}, Shape{5, 1, 4}, Shape{1, 1, 1}, Shape{2, 3, 1}})
    for (const bool pressure : {false, true}) {
      const GreenOperator G = make(c, {1, 2, 1.5});
      torch::manual_seed(2);
      const at::Tensor p = torch::randn({5, 3, c.voxels()}, torch::kDouble).requires_grad_(),
                       beta = torch::rand({3}, torch::kDouble).requires_grad_();
      const at::Tensor a = G(p, beta, pressure), b = G.plain(p, beta, pressure), d = torch::randn_like(a);
      EXPECT_LT((a - b).abs().max().item<double>(), 1e-13);
      const auto ga = torch::autograd::grad({a}, {p, beta}, {d}),
                 gb = torch::autograd::grad({b}, {p, beta}, {d});
      EXPECT_LT((ga[0] - gb[0]).abs().max().item<double>(), 1e-13);
      EXPECT_LT((ga[1] - gb[1]).abs().max().item<double>(), 1e-11);
    }
}

}  // namespace
}  // namespace grainspin

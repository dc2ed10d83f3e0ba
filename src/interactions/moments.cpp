// Second moments of rows. The Gram matrix is made of square tiles of its upper triangle, each by one thread that adds the
// row blocks in order: no partial sums to combine, so the bits do not depend on the number of threads.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "blas.h"
#include "moments.h"
#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

constexpr std::int64_t kRows = 2048;  // a block of weighted rows: 25 MB at 1521 features
constexpr std::int64_t kTile = 256;

void check(std::int64_t rows, std::int64_t width, const double* values, const char* name, ThreadPool& pool) {
  pool.run((rows + kRows - 1) / kRows, [&](std::int64_t b, int) {
    for (std::int64_t t = b * kRows; t < std::min(rows, (b + 1) * kRows); ++t) {
      // x - x is 0 unless x is infinite or not a number.
      double odd = 0;
      for (std::int64_t m = 0; m < width; ++m) odd += values[t * width + m] - values[t * width + m];
      if (odd == 0) continue;
      for (std::int64_t m = 0; m < width; ++m)
        require(std::isfinite(values[t * width + m]), Errc::kArgument,
                std::string("moments: ") + name + " of row " + std::to_string(t) + ", column " + std::to_string(m) + " is not finite");
    }
  });
}

template <class Sum>
void combine(Moments& a, const Moments& b, const Sum& sum) {
  require(a.features == b.features && a.responses == b.responses, Errc::kShape,
          "moments: " + std::to_string(a.features) + " features and " + std::to_string(a.responses) + " responses against " +
              std::to_string(b.features) + " and " + std::to_string(b.responses));
  const std::pair<std::vector<double>*, const std::vector<double>*> parts[] = {
      {&a.gram, &b.gram}, {&a.xy, &b.xy}, {&a.yy, &b.yy}, {&a.x_sum, &b.x_sum}, {&a.y_sum, &b.y_sum}};
  for (const auto& [to, from] : parts)
    for (std::size_t i = 0; i < to->size(); ++i) (*to)[i] = sum((*to)[i], (*from)[i]);
  a.weight = sum(a.weight, b.weight);
}

}  // namespace

void check_rows(const Moments& moments, std::int64_t rows, const double* x, const double* y, const double* w, ThreadPool& pool) {
  require(rows >= 0 && moments.features > 0, Errc::kArgument, "moments: no features");
  check(rows, moments.features, x, "feature", pool);
  check(rows, moments.responses, y, "response", pool);
  if (w)
    for (std::int64_t t = 0; t < rows; ++t)
      require(std::isfinite(w[t]) && w[t] >= 0, Errc::kArgument, "moments: the weight of row " + std::to_string(t) + " is " + short_text(w[t]));
}

Moments::Moments(std::int64_t features, std::int64_t responses) : features(features), responses(responses) {
  require(features > 0 && responses > 0, Errc::kArgument, "moments: at least one feature and one response");
  gram.assign(std::size_t(features * features), 0);
  xy.assign(std::size_t(responses * features), 0);
  yy.assign(std::size_t(responses), 0);
  x_sum.assign(std::size_t(features), 0);
  y_sum.assign(std::size_t(responses), 0);
}

void Moments::add(std::int64_t count, const double* x, const double* y, const double* w, int threads) {
  ThreadPool pool(count < 64 ? 1 : threads);
  check_rows(*this, count, x, y, w, pool);

  const SingleThreadedBlas single;
  const std::int64_t M = features, N = responses, tiles = (M + kTile - 1) / kTile;
  std::vector<double> root, xs, ys;  // rows times the roots of their weights
  for (std::int64_t begin = 0; begin < count; begin += kRows) {
    const std::int64_t T = std::min(kRows, count - begin);
    const double *X = x + begin * M, *Y = y + begin * N, *W = w ? w + begin : nullptr;
    if (W) {
      xs.resize(std::size_t(kRows * M));
      ys.resize(std::size_t(kRows * N));
      root.resize(std::size_t(kRows));
      for (std::int64_t t = 0; t < T; ++t) root[t] = std::sqrt(W[t]);
      pool.run(T, [&](std::int64_t t, int) {
        for (std::int64_t m = 0; m < M; ++m) xs[t * M + m] = root[t] * X[t * M + m];
        for (std::int64_t i = 0; i < N; ++i) ys[t * N + i] = root[t] * Y[t * N + i];
      });
    }
    const double *A = W ? xs.data() : X, *B = W ? ys.data() : Y;
    pool.run(tiles * (tiles + 1) / 2, [&](std::int64_t tile, int) {
      std::int64_t I = 0, J = tile;  // of the upper triangle, row by row
      while (J >= tiles - I) J -= tiles - I++;
      J += I;
      const std::int64_t i = I * kTile, j = J * kTile, ni = std::min(kTile, M - i), nj = std::min(kTile, M - j);
      double* const C = gram.data() + i * M + j;
      if (I != J) {
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, int(ni), int(nj), int(T), 1, A + i, int(M), A + j, int(M), 1, C, int(M));
        return;
      }
      cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, int(ni), int(T), 1, A + i, int(M), 1, C, int(M));
      cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, int(N), int(ni), int(T), 1, B, int(N), A + i, int(M), 1, xy.data() + i, int(M));
      for (std::int64_t t = 0; t < T; ++t) {
        const double weight_t = W ? W[t] : 1;
        for (std::int64_t m = i; m < i + ni; ++m) x_sum[m] += weight_t * X[t * M + m];
      }
    });
    for (std::int64_t t = 0; t < T; ++t) {
      const double weight_t = W ? W[t] : 1;
      for (std::int64_t i = 0; i < N; ++i) {
        y_sum[i] += weight_t * Y[t * N + i];
        yy[i] += B[t * N + i] * B[t * N + i];
      }
      weight += weight_t;
      rows += weight_t > 0;
    }
  }
  pool.run(tiles, [&](std::int64_t I, int) {  // the lower triangle
    for (std::int64_t i = I * kTile; i < std::min(M, (I + 1) * kTile); ++i)
      for (std::int64_t j = 0; j < i; ++j) gram[i * M + j] = gram[j * M + i];
  });
}

Moments& Moments::operator+=(const Moments& other) {
  combine(*this, other, [](double a, double b) { return a + b; });
  rows += other.rows;
  return *this;
}

Moments& Moments::operator-=(const Moments& other) {
  combine(*this, other, [](double a, double b) { return a - b; });
  rows -= other.rows;
  return *this;
}

Moments centred(const Moments& moments) {
  require(moments.weight > 0, Errc::kArgument, "moments: no rows with weight");
  Moments c = moments;
  const std::int64_t M = c.features;
  for (std::int64_t i = 0; i < M; ++i)
    for (std::int64_t j = 0; j < M; ++j) c.gram[i * M + j] -= c.x_sum[i] * c.x_sum[j] / c.weight;
  for (std::int64_t r = 0; r < c.responses; ++r) {
    for (std::int64_t j = 0; j < M; ++j) c.xy[r * M + j] -= c.y_sum[r] * c.x_sum[j] / c.weight;
    c.yy[r] -= c.y_sum[r] * c.y_sum[r] / c.weight;
  }
  std::fill(c.x_sum.begin(), c.x_sum.end(), 0);
  std::fill(c.y_sum.begin(), c.y_sum.end(), 0);
  return c;
}

}  // namespace grainspin::interactions

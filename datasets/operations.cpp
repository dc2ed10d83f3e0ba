#include "datasets/operations.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace grainspin {

namespace {

// Solves A X = B for a symmetric positive definite A[n, n] and B[n, n], in place (Cholesky).
void solve(int n, std::vector<double>& A, std::vector<double>& B) {
  auto a = [&](int i, int j) -> double& { return A[std::size_t(i * n + j)]; };
  auto b = [&](int i, int j) -> double& { return B[std::size_t(i * n + j)]; };
  for (int j = 0; j < n; ++j) {
    for (int k = 0; k < j; ++k) a(j, j) -= a(j, k) * a(j, k);
    require(a(j, j) > 1e-12, Errc::kInternal, "embedding: its values do not span the harmonics of a rank");
    a(j, j) = std::sqrt(a(j, j));
    for (int i = j + 1; i < n; ++i) {
      for (int k = 0; k < j; ++k) a(i, j) -= a(i, k) * a(j, k);
      a(i, j) /= a(j, j);
    }
  }
  for (int c = 0; c < n; ++c) {
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < i; ++k) b(i, c) -= a(i, k) * b(k, c);
      b(i, c) /= a(i, i);
    }
    for (int i = n - 1; i >= 0; --i) {
      for (int k = i + 1; k < n; ++k) b(i, c) -= a(k, i) * b(k, c);
      b(i, c) /= a(i, i);
    }
  }
}

}  // namespace

std::vector<double> embedding_rotation(const EmbeddingSpec& spec, const Quatd& p) {
  // The harmonics of each rank turn among themselves; the matrix follows from enough pairs e(q), e(p q).
  // One direction alone spans the whole rank, so the fit is exact to rounding.
  const int size = spec.size;
  std::vector<double> D(std::size_t(size * size), 0.0);
  std::mt19937_64 random(1);
  auto uniform = [&] { return double(random() >> 11) * 0x1p-53 * 2 - 1; };
  int offset = 0;
  for (int k = 0; k < spec.terms; ++k) {
    EmbeddingSpec one;
    one.terms = 1;
    one.term[0] = spec.term[k];
    one.term[0].directions = 1;
    one.term[0].weight = 1;
    one.term[0].c[0] = 1;
    const int n = 2 * spec.term[k].rank + 1;
    one.size = n;
    std::vector<double> A(std::size_t(n * n), 0.0), B(std::size_t(n * n), 0.0);
    for (int sample = 0; sample < 8 * n; ++sample) {
      const Quatd q = normalised(Quatd{uniform(), uniform(), uniform(), uniform()});
      double before[EmbeddingSpec::kMaxSize], after[EmbeddingSpec::kMaxSize];
      embed(one, q, before);
      embed(one, p * q, after);
      for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) {
          A[std::size_t(i * n + j)] += before[i] * before[j];
          B[std::size_t(i * n + j)] += before[i] * after[j];
        }
    }
    solve(n, A, B);  // B = D^T
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) {
        const double d = B[std::size_t(j * n + i)];
        D[std::size_t((offset + i) * size + offset + j)] = std::abs(d) < 1e-12 ? 0 : d;
      }
    offset += n;
  }
  return D;
}

std::vector<double> embedding_generators(const EmbeddingSpec& spec) {
  // D(exp(h n)) is a trigonometric polynomial in h of degree <= 6: an eighth-order central difference at
  // h = 0.02 is exact to about 1e-12.
  const double c[4] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280}, h = 0.02;
  const int size = spec.size;
  std::vector<double> J(std::size_t(3 * size * size), 0.0);
  for (int axis = 0; axis < 3; ++axis)
    for (int k = 1; k <= 4; ++k)
      for (int side = -1; side <= 1; side += 2) {
        Vec3<double> v;
        (axis == 0 ? v.x : axis == 1 ? v.y : v.z) = side * k * h;
        const auto D = embedding_rotation(spec, exp(v));
        for (int i = 0; i < size * size; ++i)
          J[std::size_t(axis * size * size + i)] += side * c[k - 1] * D[std::size_t(i)] / h;
      }
  for (double& j : J)
    if (std::abs(j) < 1e-9) j = 0;
  return J;
}

std::vector<int> turned_taps(const Operation& op, int radius) {
  const int side = 2 * radius + 1;
  std::vector<int> to(std::size_t(taps(radius)));
  for (int k = 0; k < taps(radius); ++k) {
    const int d[3] = {k % side - radius, k / side % side - radius, k / side / side - radius};
    int m[3];
    for (std::size_t i = 0; i < 3; ++i) m[i] = op.sign[i] * d[op.axis[i]] + radius;
    to[std::size_t(k)] = (m[2] * side + m[1]) * side + m[0];
  }
  return to;
}

}  // namespace grainspin

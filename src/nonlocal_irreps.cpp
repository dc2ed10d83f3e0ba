#include "nonlocal_irreps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>

namespace grainspin {
namespace {

using Matrix = std::vector<double>;  // [n, n], row-major

// Eigenvectors (rows of V) and eigenvalues of a symmetric matrix by cyclic Jacobi rotations, ascending.
struct Eigen {
  std::vector<double> values;
  Matrix V;
};
Eigen symmetric_eigen(int n, Matrix A) {
  Matrix V(std::size_t(n) * n, 0);
  for (int i = 0; i < n; ++i) V[i * n + i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0, all = 0;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) (i == j ? all : off) += A[i * n + j] * A[i * n + j];
    if (off <= 1e-30 * (all + off)) break;
    for (int p = 0; p < n; ++p)
      for (int q = p + 1; q < n; ++q) {
        const double apq = A[p * n + q];
        if (apq == 0) continue;
        const double theta = (A[q * n + q] - A[p * n + p]) / (2 * apq);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (int k = 0; k < n; ++k) {
          const double a = A[k * n + p], b = A[k * n + q];
          A[k * n + p] = c * a - s * b;
          A[k * n + q] = s * a + c * b;
        }
        for (int k = 0; k < n; ++k) {
          const double a = A[p * n + k], b = A[q * n + k];
          A[p * n + k] = c * a - s * b;
          A[q * n + k] = s * a + c * b;
          const double v = V[p * n + k], w = V[q * n + k];
          V[p * n + k] = c * v - s * w;
          V[q * n + k] = s * v + c * w;
        }
      }
  }
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return A[a * n + a] < A[b * n + b]; });
  Eigen e;
  for (const int i : order) {
    e.values.push_back(A[i * n + i]);
    e.V.insert(e.V.end(), V.begin() + std::ptrdiff_t(i) * n, V.begin() + std::ptrdiff_t(i + 1) * n);
  }
  return e;
}

// Rows `a` and `b` (of `rows` vectors each) of a matrix: out[i, j] = a_i . M b_j
Matrix between(int n, const Matrix& M, const double* a, const double* b, int rows) {
  Matrix Mb(std::size_t(n) * rows, 0), out(std::size_t(rows) * rows, 0);
  for (int k = 0; k < n; ++k)
    for (int l = 0; l < n; ++l)
      if (M[k * n + l] != 0)
        for (int j = 0; j < rows; ++j) Mb[k * rows + j] += M[k * n + l] * b[j * n + l];
  for (int i = 0; i < rows; ++i)
    for (int k = 0; k < n; ++k)
      for (int j = 0; j < rows; ++j) out[i * rows + j] += a[i * n + k] * Mb[k * rows + j];
  return out;
}

AdaptedBasis natural(int n, const std::vector<Matrix>& matrices) {
  AdaptedBasis basis;
  basis.n = n;
  basis.identity = true;
  basis.U.assign(std::size_t(n) * n, 0);
  for (int i = 0; i < n; ++i) basis.U[i * n + i] = 1;
  basis.kinds = {{0, n, 1}};
  basis.blocks = matrices;
  return basis;
}

struct Part {
  int dimension;
  Matrix rows;  // [dimension, n]
};

// Fills `blocks`; false unless every basis matrix is of that form.
bool read_blocks(AdaptedBasis& basis, const std::vector<Matrix>& matrices) {
  const int n = basis.n;
  for (const Matrix& M : matrices) {
    const Matrix A = between(n, M, basis.U.data(), basis.U.data(), n);
    Matrix rest = A;
    std::vector<double> block;
    for (const IrrepKind& r : basis.kinds)
      for (int a = 0; a < r.multiplicity; ++a)
        for (int b = 0; b < r.multiplicity; ++b) {
          const int row = r.first + a * r.dimension, column = r.first + b * r.dimension;
          double mean = 0;
          for (int i = 0; i < r.dimension; ++i) mean += A[(row + i) * n + column + i] / r.dimension;
          for (int i = 0; i < r.dimension; ++i) rest[(row + i) * n + column + i] -= mean;
          block.push_back(mean);
        }
    for (const double x : rest)
      if (std::abs(x) > 1e-9) return false;
    basis.blocks.push_back(std::move(block));
  }
  return true;
}

// A generic symmetric commuting matrix has one eigenspace for each irreducible part; a generic commuting matrix
// ties the copies of a kind together: between two copies it is a multiple of the rotation from one to the other.
bool try_adapted(int n, const std::vector<Matrix>& matrices, unsigned seed, AdaptedBasis& basis) {
  std::mt19937 random(seed);
  const auto number = [&] { return double(random()) / 4294967296.0 - 0.5; };
  Matrix S(std::size_t(n) * n, 0), T = S;
  for (const Matrix& M : matrices) {
    const double s = number(), t = number();
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) {
        S[i * n + j] += s * (M[i * n + j] + M[j * n + i]);
        T[i * n + j] += t * M[i * n + j];
      }
  }
  const Eigen eigen = symmetric_eigen(n, S);
  std::vector<std::vector<Part>> kinds;
  for (int i = 0; i < n;) {
    int end = i + 1;
    while (end < n && eigen.values[end] - eigen.values[end - 1] < 1e-8) ++end;
    Part part{end - i, Matrix(eigen.V.begin() + std::ptrdiff_t(i) * n, eigen.V.begin() + std::ptrdiff_t(end) * n)};
    i = end;
    const int d = part.dimension;
    bool placed = false;
    for (std::vector<Part>& kind : kinds) {
      if (placed || kind.front().dimension != d) continue;
      const Matrix O = between(n, T, part.rows.data(), kind.front().rows.data(), d);
      double square = 0;
      for (const double x : O) square += x * x;
      if (square < 1e-12) continue;
      // new row j = sum_i O[i, j] row i / |O|: then row i of the part corresponds to row i of the first copy.
      const double scale = 1 / std::sqrt(square / d);
      Matrix rows(std::size_t(d) * n, 0);
      for (int j = 0; j < d; ++j)
        for (int k = 0; k < d; ++k)
          for (int l = 0; l < n; ++l) rows[j * n + l] += scale * O[k * d + j] * part.rows[k * n + l];
      part.rows = std::move(rows);
      kind.push_back(part);
      placed = true;
    }
    if (!placed) kinds.push_back({part});
  }
  basis = {};
  basis.n = n;
  for (const std::vector<Part>& kind : kinds) {
    basis.kinds.push_back({int(basis.U.size()) / n, int(kind.size()), kind.front().dimension});
    for (const Part& part : kind) basis.U.insert(basis.U.end(), part.rows.begin(), part.rows.end());
  }
  return read_blocks(basis, matrices);
}

}  // namespace

AdaptedBasis adapted_basis(int n, const std::vector<Matrix>& matrices) {
  AdaptedBasis basis;
  for (const unsigned seed : {1u, 2u, 3u})
    if (try_adapted(n, matrices, seed, basis)) return basis;
  return natural(n, matrices);  // parts of complex type (groups 3, 4, 6, 23): no blocks of this form
}

namespace {

// [N, N] of one channel: the number of systems is the root of the number of pairs.
int systems_of(std::size_t pairs) { return int(std::lround(std::sqrt(double(pairs)))); }

}  // namespace

AdaptedBasis adapted_basis(const SignedOrbits& orbits) {
  std::vector<Matrix> all(std::size_t(orbits.count), Matrix(orbits.of.size(), 0));
  for (std::size_t e = 0; e < orbits.of.size(); ++e)
    if (orbits.of[e] >= 0) all[std::size_t(orbits.of[e])][e] = orbits.sign[e];
  return adapted_basis(systems_of(orbits.of.size()), all);
}
AdaptedBasis adapted_basis(const Orbits& orbits) {
  std::vector<Matrix> all(std::size_t(orbits.count), Matrix(orbits.of.size(), 0));
  for (std::size_t e = 0; e < orbits.of.size(); ++e) all[std::size_t(orbits.of[e])][e] = 1;
  return adapted_basis(systems_of(orbits.of.size()), all);
}

std::vector<double> kind_block(const Tensor& w, const AdaptedBasis& basis, std::size_t kind) {
  const int to = int(w.shape[0]), from = int(w.shape[1]), orbits = int(w.shape[2]), m = basis.kinds[kind].multiplicity;
  int offset = 0;
  for (std::size_t k = 0; k < kind; ++k) offset += basis.kinds[k].multiplicity * basis.kinds[k].multiplicity;
  std::vector<double> block(std::size_t(to) * m * from * m, 0);
  for (int d = 0; d < to; ++d)
    for (int a = 0; a < m; ++a)
      for (int c = 0; c < from; ++c)
        for (int b = 0; b < m; ++b) {
          double& sum = block[std::size_t((d * m + a) * from + c) * m + b];
          for (int o = 0; o < orbits; ++o)
            sum += double(w.values[(std::size_t(d) * from + c) * orbits + o]) * basis.blocks[std::size_t(o)][std::size_t(offset + a * m + b)];
        }
  return block;
}

}  // namespace grainspin

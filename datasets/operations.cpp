#include "datasets/operations.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace grainspin {

namespace {

int determinant(const Operation& op) {
  const auto& a = op.axis;
  const bool even = (a[1] - a[0] + 3) % 3 == 1;  // a cyclic order of the axes
  return (even ? 1 : -1) * op.sign[0] * op.sign[1] * op.sign[2];
}

// Quaternion of a proper rotation matrix (Shepperd 1978: the largest of the four squares is divided by).
Quatd from_matrix(const std::array<double, 9>& m) {
  const double w = 1 + m[0] + m[4] + m[8], x = 1 + m[0] - m[4] - m[8], y = 1 - m[0] + m[4] - m[8],
               z = 1 - m[0] - m[4] + m[8];
  Quatd q;
  const double largest = std::max({w, x, y, z});
  if (w == largest)
    q = {w, m[7] - m[5], m[2] - m[6], m[3] - m[1]};
  else if (x == largest)
    q = {m[7] - m[5], x, m[1] + m[3], m[2] + m[6]};
  else if (y == largest)
    q = {m[2] - m[6], m[1] + m[3], y, m[5] + m[7]};
  else
    q = {m[3] - m[1], m[2] + m[6], m[5] + m[7], z};
  return normalised(q);
}

std::vector<Operation> make_cube_operations() {
  std::vector<Operation> all;
  std::array<int, 3> axis{0, 1, 2};
  do {
    for (int s = 0; s < 8; ++s) {
      Operation op;
      op.axis = axis;
      op.sign = {s & 1 ? -1 : 1, s & 2 ? -1 : 1, s & 4 ? -1 : 1};
      op.det = determinant(op);
      std::array<double, 9> m{};
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) m[std::size_t(3 * i + j)] = op.det * op.Q(i, j);
      op.p = from_matrix(m);
      all.push_back(op);
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
  return all;
}

bool keeps(const Operation& op, const LoadStep& load) {
  const double tolerance = 1e-6 * load.von_mises();
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      // (Q L Q^T)_ij = s_i s_j L_(a_i a_j)
      const std::size_t to = std::size_t(3 * i + j);
      const std::size_t from = std::size_t(3 * op.axis[std::size_t(i)] + op.axis[std::size_t(j)]);
      if (load.prescribed[to] != load.prescribed[from]) return false;
      const double value = op.sign[std::size_t(i)] * op.sign[std::size_t(j)] * load.L[from];
      if (load.prescribed[to] && std::abs(value - load.L[to]) > tolerance) return false;
    }
  return true;
}

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

const std::vector<Operation>& cube_operations() {
  static const std::vector<Operation> all = make_cube_operations();
  return all;
}

std::vector<Operation> load_operations(std::span<const LoadStep> loads) {
  std::vector<Operation> kept;
  for (const Operation& op : cube_operations())
    if (std::all_of(loads.begin(), loads.end(), [&](const LoadStep& l) { return keeps(op, l); }))
      kept.push_back(op);
  return kept;
}

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

std::array<double, 36> stress_rotation(const Operation& op) {
  constexpr int row[6] = {0, 1, 2, 1, 0, 0}, column[6] = {0, 1, 2, 2, 2, 1};
  std::array<double, 36> S{};
  for (int k = 0; k < 6; ++k)
    for (int l = 0; l < 6; ++l) {
      double sum = op.Q(row[k], row[l]) * op.Q(column[k], column[l]);
      if (l >= 3) sum += op.Q(row[k], column[l]) * op.Q(column[k], row[l]);  // s_ij = s_ji
      S[std::size_t(6 * k + l)] = sum;
    }
  return S;
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

Shape turned(const Operation& op, Shape shape) {
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  return {n[op.axis[0]], n[op.axis[1]], n[op.axis[2]]};
}

Boundaries turned(const Operation& op, Boundaries boundaries) {
  const Boundary b[3] = {boundaries.x, boundaries.y, boundaries.z};
  return {b[op.axis[0]], b[op.axis[1]], b[op.axis[2]]};
}

std::vector<std::int64_t> turned_voxels(const Operation& op, Shape shape) {
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  const std::int64_t stride[3] = {1, shape.nx, std::int64_t(shape.nx) * shape.ny};
  const Shape out = turned(op, shape);
  std::vector<std::int64_t> from(std::size_t(shape.voxels()));
  std::size_t j = 0;
  for (int z = 0; z < out.nz; ++z)
    for (int y = 0; y < out.ny; ++y)
      for (int x = 0; x < out.nx; ++x, ++j) {
        const int at[3] = {x, y, z};
        std::int64_t voxel = 0;
        for (std::size_t i = 0; i < 3; ++i) {
          const int a = op.axis[i];
          voxel += stride[a] * (op.sign[i] > 0 ? at[i] : n[a] - 1 - at[i]);
        }
        from[j] = voxel;
      }
  return from;
}

}  // namespace grainspin

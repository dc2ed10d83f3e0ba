#include "grainspin/operations.h"

#include <algorithm>
#include <cmath>

namespace grainspin {

namespace {

// Determinant and rotation from axis and sign.
Operation completed(Operation op) {
  const bool even = (op.axis[1] - op.axis[0] + 3) % 3 == 1;  // a cyclic order of the axes
  op.det = (even ? 1 : -1) * op.sign[0] * op.sign[1] * op.sign[2];
  Mat3<double> R;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) R(i, j) = op.det * op.Q(i, j);
  op.p = from_matrix(R);
  return op;
}

std::vector<Operation> make_cube_operations() {
  std::vector<Operation> all;
  std::array<int, 3> axis{0, 1, 2};
  do {
    for (int s = 0; s < 8; ++s) {
      Operation op;
      op.axis = axis;
      op.sign = {s & 1 ? -1 : 1, s & 2 ? -1 : 1, s & 4 ? -1 : 1};
      all.push_back(completed(op));
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
  return all;
}

bool keeps(const Operation& op, const LoadStep& load) {
  double largest = 0;
  for (std::size_t i = 0; i < 9; ++i)
    if (load.prescribed[i]) largest = std::max(largest, std::abs(load.L[i]));
  const LoadStep other = turned(op, load);
  for (std::size_t i = 0; i < 9; ++i) {
    if (other.prescribed[i] != load.prescribed[i]) return false;
    if (load.prescribed[i] && std::abs(other.L[i] - load.L[i]) > 1e-4 * largest) return false;
  }
  return true;
}

}  // namespace

const std::vector<Operation>& cube_operations() {
  static const std::vector<Operation> all = make_cube_operations();
  return all;
}

Operation inverse(const Operation& op) {
  Operation out;
  for (std::size_t i = 0; i < 3; ++i) {
    out.axis[std::size_t(op.axis[i])] = int(i);
    out.sign[std::size_t(op.axis[i])] = op.sign[i];
  }
  return completed(out);
}

std::vector<Operation> load_operations(std::span<const LoadStep> loads) {
  std::vector<Operation> kept;
  for (const Operation& op : cube_operations())
    if (std::all_of(loads.begin(), loads.end(), [&](const LoadStep& l) { return keeps(op, l); }))
      kept.push_back(op);
  return kept;
}

LoadStep turned(const Operation& op, const LoadStep& load) {
  LoadStep out;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      // (Q L Q^T)_ij = s_i s_j L_(a_i a_j)
      const std::size_t to = 3 * i + j, from = std::size_t(3 * op.axis[i] + op.axis[j]);
      out.L[to] = op.sign[i] * op.sign[j] * load.L[from];
      out.prescribed[to] = load.prescribed[from];
    }
  return out;
}

std::vector<LoadStep> turned(const Operation& op, std::span<const LoadStep> loads) {
  std::vector<LoadStep> out;
  for (const LoadStep& load : loads) out.push_back(turned(op, load));
  return out;
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

Shape turned(const Operation& op, Shape shape) {
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  return {n[op.axis[0]], n[op.axis[1]], n[op.axis[2]]};
}

Boundaries turned(const Operation& op, Boundaries boundaries) {
  const Boundary b[3] = {boundaries.x, boundaries.y, boundaries.z};
  return {b[op.axis[0]], b[op.axis[1]], b[op.axis[2]]};
}

std::array<double, 3> turned(const Operation& op, const std::array<double, 3>& spacing) {
  return {spacing[std::size_t(op.axis[0])], spacing[std::size_t(op.axis[1])], spacing[std::size_t(op.axis[2])]};
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

std::vector<float> turned_orientations(const Operation& op, Shape shape, const float* q) {
  const std::vector<std::int64_t> from = turned_voxels(op, shape);
  std::vector<float> out(4 * from.size());
  for (std::size_t j = 0; j < from.size(); ++j) {
    const float* v = q + 4 * from[j];
    const Quatd r = op.p * Quatd{v[0], v[1], v[2], v[3]};
    out[4 * j] = float(r.w), out[4 * j + 1] = float(r.x), out[4 * j + 2] = float(r.y), out[4 * j + 3] = float(r.z);
  }
  return out;
}

}  // namespace grainspin

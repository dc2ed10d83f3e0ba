// The load's symmetry on the grid, and how well a model commutes with it.
#include <algorithm>
#include <cmath>

#include "grainspin/metrics.h"

namespace grainspin {

int GridOperation::determinant() const {
  const bool even = (axis[1] - axis[0] + 3) % 3 == 1;  // a cyclic permutation
  return sign[0] * sign[1] * sign[2] * (even ? 1 : -1);
}

Quatd GridOperation::rotation() const {
  Mat3<double> R;
  for (int i = 0; i < 3; ++i) R(i, axis[std::size_t(i)]) = sign[std::size_t(i)] * determinant();
  // The largest of the four components first, so that nothing is divided by a small number.
  const double t[4] = {1 + R(0, 0) + R(1, 1) + R(2, 2), 1 + R(0, 0) - R(1, 1) - R(2, 2),
                       1 - R(0, 0) + R(1, 1) - R(2, 2), 1 - R(0, 0) - R(1, 1) + R(2, 2)};
  const int k = int(std::max_element(t, t + 4) - t);
  const double f = 0.5 / std::sqrt(t[k]);
  Quatd q;
  if (k == 0) q = {f * t[0], f * (R(2, 1) - R(1, 2)), f * (R(0, 2) - R(2, 0)), f * (R(1, 0) - R(0, 1))};
  if (k == 1) q = {f * (R(2, 1) - R(1, 2)), f * t[1], f * (R(0, 1) + R(1, 0)), f * (R(0, 2) + R(2, 0))};
  if (k == 2) q = {f * (R(0, 2) - R(2, 0)), f * (R(0, 1) + R(1, 0)), f * t[2], f * (R(1, 2) + R(2, 1))};
  if (k == 3) q = {f * (R(1, 0) - R(0, 1)), f * (R(0, 2) + R(2, 0)), f * (R(1, 2) + R(2, 1)), f * t[3]};
  return normalised(q);
}

Shape GridOperation::apply(Shape shape) const {
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  return {n[axis[0]], n[axis[1]], n[axis[2]]};
}

GridOperation inverse(const GridOperation& op) {
  GridOperation out;
  for (std::size_t i = 0; i < 3; ++i) {
    out.axis[std::size_t(op.axis[i])] = int(i);
    out.sign[std::size_t(op.axis[i])] = op.sign[i];
  }
  return out;
}

std::vector<GridOperation> load_symmetry(const std::vector<LoadStep>& loads) {
  std::vector<GridOperation> out;
  std::array<int, 3> axis{0, 1, 2};
  do {
    for (int bits = 0; bits < 8; ++bits) {
      GridOperation op;
      op.axis = axis;
      for (int i = 0; i < 3; ++i) op.sign[std::size_t(i)] = bits >> i & 1 ? -1 : 1;
      const bool kept = std::all_of(loads.begin(), loads.end(), [&](const LoadStep& load) {
        double size = 0;
        for (const double x : load.L) size = std::max(size, std::abs(x));
        for (std::size_t i = 0; i < 3; ++i)
          for (std::size_t j = 0; j < 3; ++j) {
            // (Q L Q^T)_ij = sign_i sign_j L_(axis_i, axis_j)
            const std::size_t to = 3 * i + j, from = 3 * std::size_t(op.axis[i]) + std::size_t(op.axis[j]);
            if (load.prescribed[to] != load.prescribed[from]) return false;
            if (load.prescribed[to] && std::abs(load.L[to] - op.sign[i] * op.sign[j] * load.L[from]) > 1e-4 * size) return false;
          }
        return true;
      });
      if (kept) out.push_back(op);
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
  return out;
}

void transform(const GridOperation& op, Shape shape, int channels, bool turn, const float* in, float* out) {
  const Shape to = op.apply(shape);
  const int n[3] = {to.nx, to.ny, to.nz};
  const std::int64_t stride[3] = {1, shape.nx, std::int64_t(shape.nx) * shape.ny};
  const Quatd r = op.rotation();
  std::int64_t at = 0;
  int p[3];
  for (p[2] = 0; p[2] < n[2]; ++p[2])
    for (p[1] = 0; p[1] < n[1]; ++p[1])
      for (p[0] = 0; p[0] < n[0]; ++p[0], ++at) {
        std::int64_t from = 0;  // old coordinate along axis[i] is p_i, or counted from the other end
        for (std::size_t i = 0; i < 3; ++i) from += stride[op.axis[i]] * (op.sign[i] > 0 ? p[i] : n[i] - 1 - p[i]);
        const float* v = in + channels * from;
        float* w = out + channels * at;
        if (!turn) {
          std::copy(v, v + channels, w);
          continue;
        }
        const Quatd q = r * Quatd{v[0], v[1], v[2], v[3]};
        w[0] = float(q.w), w[1] = float(q.x), w[2] = float(q.y), w[3] = float(q.z);
      }
}

Equivariance equivariance_error(const Surrogate& surrogate, const std::vector<LoadStep>& loads, Shape shape,
                                Boundaries boundaries, const VoxelSymmetry& symmetry, const float* q0,
                                const float* predicted, int threads) {
  Equivariance out;
  const std::int64_t n = shape.voxels();
  std::vector<float> moved(4 * std::size_t(n)), last(moved.size()), angle(static_cast<std::size_t>(n));
  double sum = 0;
  const Boundary b[3] = {boundaries.x, boundaries.y, boundaries.z};
  const auto operations = load_symmetry(loads);
  for (std::size_t k = 1; k < operations.size(); ++k) {
    const GridOperation& op = operations[k];
    const Shape to = op.apply(shape);
    transform(op, shape, 4, true, q0, moved.data());
    surrogate.run(whole(to, {b[op.axis[0]], b[op.axis[1]], b[op.axis[2]]}), moved.data(), nullptr, nullptr,
                  [&](const StepOutput& step) {
                    if (step.step == surrogate.spec().steps()) std::copy_n(step.orientation, last.size(), last.begin());
                  });
    transform(inverse(op), to, 4, true, last.data(), moved.data());
    disorientation_angles(symmetry, n, moved.data(), predicted, angle.data(), threads);
    for (const float a : angle) {
      sum += a;
      out.max = std::max(out.max, double(a));
    }
    ++out.operations;
  }
  if (out.operations > 0) out.mean = sum / (double(n) * out.operations);
  return out;
}

}  // namespace grainspin

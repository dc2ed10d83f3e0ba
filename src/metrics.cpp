#include "grainspin/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "src/parallel_for.h"

namespace grainspin {

namespace {

Quatd load(const float* q) { return normalised(Quatd{q[0], q[1], q[2], q[3]}); }

double percentile(const std::vector<float>& sorted, double p) {
  const double at = p * double(sorted.size() - 1);
  const std::size_t i = std::size_t(at);
  if (i + 1 >= sorted.size()) return sorted.back();
  return sorted[i] + (at - double(i)) * (double(sorted[i + 1]) - sorted[i]);
}

}  // namespace

Spread spread(std::vector<float> values) {
  Spread s;
  if (values.empty()) return s;
  for (const float v : values) s.mean += v;
  s.mean /= double(values.size());
  std::sort(values.begin(), values.end());
  s.median = percentile(values, 0.5);
  s.p95 = percentile(values, 0.95);
  s.p99 = percentile(values, 0.99);
  s.max = values.back();
  return s;
}

double skill(double error, double baseline) {
  if (baseline > 0) return 1 - error / baseline;
  return error > 0 ? std::numeric_limits<double>::lowest() : 0;
}

void disorientation_angles(const VoxelSymmetry& symmetry, std::int64_t n, const float* a, const float* b, float* angle,
                           int threads) {
  parallel_for(n, threads, 512, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      angle[i] = float(disorientation_angle(symmetry.at(i), load(a + 4 * i), load(b + 4 * i)));
  });
}

void rotation_increments(const VoxelSymmetry& symmetry, std::int64_t n, const float* after, const float* before, float* w,
                         int threads) {
  parallel_for(n, threads, 512, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const Vec3<double> v = disorientation(symmetry.at(i), load(after + 4 * i), load(before + 4 * i));
      w[3 * i] = float(v.x);
      w[3 * i + 1] = float(v.y);
      w[3 * i + 2] = float(v.z);
    }
  });
}

Vec3<double> mean_spin(const LoadStep& load) {
  const auto spin = [&](int i, int j) {  // (L_ij - L_ji) / 2
    const bool told = load.prescribed[std::size_t(3 * i + j)] && load.prescribed[std::size_t(3 * j + i)];
    return told ? 0.5 * (load.L[std::size_t(3 * i + j)] - load.L[std::size_t(3 * j + i)]) : 0.0;
  };
  return {spin(2, 1), spin(0, 2), spin(1, 0)};
}

void IncrementR2::add(std::int64_t n, const float* predicted, const float* truth, const Vec3<double>& spin) {
  const double about[3] = {spin.x, spin.y, spin.z};
  for (std::int64_t i = 0; i < 3 * n; ++i) {
    const double t = truth[i], d = predicted[i] - t, turn = t - about[i % 3];
    residual_ += d * d;
    total_ += turn * turn;
  }
}

double IncrementR2::value() const {
  return total_ > 0 ? 1 - residual_ / total_ : std::numeric_limits<double>::quiet_NaN();
}

std::vector<Quatd> persistence_rotations(const std::vector<LoadStep>& loads) {
  std::vector<Quatd> out;
  Quatd q;
  for (const LoadStep& load : loads) {
    q = normalised(exp(mean_spin(load)) * q);
    out.push_back(q);
  }
  return out;
}

void rotate(const Quatd& rotation, std::int64_t n, const float* q, float* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Quatd r = rotation * load(q + 4 * i);
    const double c[4] = {r.w, r.x, r.y, r.z};
    for (int k = 0; k < 4; ++k) out[4 * i + k] = float(c[k]);
  }
}

std::vector<std::int32_t> boundary_layers(Shape shape, Boundaries boundaries, const std::int32_t* grain) {
  const std::int64_t n = shape.voxels();
  std::vector<std::int32_t> layer(std::size_t(n), 0);
  // Face neighbours of a voxel; at a clamped face the neighbour is the voxel itself.
  const auto neighbours = [&](std::int64_t i) {
    const int x = int(i % shape.nx), y = int(i / shape.nx % shape.ny), z = int(i / shape.nx / shape.ny);
    std::array<std::int64_t, 6> out{};
    int at = 0;
    for (const int d : {-1, 1}) {
      const std::int64_t row = std::int64_t(z) * shape.ny;
      out[at++] = (row + y) * shape.nx + fold(x + d, shape.nx, boundaries.x);
      out[at++] = (row + fold(y + d, shape.ny, boundaries.y)) * shape.nx + x;
      out[at++] = (std::int64_t(fold(z + d, shape.nz, boundaries.z)) * shape.ny + y) * shape.nx + x;
    }
    return out;
  };
  std::vector<std::int64_t> front, next;
  for (std::int64_t i = 0; i < n; ++i)
    for (const std::int64_t j : neighbours(i))
      if (grain[j] != grain[i]) {
        layer[std::size_t(i)] = 1;
        front.push_back(i);
        break;
      }
  for (std::int32_t depth = 2; !front.empty(); ++depth, front.swap(next)) {
    next.clear();
    for (const std::int64_t i : front)
      for (const std::int64_t j : neighbours(i))
        if (layer[std::size_t(j)] == 0) {
          layer[std::size_t(j)] = depth;
          next.push_back(j);
        }
  }
  return layer;
}

}  // namespace grainspin

// What an operation of the cube does to the numbers of a field.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "datasets/operations.h"

namespace grainspin {

// An operation as the float matrices that turn vectors, stresses and orientations.
struct Turning {
  explicit Turning(const Operation& op)
      : quaternion{float(op.p.w), float(op.p.x), float(op.p.y), float(op.p.z)} {
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) p[3 * i + j] = float(op.det * op.Q(i, j));
    const auto stress = stress_rotation(op);
    std::copy(stress.begin(), stress.end(), S);
  }

  void vector(const float* v, float* out) const {
    for (int i = 0; i < 3; ++i) out[i] = p[3 * i] * v[0] + p[3 * i + 1] * v[1] + p[3 * i + 2] * v[2];
  }
  void stress(const float* s, float* out) const {
    for (int i = 0; i < 6; ++i) {
      out[i] = 0;
      for (int j = 0; j < 6; ++j) out[i] += S[6 * i + j] * s[j];
    }
  }
  void orientation(const float* q, float* out) const {
    const Quat r = quaternion * Quat{q[0], q[1], q[2], q[3]};
    out[0] = r.w, out[1] = r.x, out[2] = r.y, out[3] = r.z;
  }

  float p[9];  // of det(Q) Q
  float S[36];
  Quat quaternion;
};

// out[.., j, width] = f(field[.., from[j], width]) for a field [.., N, width], all steps.
template <class F>
void turn_rows(const std::vector<std::int64_t>& from, const std::vector<float>& field, std::size_t width,
               std::vector<float>& out, F f) {
  out.resize(field.size());
  const std::size_t n = from.size();
  for (std::size_t step = 0; step < field.size(); step += n * width)
    for (std::size_t j = 0; j < n; ++j)
      f(&field[step + std::size_t(from[j]) * width], &out[step + j * width]);
}

}  // namespace grainspin

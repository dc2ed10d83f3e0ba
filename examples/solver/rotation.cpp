#include "rotation.h"

#include <algorithm>
#include <numbers>

namespace cp {

Matrix rotation_of(const double* q) {
  const double s = 1 / (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  return {1 - 2 * s * (y * y + z * z), 2 * s * (x * y - w * z),     2 * s * (x * z + w * y),
          2 * s * (x * y + w * z),     1 - 2 * s * (x * x + z * z), 2 * s * (y * z - w * x),
          2 * s * (x * z - w * y),     2 * s * (y * z + w * x),     1 - 2 * s * (x * x + y * y)};
}

Quaternion quaternion_of(const Matrix& R) {
  // The largest of the four is found first (Shepperd 1978).
  const double trace = R[0] + R[4] + R[8];
  const std::array<double, 4> square{trace, R[0], R[4], R[8]};
  const auto largest = std::max_element(square.begin(), square.end()) - square.begin();
  Quaternion q;
  if (largest == 0) {
    q = {1 + trace, R[7] - R[5], R[2] - R[6], R[3] - R[1]};
  } else {
    const int i = static_cast<int>(largest) - 1, j = (i + 1) % 3, k = (i + 2) % 3;
    q[0] = R[3 * k + j] - R[3 * j + k];
    q[1 + i] = 1 + 2 * R[4 * i] - trace;
    q[1 + j] = R[3 * i + j] + R[3 * j + i];
    q[1 + k] = R[3 * i + k] + R[3 * k + i];
  }
  const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  const double scale = (q[0] < 0 ? -1 : 1) / length;
  for (auto& x : q) x *= scale;
  return q;
}

Quaternion times(const Quaternion& a, const Quaternion& b) {
  return {a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
          a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
          a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
          a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]};
}

Quaternion exponential(const std::array<double, 3>& w) {
  const double angle = std::sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]);
  const double s = angle > 1e-8 ? std::sin(angle / 2) / angle : 0.5;
  return {std::cos(angle / 2), s * w[0], s * w[1], s * w[2]};
}

std::array<double, 3> logarithm(const Quaternion& q) {
  const double sine = std::sqrt(q[1] * q[1] + q[2] * q[2] + q[3] * q[3]), sign = q[0] < 0 ? -1 : 1;
  const double s = sine > 1e-8 ? 2 * sign * std::atan2(sine, std::abs(q[0])) / sine : 2 * sign;
  return {s * q[1], s * q[2], s * q[3]};
}

Matrix polar_rotation(const Matrix& F) {
  // Newton's iteration R <- (R + R^-T)/2 (Higham 1986): quadratic, and F is nearly a rotation already.
  Matrix R = F;
  for (int k = 0; k < 12; ++k) {
    const Matrix other = transposed(inverse(R));
    double change = 0;
    for (int i = 0; i < 9; ++i) {
      const double next = 0.5 * (R[i] + other[i]);
      change = std::max(change, std::abs(next - R[i]));
      R[i] = next;
    }
    if (change < 1e-15) break;
  }
  return R;
}

Quaternion from_euler(double phi1, double Phi, double phi2) {
  // v_sample = Rz(phi1) Rx(Phi) Rz(phi2) v_crystal
  return times(times(exponential({0, 0, phi1}), exponential({Phi, 0, 0})), exponential({0, 0, phi2}));
}

std::array<double, 3> to_euler(const Quaternion& q) {
  const double s = std::hypot(q[0], q[3]), c = std::hypot(q[1], q[2]), turn = 2 * std::numbers::pi;
  const double sum = s > 0 ? std::atan2(q[3], q[0]) : 0, difference = c > 0 ? std::atan2(q[2], q[1]) : 0;
  const auto wrap = [turn](double x) { return x - turn * std::floor(x / turn); };
  return {wrap(sum + difference), 2 * std::atan2(c, s), wrap(sum - difference)};
}

double cubic_disorientation(const double* a, const double* b) {
  // The three kinds of rotation of the cube, for sorted |components| of the misorientation.
  const Quaternion inverse{a[0], -a[1], -a[2], -a[3]}, other{b[0], b[1], b[2], b[3]};
  Quaternion m = times(inverse, other);
  for (auto& x : m) x = std::abs(x);
  std::sort(m.begin(), m.end());
  const double w = std::max({m[3], (m[2] + m[3]) / std::sqrt(2.0), (m[0] + m[1] + m[2] + m[3]) / 2});
  return 2 * std::acos(std::min(1.0, w));
}

}  // namespace cp

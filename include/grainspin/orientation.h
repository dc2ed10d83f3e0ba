// Rotations as unit quaternions (w,x,y,z), scalar first: v_sample = R(q) v_crystal.
// DAMASK's `O` is this q (its passive matrix is R(q)^T). Bunge Euler angles: ZXZ, radians, passive
// sample to crystal. Strain increments are sample-frame rotation vectors w with q' = exp(w) q.
#pragma once

#include <cmath>

#include "grainspin/core.h"

namespace grainspin {

template <class T>
struct Vec3 {
  T x{}, y{}, z{};
};

template <class T>
struct Quaternion {
  T w{1}, x{}, y{}, z{};
};
using Quat = Quaternion<float>;
using Quatd = Quaternion<double>;

// Row-major 3x3.
template <class T>
struct Mat3 {
  T m[9]{};
  GRAINSPIN_HD constexpr T operator()(int i, int j) const { return m[3 * i + j]; }
  GRAINSPIN_HD constexpr T& operator()(int i, int j) { return m[3 * i + j]; }
};

// Hamilton product: R(a*b) = R(a) R(b).
template <class T>
GRAINSPIN_HD constexpr Quaternion<T> operator*(const Quaternion<T>& a, const Quaternion<T>& b) {
  return {a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z, a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
          a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x, a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}

template <class T>
GRAINSPIN_HD constexpr Quaternion<T> conjugate(const Quaternion<T>& q) {
  return {q.w, -q.x, -q.y, -q.z};
}

template <class T>
GRAINSPIN_HD inline Quaternion<T> normalised(const Quaternion<T>& q) {
  const T s = T(1) / std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
  return {q.w * s, q.x * s, q.y * s, q.z * s};
}

// R(q), row-major; q need not be exactly unit to rounding.
template <class T>
GRAINSPIN_HD constexpr Mat3<T> matrix(const Quaternion<T>& q) {
  const T xx = 2 * q.x * q.x, yy = 2 * q.y * q.y, zz = 2 * q.z * q.z;
  const T xy = 2 * q.x * q.y, xz = 2 * q.x * q.z, yz = 2 * q.y * q.z;
  const T wx = 2 * q.w * q.x, wy = 2 * q.w * q.y, wz = 2 * q.w * q.z;
  return {{1 - yy - zz, xy - wz, xz + wy, xy + wz, 1 - xx - zz, yz - wx, xz - wy, yz + wx, 1 - xx - yy}};
}

template <class T>
GRAINSPIN_HD constexpr Vec3<T> operator*(const Mat3<T>& a, const Vec3<T>& v) {
  return {a.m[0] * v.x + a.m[1] * v.y + a.m[2] * v.z, a.m[3] * v.x + a.m[4] * v.y + a.m[5] * v.z,
          a.m[6] * v.x + a.m[7] * v.y + a.m[8] * v.z};
}

// exp of a rotation vector: the rotation by |v| radians about v. Exact at tiny angles: sin(t)/t is
// summed from its series below t^2 = 1e-3 (half angle), where the next term is under 1e-17.
template <class T>
GRAINSPIN_HD inline Quaternion<T> exp(const Vec3<T>& v) {
  const T hx = v.x / 2, hy = v.y / 2, hz = v.z / 2;
  const T t2 = hx * hx + hy * hy + hz * hz;
  T s, c;
  if (t2 < T(1e-3)) {
    s = 1 - t2 / 6 * (1 - t2 / 20 * (1 - t2 / 42 * (1 - t2 / 72)));
    c = 1 - t2 / 2 * (1 - t2 / 12 * (1 - t2 / 30 * (1 - t2 / 56)));
  } else {
    const T t = std::sqrt(t2);
    s = std::sin(t) / t;
    c = std::cos(t);
  }
  return {c, s * hx, s * hy, s * hz};
}

// log of a rotation: its rotation vector, angle in [0, pi]; q unit. q and -q give the same (but at exactly
// pi, where both signs of the axis are right, the opposite one).
template <class T>
GRAINSPIN_HD inline Vec3<T> log(const Quaternion<T>& q) {
  const T s = q.w < 0 ? T(-1) : T(1);
  const T n = std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z), c = s * q.w;
  // atan2(n, c)/n -> 1/c (1 - (n/c)^2/3 ...) at tiny n
  const T f = n < T(1e-4) * c ? s * 2 / c * (1 - n * n / (3 * c * c)) : s * 2 * std::atan2(n, c) / n;
  return {f * q.x, f * q.y, f * q.z};
}

// ---- conversions; quaternions in are unit, out are unit with w >= 0 --------------------------------------

// Of q and -q the one with w >= 0.
template <class T>
GRAINSPIN_HD constexpr Quaternion<T> positive(const Quaternion<T>& q) {
  return q.w < 0 ? Quaternion<T>{-q.w, -q.x, -q.y, -q.z} : q;
}

// Bunge Euler angles {phi1, Phi, phi2}, radians: the sample frame is turned by phi1 about z, Phi about the
// new x, phi2 about the new z to become the crystal frame, so R(q) = Rz(phi1) Rx(Phi) Rz(phi2). Any angles.
template <class T>
GRAINSPIN_HD inline Quaternion<T> from_bunge(const Vec3<T>& angles) {
  const T c = std::cos(angles.y / 2), s = std::sin(angles.y / 2);
  const T sum = (angles.x + angles.z) / 2, difference = (angles.x - angles.z) / 2;
  return positive(Quaternion<T>{c * std::cos(sum), s * std::cos(difference), s * std::sin(difference),
                                c * std::sin(sum)});
}

// phi1 and phi2 in [0, 2 pi), Phi in [0, pi]. At Phi = 0 or pi only phi1 + phi2 or phi1 - phi2 is defined:
// phi2 = 0 there.
template <class T>
GRAINSPIN_HD inline Vec3<T> bunge(const Quaternion<T>& q) {
  const T two_pi = T(6.28318530717958647693);
  const T s = std::sqrt(q.x * q.x + q.y * q.y), c = std::sqrt(q.w * q.w + q.z * q.z);
  T phi1, phi2 = 0;
  if (s == 0) {
    phi1 = 2 * std::atan2(q.z, q.w);
  } else if (c == 0) {
    phi1 = 2 * std::atan2(q.y, q.x);
  } else {
    const T sum = std::atan2(q.z, q.w), difference = std::atan2(q.y, q.x);
    phi1 = sum + difference;
    phi2 = sum - difference;
  }
  phi1 -= two_pi * std::floor(phi1 / two_pi);
  phi2 -= two_pi * std::floor(phi2 / two_pi);
  // rounding of a tiny negative angle may end on 2 pi itself
  return {phi1 < two_pi ? phi1 : T(0), 2 * std::atan2(s, c), phi2 < two_pi ? phi2 : T(0)};
}

template <class T>
struct AxisAngle {
  Vec3<T> axis{0, 0, 1};  // unit
  T angle{};              // radians
};

template <class T>
GRAINSPIN_HD inline Quaternion<T> from_axis_angle(const AxisAngle<T>& a) {
  const T s = std::sin(a.angle / 2);
  return positive(Quaternion<T>{std::cos(a.angle / 2), s * a.axis.x, s * a.axis.y, s * a.axis.z});
}

// Angle in [0, pi]; the axis of no rotation at all is z.
template <class T>
GRAINSPIN_HD inline AxisAngle<T> axis_angle(const Quaternion<T>& q) {
  const Quaternion<T> p = positive(q);
  // by the largest component first: squares of tiny numbers would vanish
  const T ax = std::fabs(p.x), ay = std::fabs(p.y), az = std::fabs(p.z);
  const T m = ax > ay ? (ax > az ? ax : az) : (ay > az ? ay : az);
  if (m == 0) return {};
  const Vec3<T> u{p.x / m, p.y / m, p.z / m};
  const T n = std::sqrt(u.x * u.x + u.y * u.y + u.z * u.z);
  return {{u.x / n, u.y / n, u.z / n}, 2 * std::atan2(m * n, p.w)};
}

// From a rotation matrix R (crystal to sample), through the largest component (Shepperd 1978). Of a matrix
// that is orthonormal up to rounding only.
template <class T>
GRAINSPIN_HD inline Quaternion<T> from_matrix(const Mat3<T>& R) {
  const T a = R.m[0], b = R.m[4], c = R.m[8], trace = a + b + c;
  Quaternion<T> q;
  if (trace > a && trace > b && trace > c) {
    q = {1 + trace, R.m[7] - R.m[5], R.m[2] - R.m[6], R.m[3] - R.m[1]};
  } else if (a > b && a > c) {
    q = {R.m[7] - R.m[5], 1 + a - b - c, R.m[1] + R.m[3], R.m[2] + R.m[6]};
  } else if (b > c) {
    q = {R.m[2] - R.m[6], R.m[1] + R.m[3], 1 - a + b - c, R.m[5] + R.m[7]};
  } else {
    q = {R.m[3] - R.m[1], R.m[2] + R.m[6], R.m[5] + R.m[7], 1 - a - b + c};
  }
  return positive(normalised(q));
}

// Rodrigues vector tan(angle/2) axis. Infinite at 180 degrees.
template <class T>
GRAINSPIN_HD constexpr Vec3<T> rodrigues(const Quaternion<T>& q) {
  return {q.x / q.w, q.y / q.w, q.z / q.w};
}
template <class T>
GRAINSPIN_HD inline Quaternion<T> from_rodrigues(const Vec3<T>& r) {
  return normalised(Quaternion<T>{1, r.x, r.y, r.z});
}

// DREAM.3D's `Quats`: (x, y, z, w) of the passive rotation, sample to crystal.
template <class T>
GRAINSPIN_HD constexpr Quaternion<T> from_dream3d(const T* xyzw) {
  return {xyzw[3], -xyzw[0], -xyzw[1], -xyzw[2]};
}
template <class T>
GRAINSPIN_HD constexpr void to_dream3d(const Quaternion<T>& q, T* xyzw) {
  xyzw[0] = -q.x, xyzw[1] = -q.y, xyzw[2] = -q.z, xyzw[3] = q.w;
}

// ---- arrays, row by row, float and double (orientation.cpp) ----------------------------------------------
// q[n,4] (w,x,y,z); Euler angles [n,3] (phi1, Phi, phi2); axis and angle [n,4] (x, y, z, angle); matrices
// [n,9] row-major; Rodrigues vectors [n,3]; DREAM.3D quaternions [n,4] (x,y,z,w). Quaternions that come in
// are normalised first. In and out may be the same array where their rows are of one length.

template <class T>
void bunge_from_quaternions(std::int64_t n, const T* q, T* angles);
template <class T>
void quaternions_from_bunge(std::int64_t n, const T* angles, T* q);
template <class T>
void axis_angles_from_quaternions(std::int64_t n, const T* q, T* axis_angle);
template <class T>
void quaternions_from_axis_angles(std::int64_t n, const T* axis_angle, T* q);
template <class T>
void matrices_from_quaternions(std::int64_t n, const T* q, T* matrices);
template <class T>
void quaternions_from_matrices(std::int64_t n, const T* matrices, T* q);
template <class T>
void rodrigues_from_quaternions(std::int64_t n, const T* q, T* vectors);
template <class T>
void quaternions_from_rodrigues(std::int64_t n, const T* vectors, T* q);
template <class T>
void dream3d_from_quaternions(std::int64_t n, const T* q, T* xyzw);
template <class T>
void quaternions_from_dream3d(std::int64_t n, const T* xyzw, T* q);

}  // namespace grainspin

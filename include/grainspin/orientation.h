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

// log of a rotation: its rotation vector, angle in [0, pi]. q and -q give the same.
template <class T>
GRAINSPIN_HD inline Vec3<T> log(const Quaternion<T>& q) {
  const T s = q.w < 0 ? T(-1) : T(1);
  const T n = std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z), c = s * q.w;
  // atan2(n, c)/n -> 1/c (1 - (n/c)^2/3 ...) at tiny n
  const T f = n < T(1e-4) * c ? s * 2 / c * (1 - n * n / (3 * c * c)) : s * 2 * std::atan2(n, c) / n;
  return {f * q.x, f * q.y, f * q.z};
}

}  // namespace grainspin

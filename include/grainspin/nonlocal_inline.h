// The formulas of the nonlocal cell (nonlocal.h) that CPU and GPU share: one voxel's or one frequency's numbers.
// T is float, double or a vector of them; C, the type of constants, is T's element.
//
// Symmetric traceless tensors are five numbers d in the basis of nonlocal.h.
#pragma once

#include <cmath>

#include "grainspin/cell.h"  // turned(): the orientation after a step
#include "grainspin/core.h"
#include "grainspin/model.h"
#include "grainspin/orientation.h"

namespace grainspin {

// R(q), row-major, of a unit quaternion (w, x, y, z).
template <class T, class C = T>
GRAINSPIN_HD inline void rotation_of(const T* q, T* R) {
  const T xx = C(2) * q[1] * q[1], yy = C(2) * q[2] * q[2], zz = C(2) * q[3] * q[3];
  const T xy = C(2) * q[1] * q[2], xz = C(2) * q[1] * q[3], yz = C(2) * q[2] * q[3];
  const T wx = C(2) * q[0] * q[1], wy = C(2) * q[0] * q[2], wz = C(2) * q[0] * q[3];
  R[0] = C(1) - yy - zz, R[1] = xy - wz, R[2] = xz + wy;
  R[3] = xy + wz, R[4] = C(1) - xx - zz, R[5] = yz - wx;
  R[6] = xz - wy, R[7] = yz + wx, R[8] = C(1) - xx - yy;
}

// The rotation R of vectors as it acts on symmetric traceless tensors: the tensor with numbers d becomes, turned,
// the one with numbers D d; D[5 a + b], orthogonal. So Q p Q^T has D p, and Q^T e Q has D^T e.
template <class T, class C = T>
GRAINSPIN_HD inline void deviator_rotation(const T* R, T* D) {
  const C r2 = C(0.70710678118654752440), r6 = C(0.40824829046386301637),
          s6 = C(1.2247448713915890491);  // 1/sqrt2, 1/sqrt6, 3/sqrt6
  // Column b of D: basis tensor b turned, then read in the basis.
  const auto column = [&](int b, const T& xx, const T& yy, const T& zz, const T& yz, const T& xz, const T& xy) {
    D[b] = (xx - yy) * r2;
    D[5 + b] = (C(2) * zz - xx - yy) * r6;
    D[10 + b] = yz * (C(2) * r2);
    D[15 + b] = xz * (C(2) * r2);
    D[20 + b] = xy * (C(2) * r2);
  };
  // c0 c0^T - c1 c1^T over sqrt2, with c_j the columns of R
  column(0, (R[0] * R[0] - R[1] * R[1]) * r2, (R[3] * R[3] - R[4] * R[4]) * r2, (R[6] * R[6] - R[7] * R[7]) * r2,
         (R[3] * R[6] - R[4] * R[7]) * r2, (R[0] * R[6] - R[1] * R[7]) * r2, (R[0] * R[3] - R[1] * R[4]) * r2);
  // (3 c2 c2^T - 1) / sqrt6; the unit tensor has no part in the basis
  column(1, R[2] * R[2] * s6, R[5] * R[5] * s6, R[8] * R[8] * s6, R[5] * R[8] * s6, R[2] * R[8] * s6,
         R[2] * R[5] * s6);
  // (c_i c_j^T + c_j c_i^T) / sqrt2
  const auto mixed = [&](int b, int i, int j) {
    column(b, R[i] * R[j] * (C(2) * r2), R[3 + i] * R[3 + j] * (C(2) * r2), R[6 + i] * R[6 + j] * (C(2) * r2),
           (R[3 + i] * R[6 + j] + R[3 + j] * R[6 + i]) * r2, (R[i] * R[6 + j] + R[j] * R[6 + i]) * r2,
           (R[i] * R[3 + j] + R[j] * R[3 + i]) * r2);
  };
  mixed(2, 1, 2);
  mixed(3, 0, 2);
  mixed(4, 0, 1);
}

// Component of the frequency at index `i` of an axis of n voxels, 0 <= i < n (of a half spectrum i <= n/2).
// Exactly 0 at i = 0 and at the Nyquist frequency of an even extent.
GRAINSPIN_HD inline double frequency(int i, int n, double spacing, Frequencies kind) {
  if (2 * i == n || i == 0) return 0;
  const double angle = 6.28318530717958647693 * double(2 * i < n ? i : i - n) / n;
  return (kind == Frequencies::kSine ? std::sin(angle) : angle) / spacing;
}

// The Green operator at one frequency k (any length but 0; inverse = 1/(k . k)): of the symmetric traceless p,
//   t = p n, v = t - beta n (n . t), H = v (x) n   with n = k/|k|:
// e[5] = dev sym H, w[3] = axial(antisym H), g = n . t. Real, so it acts on real and imaginary parts alike; at
// k = 0 with inverse = 0 all are 0.
template <class T, class C = T>
GRAINSPIN_HD inline void green(const T* k, const T& inverse, const T& beta, const T* p, T* e, T* w, T& g) {
  const C r2 = C(0.70710678118654752440), r6 = C(0.40824829046386301637);
  const T a = p[0] * r2, b = p[1] * r6, yz = p[2] * r2, xz = p[3] * r2, xy = p[4] * r2;
  // p k, and with `inverse` once for the two factors 1/|k|
  const T tx = (a - b) * k[0] + xy * k[1] + xz * k[2];
  const T ty = xy * k[0] - (a + b) * k[1] + yz * k[2];
  const T tz = xz * k[0] + yz * k[1] + (b + b) * k[2];
  g = (k[0] * tx + k[1] * ty + k[2] * tz) * inverse;
  const T s = beta * g;
  const T vx = (tx - s * k[0]) * inverse, vy = (ty - s * k[1]) * inverse, vz = (tz - s * k[2]) * inverse;
  const T xx = vx * k[0], yy = vy * k[1], zz = vz * k[2];
  const T hzy = vz * k[1], hyz = vy * k[2], hxz = vx * k[2], hzx = vz * k[0], hyx = vy * k[0], hxy = vx * k[1];
  e[0] = (xx - yy) * r2;
  e[1] = (C(2) * zz - xx - yy) * r6;
  e[2] = (hyz + hzy) * r2;
  e[3] = (hxz + hzx) * r2;
  e[4] = (hxy + hyx) * r2;
  w[0] = (hzy - hyz) * C(0.5);
  w[1] = (hxz - hzx) * C(0.5);
  w[2] = (hyx - hxy) * C(0.5);
}

// Layers of mirror images actually put beyond each face: at most the axis' extent.
GRAINSPIN_HD constexpr int mirror_layers(int padding, int n) { return padding < n ? padding : n; }
// The voxel of an axis of n whose image lies at place i, -n <= i < 2 n.
GRAINSPIN_HD constexpr int mirrored(int i, int n) { return i < 0 ? -1 - i : i < n ? i : 2 * n - 1 - i; }

}  // namespace grainspin

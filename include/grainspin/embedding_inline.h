// The formula behind embedding.h: real harmonics of degree 2, 3, 4 and 6 as polynomials, and embed().
// For CPU and GPU; T is float or double. Included by embedding.h.
//
// Y_l(v)[m + l], m = -l..l, for a unit vector v, in the scaling where sum_m Y_lm(v)^2 = 1, so that
//   Y_l(u) . Y_l(v) = P_l(u . v)   (addition theorem; P_l the Legendre polynomial).
#pragma once

#include "grainspin/embedding.h"

namespace grainspin {

template <class T>
GRAINSPIN_HD inline void add_harmonics_2(T c, T x, T y, T z, T* out) {
  const T s3 = T(1.7320508075688772935);  // sqrt(3)
  out[0] += c * s3 * x * y;
  out[1] += c * s3 * y * z;
  out[2] += c * (T(1.5) * z * z - T(0.5));
  out[3] += c * s3 * x * z;
  out[4] += c * (s3 / 2) * (x * x - y * y);
}

template <class T>
GRAINSPIN_HD inline void add_harmonics_3(T c, T x, T y, T z, T* out) {
  const T zz = z * z, d = x * x - y * y, p = x * y;
  const T k3 = c * T(0.79056941504209483300), k2 = c * T(1.9364916731037084426),  // sqrt(10)/4, sqrt(15)/2
      k1 = c * T(0.61237243569579452455);                                         // sqrt(6)/4
  out[0] += k3 * (x * p * 2 + y * d);
  out[1] += k2 * 2 * p * z;
  out[2] += k1 * (5 * zz - 1) * y;
  out[3] += c * T(0.5) * (5 * zz - 3) * z;
  out[4] += k1 * (5 * zz - 1) * x;
  out[5] += k2 * d * z;
  out[6] += k3 * (x * d - y * p * 2);
}

template <class T>
GRAINSPIN_HD inline void add_harmonics_4(T c, T x, T y, T z, T* out) {
  const T xx = x * x, yy = y * y, zz = z * z, d = xx - yy, p = x * y;
  const T k4 = c * T(0.73950997288745200532), k3 = c * T(2.0916500663351888699),  // sqrt(35)/8, sqrt(70)/4
      k2 = c * T(0.55901699437494742410), k1 = c * T(0.79056941504209483300);     // sqrt(5)/4, sqrt(10)/4
  out[0] += k4 * 4 * p * d;
  out[1] += k3 * (3 * xx - yy) * y * z;
  out[2] += k2 * 2 * p * (7 * zz - 1);
  out[3] += k1 * y * z * (7 * zz - 3);
  out[4] += c * T(0.125) * ((35 * zz - 30) * zz + 3);
  out[5] += k1 * x * z * (7 * zz - 3);
  out[6] += k2 * d * (7 * zz - 1);
  out[7] += k3 * (xx - 3 * yy) * x * z;
  out[8] += k4 * (d * d - 4 * p * p);
}

template <class T>
GRAINSPIN_HD inline void add_harmonics_6(T c, T x, T y, T z, T* out) {
  const T zz = z * z;
  // (x + iy)^m = r + i s
  const T r2 = x * x - y * y, s2 = 2 * x * y;
  const T r3 = x * r2 - y * s2, s3 = x * s2 + y * r2;
  const T r4 = r2 * r2 - s2 * s2, s4 = 2 * r2 * s2;
  const T r5 = x * r4 - y * s4, s5 = x * s4 + y * r4;
  const T r6 = r3 * r3 - s3 * s3, s6 = 2 * r3 * s3;
  // d^m P_6/dz^m with sqrt(2 (6-m)!/(6+m)!)
  const T k6 = c * T(0.67169328938139615748);                                  // sqrt(462)/32
  const T k5 = c * T(2.3268138086232856712) * z;                               // 3 sqrt(154)/16
  const T k4 = c * T(0.49607837082461073572) * (11 * zz - 1);                  // 3 sqrt(7)/16
  const T k3 = c * T(0.90571104663683991086) * (11 * zz - 3) * z;              // sqrt(210)/16
  const T k2 = c * T(0.45285552331841995543) * ((33 * zz - 18) * zz + 1);      // sqrt(210)/32
  const T k1 = c * T(0.57282196186948000082) * ((33 * zz - 30) * zz + 5) * z;  // sqrt(21)/8
  out[0] += k6 * s6;
  out[1] += k5 * s5;
  out[2] += k4 * s4;
  out[3] += k3 * s3;
  out[4] += k2 * s2;
  out[5] += k1 * y;
  out[6] += c * T(0.0625) * (((231 * zz - 315) * zz + 105) * zz - 5);
  out[7] += k1 * x;
  out[8] += k2 * r2;
  out[9] += k3 * r3;
  out[10] += k4 * r4;
  out[11] += k5 * r5;
  out[12] += k6 * r6;
}

// 432: rank 4 over the cube axes, straight through, no branch: about 110 operations, so that loops over
// voxels vectorise. Uses that the rows of R are orthonormal: sums of x^2 are 1, of xy 0. The weight
// 1/sqrt(35) of embedding(432) is in the constants.
template <class T>
GRAINSPIN_HD inline void embed_432(const Quaternion<T>& q, T* out) {
  const Mat3<T> R = matrix(q);
  T s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0, s8 = 0;
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
  for (int i = 0; i < 3; ++i) {
    const T x = R.m[i], y = R.m[3 + i], z = R.m[6 + i];
    const T xx = x * x, yy = y * y, zz = z * z, xy = x * y, yz = y * z, xz = x * z, d = xx - yy;
    s0 += xy * d;
    s1 += yz * (3 * xx - yy);
    s2 += xy * zz;
    s3 += yz * zz;
    s4 += zz * zz;
    s5 += xz * zz;
    s6 += d * zz;
    s7 += xz * (xx - 3 * yy);
    s8 += d * d - 4 * xy * xy;
  }
  out[0] = T(0.5) * s0;
  out[1] = T(0.35355339059327376220) * s1;                              // sqrt(2)/4
  out[2] = T(1.3228756555322952953) * s2;                               // sqrt(7)/2
  out[3] = T(0.93541434669348534640) * s3;                              // sqrt(14)/4
  out[4] = T(0.73950997288745200532) * s4 - T(0.44370598373247120319);  // (35 s - 21)/(8 sqrt(35))
  out[5] = T(0.93541434669348534640) * s5;
  out[6] = T(0.66143782776614764763) * s6;  // sqrt(7)/4
  out[7] = T(0.35355339059327376220) * s7;
  out[8] = T(0.125) * s8;
}

template <class T>
GRAINSPIN_HD inline void embed(const EmbeddingSpec& spec, const Quaternion<T>& q, T* out) {
  if (spec.cubic) return embed_432(q, out);
  const Mat3<T> R = matrix(q);
  for (int i = 0; i < spec.size; ++i) out[i] = 0;
  for (int t = 0; t < spec.terms; ++t) {
    const EmbeddingSpec::Term& term = spec.term[t];
    for (int k = 0; k < term.directions; ++k) {
      const Vec3<T> v = R * Vec3<T>{T(term.v[k][0]), T(term.v[k][1]), T(term.v[k][2])};
      const T c = T(term.weight) * T(term.c[k]);
      switch (term.rank) {
        case 2:
          add_harmonics_2(c, v.x, v.y, v.z, out);
          break;
        case 3:
          add_harmonics_3(c, v.x, v.y, v.z, out);
          break;
        case 4:
          add_harmonics_4(c, v.x, v.y, v.z, out);
          break;
        default:
          add_harmonics_6(c, v.x, v.y, v.z, out);
          break;
      }
    }
    out += 2 * term.rank + 1;
  }
}

}  // namespace grainspin

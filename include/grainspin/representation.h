// Orientations in the numbers that other codes have them in, to and from the engine's float quaternions (w,x,y,z), crystal
// to sample: one voxel, by the CPU and by kernels.
#pragma once

#include <cmath>
#include <numbers>

#include "grainspin/orientation.h"

namespace grainspin {

// Values and components as in grainspin.h.
enum class Representation : int {
  kQuaternionWxyz = 0,
  kQuaternionXyzw = 1,
  kBungeRadians = 2,
  kBungeDegrees = 3,
  kMatrix = 4,
  kRodrigues = 5,
  kAxisAngle = 6
};
constexpr int kMostNumbers = 9;  // of any of them

struct OrientationForm {
  Representation representation = Representation::kQuaternionWxyz;
  bool inverse = false;  // the numbers are of the rotation from sample to crystal; Bunge's angles have one meaning

  GRAINSPIN_HD constexpr bool quaternion() const {
    return representation == Representation::kQuaternionWxyz || representation == Representation::kQuaternionXyzw;
  }
  GRAINSPIN_HD constexpr bool inverted() const {
    return inverse && representation != Representation::kBungeRadians && representation != Representation::kBungeDegrees;
  }
  // Places of w and of x, y, z among a quaternion's numbers.
  GRAINSPIN_HD constexpr int w() const { return representation == Representation::kQuaternionXyzw ? 3 : 0; }
  GRAINSPIN_HD constexpr int xyz() const { return representation == Representation::kQuaternionXyzw ? 0 : 1; }
};

// Why numbers are no rotation.
enum class Unsound : int { kNothing = 0, kNotFinite, kLength, kAxis, kMatrix };
struct Soundness {
  Unsound why = Unsound::kNothing;
  double value = 0;  // kLength, kAxis: the length that is not 1; kMatrix: how far from a rotation
};

inline constexpr double kAsTheyAre = 1e-5;  // quaternions whose squared norm is this close to 1 are taken as they are
inline constexpr double kRotation = 1e-3;   // and numbers this close to a rotation are made one

// How far a row-major matrix is from a rotation: the worst of its products of rows, and its determinant.
GRAINSPIN_HD inline double off_rotation(const double* m) {
  double worst = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      double dot = i == j ? -1 : 0;
      for (int k = 0; k < 3; ++k) dot += m[3 * i + k] * m[3 * j + k];
      worst = std::fmax(worst, std::fabs(dot));
    }
  const double determinant = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                             m[2] * (m[3] * m[7] - m[4] * m[6]);
  return std::fmax(worst, std::fabs(determinant - 1));
}

// v -> q[4]. `checked` false: anything is taken (masked voxels), and quaternions are not made unit; true: where the result
// is not sound q means nothing.
GRAINSPIN_HD inline Soundness orientation_of(const OrientationForm& form, const double* v, int components, bool checked,
                                             float* q) {
  constexpr double kDegree = std::numbers::pi / 180;
  Soundness sound;
  if (checked)
    for (int c = 0; c < components; ++c)
      if (!std::isfinite(v[c])) return {Unsound::kNotFinite, 0};
  Quatd p;
  if (form.quaternion()) {
    const int u = form.xyz();
    p = {v[form.w()], v[u], v[u + 1], v[u + 2]};
    const double norm = p.w * p.w + p.x * p.x + p.y * p.y + p.z * p.z;
    if (checked && !(std::fabs(std::sqrt(norm) - 1) <= kRotation)) sound = {Unsound::kLength, std::sqrt(norm)};
    if (checked && std::fabs(norm - 1) > kAsTheyAre) p = normalised(p);
  } else if (form.representation == Representation::kBungeRadians) {
    p = from_bunge(Vec3<double>{v[0], v[1], v[2]});
  } else if (form.representation == Representation::kBungeDegrees) {
    p = from_bunge(Vec3<double>{v[0] * kDegree, v[1] * kDegree, v[2] * kDegree});
  } else if (form.representation == Representation::kRodrigues) {
    p = from_rodrigues(Vec3<double>{v[0], v[1], v[2]});
  } else if (form.representation == Representation::kAxisAngle) {
    if (v[3] != 0) {
      const double length = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      if (checked && !(std::fabs(length - 1) <= kRotation)) sound = {Unsound::kAxis, length};
      p = from_axis_angle(AxisAngle<double>{{v[0] / length, v[1] / length, v[2] / length}, v[3]});
    }
  } else {
    const double off = off_rotation(v);
    if (checked && !(off <= kRotation)) sound = {Unsound::kMatrix, off};
    Mat3<double> m;
    for (int c = 0; c < 9; ++c) m.m[c] = v[c];
    p = from_matrix(m);
  }
  if (form.inverted()) p = conjugate(p);
  q[0] = float(p.w), q[1] = float(p.x), q[2] = float(p.y), q[3] = float(p.z);
  return sound;
}

// q[4] -> its numbers v. A quaternion's are the floats as they are; the others come from the normalised one, in double.
GRAINSPIN_HD inline void numbers_of(const OrientationForm& form, const float* q, double* v) {
  constexpr double kDegree = std::numbers::pi / 180;
  if (form.quaternion()) {
    const float sign = form.inverse ? -1.0f : 1.0f;
    v[form.w()] = q[0];
    for (int c = 0; c < 3; ++c) v[form.xyz() + c] = sign * q[1 + c];
    return;
  }
  Quatd p = normalised(Quatd{q[0], q[1], q[2], q[3]});
  if (form.inverted()) p = conjugate(p);
  Vec3<double> three{};
  switch (form.representation) {
    case Representation::kBungeRadians: three = bunge(p); break;
    case Representation::kBungeDegrees:
      three = bunge(p);
      three = {three.x / kDegree, three.y / kDegree, three.z / kDegree};
      break;
    case Representation::kRodrigues: three = rodrigues(p); break;
    case Representation::kAxisAngle: {
      const AxisAngle<double> a = axis_angle(p);
      three = a.axis;
      v[3] = a.angle;
      break;
    }
    default: {
      const Mat3<double> m = matrix(p);
      for (int c = 0; c < 9; ++c) v[c] = m.m[c];
      return;
    }
  }
  v[0] = three.x, v[1] = three.y, v[2] = three.z;
}

}  // namespace grainspin

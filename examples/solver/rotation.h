// Rotations as unit quaternions (w, x, y, z), crystal to sample: v_sample = R(q) v_crystal.
#pragma once

#include "pack.h"

namespace cp {

using Quaternion = std::array<double, 4>;

Matrix rotation_of(const double* q);
Quaternion quaternion_of(const Matrix& R);  // w >= 0
Quaternion times(const Quaternion& a, const Quaternion& b);
Quaternion exponential(const std::array<double, 3>& w);  // of a rotation vector, radians
std::array<double, 3> logarithm(const Quaternion& q);    // its inverse, the short way round
Matrix polar_rotation(const Matrix& F);                  // R of F = R U
// Bunge Euler angles in radians, passive, to the quaternion above.
Quaternion from_euler(double phi1, double Phi, double phi2);
std::array<double, 3> to_euler(const Quaternion& q);  // radians, phi1 and phi2 in [0, 2 pi)
// The smallest angle between two cubic crystals, radians.
double cubic_disorientation(const double* a, const double* b);

}  // namespace cp

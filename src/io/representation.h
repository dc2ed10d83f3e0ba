// Orientations as files write them, to the project's quaternion. All but the quaternions describe, by Bunge's
// convention, the passive rotation from the sample's axes to the crystal's; `inverse` says that a file means the other one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "grainspin/orientation.h"

namespace grainspin {

enum class Representation : int {
  kQuaternion,  // w x y z, scalar first: DAMASK's, Neper's, ours
  kDream3d,     // x y z w of the opposite rotation
  kBunge,       // phi1 Phi phi2
  kKocks,       // Psi Theta phi: phi1 = Psi + 90, Phi = Theta, phi2 = 90 - phi degrees (Kocks, Tome & Wenk 1998, table 2.1)
  kRoe,         // Psi Theta Phi: phi1 = Psi + 90, Phi = Theta, phi2 = Phi - 90 degrees
  kRodrigues,   // tan(angle / 2) axis, of the active rotation R(q)
  kAxisAngle,   // axis x y z of any length, angle; of the active rotation R(q)
  kMatrix,      // row-major g, sample to crystal: the transpose of R(q)
};

struct OrientationFormat {
  Representation kind = Representation::kQuaternion;
  double angle = 1;      // radians a unit of the file's angles
  bool inverse = false;  // of what is said above
};

int components(Representation kind);

// quaternion, dream3d, bunge, kocks, roe, rodrigues, axis-angle, matrix. Throws Error kArgument naming `what`.
Representation representation_named(std::string_view name, const std::string& what);

// NaN where it is no orientation: not finite, an axis without length, a quaternion or matrix off by more than 1 %.
Quatd orientation_of(const OrientationFormat& format, const double* values);

}  // namespace grainspin

// Proper point groups, disorientation, fundamental zone and IPF colours.
// A group is its generators, closed under multiplication. z along the main axis; hexagonal and trigonal
// x parallel to a (trigonal setting 321); monoclinic unique axis b = y.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "grainspin/orientation.h"

namespace grainspin {

class PointGroup {
 public:
  // name: 1 2 222 3 32 4 422 6 622 23 432. Throws Error kArgument for another.
  static const PointGroup& named(std::string_view name);
  // DAMASK lattice symbols cF cI cP -> 432, hP -> 622, tI tP -> 422, oP .. -> 222, mP .. -> 2, aP -> 1.
  static const PointGroup& of_lattice(std::string_view lattice);

  const std::string& name() const { return name_; }
  const std::vector<Quatd>& operators() const { return operators_; }  // identity first, w >= 0

 private:
  PointGroup(std::string name, const std::vector<Quatd>& generators);
  std::string name_;
  std::vector<Quatd> operators_;
};

// The smallest rotation that carries b s (any symmetry s) into a t, as a sample-frame rotation vector:
// a ~ exp(w) b with |w| minimal. Its length is the disorientation angle in radians.
Vec3<double> disorientation(const PointGroup& group, const Quatd& a, const Quatd& b);
double disorientation_angle(const PointGroup& group, const Quatd& a, const Quatd& b);
// The disorientation's axis (unit vector) in crystal coordinates, in the standard triangle. Zero if a == b.
Vec3<double> disorientation_axis(const PointGroup& group, const Quatd& a, const Quatd& b);
// The same for arrays a[n,4], b[n,4] -> angle[n], w[n,3] in single precision: absolute error below 1e-6 rad,
// also at tiny angles. Not threaded. Non-finite orientations give NaN.
void disorientation_angles(const PointGroup& group, std::int64_t n, const float* a, const float* b,
                           float* angle);
void disorientations(const PointGroup& group, std::int64_t n, const float* a, const float* b, float* w);

// The equivalent q s of smallest rotation angle (ties broken in a fixed way), w >= 0.
Quatd fundamental_zone(const PointGroup& group, const Quatd& q);

// The direction that is equivalent under the group and inversion (its Laue group) and lies in the standard
// triangle: z >= 0 and the azimuth from x within
//   1: 0..360   2: 0..180   222: 0..90   3: 0..120   32: -30..30   4: 0..90   422: 0..45   6: 0..60
//   622: 0..30 degrees;
//   23: z >= x >= 0, z >= y >= 0; 432: z >= x >= y >= 0.
Vec3<double> standard_triangle(const PointGroup& group, const Vec3<double>& direction);

// Colour of the crystal direction that is parallel to the sample direction `axis` (any length). The key has
// the corners and the blending of TSL's: red at the main axis ([001]), green where the standard triangle
// begins in azimuth ([101]; [2-1-10] in 622), blue where it ends ([111]; [10-10]); between them the square
// roots of the shares, the brightest channel full. Non-finite orientations are black.
std::array<std::uint8_t, 3> ipf_colour(const PointGroup& group, const Quatd& q, const Vec3<double>& axis);
std::string_view ipf_key_name();

}  // namespace grainspin

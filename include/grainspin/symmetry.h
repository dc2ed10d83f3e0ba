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
// The disorientation's axis in crystal coordinates, reduced to the standard triangle. Zero if a == b.
Vec3<double> disorientation_axis(const PointGroup& group, const Quatd& a, const Quatd& b);

// The equivalent q s of smallest rotation angle (ties broken in a fixed way), w >= 0.
Quatd fundamental_zone(const PointGroup& group, const Quatd& q);

// Colour of the crystal direction that is parallel to the sample direction `axis` (TSL-like key;
// its name is in ipf_key_name()). Non-finite orientations are black.
std::array<std::uint8_t, 3> ipf_colour(const PointGroup& group, const Quatd& q, const Vec3<double>& axis);
std::string_view ipf_key_name();

}  // namespace grainspin

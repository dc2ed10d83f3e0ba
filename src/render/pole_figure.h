// Pole figures: density of crystal poles over the sample's upper hemisphere, equal-area projection,
// in multiples of a random distribution.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/symmetry.h"
#include "src/render/canvas.h"

namespace grainspin::render {

// A family of crystal poles; unit vectors in crystal coordinates, one of each antipodal pair.
struct PoleFamily {
  std::string name;  // "{100}", with combining overlines: "{101̅0}"
  std::vector<Vec3<double>> poles;
};

// The families shown: cubic {100} {110} {111}; hexagonal and trigonal {0001} {10-10} {11-20}; others {100}
// {010} {001}.
std::vector<PoleFamily> shown_poles(const PointGroup& group);

// side x side values over the square [-1,1]^2 around the unit disc, row 0 at y = +1 (top of the picture),
// x to the right; NaN outside the disc. A point (x, y) of the disc is the direction
// (x f, y f, 1 - x^2 - y^2), f = sqrt(2 - x^2 - y^2) (Lambert), so every value stands for the same solid
// angle.
struct PoleDensity {
  int side = 0;
  std::vector<float> value;
  double low = 0, high = 0;
};

// Density of the family's poles of q[n,4], antipodes included. Every pole h is spread by
//   K(t) = (1 + kappa) ((1 + t)/2)^kappa,  t = cos of the angle to h,  cos(half_width/2)^(2 kappa) = 1/2,
// the pole figure of the de la Vallee Poussin orientation density (Schaeben 1997, phys. stat. sol. (b) 200,
// 367). Its mean over the sphere is 1 exactly. Orientations that are not finite are left out.
PoleDensity pole_density(const PoleFamily& family, std::int64_t n, const float* q,
                         double half_width_deg = 7.5, int side = 91);

// The disc in viridis from 0 to `top` and a thin ring; nothing outside it.
void draw_pole_figure(Canvas& canvas, const Rect& rect, const PoleDensity& density, double top);

}  // namespace grainspin::render

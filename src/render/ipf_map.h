// Orientation maps of a plane of voxels in inverse-pole-figure colours, maps of the error, and their keys.
// A plane is [rows][columns], row 0 at the bottom of the picture.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/metrics.h"
#include "grainspin/symmetry.h"
#include "src/render/canvas.h"

namespace grainspin::render {

// One pixel a voxel: the colour of the crystal direction parallel to the sample direction `axis`.
// q[rows, columns, 4].
Pixels ipf_map(const VoxelSymmetry& symmetry, int columns, int rows, const float* q,
               const std::array<double, 3>& axis);

// One pixel a voxel, magma from 0 to `top`.
Pixels error_map(int columns, int rows, const float* error_deg, double top);

// One pixel a voxel: `map` from `low` to `high`.
Pixels value_map(ColourMap map, int columns, int rows, const float* values, double low, double high);

// Disorientation between a[n,4] and b[n,4], degrees; NaN where either is no orientation.
std::vector<float> disorientation_deg(const VoxelSymmetry& symmetry, std::size_t n, const float* a,
                                      const float* b);

// The map enlarged by whole numbers so that it is at least `side` pixels along its longer side (in the
// voxels' proportions), with lines of colour `line` between voxels of different grains. Beyond 2 x side it is
// thinned out. `grain`[rows, columns] or null.
Pixels enlarged(const Pixels& map, double column_size, double row_size, const std::int32_t* grain,
                const Rgb& line, int side);

// The standard triangle of the group's Laue class in equal-area projection, corners labelled.
void draw_ipf_key(Canvas& canvas, const Rect& rect, const Theme& theme, const PointGroup& group);

// Horizontal, ticks and `label` below.
void draw_colour_bar(Canvas& canvas, const Rect& rect, const Theme& theme, ColourMap map, double low,
                     double high, const std::string& label);

// A round number not below `value`: 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten.
double round_up(double value);

}  // namespace grainspin::render

// Measures of a whole orientation field: local misorientation (KAM, GROD, GOS) and texture (kernel density
// ODF, its distance and its index). Angles are radians.
#pragma once

#include <cstdint>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/metrics.h"
#include "grainspin/orientation.h"
#include "grainspin/symmetry.h"

namespace grainspin {

// Kernel average misorientation: mean disorientation to the 26 neighbours of the 3x3x3 cube (equal weights,
// the centre not counted) that belong to the same grain; no threshold. 0 where there is none. -> [n] rad.
std::vector<float> kam(const VoxelSymmetry& symmetry, Shape shape, Boundaries boundaries, const std::int32_t* grain,
                       const float* q, int threads = 0);

// Mean orientation of each grain (ids 0 .. count-1): members are turned by symmetry next to the grain's first
// voxel, then to the mean of that, and averaged as quaternions (Markley et al. 2007 for small spreads).
std::vector<Quatd> grain_means(const VoxelSymmetry& symmetry, std::int64_t n, const std::int32_t* grain, const float* q);

// Grain reference orientation deviation: disorientation to the mean orientation of the voxel's grain. [n] rad.
std::vector<float> grod(const VoxelSymmetry& symmetry, std::int64_t n, const std::int32_t* grain, const float* q,
                        int threads = 0);

// Grain orientation spread: mean GROD of each grain; 0 for an id without voxels. [grains] rad.
std::vector<double> gos(std::int64_t n, const std::int32_t* grain, const float* grod);

// Orientation distribution as a kernel density, in multiples of the uniform one:
//   f(g) = sum_i w_i mean_s psi(angle(g, q_i s)),   psi(w) = C cos^(2 kappa)(w/2)
// with the de la Vallee Poussin kernel (Schaeben 1997), C = B(3/2,1/2)/B(3/2,kappa+1/2), of half width
// psi(half_width) = psi(0)/2. Evaluated on `points` super-Fibonacci orientations (Alexa, CVPR 2022), which
// cover SO(3) evenly; as f has the crystal's symmetry they cover the fundamental zone as often as there are
// operators.
struct OdfKernel {
  double half_width = 0.17453292519943295;  // 10 degrees
  int points = 4096;
  std::int64_t voxels = 8192;   // of larger fields every k-th voxel is taken
};
std::vector<float> odf(const PointGroup& group, std::int64_t n, const float* q, const OdfKernel& kernel = {},
                       int threads = 0);
// mean |f - g| / 2 over the grid: 0 for equal, 1 for disjoint textures.
double odf_distance(const std::vector<float>& f, const std::vector<float>& g);
// J = mean f^2 over the grid: 1 for the uniform texture.
double texture_index(const std::vector<float>& f);
// The grid's orientations.
std::vector<Quatd> super_fibonacci(int points);

}  // namespace grainspin

// The 48 operations of the cube on a voxel grid: what they do to positions, crystals, loads and stresses, and
// which of them leave a load as it is. Uniaxial tension along a grid axis: 4/mmm, 16 operations.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/load.h"
#include "grainspin/orientation.h"

namespace grainspin {

// The signed permutation Q: positions go x -> Q x. Crystals are taken as centrosymmetric, so inversion
// moves voxels and leaves orientations; these turn by the proper rotation p = det(Q) Q: q -> p q. The
// increment, an axial vector, goes w -> det(Q) Q w, a stress s -> Q s Q^T, a load L -> Q L Q^T.
struct Operation {
  std::array<int, 3> axis{0, 1, 2};  // (Q x)_i = sign[i] x_axis[i]
  std::array<int, 3> sign{1, 1, 1};
  int det = 1;
  Quatd p;  // of det(Q) Q

  double Q(int i, int j) const { return axis[std::size_t(i)] == j ? sign[std::size_t(i)] : 0; }
};

// The 48 operations of m-3m, identity first, in a fixed order.
const std::vector<Operation>& cube_operations();
Operation inverse(const Operation& op);

// Those of them that carry every step's prescribed components onto prescribed components of equal value
// (within 1e-4 of the step's largest: archives hold rounded deformation gradients). Without loads: all 48.
std::vector<Operation> load_operations(std::span<const LoadStep> loads);

// Q L Q^T, and with it which components are prescribed.
LoadStep turned(const Operation& op, const LoadStep& load);
std::vector<LoadStep> turned(const Operation& op, std::span<const LoadStep> loads);

// S[6, 6], row-major: the components xx yy zz yz xz xy of Q s Q^T from those of a symmetric s.
std::array<double, 36> stress_rotation(const Operation& op);

// The grid after the operation.
Shape turned(const Operation& op, Shape shape);
Boundaries turned(const Operation& op, Boundaries boundaries);
std::array<double, 3> turned(const Operation& op, const std::array<double, 3>& spacing);  // of lengths along the axes
// from[j]: the voxel of the original grid that lies at voxel j of the turned grid.
std::vector<std::int64_t> turned_voxels(const Operation& op, Shape shape);
// The field moved and turned along: q[shape, 4] -> [turned(op, shape), 4].
std::vector<float> turned_orientations(const Operation& op, Shape shape, const float* q);

}  // namespace grainspin

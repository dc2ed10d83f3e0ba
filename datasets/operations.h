// Operations of the cube on a voxel grid that leave a load as it is: what a run may be turned by and still
// be a run of the same load. Uniaxial tension along a grid axis: 4/mmm, 16 operations.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "grainspin/embedding.h"
#include "grainspin/grid.h"
#include "grainspin/load.h"
#include "grainspin/orientation.h"

namespace grainspin {

// The signed permutation Q: positions go x -> Q x. Crystals are taken as centrosymmetric, so inversion
// moves voxels and leaves orientations; these turn by the proper rotation p = det(Q) Q: q -> p q. The
// increment, an axial vector, goes w -> det(Q) Q w, a stress s -> Q s Q^T.
struct Operation {
  std::array<int, 3> axis{0, 1, 2};  // (Q x)_i = sign[i] x_axis[i]
  std::array<int, 3> sign{1, 1, 1};
  int det = 1;
  Quatd p;  // of det(Q) Q

  double Q(int i, int j) const { return axis[std::size_t(i)] == j ? sign[std::size_t(i)] : 0; }
};

// The 48 operations of m-3m, identity first, in a fixed order.
const std::vector<Operation>& cube_operations();

// Those of them that carry every step's prescribed components onto prescribed components of equal value
// (within 1e-6 of the step's strain). Without loads: all 48.
std::vector<Operation> load_operations(std::span<const LoadStep> loads);

// D[size, size], row-major: e(p q) = D e(q) for every q.
std::vector<double> embedding_rotation(const EmbeddingSpec& spec, const Quatd& p);
// J[3][size, size]: e(exp(w) q) = e(q) + sum_i w_i J_i e(q) + O(w^2).
std::vector<double> embedding_generators(const EmbeddingSpec& spec);

// S[6, 6], row-major: the components xx yy zz yz xz xy of Q s Q^T from those of a symmetric s.
std::array<double, 36> stress_rotation(const Operation& op);

// The tap of the turned run that sees what tap k of the original saw: around Q x, tap Q d.
std::vector<int> turned_taps(const Operation& op, int radius);

// The grid after the operation.
Shape turned(const Operation& op, Shape shape);
Boundaries turned(const Operation& op, Boundaries boundaries);
// from[j]: the voxel of the original grid that lies at voxel j of the turned grid.
std::vector<std::int64_t> turned_voxels(const Operation& op, Shape shape);

}  // namespace grainspin

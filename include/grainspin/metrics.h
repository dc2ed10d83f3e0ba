// Figures of merit of a predicted orientation field against the true one. Angles are radians here.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/load.h"
#include "grainspin/orientation.h"
#include "grainspin/surrogate.h"
#include "grainspin/symmetry.h"

namespace grainspin {

// The point group of every voxel: one for all, or by phase.
struct VoxelSymmetry {
  std::vector<const PointGroup*> groups;   // one a phase
  const std::int32_t* phase = nullptr;     // [n] index into groups; null: groups[0] everywhere
  const PointGroup& at(std::int64_t i) const { return *groups[phase ? std::size_t(phase[i]) : 0]; }
};

// Of a set of values. Percentiles interpolate linearly between order statistics: that of fraction p of n
// sorted values is at position p (n - 1) (numpy's default). All zero for an empty set.
struct Spread {
  double mean = 0, median = 0, p95 = 0, p99 = 0, max = 0;
};
Spread spread(std::vector<float> values);

// 1 - error / baseline; 0 where both vanish, minus infinity is given as the lowest double.
double skill(double error, double baseline);

// Disorientation angle of each pair. a[n,4], b[n,4] -> angle[n] rad.
void disorientation_angles(const VoxelSymmetry& symmetry, std::int64_t n, const float* a, const float* b, float* angle,
                           int threads = 0);

// The smallest sample-frame rotation vectors w with after ~ exp(w) before: the rotation increment of a step,
// whatever symmetry operator a solver may have switched between. [n,4],[n,4] -> w[n,3] rad.
void rotation_increments(const VoxelSymmetry& symmetry, std::int64_t n, const float* after, const float* before, float* w,
                         int threads = 0);

// The load's mean spin: axial vector of the antisymmetric part of L. A pair of shear components with a free member
// has none.
Vec3<double> mean_spin(const LoadStep& load);

// R2 of the increment vector about the load's mean spin W, pooled over all voxels, steps and components added:
//   R2 = 1 - sum |w_predicted - w_true|^2 / sum |w_true - W|^2.
// Persistence, which turns by W, scores 0 by definition. NaN while nothing turned.
class IncrementR2 {
 public:
  void add(std::int64_t n, const float* predicted, const float* truth, const Vec3<double>& spin = {});  // [n,3]
  void add(const IncrementR2& other) { residual_ += other.residual_, total_ += other.total_; }
  double value() const;

 private:
  double residual_ = 0, total_ = 0;
};

// Persistence: the initial state carried by the mean spin of the load, exp(w_T) .. exp(w_1). [T]
std::vector<Quatd> persistence_rotations(const std::vector<LoadStep>& loads);
// rotation * q for each voxel. q[n,4] -> out[n,4].
void rotate(const Quatd& rotation, std::int64_t n, const float* q, float* out);

// Distance to the nearest grain boundary in layers (city-block): 1 for a voxel with a face neighbour in
// another grain, 2 for the face neighbours of those within the grain, ... 0 where there is no boundary.
std::vector<std::int32_t> boundary_layers(Shape shape, Boundaries boundaries, const std::int32_t* grain);

// How far a model is from commuting with the cube: for each operation (of those that leave the load as it is; all
// 48, the load turned along, for the nonlocal family, which takes the load as an input) the run is moved and
// turned, predicted, moved back and compared with the plain prediction at the last step.
struct Equivariance {
  int operations = 0;        // the identity not counted
  double mean = 0, max = 0;  // rad, over operations and voxels
};
// A whole grid with its load; q0[region.shape,4]; predicted[region.shape,4]: the plain prediction's last step.
// Not `all`: of the 48 a threefold axis, a fourfold one and the inversion, from which all others are made.
Equivariance equivariance_error(const Surrogate& surrogate, const Region& region, const VoxelSymmetry& symmetry,
                                const float* q0, const float* predicted, int threads = 0, bool all = true);

}  // namespace grainspin

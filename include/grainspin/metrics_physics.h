// What a prediction must obey whatever the truth is: the load's free components and mean spin, crystal symmetry,
// independence of the step size, fibres under tension. Angles are radians.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/load.h"
#include "grainspin/metrics.h"
#include "grainspin/orientation.h"
#include "grainspin/surrogate.h"
#include "grainspin/symmetry.h"

namespace grainspin {

// What remains when one component of a load is not told: sqrt(sum over the free components of (predicted - true)^2)
// over the true step's von Mises strain. None where nothing is free.
std::optional<double> free_component_error(const LoadStep& predicted, const LoadStep& truth);
// The load as it is told to a model: free components zero.
std::vector<LoadStep> told(const std::vector<LoadStep>& loads);

// mean over voxels of w[n,3].
Vec3<double> mean_increment(std::int64_t n, const float* w);

// How a run of one surrogate from q0[region.shape,4] ends differently from `predicted` (its plain last step): mean
// and largest disorientation.
struct EndDifference {
  double mean = 0, max = 0;
};
// Every voxel's crystal frame is exchanged for a random equivalent one (fixed seed). 0 up to rounding for a
// model that has the crystal symmetry built in.
EndDifference crystal_symmetry_error(const Surrogate& surrogate, const Region& region, const VoxelSymmetry& symmetry,
                                     const float* q0, const float* predicted, int threads = 0);
// Every step of the load is cut into two of half the size. For surrogates that read Region::loads only.
EndDifference half_step_error(const Surrogate& surrogate, const Region& region, const VoxelSymmetry& symmetry,
                              const float* q0, const float* predicted, int threads = 0);
// Each step twice at half the size.
std::vector<LoadStep> halved(const std::vector<LoadStep>& loads);

// The grid axis (0, 1, 2) of tension: every step prescribes its stretch as positive, the other two are free or
// equal and negative, and no shear is prescribed but zero. None for other loads.
std::optional<int> tension_axis(const std::vector<LoadStep>& loads);
// Part of q[n,4] whose crystal direction `direction` (or one equivalent to it, sign included) lies within `angle` of the
// sample direction `axis` (both any length).
double fibre_fraction(const PointGroup& group, std::int64_t n, const float* q, const Vec3<double>& direction,
                      const Vec3<double>& axis, double angle);
// Of random orientations: equivalents that do not overlap cover count * (1 - cos angle) of the half sphere. Valid while
// `angle` is less than half the angle between neighbours.
double random_fibre_fraction(const PointGroup& group, const Vec3<double>& direction, double angle);
// The directions that are looked at: <111>, <100>, <110> of cubic groups, <0001>, <10-10>, <2-1-10> of 622; else none.
struct FibreDirection {
  std::string name;
  Vec3<double> direction;
};
std::vector<FibreDirection> fibre_directions(const PointGroup& group);

}  // namespace grainspin

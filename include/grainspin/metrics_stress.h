// Figures of merit of a predicted Cauchy stress: the local field and the macroscopic curve. Pa throughout;
// components xx yy zz yz xz xy.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace grainspin {

using StressComponents = std::array<double, 6>;

// sqrt(3/2 s':s') with s' the deviator: of a stress, or as a norm of a stress difference.
double von_mises(const StressComponents& stress);

// Mean over voxels of stress[n,6].
StressComponents mean_stress(std::int64_t n, const float* stress);

// Of one field against the true one.
struct StressErrors {
  StressComponents bias{};  // mean of predicted - true, by component
  StressComponents rms{};   // root mean square of it
  double von_mises = 0;     // root mean square of predicted minus true local von Mises stress
  double norm = 0;          // root mean square of the von Mises norm of the difference tensor
};
StressErrors stress_errors(std::int64_t n, const float* predicted, const float* truth);  // [n,6] each
// Of the field that has `uniform` at every voxel. With the true mean this is the hardest uniform opponent: it knows
// the macroscopic curve exactly and nothing of where stress gathers.
StressErrors uniform_stress_errors(std::int64_t n, const StressComponents& uniform, const float* truth);

// Of a curve of mean stresses [T] against the true one, as parts of the true curve's size
// S = sqrt(mean over steps of von_mises(true)^2).
struct CurveError {
  double von_mises = 0;          // sqrt(mean of (von_mises(curve) - von_mises(true))^2) / S
  StressComponents component{};  // sqrt(mean of (curve - true)^2) / S, by component
};
// Throws Error kShape where the curves differ in length. All zero where the true curve is zero.
CurveError curve_error(const std::vector<StressComponents>& curve, const std::vector<StressComponents>& truth);

}  // namespace grainspin

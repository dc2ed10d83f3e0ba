// Slip rates as a model of the nonlocal family has them, beside those of others: which systems a voxel slips on.
//
// Of the head y of nonlocal.h the first channel, gamma_s, stands in the place of a slip rate: the voxel turns by
// s (Q sum_s gamma_s a_s + ..) beyond the grid, where crystal plasticity has W - sum_s gdot_s a_s. So the slip rate read out of
// it is  g_s = - gamma_s,  slip per von Mises strain of the step, odd under a reversal of b_s (x) n_s, and exactly
// equivariant: in an equivalent crystal frame the same numbers stand at the systems' new places.
// Only sum_s g_s a_s (three numbers) is ever compared with data in a training; what N > 3 systems add beyond that is free.
// The Cauchy stress is compared with data in all its components; rates_at_stress() reads rates out of it by the law that
// a rate-sensitive crystal has.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "grainspin/model.h"
#include "grainspin/nonlocal.h"
#include "grainspin/surrogate.h"

namespace grainspin {

// Most slip systems of a phase: the columns of every table of rates; those beyond a voxel's own systems are 0.
int slip_columns(const NonlocalSpec& spec);

// A whole run on the model's own path on the CPU, with g_s of every step: rates [voxels, slip_columns]. The region is a whole grid.
// Errors as Surrogate::run; kArgument for the local family.
void run_with_slip_rates(const Model& model, const Region& region, const float* q0, int threads,
                         const std::function<void(const StepOutput&, const float* rates)>& sink);

// sgn(tau_s) |tau_s / xi_s|^n at tau_s = P_s : Q^T stress Q, scaled so that sum_s g_s P_s has the von Mises size 1; 0 at a stress
// whose deviator is 0. stress [6] Pa, xx yy zz yz xz xy; xi [N] Pa; rates [N].
void rates_at_stress(const SlipMaps& maps, std::span<const double> xi, double n, const float* q, const float* stress, float* rates);

// sum_s g_s a_s in the crystal frame: the plastic spin that turns the lattice the other way. rates [N].
std::array<double, 3> plastic_spin(const SlipMaps& maps, const float* rates);

// How alike two tables [voxels, columns] are. Numbers that flip sign with a convention have no mean that means anything: all
// are about zero, not about a mean. Voxels where either row is all zero are left out.
struct SlipLikeness {
  std::int64_t voxels = 0;
  double cosine_mean = 0, cosine_median = 0;  // over voxels, of the rows' cosine
  double correlation = 0;                     // sum over voxels and columns a b / sqrt(sum a^2 sum b^2)
  double size_ratio = 0;                      // sqrt(sum a^2 / sum b^2)
  // A system is active where its rate is at least `threshold` of the row's largest and of equal sign in both: mean over voxels
  // of the number active in both over the number active in either.
  double active_shared = 0;
  double active_a = 0, active_b = 0;          // mean number of active systems
};
inline constexpr double kActiveSlip = 0.2;
SlipLikeness slip_likeness(std::int64_t voxels, int columns, const float* a, const float* b, double threshold = kActiveSlip);

}  // namespace grainspin

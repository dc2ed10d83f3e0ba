// What a fit regresses: responses and features of runs, row by row or window by window.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "grainspin/interactions/fit.h"

namespace grainspin::interactions {

// Rows of a regression: x [rows, features of all terms], y [rows, N], w [rows].
struct TargetRows {
  std::int64_t rows = 0;
  std::vector<double> x, y, w;
};

// The rows of one run, in blocks: take() is called with each and may keep nothing of it. Throws Error kArgument naming run
// and column where the target or a term needs one that is not there, and runs with too few rows.
//   kResistance  y_i = ((g_i - tau0_i)/(mu b_i))^2, negative where g_i < tau0_i (noise), a row each
//   kRate        y_i = rhodot_i of the data, else second-order differences of the densities, a row each
//   kIncrement   y_i = rho_i(t + window) - rho_i(t), x the integral of the features by the trapezoidal rule; a run of
//                fewer rows is one window, rows after the last whole window are not used
void target_rows(const DddData& data, const DddRun& run, Target target, const std::vector<Term>& terms,
                 const FitOptions& options, const std::function<void(const TargetRows&)>& take);

// Densities' rates [T,N] by second-order differences on uneven times, one-sided at the ends.
std::vector<double> rates_from_densities(const DddRun& run, int systems);

}  // namespace grainspin::interactions

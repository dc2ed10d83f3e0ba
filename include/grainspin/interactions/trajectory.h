// A law rolled forward in time from what drives a crystal, and how far that is from a recorded run: a fit is judged by its
// trajectories, not by its rows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "grainspin/interactions/data.h"
#include "grainspin/interactions/law.h"

namespace grainspin::interactions {

// Slip rates [N] in 1/s at a time and at resistances g [N] in Pa.
using Driver = std::function<void(double time, const double* g, double* slip_rate)>;

struct Trajectory {
  std::vector<double> time;        // [T] s
  std::vector<double> density;     // [T,N] 1/m^2, >= 0
  std::vector<double> resistance;  // [T,N] Pa
  std::vector<double> slip_rate;   // [T,N] 1/s
  std::vector<double> shear;       // [T,N] Pa, from the flow rule at slip rate and resistance
};

struct RollOptions {
  double tolerance = 1e-7;             // of a step, in parts of a density (at least 1e-3 of their mean)
  std::int64_t max_steps = 1'000'000;  // Error kConvergence beyond
};

// Densities from density0 [N] at time[0] to every time (Dormand & Prince 1980, 5(4), steps by error; densities are kept
// >= 0). Throws Error kConvergence naming the time where the densities run away.
Trajectory roll(const DislocationLaw& law, const std::vector<double>& density0, const std::vector<double>& time,
                const Driver& driver, const RollOptions& options = {});

// What of a recorded run drives the law; between rows it is interpolated linearly.
enum class Drive {
  kSlipRates,  // its slip rates: the evolution alone
  kShears,     // its resolved shears: rates from the flow rule at the law's own resistances
  kDirection,  // the ratios of its resolved shears and the rate of their work: how a strain-rate controlled run is driven
};
// Shears come from the run's stress where it has none. Throws Error kArgument where the run has not what is asked for.
Driver driver(const DislocationLaw& law, const DddRun& run, Drive drive);
// A velocity gradient (row-major, crystal frame, 1/s) that all slip together makes: the Taylor model of one crystal whose
// lattice does not turn. Only its symmetric deviator counts.
Driver driver(const DislocationLaw& law, const std::array<double, 9>& velocity_gradient);

// From the run's first row over its times.
Trajectory predict(const DislocationLaw& law, const DddRun& run, Drive drive, const RollOptions& options = {});

// |predicted - recorded| / |recorded|, Euclidean over the systems (shears: over those that slip at 1e-3 of the fastest or
// more). -1 where the run has no such column.
struct TrajectoryErrors {
  double density = -1, resistance = -1, shear = -1;               // root mean square over the rows after the first
  double density_end = -1, resistance_end = -1, shear_end = -1;  // of the last row
  std::vector<double> density_at, resistance_at, shear_at;       // [T]
};
TrajectoryErrors compare(const Trajectory& predicted, const DddRun& recorded);

}  // namespace grainspin::interactions

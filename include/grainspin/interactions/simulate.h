// Synthetic runs of a law that is known: what a fit must find again.
#pragma once

#include <cstdint>
#include <string>

#include "grainspin/core.h"
#include "grainspin/interactions/data.h"
#include "grainspin/interactions/law.h"

namespace grainspin::interactions {

// A law with few interactions, drawn orbit by orbit of the set's point group.
struct PlantOptions {
  double h_fraction = 0.27;        // of H's orbits that are not zero; those of H_ii first
  double h_low = 0.05, h_high = 0.7;
  std::int64_t k_entries = 180;    // of K that are not zero: whole orbits, as many as fit
  std::string term = "P2";         // of the evolution (terms.h); even in the slip rates
  // K in parts of rho |gdot| / x at density `density`: P2's own numbers. Negative only where the term vanishes with rho_i.
  double k_low = 2, k_high = 20;
  double density = 1e12;           // 1/m^2, initial, of every system
  double shear_modulus = 45e9, burgers = 2.56e-10, friction = 5e6;  // Pa; m (burgers_lengths); Pa
  double gdot0 = 100, n = 10;      // 1/s
  std::uint64_t seed = 1;
};
DislocationLaw plant(const SlipSet& slip, const PlantOptions& options = {});

// Lengths of the Burgers vectors [N] from one: of hexagonal sets that of <a>, else the shortest.
std::vector<double> burgers_lengths(const SlipSet& slip, double a);

enum class Rows {
  kTrajectory,   // the law integrated under the run's load
  kIndependent,  // every row its own draw of densities and slip rates; time only counts the rows
};
enum class Load {
  kStress,    // a stress deviator of random direction in all five components
  kUniaxial,  // tension or compression along a random axis
};

struct SimulateOptions {
  Rows rows_kind = Rows::kTrajectory;
  Load load = Load::kStress;
  int runs = 200, rows = 100;       // rows of each run, evenly spaced in time, the first at the start
  double strain = 0.05;             // plastic, along the load (of work: sum |dgamma_i tau_i| over the stress's von Mises)
  double strain_rate = 100;         // 1/s, of the same; held by every run
  int loads = 1;                    // directions that a run's load goes through, turning from one to the next
  double density = 1e12, spread = 1;  // initial densities: log-normal about this median; spread of ln rho
  // Standard deviations of normal noise. Responses: density rates, in parts of the system's root mean square over all
  // rows; resistances, in parts of themselves. Features: densities and slip rates, in parts of themselves.
  double response_noise = 0, feature_noise = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  Progress progress;
};

// Runs r0001.. with all columns (stress, shears, resistances, density rates, strain). The same for any thread count.
DddData simulate(const DislocationLaw& law, const SimulateOptions& options = {});

}  // namespace grainspin::interactions

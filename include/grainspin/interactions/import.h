// Output of dislocation dynamics codes as DDD runs.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "grainspin/interactions/data.h"

namespace grainspin::interactions {

struct ImportOptions {
  double c_over_a = 0;               // of a hexagonal crystal
  double burgers = 0;                // m; the length of <a>
  double shear_modulus = 0;          // Pa
  double friction = 0;               // Pa, of every system
  double strain_rate = 0;            // 1/s, total, prescribed: time = strain / rate
  std::string slip;                  // property tables: the slip set
  std::array<double, 3> axis{};      // property tables: loading axis in the crystal's frame
};

// ParaDiS' flux files of hexagonal crystals (WriteDensFlux.cc): each folder is a run and holds for the 10 glide Burgers
// vectors N = 1 .. 10
//   fluxtot_bN            plastic strain, strain, climb, edge flux on planes 1-4, screw flux on planes 1-4, time step
//   Ltot_bN_full_decomp   plastic strain, strain, screw density on planes 1-4 and others, edge density likewise, time step
// (or Ltot_bN_full_decomp_totals: per plane the root of the squares' sum, others, their sum). The tenth has three planes.
// Density of a system: edge + screw; slip rate: (edge + screw flux) times the Burgers length. What lies in other planes
// is left out and remarked upon. Slip set hcp39. Throws Error kIo, or kFormat naming file and line.
DddData import_paradis_hcp(const std::vector<std::string>& folders, const ImportOptions& options);

// Property tables of OpenDiS/ExaDiS (stress_strain_dens.dat: "# Step Strain Stress Density Walltime"): each file is a run
// under uniaxial load. They hold the total density alone: it is shared equally by all systems, and the strain rate by
// those of the largest Schmid factor, elastic strain left out; a remark says so. Columns density_total and walltime.
DddData import_property_tables(const std::vector<std::string>& files, const ImportOptions& options);

}  // namespace grainspin::interactions

// Runs of dislocation dynamics (DDD): per slip system densities, slip rates, resolved shears over time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

struct DddRun {
  std::string id;
  std::int64_t rows() const { return std::int64_t(time.size()); }
  std::vector<double> time;          // [T] s, increasing
  std::vector<double> density;       // [T,N] 1/m^2
  std::vector<double> slip_rate;     // [T,N] 1/s, signed
  std::vector<double> shear;         // [T,N] resolved shear stress, Pa (may be empty)
  std::vector<double> resistance;    // [T,N] g, Pa (may be empty)
  std::vector<double> density_rate;  // [T,N] 1/(m^2 s) (may be empty: from density)
  std::vector<double> stress;        // [T,6] Pa, xx yy zz yz xz xy, crystal frame (may be empty)
  std::vector<double> strain;        // [T] (may be empty)
  std::vector<double> weight;        // [T] (empty: ones)
  std::map<std::string, std::vector<double>> columns;  // [T] further columns of the user's
};

struct DddMaterial {
  double shear_modulus = 0;          // Pa
  std::vector<double> burgers;       // [N] m
  std::vector<double> friction;      // [N] tau0, Pa
};

struct DddData {
  SlipSet slip;
  DddMaterial material;
  std::vector<DddRun> runs;
  std::vector<std::string> sources;  // files
  std::vector<std::string> remarks;  // what is odd but does not prevent a fit
};

// Recognised by content: the project's HDF5 and CSV layouts (docs/interactions.md). Several files are one data set: same slip
// set and material, run ids unique. Throws Error naming file, dataset or line, what was wanted and what was found.
DddData read_ddd(const std::vector<std::string>& paths);
void write_ddd(const std::string& path, const DddData& data, const std::string& provenance_json);  // .h5 or .csv by its ending
// Everything a fit relies on, by name: finite values, times that grow, densities >= 0, shapes, at least one row. Throws kFormat.
void validate(const DddData& data);
// What is odd but does not prevent a fit: one run only, systems that never slip, shears that are not the stress's.
// read_ddd adds them to the remarks.
std::vector<std::string> oddities(const DddData& data);

}  // namespace grainspin::interactions

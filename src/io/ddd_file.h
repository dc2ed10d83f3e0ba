// What the two layouts of DDD runs (HDF5, CSV) have in common: a head that states slip systems and material, and columns.
#pragma once

#include <string>
#include <vector>

#include "grainspin/interactions/data.h"

namespace grainspin::interactions {

// Whether the set's name says it all; else files hold it as JSON.
bool known_by_name(const SlipSet& slip);

struct DddHead {
  std::string set;                  // named set or families joined by +
  std::string set_json;             // in its place: a set as JSON (families.h)
  std::string point_group;          // of `systems` that stand alone
  double c_over_a = 0;              // 0: not stated
  std::vector<SlipSystem> systems;  // as the columns are ordered; any lengths; empty: not stated
  double shear_modulus = 0;         // Pa
  std::vector<double> burgers, friction;  // one number, one a family, or one a system
  std::int64_t runs = -1, rows = -1;      // that the file says it has; -1: not stated
};

// A direction or plane from 3 Cartesian components (cubic: Miller indices) or 4 Miller-Bravais indices (hexagonal, x
// along a_1; needs c/a). Throws Error kFormat naming `where`.
Vec3<double> crystal_direction(const std::vector<double>& indices, double c_over_a, const std::string& where);
Vec3<double> crystal_plane(const std::vector<double>& indices, double c_over_a, const std::string& where);

// Fills data.slip and data.material from the head and checks one against the other; brings the columns of the runs, which
// stand in the head's order of systems with `count` systems each, into the set's order (a remark says so). Throws Error
// kFormat naming `where` (the file).
void settle(const std::string& where, const DddHead& head, std::size_t count, DddData& data);

// Per-system columns of a run by their names in files.
struct DddColumn {
  const char* name;    // CSV: name[1] .. name[N]
  const char* h5name;
  std::vector<double> DddRun::*member;
  bool odd;            // changes sign with the sense of its system's shear
};
inline const std::vector<DddColumn>& system_columns() {
  static const std::vector<DddColumn> columns = {{"rho", "density", &DddRun::density, false},
                                                 {"gdot", "slip_rate", &DddRun::slip_rate, true},
                                                 {"tau", "shear", &DddRun::shear, true},
                                                 {"g", "resistance", &DddRun::resistance, false},
                                                 {"rhodot", "density_rate", &DddRun::density_rate, false}};
  return columns;
}
inline constexpr const char* kStressNames[6] = {"sigma_xx", "sigma_yy", "sigma_zz", "sigma_yz", "sigma_xz", "sigma_xy"};

DddData read_ddd_csv(const std::string& path, std::string text);
DddData read_ddd_hdf5(const std::string& path);
void write_ddd_csv(const std::string& path, const DddData& data, const std::string& provenance_json);
void write_ddd_hdf5(const std::string& path, const DddData& data, const std::string& provenance_json);

}  // namespace grainspin::interactions

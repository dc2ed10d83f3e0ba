// What DAMASK's input texts say (kept in a result's /setup): material.yaml and the load case.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "src/io/yaml.h"

namespace grainspin {

struct MaterialPhase {
  std::string lattice;
  double c_over_a = 0;
  std::optional<Phenopowerlaw> law;  // where plastic.type is phenopowerlaw
  std::vector<double> elastic;       // as PhaseInfo::elastic
};

// Is this text a material configuration, a load case? Decided by its top-level keys.
bool is_material(const std::string& yaml);
bool is_load_case(const std::string& yaml);

// The phases by name. Throws Error kFormat naming `where` for text that is not YAML.
std::map<std::string, MaterialPhase> read_phases(const std::string& yaml, const std::string& where);
// The list of materials. Throws Error kFormat for text that is not YAML.
YAML::Node load_materials(const std::string& yaml, const std::string& where);
// The text without its list of materials: phases and homogenizations, comments and order as they are (written anew
// where the list cannot be cut out by its lines, a flow map). Empty for text that is no map.
std::string without_materials(const std::string& yaml);
// Lattice, point group, c/a, law and elastic constants of `phase` as stated.
void state_phase(const MaterialPhase& stated, PhaseInfo& phase);
// The proper point group of a DAMASK lattice; empty where it is not known.
std::string point_group_name(const std::string& lattice);
// Volume fractions v of each material's constituents, in file order.
std::vector<std::vector<double>> read_fractions(const std::string& yaml, const std::string& where);

// One loadstep: the increments that it makes and the components of F, dot_F or L that it prescribes.
struct LoadCaseStep {
  std::int64_t increments = 0;
  std::array<bool, 9> prescribed{};
};
std::vector<LoadCaseStep> read_load_case(const std::string& yaml, const std::string& where);

// The components that are prescribed in every loadstep between two of the solver's increments
// (first, last]; nothing where the load case does not reach that far.
std::optional<std::array<bool, 9>> prescribed_between(const std::vector<LoadCaseStep>& steps,
                                                      std::int64_t first, std::int64_t last);

}  // namespace grainspin

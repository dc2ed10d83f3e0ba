#include "src/io/damask_setup.h"

#include <algorithm>
#include <limits>

#include "grainspin/symmetry.h"

namespace grainspin {
namespace {

// Does this line start a member of the outermost map?
bool top_level(std::string_view line) { return !line.empty() && line.find_first_of(" \t\r#-.") != 0; }

// The lines of one top-level section. A material.yaml with many grains is long and yaml-cpp slow, while
// the phases are a page; where cutting does not work the whole text is parsed.
std::string section(const std::string& yaml, const std::string& key) {
  std::string out;
  bool inside = false;
  for (std::size_t at = 0; at < yaml.size();) {
    const std::size_t end = std::min(yaml.find('\n', at), yaml.size());
    const std::string line = yaml.substr(at, end - at);
    if (top_level(line)) inside = line.compare(0, key.size() + 1, key + ":") == 0;
    if (inside) out += line + "\n";
    at = end + 1;
  }
  return out;
}

YAML::Node load_section(const std::string& yaml, const std::string& key, const std::string& where) {
  try {
    const YAML::Node node = YAML::Load(section(yaml, key));
    if (node.IsMap() && node[key]) return node[key];
  } catch (const YAML::Exception&) {  // an anchor of another section, a flow map
  }
  const YAML::Node whole = load_yaml(yaml, where);
  return whole.IsMap() && whole[key] ? whole[key] : YAML::Node();
}

// A number or a list of them; NaN where one is not a number.
std::vector<double> numbers(const YAML::Node& node) {
  std::vector<double> out;
  if (!node || node.IsNull()) return out;
  const double bad = std::numeric_limits<double>::quiet_NaN();
  if (node.IsSequence())
    for (const auto& item : node) out.push_back(number(item).value_or(bad));
  else
    out.push_back(number(node).value_or(bad));
  return out;
}

std::optional<Phenopowerlaw> phenopowerlaw(const YAML::Node& plastic) {
  const YAML::Node type = child(plastic, {"type"});
  if (!type || !type.IsScalar() || type.Scalar() != "phenopowerlaw") return std::nullopt;
  Phenopowerlaw law;
  for (const double n : numbers(child(plastic, {"N_sl"}))) {
    if (!(n >= 0 && n <= 1000)) return std::nullopt;
    law.N_sl.push_back(int(n));
  }
  const std::size_t families = law.N_sl.size();
  if (families == 0) return std::nullopt;
  bool complete = true;
  // One value a family; older files state one for all of them.
  const auto per_family = [&](std::initializer_list<const char*> names, double missing) {
    std::vector<double> v = numbers(child(plastic, names));
    if (v.empty()) {
      complete = complete && !std::isnan(missing);
      v = {missing};
    }
    if (v.size() == 1) v.resize(families, v[0]);
    complete = complete && v.size() == families &&
               std::none_of(v.begin(), v.end(), [](double x) { return std::isnan(x); });
    return v;
  };
  const double required = std::numeric_limits<double>::quiet_NaN();
  law.gdot0 = per_family({"dot_gamma_0_sl"}, required);
  law.n = per_family({"n_sl"}, required);
  law.a = per_family({"a_sl"}, required);
  law.xi0 = per_family({"xi_0_sl"}, required);
  law.xi_inf = per_family({"xi_inf_sl"}, required);
  law.h0 = per_family({"h_0_sl-sl", "h_0_sl_sl"}, required);
  law.h_int = per_family({"h_int"}, 0);
  law.h_sl_sl = numbers(child(plastic, {"h_sl-sl", "h_sl_sl"}));
  if (!complete || law.h_sl_sl.empty()) return std::nullopt;
  return law;
}

}  // namespace

bool is_material(const std::string& yaml) {
  return !section(yaml, "phase").empty() && !section(yaml, "material").empty();
}

bool is_load_case(const std::string& yaml) {
  return !section(yaml, "loadstep").empty() || !section(yaml, "step").empty();
}

std::map<std::string, MaterialPhase> read_phases(const std::string& yaml, const std::string& where) {
  std::map<std::string, MaterialPhase> phases;
  try {
    const YAML::Node all = load_section(yaml, "phase", where);
    if (!all.IsMap()) return phases;
    for (const auto& item : all) {
      MaterialPhase phase;
      const YAML::Node lattice = child(item.second, {"lattice"});
      if (lattice && lattice.IsScalar()) phase.lattice = lattice.Scalar();
      phase.c_over_a = number(child(item.second, {"c/a"})).value_or(0);
      const YAML::Node mechanical = child(item.second, {"mechanical", "mechanics"});
      const YAML::Node elastic = child(mechanical, {"elastic"});
      for (const char* name : {"C_11", "C_12", "C_44", "C_13", "C_33", "C_66"})
        if (const auto c = number(child(elastic, {name}))) phase.elastic.push_back(*c);
      phase.law = phenopowerlaw(child(mechanical, {"plastic", "plasticity"}));
      phases.emplace(item.first.Scalar(), std::move(phase));
    }
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": unreadable phases (" + e.what() + ")");
  }
  return phases;
}

YAML::Node load_materials(const std::string& yaml, const std::string& where) {
  return load_section(yaml, "material", where);
}

std::string without_materials(const std::string& yaml) {
  std::string out;
  bool inside = false;
  for (std::size_t at = 0; at < yaml.size();) {
    const std::size_t end = std::min(yaml.find('\n', at), yaml.size());
    const std::string_view line = std::string_view(yaml).substr(at, end - at);
    if (top_level(line)) inside = line.starts_with("material:");
    if (!inside) out.append(line).append("\n");
    at = end + 1;
  }
  try {
    YAML::Node all = YAML::Load(out);
    if (all.IsMap() && !all["material"]) return out;
    all = YAML::Load(yaml);  // a flow map: written anew
    if (!all.IsMap()) return "";
    all.remove("material");
    return YAML::Dump(all) + "\n";
  } catch (const YAML::Exception&) {
    return "";
  }
}

std::string point_group_name(const std::string& lattice) {
  if (lattice.empty()) return "";
  try {
    return PointGroup::of_lattice(lattice).name();
  } catch (const Error&) {
    return "";
  }
}

void state_phase(const MaterialPhase& stated, PhaseInfo& phase) {
  phase.lattice = stated.lattice;
  phase.point_group = point_group_name(stated.lattice);
  phase.c_over_a = stated.c_over_a;
  phase.law = stated.law;
  phase.elastic = stated.elastic;
}

std::vector<std::vector<double>> read_fractions(const std::string& yaml, const std::string& where) {
  std::vector<std::vector<double>> out;
  try {
    const YAML::Node all = load_section(yaml, "material", where);
    for (const auto& material : all) {
      out.emplace_back();
      for (const auto& constituent : child(material, {"constituents"}))
        out.back().push_back(number(child(constituent, {"v"})).value_or(1));
    }
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": unreadable materials (" + e.what() + ")");
  }
  return out;
}

std::vector<LoadCaseStep> read_load_case(const std::string& yaml, const std::string& where) {
  std::vector<LoadCaseStep> steps;
  try {
    const YAML::Node whole = load_yaml(yaml, where);
    for (const auto& item : child(whole, {"loadstep", "step"})) {
      LoadCaseStep step;
      const auto N = number(child(child(item, {"discretization"}), {"N"}));
      require(N && *N >= 1 && *N < 1e15, Errc::kFormat, where + ": a loadstep without discretization N");
      step.increments = std::int64_t(*N);
      const YAML::Node mechanical =
          child(child(item, {"boundary_conditions"}), {"mechanical", "mechanics"});
      const YAML::Node rate = child(mechanical, {"F", "dot_F", "L"});
      if (rate) {
        require(rate.IsSequence() && rate.size() == 3, Errc::kFormat, where + ": a load that is not 3 x 3");
        for (std::size_t i = 0; i < 3; ++i) {
          require(rate[i].IsSequence() && rate[i].size() == 3, Errc::kFormat,
                  where + ": a load that is not 3 x 3");
          for (std::size_t j = 0; j < 3; ++j) step.prescribed[3 * i + j] = number(rate[i][j]).has_value();
        }
      }
      steps.push_back(step);
    }
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": unreadable load case (" + e.what() + ")");
  }
  return steps;
}

std::optional<std::array<bool, 9>> prescribed_between(const std::vector<LoadCaseStep>& steps,
                                                      std::int64_t first, std::int64_t last) {
  std::array<bool, 9> all;
  all.fill(true);
  std::int64_t begin = 0;
  for (const LoadCaseStep& step : steps) {
    const std::int64_t end = begin + step.increments;
    if (first < end && last > begin)
      for (int c = 0; c < 9; ++c) all[c] = all[c] && step.prescribed[c];
    begin = end;
  }
  if (last > begin || first >= last) return std::nullopt;
  return all;
}

}  // namespace grainspin

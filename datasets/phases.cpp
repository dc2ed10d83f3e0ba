#include "datasets/phases.h"

#include <cmath>
#include <sstream>

#include "grainspin/slip_systems.h"

namespace grainspin {

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in(text);
  while (std::getline(in, part, ','))
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// One word may be the name of a set; more, and what is no set's name, are families.
SlipSet chosen_set(const std::vector<std::string>& names, double c_over_a) {
  if (names.size() == 1) {
    const std::string& name = names[0];
    const bool family = name.find_first_of("<-{") != std::string::npos;
    if (!family) return named_slip_set(name, c_over_a);
  }
  return slip_set(names, c_over_a);
}

std::string number(double value) {
  std::ostringstream s;
  s.imbue(std::locale::classic());
  s << value;
  return s.str();
}

}  // namespace

SlipChoice parse_slip(const std::vector<std::string>& words) {
  SlipChoice choice;
  for (const std::string& word : words) {
    const std::size_t equal = word.find('=');
    const std::string phase = equal == std::string::npos ? "" : word.substr(0, equal);
    const auto names = split(equal == std::string::npos ? word : word.substr(equal + 1));
    require(!names.empty() && equal != 0, Errc::kArgument,
            "slip: wanted SYSTEMS or PHASE=SYSTEMS, not '" + word + "'");
    require(choice.emplace(phase, names).second, Errc::kArgument,
            phase.empty() ? "slip: systems for all phases are given twice"
                          : "slip: systems of phase " + phase + " are given twice");
  }
  return choice;
}

PhaseSpec phase_spec(const PhaseInfo& info, const SlipChoice& slip, const std::string& path) {
  const std::string where = path + ": phase " + info.name + ": ";
  require(!info.point_group.empty(), Errc::kFormat, where + "its crystal symmetry is not stated");
  PhaseSpec phase;
  phase.name = info.name;
  phase.point_group = info.point_group;
  phase.c_over_a = info.c_over_a;
  auto chosen = slip.find(info.name);
  if (chosen == slip.end()) chosen = slip.find("");
  SlipSet set;
  try {
    if (chosen != slip.end()) {
      set = chosen_set(chosen->second, info.c_over_a);
    } else {
      require(info.law.has_value(), Errc::kFormat,
              "no law in the file that tells its slip systems; name them with --slip, for example --slip " +
                  info.name + (info.point_group == "622" ? "=hcp18" : info.lattice == "cI" ? "=bcc24" : "=fcc"));
      set = damask_slip_set(info.lattice, info.law->N_sl, info.c_over_a);
    }
  } catch (const Error& e) {
    throw Error(e.code(), where + e.what());
  }
  require(set.point_group == info.point_group, Errc::kArgument,
          where + "slip systems " + join(set.families) + " are of point group " + set.point_group +
              ", the phase is " + info.point_group);
  phase.slip_families = set.families;
  return phase;
}

int place_phase(const PhaseSpec& phase, std::vector<PhaseSpec>& phases, bool extend, const std::string& path) {
  const std::string where = path + ": phase " + phase.name + ": ";
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const PhaseSpec& known = phases[i];
    if (known.name != phase.name) continue;
    require(phase.point_group == known.point_group, Errc::kFormat,
            where + "point group " + phase.point_group + ", wanted " + known.point_group);
    require(std::abs(phase.c_over_a - known.c_over_a) < 1e-3, Errc::kFormat,
            where + "c/a " + number(phase.c_over_a) + ", wanted " + number(known.c_over_a));
    require(phase.slip_families == known.slip_families, Errc::kFormat,
            where + "slip systems " + join(phase.slip_families) + ", wanted " + join(known.slip_families));
    return int(i);
  }
  std::vector<std::string> names;
  for (const PhaseSpec& known : phases) names.push_back(known.name);
  require(extend, Errc::kFormat, where + "not among the model's phases: " + join(names));
  require(phases.size() < 8, Errc::kFormat, where + "a ninth phase; a model has at most 8");
  phases.push_back(phase);
  return int(phases.size()) - 1;
}

}  // namespace grainspin

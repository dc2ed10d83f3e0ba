#include "src/io/damask_configuration.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "src/io/yaml.h"

namespace grainspin {
namespace {

template <class T>
std::string list(const std::vector<T>& values) {
  std::string out = "[";
  for (const T& v : values) out.append(out.size() > 1 ? ", " : "").append(number_text(v));
  return out + "]";
}

std::string phase_text(const PhaseInfo& p) {
  std::string out = "  " + yaml_scalar(p.name) + ":\n    lattice: " + p.lattice + "\n";
  if (p.c_over_a > 0) out += "    c/a: " + number_text(p.c_over_a) + "\n";
  out += "    mechanical:\n      output: [F, P, O]\n      elastic:\n        type: Hooke\n";
  // The order in which PhaseInfo::elastic holds them.
  const char* const names[] = {"C_11", "C_12", "C_44", "C_13", "C_33", "C_66"};
  for (std::size_t i = 0; i < p.elastic.size(); ++i)
    out += std::string("        ") + names[i] + ": " + number_text(p.elastic[i]) + "\n";
  const Phenopowerlaw& law = *p.law;
  out += "      plastic:\n        type: phenopowerlaw\n        N_sl: " + list(law.N_sl) + "\n        dot_gamma_0_sl: " +
         list(law.gdot0) + "\n        n_sl: " + list(law.n) + "\n        a_sl: " + list(law.a) + "\n        xi_0_sl: " +
         list(law.xi0) + "\n        xi_inf_sl: " + list(law.xi_inf) + "\n        h_0_sl-sl: " + list(law.h0) +
         "\n        h_sl-sl: " + list(law.h_sl_sl) + "\n";
  if (std::any_of(law.h_int.begin(), law.h_int.end(), [](double h) { return h != 0; }))
    out += "        h_int: " + list(law.h_int) + "\n";
  return out;
}

// From what the archive states of its phases.
Configuration made(const ArchiveInfo& info) {
  Configuration out{"homogenization:\n  SX:\n    N_constituents: 1\n    mechanical:\n      type: pass\nphase:\n", "SX"};
  for (const PhaseInfo& p : info.phases) {
    require(p.law && p.elastic.size() >= 3 && p.elastic.size() <= 6 && !p.lattice.empty(), Errc::kFormat,
            info.path + ": tells no lattice, elastic constants and plastic law of phase '" + p.name +
                "'; --material FILE takes the phases from a material.yaml");
    out.text += phase_text(p);
  }
  return out;
}

}  // namespace

std::string yaml_scalar(const std::string& name) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.'; };
  static const char* const kWords[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  std::string lower = name;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  const bool word = std::any_of(std::begin(kWords), std::end(kWords), [&](const char* w) { return lower == w; });
  if (!name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) && std::all_of(name.begin(), name.end(), plain) && !word)
    return name;
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + "\"";
}

Configuration configuration_of(const ArchiveInfo& info, const std::string& given, const std::string& where) {
  if (given.empty()) return made(info);
  Configuration out{given, ""};
  if (out.text.back() != '\n') out.text += '\n';
  try {
    const YAML::Node all = load_yaml(given, where);
    const YAML::Node phases = child(all, {"phase"}), homogenizations = child(all, {"homogenization"});
    for (const PhaseInfo& p : info.phases)
      require(phases && phases.IsMap() && bool(phases[p.name]), Errc::kFormat, where + ": defines no phase '" + p.name + "'");
    if (homogenizations && homogenizations.IsMap())
      for (const auto& item : homogenizations)
        if (number(child(item.second, {"N_constituents"})).value_or(0) == 1) {
          out.homogenization = item.first.Scalar();
          break;
        }
    require(!out.homogenization.empty(), Errc::kFormat, where + ": defines no homogenization with N_constituents 1");
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": unreadable phases or homogenizations (" + e.what() + ")");
  }
  return out;
}

std::string with_resistances(const std::string& text, const std::string& phase, const std::vector<double>& xi) {
  const std::string what = "phase '" + phase + "': its xi_0_sl ";
  const YAML::Node root = load_yaml(text, "the material configuration");
  const YAML::Node plastic = child(child(child(child(root, {"phase"}), {phase.c_str()}), {"mechanical"}), {"plastic"});
  const YAML::Node node = child(plastic, {"xi_0_sl"});
  require(node && (node.IsScalar() || node.IsSequence()), Errc::kFormat, what + "is not there");
  const std::size_t begin = std::size_t(node.Mark().pos);
  require(begin < text.size() && (node.IsScalar() || text[begin] == '['), Errc::kFormat,
          what + "is not written as [..] on one line");
  std::size_t end = node.IsScalar() ? text.find_first_of(" \t\r\n,}#", begin) : text.find(']', begin);
  end = end == std::string::npos ? text.size() : end + (node.IsScalar() ? 0 : 1);
  std::string out = text.substr(0, begin) + list(xi) + text.substr(end);
  // What was written is what is read.
  const YAML::Node again = child(child(child(child(child(load_yaml(out, "the material configuration"), {"phase"}), {phase.c_str()}),
                                             {"mechanical"}), {"plastic"}), {"xi_0_sl"});
  bool right = again && again.IsSequence() && again.size() == xi.size();
  for (std::size_t k = 0; right && k < xi.size(); ++k) right = number(again[k]) == parse_number<double>(number_text(xi[k]));
  require(right, Errc::kFormat, what + "could not be replaced");
  return out;
}

}  // namespace grainspin

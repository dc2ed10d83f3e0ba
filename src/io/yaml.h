// YAML as DAMASK writes it, in any locale.
#pragma once

#include <yaml-cpp/yaml.h>

#include <initializer_list>
#include <optional>
#include <string>

#include "grainspin/core.h"
#include "src/io/numbers.h"

namespace grainspin {

// Throws Error kFormat naming `where`.
inline YAML::Node load_yaml(const std::string& yaml, const std::string& where) {
  try {
    return YAML::Load(yaml);
  } catch (const YAML::Exception& e) {
    throw Error(Errc::kFormat, where + ": is not YAML (" + e.what() + ")");
  }
}

// yaml-cpp's own conversion follows the global locale, so scalars are read here.
inline std::optional<double> number(const YAML::Node& node) {
  if (!node || !node.IsScalar()) return std::nullopt;
  return parse_number<double>(node.Scalar());
}

// The first of these members that is there; undefined where none is.
inline YAML::Node child(const YAML::Node& node, std::initializer_list<const char*> names) {
  if (node && node.IsMap())
    for (const char* name : names)
      if (const YAML::Node found = node[name]) return found;
  return YAML::Node(YAML::NodeType::Undefined);
}

}  // namespace grainspin

// The settings of a model as JSON, and what they ask of the rest of the file.
#pragma once

#include <nlohmann/json.hpp>

#include "grainspin/model.h"

namespace grainspin {

nlohmann::json settings_json(const ModelSpec& spec);  // of its family
// Into spec.local or spec.nonlocal, as spec.family says. Error kFormat for what is missing or not known.
void read_settings(const nlohmann::json& j, ModelSpec& spec);
// Means and scales as JSON, and back. Error kFormat for lists of another length; json::exception for another form.
nlohmann::json normaliser_json(const ModelSpec& spec);
void read_normaliser(const nlohmann::json& j, ModelSpec& spec);
// Ranges, and what must agree with what; Error kFormat.
void check(const ModelSpec& spec);

// One enum member by its name; anything else is of a later version or no model.
template <class E>
E enum_from(const nlohmann::json& j, std::initializer_list<E> all, const char* what) {
  for (E e : all)
    if (j == name(e)) return e;
  throw Error(Errc::kFormat, std::string(what) + " " + j.dump() + " is not known to this version");
}

}  // namespace grainspin

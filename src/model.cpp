// The model file: the spec as text in safetensors' __metadata__.
#include "grainspin/model.h"

#include <nlohmann/json.hpp>

#include "grainspin/core.h"
#include "model_settings.h"
#include "safetensors.h"

namespace grainspin {
namespace {

using nlohmann::json;

constexpr const char* kConventions =
    "orientation: unit quaternion (w,x,y,z), crystal to sample; increment: sample-frame rotation vector w in "
    "rad, "
    "q' = exp(w) q; load: velocity gradient times time, row-major; cells: PyTorch's gate orders i,f,g,o and "
    "r,z,n";

json to_json(const std::vector<LoadStep>& loads) {
  json j = json::array();
  for (const LoadStep& l : loads) j.push_back({{"L", l.L}, {"prescribed", l.prescribed}});
  return j;
}

std::vector<LoadStep> loads_from(const json& j) {
  std::vector<LoadStep> loads;
  for (const json& entry : j) {
    require(entry.at("L").size() == 9 && entry.at("prescribed").size() == 9, Errc::kFormat,
            "a load step has not 9 components");
    loads.push_back(
        {entry["L"].get<std::array<double, 9>>(), entry["prescribed"].get<std::array<bool, 9>>()});
  }
  return loads;
}

std::map<std::string, std::string> metadata_of(const ModelSpec& s) {
  return {{"format", "grainspin model"},
          {"format_version", std::to_string(s.format_version)},
          {"family", name(s.family)},
          {"settings", settings_json(s).dump()},
          {"point_group", s.point_group},
          {"slip_families", json(s.slip_families).dump()},
          {"c_over_a", json(s.c_over_a).dump()},
          {"loads", to_json(s.loads).dump()},
          {"normaliser", normaliser_json(s).dump()},
          {"conventions", kConventions},
          {"domain", s.domain},
          {"provenance", s.provenance},
          {"scores", s.scores}};
}

ModelSpec spec_from(const std::map<std::string, std::string>& metadata) {
  const auto at = [&](const char* key) -> const std::string& {
    const auto found = metadata.find(key);
    require(found != metadata.end(), Errc::kFormat, std::string("__metadata__ has no '") + key + "'");
    return found->second;
  };
  require(metadata.contains("format") && at("format") == "grainspin model", Errc::kFormat,
          "not a grainspin model (no such 'format' in __metadata__)");
  require(at("format_version") == "1" || at("format_version") == "2", Errc::kFormat,
          "format version " + at("format_version") + ", this program reads versions 1 and 2");
  ModelSpec s;
  s.format_version = at("format_version") == "1" ? 1 : 2;
  s.family = enum_from(json(at("family")), {Family::kLocal, Family::kNonlocal}, "family");
  const auto known = metadata_of(s);
  for (const auto& [key, value] : metadata)
    require(known.contains(key), Errc::kFormat, "__metadata__ '" + key + "' is not known to this version");
  require(at("conventions") == kConventions, Errc::kFormat,
          "the model's conventions are not those of this version");
  read_settings(json::parse(at("settings")), s);
  s.point_group = at("point_group");
  s.slip_families = json::parse(at("slip_families")).get<std::vector<std::string>>();
  s.c_over_a = json::parse(at("c_over_a")).get<double>();
  s.loads = loads_from(json::parse(at("loads")));
  read_normaliser(json::parse(at("normaliser")), s);
  s.domain = at("domain");
  s.provenance = at("provenance");
  s.scores = at("scores");
  return s;
}

}  // namespace

Model read_model(const std::string& path) {
  TensorFile file = read_safetensors(path);
  try {
    Model model{spec_from(file.metadata), std::move(file.tensors)};
    check(model);
    return model;
  } catch (const Error& e) {
    throw Error(e.code(), path + ": " + e.what());
  } catch (const json::exception&) {
    throw Error(Errc::kFormat,
                path + ": the model's description in __metadata__ is not as this version writes it");
  }
}

void write_model(const std::string& path, const Model& model) {
  try {
    check(model);
  } catch (const Error& e) {
    throw Error(e.code(), path + ": not written: " + e.what());
  }
  write_safetensors(path, {metadata_of(model.spec), model.tensors});
}

}  // namespace grainspin

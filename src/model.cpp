// The model file: the spec as text in safetensors' __metadata__, and its checks.
#include "grainspin/model.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "grainspin/core.h"
#include "grainspin/grid.h"
#include "safetensors.h"

namespace grainspin {
namespace {

using nlohmann::json;

constexpr const char* kConventions =
    "orientation: unit quaternion (w,x,y,z), crystal to sample; increment: sample-frame rotation vector w in "
    "rad, "
    "q' = exp(w) q; load: velocity gradient times time, row-major; cells: PyTorch's gate orders i,f,g,o and "
    "r,z,n";

// Embeddings have at most this many numbers (embedding.h: EmbeddingSpec::kMaxSize).
constexpr std::size_t kMaxChannels = 32;

std::string text(const std::vector<std::int64_t>& shape) {
  return json(shape).dump();
}

// One enum member by its name; anything else is of a later version or no model.
template <class E>
E parse(const json& j, std::initializer_list<E> all, const char* what) {
  for (E e : all)
    if (j == name(e)) return e;
  throw Error(Errc::kFormat, std::string(what) + " " + j.dump() + " is not known to this version");
}

int whole_number(const json& j, const char* what) {
  require(j.is_number_integer() && j >= -1'000'000 && j <= 1'000'000, Errc::kFormat,
          std::string(what) + " is " + j.dump() + ", not a setting");
  return j.get<int>();
}

json to_json(const LocalSpec& s) {
  return {{"cell", name(s.cell)},         {"layers", s.layers}, {"hidden", s.hidden},    {"radius", s.radius},
          {"feedback", name(s.feedback)}, {"stress", s.stress}, {"variance", s.variance}};
}

LocalSpec local_from(const json& j) {
  LocalSpec s;
  require(j.is_object(), Errc::kFormat, "settings are not a JSON object");
  for (const auto& [key, value] : j.items()) {
    if (key == "cell")
      s.cell = parse(value, {Cell::kLstm, Cell::kGru}, "cell");
    else if (key == "layers")
      s.layers = whole_number(value, "layers");
    else if (key == "hidden")
      s.hidden = whole_number(value, "hidden");
    else if (key == "radius")
      s.radius = whole_number(value, "radius");
    else if (key == "feedback")
      s.feedback = parse(value, {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}, "feedback");
    else if (key == "stress")
      s.stress = value.get<bool>();
    else if (key == "variance")
      s.variance = value.get<bool>();
    else
      throw Error(Errc::kFormat, "setting '" + key + "' is not known to this version");
  }
  require(j.size() == 7, Errc::kFormat, "settings are incomplete");
  return s;
}

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

json normaliser_json(const ModelSpec& s) {
  return {{"input_mean", s.input_mean},
          {"input_scale", s.input_scale},
          {"increment_scale", s.increment_scale},
          {"stress_mean", s.stress_mean},
          {"stress_scale", s.stress_scale}};
}

template <class T>
void take(const json& j, const char* key, T& to) {
  const json& from = j.at(key);
  if constexpr (requires {
                  to.max_size();
                  std::tuple_size<T>::value;
                })
    require(from.size() == to.size(), Errc::kFormat,
            std::string("normaliser '") + key + "' has " + std::to_string(from.size()) + " numbers, wanted " +
                std::to_string(to.size()));
  to = from.get<T>();
}

std::map<std::string, std::string> metadata_of(const ModelSpec& s) {
  return {{"format", "grainspin model"},
          {"format_version", std::to_string(s.format_version)},
          {"family", name(s.family)},
          {"settings", to_json(s.local).dump()},
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
  require(at("format_version") == "1", Errc::kFormat,
          "format version " + at("format_version") + ", this program reads version 1");
  ModelSpec s;
  s.family = parse(json(at("family")), {Family::kLocal}, "family");
  const auto known = metadata_of(s);
  for (const auto& [key, value] : metadata)
    require(known.contains(key), Errc::kFormat, "__metadata__ '" + key + "' is not known to this version");
  require(at("conventions") == kConventions, Errc::kFormat,
          "the model's conventions are not those of this version");
  s.local = local_from(json::parse(at("settings")));
  s.point_group = at("point_group");
  s.slip_families = json::parse(at("slip_families")).get<std::vector<std::string>>();
  s.c_over_a = json::parse(at("c_over_a")).get<double>();
  s.loads = loads_from(json::parse(at("loads")));
  const json normaliser = json::parse(at("normaliser"));
  take(normaliser, "input_mean", s.input_mean);
  take(normaliser, "input_scale", s.input_scale);
  take(normaliser, "increment_scale", s.increment_scale);
  take(normaliser, "stress_mean", s.stress_mean);
  take(normaliser, "stress_scale", s.stress_scale);
  s.domain = at("domain");
  s.provenance = at("provenance");
  s.scores = at("scores");
  return s;
}

void require_finite(const auto& values, const std::string& what, bool positive = false) {
  for (const auto v : values)
    require(std::isfinite(v) && (!positive || v > 0), Errc::kFormat,
            what + (positive ? " has a value that is not finite and above 0"
                             : " has a value that is not finite"));
}

void require_range(int value, int low, int high, const char* what) {
  require(value >= low && value <= high, Errc::kFormat,
          std::string(what) + " is " + std::to_string(value) + ", wanted " + std::to_string(low) + " to " +
              std::to_string(high));
}

void check(const ModelSpec& s) {
  require(s.format_version == 1, Errc::kFormat,
          "format version " + std::to_string(s.format_version) + ", this program knows version 1");
  require(s.family == Family::kLocal, Errc::kFormat, "family 'nonlocal' is not known to this version");
  require_range(s.local.layers, 1, 2, "layers");
  require_range(s.local.hidden, 32, 256, "hidden");
  require(s.local.hidden % 16 == 0, Errc::kFormat,
          "hidden is " + std::to_string(s.local.hidden) + ", wanted a multiple of 16");
  require_range(s.local.radius, 0, 3, "radius");
  require(!s.point_group.empty(), Errc::kFormat, "the point group is not stated");
  require(std::isfinite(s.c_over_a) && s.c_over_a >= 0, Errc::kFormat, "c/a is not a ratio");
  require(!s.loads.empty() && s.loads.size() <= 100'000, Errc::kFormat,
          "the load has " + std::to_string(s.loads.size()) + " steps");
  for (const LoadStep& l : s.loads) require_finite(l.L, "load");
  require(!s.input_mean.empty() && s.input_mean.size() <= kMaxChannels &&
              s.input_mean.size() == s.input_scale.size(),
          Errc::kFormat,
          "normaliser: input_mean has " + std::to_string(s.input_mean.size()) + " numbers, input_scale " +
              std::to_string(s.input_scale.size()));
  require_finite(s.input_mean, "normaliser: input_mean");
  require_finite(s.input_scale, "normaliser: input_scale", true);
  require_finite(s.increment_scale, "normaliser: increment_scale", true);
  require_finite(s.stress_mean, "normaliser: stress_mean");
  require_finite(s.stress_scale, "normaliser: stress_scale", true);
  for (const auto& [what, json_text] :
       {std::pair{"domain", &s.domain}, {"provenance", &s.provenance}, {"scores", &s.scores}})
    require(json::accept(*json_text), Errc::kFormat, std::string(what) + " is not JSON text");
}

// What the spec asks for, tensor by tensor.
std::map<std::string, std::vector<std::int64_t>> wanted_shapes(const ModelSpec& spec) {
  const LocalSpec& s = spec.local;
  const std::int64_t h = s.hidden, gates = (s.cell == Cell::kLstm ? 4 : 3) * h;
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (int l = 0; l < s.layers; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    shapes["rnn.weight_ih" + suffix] = {gates, l == 0 ? input_width(spec) : h};
    shapes["rnn.weight_hh" + suffix] = {gates, h};
    shapes["rnn.bias_ih" + suffix] = shapes["rnn.bias_hh" + suffix] = {gates};
  }
  const auto head = [&](const std::string& which, std::int64_t rows) {
    shapes["head." + which + ".weight"] = {rows, h};
    shapes["head." + which + ".bias"] = {rows};
  };
  head("increment", 3);
  if (s.stress) head("stress", 6);
  if (s.variance) head("variance", 3);
  return shapes;
}

}  // namespace

const char* name(Cell cell) {
  return cell == Cell::kLstm ? "lstm" : "gru";
}

const char* name(Feedback feedback) {
  switch (feedback) {
    case Feedback::kInitial:
      return "initial";
    case Feedback::kOwn:
      return "own";
    default:
      return "neighbours";
  }
}

const char* name(Family family) {
  return family == Family::kLocal ? "local" : "nonlocal";
}

int input_width(const ModelSpec& spec) {
  const int c = int(spec.input_mean.size());
  return (taps(spec.local.radius) + (spec.local.feedback == Feedback::kOwn ? 1 : 0)) * c;
}

void check(const Model& model) {
  check(model.spec);
  const auto wanted = wanted_shapes(model.spec);
  for (const auto& [name, shape] : wanted) {
    const auto found = model.tensors.find(name);
    require(found != model.tensors.end(), Errc::kFormat, "tensor '" + name + "' is missing");
    const Tensor& t = found->second;
    require(t.shape == shape, Errc::kFormat,
            "tensor '" + name + "' has shape " + text(t.shape) + ", wanted " + text(shape));
    std::int64_t count = 1;
    for (auto d : shape) count *= d;
    require(std::int64_t(t.values.size()) == count, Errc::kFormat,
            "tensor '" + name + "' has " + std::to_string(t.values.size()) + " values, wanted " +
                std::to_string(count));
    require_finite(t.values, "tensor '" + name + "'");
  }
  for (const auto& [name, tensor] : model.tensors)
    require(wanted.contains(name), Errc::kFormat, "tensor '" + name + "' is not known to these settings");
}

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

#include "grainspin/core.h"
#include "model_settings.h"

namespace grainspin {
namespace {

using nlohmann::json;

int whole_number(const json& j, const char* what) {
  require(j.is_number_integer() && j >= -1'000'000 && j <= 1'000'000, Errc::kFormat,
          std::string(what) + " is " + j.dump() + ", not a setting");
  return j.get<int>();
}

// A JSON object read key by key: one that is not asked for is of a later version, and none may be missing.
class Settings {
 public:
  Settings(const json& j, const char* what) : j_(j), what_(what) {
    require(j.is_object(), Errc::kFormat, std::string(what) + " are not a JSON object");
  }
  void take(const char* key, int& to) { to = whole_number(at(key), key); }
  void take(const char* key, bool& to) { to = at(key).get<bool>(); }
  void take(const char* key, double& to) { to = at(key).get<double>(); }
  void take(const char* key, std::string& to) { to = at(key).get<std::string>(); }
  void take(const char* key, std::vector<std::string>& to) { to = at(key).get<std::vector<std::string>>(); }
  template <class E>
  void take(const char* key, E& to, std::initializer_list<E> all) {
    to = enum_from(at(key), all, key);
  }
  const json& at(const char* key) {
    const auto found = j_.find(key);
    require(found != j_.end(), Errc::kFormat, std::string(what_) + " are incomplete: no '" + key + "'");
    taken_.push_back(key);
    return *found;
  }
  void finish() const {
    for (const auto& [key, value] : j_.items())
      require(std::find(taken_.begin(), taken_.end(), key) != taken_.end(), Errc::kFormat,
              "setting '" + key + "' is not known to this version");
  }

 private:
  const json& j_;
  const char* what_;
  std::vector<std::string> taken_;
};

json to_json(const LocalSpec& s) {
  return {{"cell", name(s.cell)},         {"layers", s.layers}, {"hidden", s.hidden},    {"radius", s.radius},
          {"feedback", name(s.feedback)}, {"stress", s.stress}, {"variance", s.variance}};
}

LocalSpec local_from(const json& j) {
  LocalSpec s;
  Settings from(j, "settings");
  from.take("cell", s.cell, {Cell::kLstm, Cell::kGru});
  from.take("layers", s.layers);
  from.take("hidden", s.hidden);
  from.take("radius", s.radius);
  from.take("feedback", s.feedback, {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours});
  from.take("stress", s.stress);
  from.take("variance", s.variance);
  from.finish();
  return s;
}

json to_json(const NonlocalSpec& s) {
  json phases = json::array();
  for (const PhaseSpec& p : s.phases)
    phases.push_back({{"name", p.name},
                      {"point_group", p.point_group},
                      {"slip_families", p.slip_families},
                      {"c_over_a", p.c_over_a}});
  return {{"passes", s.passes},
          {"channels", s.channels},
          {"width", s.width},
          {"polarisations", s.polarisations},
          {"memory", s.memory},
          {"carried", s.carried},
          {"warmup", s.warmup},
          {"gated", s.gated},
          {"stress", s.stress},
          {"green", name(s.green)},
          {"beta", s.beta},
          {"frequencies", name(s.frequencies)},
          {"phases", phases}};
}

NonlocalSpec nonlocal_from(const json& j) {
  NonlocalSpec s;
  Settings from(j, "settings");
  from.take("passes", s.passes);
  from.take("channels", s.channels);
  from.take("width", s.width);
  from.take("polarisations", s.polarisations);
  from.take("memory", s.memory);
  from.take("carried", s.carried);
  from.take("warmup", s.warmup);
  from.take("gated", s.gated);
  from.take("stress", s.stress);
  from.take("green", s.green, {Green::kIncompressible, Green::kCompressible, Green::kLearned});
  from.take("beta", s.beta);
  from.take("frequencies", s.frequencies, {Frequencies::kContinuous, Frequencies::kSine});
  const json& phases = from.at("phases");
  require(phases.is_array(), Errc::kFormat, "setting 'phases' is not a list");
  for (const json& phase : phases) {
    PhaseSpec p;
    Settings of(phase, "the settings of a phase");
    of.take("name", p.name);
    of.take("point_group", p.point_group);
    of.take("slip_families", p.slip_families);
    of.take("c_over_a", p.c_over_a);
    of.finish();
    s.phases.push_back(std::move(p));
  }
  from.finish();
  return s;
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

}  // namespace

json normaliser_json(const ModelSpec& s) {
  return {{"input_mean", s.input_mean},
          {"input_scale", s.input_scale},
          {"increment_scale", s.increment_scale},
          {"stress_mean", s.stress_mean},
          {"stress_scale", s.stress_scale}};
}

void read_normaliser(const json& j, ModelSpec& s) {
  take(j, "input_mean", s.input_mean);
  take(j, "input_scale", s.input_scale);
  take(j, "increment_scale", s.increment_scale);
  take(j, "stress_mean", s.stress_mean);
  take(j, "stress_scale", s.stress_scale);
}

json settings_json(const ModelSpec& spec) {
  return spec.family == Family::kLocal ? to_json(spec.local) : to_json(spec.nonlocal);
}

void read_settings(const json& j, ModelSpec& spec) {
  if (spec.family == Family::kLocal)
    spec.local = local_from(j);
  else
    spec.nonlocal = nonlocal_from(j);
}

const char* name(Cell cell) { return cell == Cell::kLstm ? "lstm" : "gru"; }

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

const char* name(Family family) { return family == Family::kLocal ? "local" : "nonlocal"; }

const char* name(Green green) {
  switch (green) {
    case Green::kIncompressible:
      return "incompressible";
    case Green::kCompressible:
      return "compressible";
    default:
      return "learned";
  }
}

const char* name(Frequencies frequencies) {
  return frequencies == Frequencies::kContinuous ? "continuous" : "sine";
}

}  // namespace grainspin

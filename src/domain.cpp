// The domain as it stands in the model file.
#include "grainspin/domain.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "grainspin/core.h"
#include "grainspin/embedding.h"
#include "grainspin/symmetry.h"

namespace grainspin {
namespace {

using nlohmann::json;
using Orientations = TrainingDomain::Orientations;

constexpr std::size_t kMostLoads = 4096, kMostPhases = 64;

double finite(const json& j, const char* what) {
  const double v = j.get<double>();
  require(std::isfinite(v) && v >= 0, Errc::kFormat,
          std::string("the model's domain of training: ") + what + " is not a number from 0 on");
  return v;
}

// One value, or [least, most].
std::array<double, 2> range(const json& j, const char* what) {
  if (!j.is_array()) return {0, finite(j, what)};
  require(j.size() == 2, Errc::kFormat, std::string("the model's domain of training: ") + what + " is not [least, most]");
  return {finite(j[0], what), finite(j[1], what)};
}

// {"L": [9], "prescribed": [9]}; the local family's older form has nine values with null where free.
LoadStep load_from(const json& item) {
  LoadStep load;
  const bool older = item.is_array();
  const json& values = older ? item : item.at("L");
  require(values.is_array() && values.size() == 9 && (older || item.at("prescribed").size() == 9), Errc::kFormat,
          "the model's domain of training: a load has not 9 components");
  for (std::size_t c = 0; c < 9; ++c) {
    if (older) {
      load.prescribed[c] = !values[c].is_null();
    } else {
      const json& p = item.at("prescribed").at(c);
      load.prescribed[c] = p.is_boolean() ? p.get<bool>() : p.get<double>() != 0;
    }
    if (load.prescribed[c] || !older) load.L[c] = values[c].get<double>();
    require(std::isfinite(load.L[c]), Errc::kFormat, "the model's domain of training: a load is not finite");
  }
  return load;
}

Orientations orientations_from(const json& item, std::string phase, const std::string& group) {
  Orientations o{std::move(phase), group, item.at("low").get<std::vector<float>>(), item.at("high").get<std::vector<float>>()};
  bool right = o.low.size() == o.high.size() && !o.low.empty();
  for (std::size_t c = 0; right && c < o.low.size(); ++c)
    right = std::isfinite(o.low[c]) && std::isfinite(o.high[c]) && o.low[c] <= o.high[c];
  require(right, Errc::kFormat, "the model's domain of training: the ranges of the embedding are no ranges");
  try {
    right = o.low.size() == std::size_t(embedding(PointGroup::named(group)).size);
  } catch (const Error&) {
    right = false;
  }
  require(right, Errc::kFormat, "the model's domain of training: the ranges of the embedding do not belong to point group " + group);
  return o;
}

void read(const json& d, const ModelSpec& spec, TrainingDomain& out) {
  if (d.contains("step_strain")) out.step_strain = range(d["step_strain"], "step_strain");
  if (d.contains("total_strain")) out.total_strain = range(d["total_strain"], "total_strain")[1];
  if (d.contains("increment_rad")) {
    const json& increment = d["increment_rad"];
    if (increment.is_object()) {
      out.increment = finite(increment.at("max"), "increment_rad");
      if (increment.contains("rms")) out.increment_rms = finite(increment["rms"], "increment_rad");
    } else {
      out.increment = range(increment, "increment_rad")[1];
    }
  }
  const bool older = d.contains("load");
  if (older || d.contains("loads")) {
    const json& loads = older ? d["load"] : d["loads"];
    require(loads.is_array() && loads.size() <= kMostLoads, Errc::kFormat, "the model's domain of training: loads are no list");
    for (const json& item : loads) out.loads.push_back(load_from(item));
  }
  // The older form has whole steps, with sizes that include what the free components took: they are taken from the loads,
  // as those of a run are.
  if (older && !out.loads.empty()) {
    out.step_strain = {1e300, 0};
    out.total_strain = 0;
    for (const LoadStep& load : out.loads) {
      const double size = completed(load).von_mises();
      out.step_strain = {std::min(out.step_strain[0], size), std::max(out.step_strain[1], size)};
      out.total_strain += size;
    }
    out.steps = int(out.loads.size());
  }
  if (d.contains("embedding")) {
    const json& embedding = d["embedding"];
    if (embedding.is_object()) {
      out.orientations.push_back(orientations_from(embedding, "", spec.point_group));
    } else {
      require(embedding.is_array() && embedding.size() <= kMostPhases, Errc::kFormat,
              "the model's domain of training: embedding is no list of phases");
      for (const json& item : embedding)
        out.orientations.push_back(orientations_from(item, item.at("phase").get<std::string>(), item.at("point_group").get<std::string>()));
    }
  }
  if (d.contains("resolved")) {
    require(d["resolved"].is_array() && d["resolved"].size() <= kMostPhases, Errc::kFormat,
            "the model's domain of training: resolved is no list of phases");
    for (const json& item : d["resolved"]) {
      const TrainingDomain::Resolved r{item.at("phase").get<std::string>(), finite(item.at("low"), "resolved"),
                                       finite(item.at("high"), "resolved"), finite(item.at("spread"), "resolved")};
      require(r.low <= r.high, Errc::kFormat, "the model's domain of training: resolved is no range");
      out.resolved.push_back(r);
    }
  }
  if (d.contains("surroundings")) {
    require(d["surroundings"].is_array() && d["surroundings"].size() <= kMostPhases, Errc::kFormat,
            "the model's domain of training: surroundings is no list of phases");
    for (const json& item : d["surroundings"]) {
      TrainingDomain::Surrounded s{item.at("phase").get<std::string>()};
      for (auto& [key, to] : {std::pair{"resolved", &s.resolved}, {"boundary", &s.boundary}, {"contrast", &s.contrast}}) {
        require(item.at(key).is_array(), Errc::kFormat, std::string("the model's domain of training: surroundings: ") + key + " is no range");
        *to = range(item.at(key), key);
        require((*to)[0] <= (*to)[1], Errc::kFormat, std::string("the model's domain of training: surroundings: ") + key + " is no range");
      }
      out.surroundings.push_back(s);
    }
  }
  if (d.contains("steps")) out.steps = int(finite(d["steps"], "steps"));
  if (d.contains("runs")) out.runs = int(finite(d["runs"], "runs"));
  if (d.contains("voxels")) out.voxels = std::int64_t(finite(d["voxels"], "voxels"));
}

}  // namespace

const char* name(Verdict verdict) {
  return verdict == Verdict::kFine ? "fine" : verdict == Verdict::kDoubtful ? "doubtful" : "outside";
}

bool TrainingDomain::stated() const {
  return step_strain[1] > 0 || total_strain > 0 || increment > 0 || !loads.empty() || !orientations.empty() || !resolved.empty() ||
         !surroundings.empty();
}

TrainingDomain training_domain(const ModelSpec& spec) {
  TrainingDomain out;
  try {
    const json d = json::parse(spec.domain);
    require(d.is_object(), Errc::kFormat, "the model's domain of training is no JSON object");
    read(d, spec, out);
  } catch (const json::exception& e) {
    throw Error(Errc::kFormat, std::string("the model's domain of training is not as this version writes it: ") + e.what());
  }
  return out;
}

}  // namespace grainspin

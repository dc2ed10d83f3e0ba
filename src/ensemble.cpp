// Models put together to an ensemble, and taken out of it.
#include "grainspin/ensemble.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "grainspin/core.h"
#include "grainspin/variance.h"
#include "model_settings.h"

namespace grainspin {
namespace {

using nlohmann::json;

// SHA-256 of all archives that a training has read, those too that it only watched; empty where it does not say.
std::set<std::string> archives_of(const ModelSpec& spec) {
  std::set<std::string> out;
  const json provenance = json::parse(spec.provenance, nullptr, false);
  if (!provenance.is_object()) return out;
  for (const char* list : {"training", "held_out"}) {
    if (!provenance.contains(list) || !provenance[list].is_array()) continue;
    for (const json& item : provenance[list])
      if (item.is_object() && item.contains("sha256") && item["sha256"].is_string()) out.insert(item["sha256"].get<std::string>());
  }
  return out;
}

// Which archive comes first depends on the division, so loads may differ in what rounding does.
bool alike(const std::vector<LoadStep>& a, const std::vector<LoadStep>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t t = 0; t < a.size(); ++t) {
    if (a[t].prescribed != b[t].prescribed) return false;
    double size = 0;
    for (const double x : a[t].L) size = std::max(size, std::abs(x));
    for (std::size_t c = 0; c < 9; ++c)
      if (a[t].prescribed[c] && !(std::abs(a[t].L[c] - b[t].L[c]) <= 1e-4 * size)) return false;
  }
  return true;
}

void require_member(const Model& first, const Model& m, const std::string& name) {
  const auto same = [&](bool yes, const char* what) {
    require(yes, Errc::kArgument, name + " differs from member 0 in its " + what + ": the members of an ensemble share it");
  };
  const ModelSpec &a = first.spec, &b = m.spec;
  same(a.family == b.family, "family");
  same(a.point_group == b.point_group && a.slip_families == b.slip_families && a.c_over_a == b.c_over_a, "crystal");
  same(settings_json(a) == settings_json(b), "settings");
  same(alike(a.loads, b.loads), "load");
  const auto trained = archives_of(a), others = archives_of(b);
  same(trained.empty() || others.empty() || trained == others, "archives of training");
}

std::string named(std::size_t member) { return "member " + std::to_string(member); }
std::string prefix(std::size_t member) { return member == 0 ? "" : "member" + std::to_string(member) + "."; }

// Whose tensor it is; far too large a number where it looks like a further member's and is none.
std::size_t member_number(const std::string& name) {
  constexpr std::string_view kStart = "member";
  if (!name.starts_with(kStart)) return 0;
  std::size_t m = 0;
  const auto [at, error] = std::from_chars(name.data() + kStart.size(), name.data() + name.size(), m);
  return error == std::errc() && m > 0 && name.starts_with(prefix(m)) ? m : kMostMembers;
}

// The calibration that a domain states; null where it states none.
json uncertainty_of(const std::string& domain) {
  const json j = json::parse(domain);
  return j.is_object() && j.contains("uncertainty") ? j["uncertainty"] : json();
}

// The domain with this calibration in the place of its own.
std::string with_uncertainty(const std::string& domain, const json& uncertainty) {
  json j = json::parse(domain);
  if (!j.is_object()) return domain;
  j.erase("uncertainty");
  if (!uncertainty.is_null()) j["uncertainty"] = uncertainty;
  return j.dump();
}

bool same_tensors(const Model& a, const Model& b) {
  return std::ranges::equal(a.tensors, b.tensors, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.values == y.second.values;
  });
}

}  // namespace

Model ensemble_of(const std::vector<Model>& models) {
  std::vector<Model> members;
  for (const Model& m : models)
    for (Model& member : members_of(m)) members.push_back(std::move(member));
  require(members.size() >= 2 && members.size() <= kMostMembers, Errc::kArgument,
          "an ensemble has 2 to " + std::to_string(kMostMembers) + " members, not " + std::to_string(members.size()));
  Model all;
  all.spec = members.front().spec;
  json list = json::array();
  for (std::size_t i = 0; i < members.size(); ++i) {
    Model& m = members[i];
    check(m);
    require_member(members.front(), m, named(i));
    for (std::size_t k = 0; k < i; ++k)
      require(!same_tensors(m, members[k]), Errc::kArgument,
              named(i) + " and " + named(k) + " are the same model: members come from different seeds");
    list.push_back({{"provenance", json::parse(m.spec.provenance)},
                    {"scores", json::parse(m.spec.scores)},
                    {"normaliser", normaliser_json(m.spec)},
                    {"uncertainty", uncertainty_of(m.spec.domain)}});
    for (const auto& [name, tensor] : m.tensors) all.tensors[prefix(i) + name] = tensor;
  }
  json provenance{{"members", list}};
  for (const char* key : {"training", "held_out"})
    if (const json& first = list[0]["provenance"]; first.is_object() && first.contains(key)) provenance[key] = first[key];
  all.spec.format_version = 2;
  all.spec.provenance = provenance.dump(-1, ' ', false, json::error_handler_t::replace);
  all.spec.scores = "{}";
  all.spec.domain = with_uncertainty(all.spec.domain, {});
  return all;
}

std::vector<Model> members_of(const Model& model) {
  if (!is_ensemble(model.spec)) return {model};
  std::vector<Model> members;
  try {
    const json provenance = json::parse(model.spec.provenance);
    require(provenance.is_object() && provenance.contains("members"), Errc::kFormat,
            "format version 2, that of ensembles, but the provenance lists no members");
    const json& list = provenance["members"];
    require(list.is_array() && list.size() >= 2 && list.size() <= kMostMembers, Errc::kFormat,
            "the provenance lists no 2 to " + std::to_string(kMostMembers) + " members, as an ensemble has");
    for (const json& entry : list) {
      Model m;
      m.spec = model.spec;
      m.spec.format_version = 1;
      m.spec.provenance = entry.at("provenance").dump();
      m.spec.scores = entry.at("scores").dump();
      read_normaliser(entry.at("normaliser"), m.spec);
      m.spec.domain = with_uncertainty(model.spec.domain, entry.at("uncertainty"));
      members.push_back(std::move(m));
    }
  } catch (const json::exception&) {
    throw Error(Errc::kFormat, named(members.size()) + ": the provenance does not describe it as this version writes it");
  }
  for (const auto& [name, tensor] : model.tensors) {
    const std::size_t m = member_number(name);
    require(m < members.size(), Errc::kFormat,
            "tensor '" + name + "' is of no member: the model has " + std::to_string(members.size()) + ", from 0");
    members[m].tensors[name.substr(prefix(m).size())] = tensor;
  }
  return members;
}

Model with_members(Model model, int members) {
  if (members == 0) return model;
  std::vector<Model> all = members_of(model);
  require(members == 1 || std::size_t(members) == all.size(), Errc::kArgument,
          std::to_string(members) + " members: the model has " + std::to_string(all.size()) + "; 1 or all are calibrated");
  return members == 1 ? std::move(all.front()) : std::move(model);
}

void check_members(const Model& model) {
  const bool calibrated = calibration(model.spec).has_value();
  const std::vector<Model> members = members_of(model);
  for (std::size_t i = 0; i < members.size(); ++i) try {
      check(members[i]);
      require(!calibrated || calibration(members[i].spec).has_value(), Errc::kFormat,
              "it has no variance head, but the model states how sure all members together are");
    } catch (const Error& e) {
      throw Error(e.code(), named(i) + ": " + e.what());
    }
}

}  // namespace grainspin

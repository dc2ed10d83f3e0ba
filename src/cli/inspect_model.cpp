#include "src/cli/inspect_model.h"

#include <fmt/format.h>

#include "grainspin/core.h"
#include "grainspin/domain.h"
#include "src/cli/ensemble.h"
#include "src/cli/inspect_domain.h"
#include "src/cli/inspect_nonlocal.h"

namespace grainspin::cli {

namespace {

using nlohmann::json;

void line(std::string_view name, const std::string& value) { fmt::print("{:<12} {}\n", name, value); }

std::string number(const json& j, const char* format) {
  return j.is_number() ? fmt::format(fmt::runtime(format), j.get<double>()) : std::string("-");
}

std::string joined(const json& list, const char* separator) {
  std::string out;
  for (const auto& item : list) out.append(out.empty() ? "" : separator).append(item.is_string() ? item.get<std::string>() : item.dump());
  return out;
}

// A member of what may be no object at all: the JSON texts of a model are free in form.
json member(const json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object.at(key) : json();
}

void print_training(const json& provenance) {
  const json training = member(provenance, "training"), held_out = member(provenance, "held_out");
  if (training.is_array())
    line("trained on", fmt::format("{} runs, {} more watched for early stopping; seed {}, {} epochs in {} s on {} CPU thread(s)",
                                   training.size(), held_out.is_array() ? held_out.size() : 0,
                                   member(member(provenance, "settings"), "seed").dump(), number(member(provenance, "epochs"), "{:.1f}"),
                                   number(member(provenance, "seconds"), "{:.0f}"), member(provenance, "threads").dump()));
  const json version = member(provenance, "version"), commit = member(provenance, "commit"), torch = member(provenance, "torch");
  if (version.is_string() && commit.is_string() && torch.is_string())
    line("made by", fmt::format("grainspin {} ({}), LibTorch {}", version.get<std::string>(), commit.get<std::string>(), torch.get<std::string>()));
}

void print_scores(const json& scores) {
  const json validation = member(scores, "validation");
  if (!validation.is_array()) return;
  line("scores", "end error  persistence    skill  R2 one step  R2 rolled   on runs it never saw");
  for (const json& row : validation) {
    const json file = member(row, "file");
    line("", fmt::format("{:>9}  {:>11}  {:>7}  {:>11}  {:>9}   {}", number(member(row, "end_error_deg"), "{:.2f} deg"),
                         number(member(row, "end_persistence_deg"), "{:.2f} deg"), number(member(row, "skill_persistence"), "{:.3f}"),
                         number(member(row, "r2_one_step"), "{:.3f}"), number(member(row, "r2_rolled"), "{:.3f}"),
                         file.is_string() ? file.get<std::string>() : std::string()));
  }
}

}  // namespace

json free_components(const LoadStep& load) {
  static const char* const names[9] = {"xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"};
  json out = json::array();
  for (std::size_t c = 0; c < 9; ++c)
    if (!load.prescribed[c]) out.push_back(names[c]);
  return out;
}

json model_summary(const std::string& path, const Model& model) {
  const ModelSpec& spec = model.spec;
  std::int64_t parameters = 0;
  for (const auto& [name, tensor] : model.tensors) parameters += std::int64_t(tensor.values.size());
  json out = {{"file", path},
              {"kind", "model"},
              {"format", "grainspin model " + std::to_string(spec.format_version)},
              {"family", name(spec.family)},
              {"point_group", spec.point_group},
              {"slip_families", spec.slip_families},
              {"parameters", parameters},
              {"steps", spec.steps()}};
  if (spec.family == Family::kNonlocal) {
    out["settings"] = nonlocal_settings(spec.nonlocal);
    out["phases"] = nonlocal_phases(model);
    out["limits"] = json::array({kNoLengthScale});
  } else {
    out["settings"] = {{"cell", name(spec.local.cell)},   {"layers", spec.local.layers},
                       {"hidden", spec.local.hidden},     {"radius", spec.local.radius},
                       {"feedback", name(spec.local.feedback)}, {"stress", spec.local.stress},
                       {"variance", spec.local.variance}};
  }
  if (json members = member_list(model); !members.empty()) out["members"] = std::move(members);
  for (const auto& [key, value] : {std::pair{"domain", &spec.domain}, {"provenance", &spec.provenance}, {"scores", &spec.scores}})
    out[key] = json::parse(*value, nullptr, false);

  double strain = 0;
  bool known = true;  // a free shear is not known before the run
  out["loads"] = json::array();
  for (const LoadStep& load : spec.loads) {
    for (std::size_t c = 0; c < 9; ++c) known = known && (c % 4 == 0 || load.prescribed[c]);
    strain += completed(load).von_mises();
    out["loads"].push_back({{"L", load.L}, {"free", free_components(load)}});
  }
  double trained = 0;
  try {
    trained = training_domain(spec).total_strain;
  } catch (const Error&) {  // told by domain_lines()
  }
  out["strain"] = trained > 0 ? json(trained) : known ? json(strain) : json();
  return out;
}

void print_model(const json& m, const ModelSpec& spec) {
  line("file", m.at("file"));
  line("format", m.at("format"));
  line("family", m.at("family"));
  if (m.contains("settings")) {
    std::string settings;
    for (const auto& [key, value] : m.at("settings").items())
      settings.append(settings.empty() ? "" : ", ").append(key).append(" ").append(value.is_string() ? value.get<std::string>() : value.dump());
    line("settings", settings);
  }
  line("symmetry", m.at("point_group"));
  line("parameters", m.at("parameters").dump());
  const json free = m.at("loads").empty() ? json::array() : m.at("loads").at(0).at("free");
  if (m.contains("phases")) print_nonlocal(m);
  const std::string which = m.contains("phases") ? "own load" : "load";
  line(which, fmt::format("{} steps, von Mises strain {} in all; free components: {}", m.at("steps").get<int>(),
                           number(m.at("strain"), "{:.4f}"), free.empty() ? "none" : joined(free, " ")));
  for (const auto& [name, text] : domain_lines(spec)) line(name, text);
  if (m.contains("members")) return print_members(m.at("members"));
  print_training(m.at("provenance"));
  print_scores(m.at("scores"));
}

}  // namespace grainspin::cli

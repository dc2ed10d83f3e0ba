// grainspin ensemble: models of several seeds put together in one file, or one taken out of it.
#include "src/cli/ensemble.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <vector>

#include "grainspin/ensemble.h"
#include "grainspin/variance.h"

namespace grainspin::cli {

namespace {

using nlohmann::json;

// A part of a free JSON text; null where it is not there.
json part(const json& object, const char* key) { return object.is_object() && object.contains(key) ? object.at(key) : json(); }

// Mean over the runs that a training was scored on; null where it states none.
json mean_skill(const json& scores) {
  const json runs = part(scores, "validation");
  if (!runs.is_array() || runs.empty()) return {};
  double sum = 0;
  for (const json& run : runs) {
    const json skill = part(run, "skill_persistence");
    if (!skill.is_number()) return {};
    sum += skill.get<double>();
  }
  return sum / double(runs.size());
}

void run(const std::vector<std::string>& files, int member, const std::string& output, bool quiet) {
  Model out;
  if (member >= 0) {
    require(files.size() == 1, Errc::kArgument, "--member: of one file, found " + std::to_string(files.size()));
    const std::vector<Model> members = members_of(read_model(files[0]));
    require(std::size_t(member) < members.size(), Errc::kArgument,
            files[0] + ": has " + std::to_string(members.size()) + " members, counted from 0");
    out = members[std::size_t(member)];
  } else {
    std::vector<Model> models;
    for (const std::string& file : files) models.push_back(read_model(file));
    try {
      out = ensemble_of(models);
    } catch (const Error& e) {
      std::string names;
      for (const std::string& file : files) names.append(names.empty() ? "" : ", ").append(file);
      throw Error(e.code(), names + ": " + e.what());
    }
  }
  write_model(output, out);
  if (quiet) return;
  fmt::print("{}: {}\n", output, member >= 0 ? fmt::format("member {} of {}", member, files[0]) : fmt::format("{} members", members_of(out).size()));
  if (member < 0 && out.spec.family == Family::kNonlocal)
    fmt::print("how sure all of them together are is not known yet: grainspin calibrate {} ARCHIVES -o {}\n", output, output);
}

}  // namespace

void add_ensemble(CLI::App& app) {
  struct Options {
    std::vector<std::string> models;
    std::string output;
    int member = -1;
    bool quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("ensemble", "put models of the same settings and archives, trained from several seeds, into one file");
  verb->add_option("models", o->models, "models written by `grainspin train`, or ensembles of them; with --member the ensemble to take it from")->required();
  verb->add_option("-o,--output", o->output, "model to write; may be one of them")->required();
  verb->add_option("--member", o->member, "write this member as a single model, counted from 0")->check(CLI::NonNegativeNumber);
  verb->add_flag("--quiet", o->quiet, "print nothing but errors");
  verb->callback([o] { run(o->models, o->member, o->output, o->quiet); });
}

void add_members_option(CLI::App& verb, int& members) {
  verb.add_option("--members", members, "ensembles: 1 runs the first member alone, at its own cost and with its own calibration; default all")
      ->check(CLI::PositiveNumber);
}

Model read_members(const std::string& path, int members) {
  try {
    return with_members(read_model(path), members);
  } catch (const Error& e) {
    throw e.code() == Errc::kArgument ? Error(e.code(), "--members: " + path + ": " + e.what()) : e;
  }
}

json member_list(const Model& model) {
  json list = json::array();
  if (!is_ensemble(model.spec)) return list;
  for (const Model& m : members_of(model)) {
    const json provenance = json::parse(m.spec.provenance, nullptr, false), scores = json::parse(m.spec.scores, nullptr, false);
    list.push_back({{"seed", part(part(provenance, "settings"), "seed")},
                    {"epochs", part(provenance, "epochs")},
                    {"seconds", part(provenance, "seconds")},
                    {"commit", part(provenance, "commit")},
                    {"watched", part(provenance, "held_out")},
                    {"skill", mean_skill(scores)},
                    {"scores", scores},
                    {"calibrated", m.spec.family == Family::kNonlocal && calibration(m.spec).has_value()}});
  }
  return list;
}

void print_members(const json& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& m = list[i];
    const auto number = [&](const char* key, const char* form) {
      return m.at(key).is_number() ? fmt::format(fmt::runtime(form), m.at(key).get<double>()) : std::string("-");
    };
    std::string watched;
    if (m.at("watched").is_array())
      for (const json& run : m.at("watched")) {
        const json file = part(run, "file");
        if (file.is_string()) watched.append(watched.empty() ? "" : ", ").append(file.get<std::string>());
      }
    fmt::print("{:<12} seed {}, {} epochs in {} s, mean skill {} on runs it never saw{}{}\n", i == 0 ? "members" : "", m.at("seed").dump(),
               number("epochs", "{:.1f}"), number("seconds", "{:.0f}"), number("skill", "{:.3f}"),
               watched.empty() ? "" : "; watched " + watched, m.at("calibrated").get<bool>() ? "" : "; no variance head");
  }
}

}  // namespace grainspin::cli

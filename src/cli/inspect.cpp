// grainspin inspect: what a file holds, as a page of text or as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>

#include "grainspin/archive.h"
#include "grainspin/ensemble.h"
#include "grainspin/model.h"
#include "src/cli/inspect_coefficients.h"
#include "src/cli/inspect_model.h"
#include "src/cli/source_options.h"
#include "src/cli/verbs.h"
#include "src/io/result_more.h"
#include "src/io/survey.h"

namespace grainspin::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr double kDegrees = 180 / std::numbers::pi;

// A model file starts with the length of its header and the header's brace.
bool looks_like_model(const std::string& path) {
  unsigned char head[9] = {};
  std::ifstream in(path, std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(head), sizeof head)) return false;
  return head[8] == '{' && head[5] == 0 && head[6] == 0 && head[7] == 0;
}

const char* text(Boundary b) { return b == Boundary::kPeriodic ? "periodic" : "clamped"; }

// How orientations are stored; what it costs is in docs/file_formats.md.
std::string storage(Packing packing) { return packing == Packing::kNone ? "float32" : fmt::format("packed{}", int(packing)); }

json archive_json(const ArchiveInfo& info, const Survey* survey) {
  const Shape s = info.shape;
  json out = {{"file", info.path},
              {"kind", "archive"},
              {"format", info.format},
              {"creator", info.creator},
              {"cells", {s.nx, s.ny, s.nz}},
              {"voxels", s.voxels()},
              {"size_m", info.size},
              {"origin_m", info.origin},
              {"boundaries", {text(info.boundaries.x), text(info.boundaries.y), text(info.boundaries.z)}},
              {"constituents", info.constituents}};
  out["fields"] = {{"orientation", info.has_orientation}, {"F", info.has_F},           {"P", info.has_P},
                   {"grain", info.has_grain},             {"mean_F", info.has_mean_F}, {"mean_P", info.has_mean_P}};
  out["fields"]["stress"] = info.has_stress;
  const MoreFields more(info);
  for (const char* name : {"estimated_error", "verdict"}) out["fields"][name] = more.has(name);
  if (info.has_orientation) out["orientation"] = storage(info.packing);
  out["phases"] = json::array();
  for (const auto& p : info.phases) {
    json phase = {{"name", p.name}, {"lattice", p.lattice}, {"point_group", p.point_group}, {"voxels", p.voxels}};
    if (p.c_over_a > 0) phase["c_over_a"] = p.c_over_a;
    if (!p.elastic.empty()) phase["elastic_Pa"] = p.elastic;
    if (p.law) phase["law"] = {{"type", "phenopowerlaw"}, {"N_sl", p.law->N_sl}, {"n_sl", p.law->n}};
    out["phases"].push_back(phase);
  }
  out["steps"] = json::array();
  for (std::size_t k = 0; k < info.steps.size(); ++k) {
    const StepInfo& step = info.steps[k];
    json j = {{"step", k}, {"name", step.name}, {"time_s", step.time}};
    if (!info.loads.empty() || !info.all_loads.empty()) j["strain"] = step.strain;
    if (!info.all_loads.empty()) j["after_loads"] = step.after;
    if (info.has_mean_F) j["mean_F"] = step.mean_F;
    if (info.has_mean_P) j["mean_P_Pa"] = step.mean_P;
    if (k > 0 && !info.loads.empty()) {
      j["load"] = info.loads[k - 1].L;
      j["free"] = free_components(info.loads[k - 1]);
    }
    out["steps"].push_back(j);
  }
  for (const LoadStep& load : info.all_loads) out["loads"].push_back({{"load", load.L}, {"free", free_components(load)}});
  if (survey) {
    out["norm_error_max"] = survey->largest_norm_error;
    out["not_finite"] = survey->not_finite;
    out["not_unit"] = survey->not_unit;
    if (survey->has_rotation)
      out["rotation_deg"] = {{"mean", survey->rotation_mean * kDegrees}, {"max", survey->rotation_max * kDegrees}};
    if (survey->has_stress)
      out["mises_Pa"] = {{"mean", survey->stress_mean}, {"min", survey->stress_min}, {"max", survey->stress_max}};
    if (survey->grains > 0)
      out["grains"] = {{"count", survey->grains},
                       {"labelled_here", survey->labelled},
                       {"smallest", survey->smallest},
                       {"largest", survey->largest}};
  }
  out["conventions"] = "orientation w x y z, crystal to sample; x fastest; SI units; F and P row-major";
  out["problems"] = survey ? survey->problems : info.problems;
  return out;
}

void print_archive(const ArchiveInfo& info, const Survey* survey) {
  const Shape s = info.shape;
  const auto line = [](std::string_view name, const std::string& value) { fmt::print("{:<12} {}\n", name, value); };
  line("file", info.path);
  line("format", info.format + (info.creator.empty() ? "" : ", by " + info.creator));
  line("grid", fmt::format("{} x {} x {} = {} voxels, {:.4g} x {:.4g} x {:.4g} m, {} {} {}", s.nx, s.ny, s.nz, s.voxels(),
                           info.size[0], info.size[1], info.size[2], text(info.boundaries.x), text(info.boundaries.y),
                           text(info.boundaries.z)));
  if (info.constituents > 1)
    line("constituents", fmt::format("{} a voxel; orientation and fields are those of the first", info.constituents));
  for (const auto& p : info.phases)
    line("phase", fmt::format("{}: {} voxels, lattice {}, point group {}{}{}", p.name, p.voxels,
                              p.lattice.empty() ? "unknown" : p.lattice, p.point_group.empty() ? "unknown" : p.point_group,
                              p.c_over_a > 0 ? fmt::format(", c/a {:.4g}", p.c_over_a) : "",
                              p.law ? ", phenopowerlaw" : ""));
  std::string more;
  const MoreFields added(info);
  for (const std::string& name : added.names()) more.append(" ").append(name);
  line("fields", fmt::format("{}{}{}{}{}{}", !info.has_orientation ? "" : info.packing == Packing::kNone ? "orientation " : "orientation (" + storage(info.packing) + ") ", info.has_F ? "F " : "",
                             info.has_P ? "P " : "", info.has_stress ? "stress " : "", info.has_grain ? "grain" : "", more));
  if (survey && survey->grains > 0)
    line("grains", fmt::format("{} of {} to {} voxels{}", survey->grains, survey->smallest, survey->largest,
                               survey->labelled ? " (labelled by orientation, 0.1 degree)" : ""));
  const bool timed = std::ranges::any_of(info.steps, [](const StepInfo& step) { return step.time != 0; });
  line("steps", fmt::format("{} after the initial state{}{}", info.step_count(),
                            timed ? fmt::format(", {:.6g} to {:.6g} s", info.steps.front().time, info.steps.back().time) : "",
                            info.loads.empty() ? "" : fmt::format(", strain {:.4g}", info.steps.back().strain)));
  const std::vector<LoadStep>& loads = info.all_loads.empty() ? info.loads : info.all_loads;
  for (std::size_t k = 0; k < loads.size(); ++k) {
    LoadStep load = loads[k];
    std::string end;  // the state it leads to
    double strain = 0;
    for (std::size_t s = 1; s < info.steps.size(); ++s)
      if ((info.all_loads.empty() ? int(s) : info.steps[s].after) == int(k) + 1) end = info.steps[s].name, strain = info.steps[s].strain;
    for (double& x : load.L)
      if (std::abs(x) < 5e-6) x = 0;  // no -0.00000
    std::string free;
    for (const auto& name : free_components(load)) free.append(free.empty() ? "" : " ").append(name.get<std::string>());
    line(k == 0 ? "load" : "",
         fmt::format("{:<14} {:<14}  L = [{:8.5f} {:8.5f} {:8.5f} | {:8.5f} {:8.5f} {:8.5f} | {:8.5f} {:8.5f} "
                     "{:8.5f}]  free: {}",
                     end, end.empty() ? "" : fmt::format("strain {:.5f}", strain), load.L[0], load.L[1], load.L[2], load.L[3],
                     load.L[4], load.L[5], load.L[6], load.L[7], load.L[8], free.empty() ? "none" : free));
  }
  if (survey && survey->has_rotation)
    line("rotation", fmt::format("{:.3f} degrees in the mean, {:.3f} at most, last state against first",
                                 survey->rotation_mean * kDegrees, survey->rotation_max * kDegrees));
  if (survey && survey->has_stress)
    line("stress", fmt::format("von Mises {:.4g} MPa in the mean, {:.4g} to {:.4g}, last state", survey->stress_mean / 1e6,
                               survey->stress_min / 1e6, survey->stress_max / 1e6));
  if (survey && info.has_orientation)
    line("quaternions", fmt::format("{} read, | |q| - 1 | at most {:.2g}", survey->orientations, survey->largest_norm_error));
  line("conventions", "orientation w x y z, crystal to sample (DAMASK's O); x fastest; SI units");
  const auto& problems = survey ? survey->problems : info.problems;
  if (problems.empty()) line("problems", survey ? "none found" : "none found (fields were not read)");
  for (std::size_t i = 0; i < problems.size(); ++i) line(i == 0 ? "problems" : "", problems[i]);
}

}  // namespace

void add_inspect(CLI::App& app) {
  struct Options {
    std::string file;
    int member = 1;
    bool as_json = false, quick = false, coefficients = false, csv = false;
    SourceOptions source;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("inspect", "what an archive or a model holds, and what is wrong with it");
  verb->add_option("file", o->file, "an archive (docs/file_formats.md lists the formats) or a model")->required();
  verb->add_flag("--json", o->as_json, "as JSON (docs/file_formats.md)");
  verb->add_flag("--quick", o->quick, "only what opening the file tells; fields are not read");
  CLI::Option* coefficients = verb->add_flag("--coefficients", o->coefficients, "of a nonlocal model what it has learned, by interaction of slip systems (docs/evaluation.md)");
  verb->add_flag("--csv", o->csv, "the coefficients of every tensor as CSV")->needs(coefficients)->excludes("--json");
  verb->add_option("--member", o->member, "the coefficients of which model of an ensemble, from 1")->needs(coefficients)->check(CLI::PositiveNumber);
  add_source_options(*verb, o->source);
  verb->callback([o] {
    const auto dump = [](const json& j) {
      fmt::print("{}\n", j.dump(2, ' ', false, json::error_handler_t::replace));
    };
    if (looks_like_model(o->file)) {
      const Model model = read_model(o->file);
      if (o->coefficients) {
        const std::vector<Model> members = members_of(model);
        require(o->member <= int(members.size()), Errc::kArgument, fmt::format("{}: has {} member(s), no member {}", o->file, members.size(), o->member));
        print_coefficients(o->file, members[std::size_t(o->member - 1)], o->csv ? CoefficientFormat::kCsv : o->as_json ? CoefficientFormat::kJson : CoefficientFormat::kTable);
        return;
      }
      const json m = model_summary(o->file, model);
      o->as_json ? dump(m) : print_model(m, model.spec);
      return;
    }
    require(!o->coefficients, Errc::kArgument, o->file + ": no model, so it has no coefficients");
    const auto go_on = [](double, std::string_view) { return !stop_requested(); };
    const auto in = open_archive(o->file, {.means = !o->quick, .source = o->source});
    std::unique_ptr<Survey> found;
    if (!o->quick) found = std::make_unique<Survey>(survey(*in, go_on));
    o->as_json ? dump(archive_json(in->info(), found.get())) : print_archive(in->info(), found.get());
  });
}

}  // namespace grainspin::cli

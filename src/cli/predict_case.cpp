#include "src/cli/predict_case.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>

#include "grainspin/core.h"
#include "grainspin/load_file.h"
#include "grainspin/version_info.h"
#include "src/cli/ensemble.h"
#include "src/cli/predict_io.h"
#include "src/cli/predict_plan.h"
#include "src/cli/predict_ranks.h"
#include "src/cli/predict_resume.h"

namespace grainspin::cli {
namespace {

// The crystal symmetry of every phase that is not masked away must be the model's.
void check_symmetry(const Ranks& ranks, const ArchiveInfo& info, const ModelSpec& spec, const std::vector<std::string>& masks) {
  for (const PhaseInfo& p : info.phases) {
    if (std::ranges::find(masks, "phase=" + p.name) != masks.end()) continue;
    const std::string hint =
        info.phases.size() > 1 ? " (--mask phase=" + p.name + " leaves the phase out)" : "";
    require(!p.point_group.empty(), Errc::kFormat,
            info.path + ": the crystal symmetry of phase '" + p.name + "' is not stated; the model is for " +
                spec.point_group + hint);
    require(p.point_group == spec.point_group, Errc::kArgument,
            info.path + ": phase '" + p.name + "' has crystal symmetry " + p.point_group +
                ", the model was trained on " + spec.point_group + hint);
    if (spec.c_over_a > 0 && p.c_over_a > 0 && std::abs(p.c_over_a / spec.c_over_a - 1) > 0.01)
      note(ranks, fmt::format("c/a of phase '{}' is {:.4f}, of the model's material {:.4f}", p.name, p.c_over_a,
                              spec.c_over_a));
  }
}

// What the run is carried through: --load, else the model's own.
std::vector<LoadStep> choose_loads(const PredictArguments& a, const ModelSpec& spec) {
  if (spec.family == Family::kLocal) {
    require(a.load.empty(), Errc::kArgument,
            "--load: " + a.model + " is of the local family, which knows the load it was trained on only");
    return spec.loads;
  }
  std::vector<LoadStep> loads = a.load.empty() ? spec.loads : read_load(a.load, load_defaults(spec));
  require(!loads.empty(), Errc::kArgument,
          a.model + ": states no load of its own; --load FILE (an archive of a run, or the input itself where it states its load) or a name gives one: " + load_names());
  for (LoadStep& load : loads) load = completed(load);  // a free component's value is not to be read
  return loads;
}

// What only the nonlocal family takes, or cannot take.
void check_options(const PredictArguments& a, const ModelSpec& spec) {
  const bool stress = spec.family == Family::kLocal ? spec.local.stress : spec.nonlocal.stress;
  require(!a.stress || stress, Errc::kArgument, "--stress: " + a.model + " was trained without stress");
  if (spec.family == Family::kLocal) {
    require(a.phases.empty(), Errc::kArgument, "--phase: " + a.model + " is of the local family, which has one material");
    return;
  }
  require(a.tile == 0, Errc::kArgument,
          "--tile: " + a.model +
              " is a nonlocal model: every voxel is coupled with the whole grid by the Green operator, so the grid is "
              "run whole (on the CPU, --device cpu, where it does not fit the GPU)");
}

}  // namespace

void note(const Ranks& ranks, const std::string& text) {
  if (ranks.root()) std::fputs(("grainspin: note: " + text + "\n").c_str(), stderr);
}

PredictCase open_case(const PredictArguments& a, Ranks& ranks) {
  PredictCase c;
  c.model = read_members(a.model, a.members);
  check_options(a, c.spec());
  c.loads = choose_loads(a, c.spec());
  c.steps = parse_steps(a.steps, int(c.loads.size()));
  require(!c.nonlocal() || ranks.size() == 1, Errc::kArgument,
          "--mpi: " + a.model + " is a nonlocal model, which takes the grid whole: one rank runs it, started without mpirun");
  require(!a.resume || ranks.size() == 1, Errc::kArgument, "--resume: a run of several ranks is not gone on with");
  c.archive = open_archive(a.input, {.means = a.from > 0, .source = a.source});
  require_same_files(ranks, c.model, c.input());
  c.from = parse_increment(c.input(), a.from);
  std::error_code ignored;
  require(!std::filesystem::equivalent(a.input, a.output, ignored), Errc::kArgument,
          a.output + ": is the input; the result needs another name");
  require(c.input().has_orientation, Errc::kFormat, a.input + ": holds no orientations");
  if (c.nonlocal()) {
    c.phases = match_phases(c.input(), c.spec().nonlocal, a.phases, a.masks);
    for (const std::string& text : c.phases.notes) note(ranks, text);
  } else {
    check_symmetry(ranks, c.input(), c.spec(), a.masks);
  }
  c.boundaries = a.boundary.empty() ? c.input().boundaries : parse_boundaries(a.boundary);
  return c;
}

ArchiveInfo result_info(const PredictCase& c, const ArchiveInfo& input) {
  ArchiveInfo info;
  info.creator = "grainspin " + version_string() + " predict";
  info.shape = input.shape;
  info.size = input.size;
  info.origin = input.origin;
  info.boundaries = c.boundaries;
  info.phases = input.phases;
  info.material = input.material;
  double strain = 0;
  for (int k = 0; k <= int(c.loads.size()); ++k) {
    if (k > 0) strain += c.loads[std::size_t(k - 1)].von_mises();
    if (!std::ranges::binary_search(c.steps, k)) continue;
    StepInfo step;
    step.name = "increment_" + std::to_string(k);
    step.strain = strain;
    step.after = k;
    info.steps.push_back(step);
  }
  (c.steps.size() == c.loads.size() + 1 ? info.loads : info.all_loads) = c.loads;
  return info;
}

bool writes_stress(const PredictCase& c, const PredictArguments& a) {
  return !a.no_stress && (c.nonlocal() ? c.spec().nonlocal.stress : c.spec().local.stress);
}

void describe(const PredictCase& c, const PredictArguments& a, const DomainJudgement& domain, WriteOptions& write) {
  nlohmann::json provenance{{"program", "grainspin " + version_string()},
                            {"command", "predict"},
                            {"model", a.model},
                            {"input", a.input},
                            {"backend", a.backend},
                            {"masked", a.masks},
                            {"model_provenance", nlohmann::json::parse(c.spec().provenance)}};
  if (c.from > 0) {
    const std::string& name = c.input().steps[std::size_t(c.from)].name;
    provenance["from"] = name;
    write.remarks["started_from"] = name + ": a deformed state, taken as an initial one";
  }
  if (c.nonlocal()) {
    provenance["load"] = a.load.empty() ? "the model's own" : a.load;
    provenance["phases"] = c.phases.model;
    provenance["outside_domain"] = domain.reasons;
    write.remarks["free_components"] = "predicted where `prescribed` is 0";
    const std::string padded = padded_axes(c.boundaries);
    if (!padded.empty())
      write.remarks["padding"] = fmt::format("{} mirrored layers beyond the faces along {}", a.padding, padded);
  }
  write.provenance = provenance.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  write.later = {"domain", "verdict"};
}

nlohmann::json settings_of(const PredictCase& c, const PredictArguments& a, const std::string& engine,
                           const std::vector<std::uint8_t>& wanted) {
  return {{"program", version_string()},
          {"model", {a.model, content_of(a.model)}},
          {"input", stamp_of(a.input)},
          {"input options", json_of(a.source)},
          {"engine", engine_of(engine)},
          {"from", c.from},
          {"steps", wanted},
          {"written", c.steps},
          {"orientation", a.orientation},
          {"compress", a.compress},
          {"stress", writes_stress(c, a)},
          {"verdict", a.verdict},
          {"uncertainty", a.uncertainty},
          {"boundary", {int(c.boundaries.x), int(c.boundaries.y), int(c.boundaries.z)}},
          {"mask", a.masks},
          {"tile", a.tile}};
}

}  // namespace grainspin::cli

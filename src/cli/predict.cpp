// grainspin predict: carries the initial state of an archive through a model's strain path.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "grainspin/core.h"
#include "grainspin/domain.h"
#include "grainspin/load_file.h"
#include "grainspin/model.h"
#include "grainspin/reconstruct.h"
#include "grainspin/version_info.h"
#include "src/cli/choose_devices.h"
#include "src/cli/memory.h"
#include "src/cli/phases.h"
#include "src/cli/predict_io.h"
#include "src/cli/predict_options.h"
#include "src/cli/predict_plan.h"
#include "src/cli/predict_profile.h"
#include "src/cli/predict_ranks.h"
#include "src/cli/predict_resume.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"
#include "src/io/kinematics.h"
#include "src/ranks/coupled.h"

namespace grainspin::cli {
namespace {

// File buffers and what the allocator keeps beside the run's own arrays.
constexpr std::int64_t kSlack = 48'000'000;

// Once in a job.
void note(const Ranks& ranks, const std::string& text) {
  if (ranks.root()) std::fputs(("grainspin: note: " + text + "\n").c_str(), stderr);
}

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
          a.model + ": states no load of its own; --load FILE or a name gives one: " + load_names());
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

// The result's description: the input's grid and phases, the run's steps and loads.
ArchiveInfo result_info(const ArchiveInfo& input, const std::vector<LoadStep>& loads, const Boundaries& boundaries,
                        const std::vector<int>& steps) {
  ArchiveInfo info;
  info.creator = "grainspin " + version_string() + " predict";
  info.shape = input.shape;
  info.size = input.size;
  info.origin = input.origin;
  info.boundaries = boundaries;
  info.phases = input.phases;
  info.material = input.material;
  double strain = 0;
  for (int k = 0; k <= int(loads.size()); ++k) {
    if (k > 0) strain += loads[std::size_t(k - 1)].von_mises();
    if (!std::ranges::binary_search(steps, k)) continue;
    StepInfo step;
    step.name = "increment_" + std::to_string(k);
    step.strain = strain;
    step.after = k;
    info.steps.push_back(step);
  }
  (steps.size() == loads.size() + 1 ? info.loads : info.all_loads) = loads;
  return info;
}

// With --mpi the rank's planes are its input: what is read, run, judged and written is a grid of these planes.
void run(const PredictArguments& a, Ranks& ranks) {
  const Model model = read_model(a.model);
  const ModelSpec& spec = model.spec;
  check_options(a, spec);
  const bool nonlocal = spec.family == Family::kNonlocal;
  const std::vector<LoadStep> loads = choose_loads(a, spec);
  const std::vector<int> steps = parse_steps(a.steps, int(loads.size()));
  require(!nonlocal || ranks.size() == 1, Errc::kArgument,
          "--mpi: " + a.model + " is a nonlocal model, which takes the grid whole: one rank runs it, started without mpirun");
  const auto archive = open_archive(a.input, {.means = a.from > 0, .source = a.source});
  const ArchiveInfo& input = archive->info();
  require_same_files(ranks, model, input);
  const int from = parse_increment(input, a.from);
  std::error_code ignored;
  require(!std::filesystem::equivalent(a.input, a.output, ignored), Errc::kArgument,
          a.output + ": is the input; the result needs another name");
  require(input.has_orientation, Errc::kFormat, a.input + ": holds no orientations");
  PhaseMatch phases;
  if (nonlocal) {
    phases = match_phases(input, spec.nonlocal, a.phases, a.masks);
    for (const std::string& text : phases.notes) note(ranks, text);
  } else {
    check_symmetry(ranks, input, spec, a.masks);
  }

  const Boundaries boundaries = a.boundary.empty() ? input.boundaries : parse_boundaries(a.boundary);
  const Ranks::Node node = ranks.node();
  const int threads = a.threads > 0 ? a.threads : node.threads;
  std::vector<int> gpus = a.gpus;
  if (ranks.size() > 1) gpus = {gpus.empty() ? gpu_of_rank(node.rank) : gpus[std::size_t(node.rank) % gpus.size()]};
  const auto devices = choose_devices(model, {.device = a.device, .backend = a.backend, .threads = threads, .precision = a.precision}, gpus);
  const auto& surrogate = devices[0];
  Devices shared;
  for (const auto& device : devices) shared.push_back(device.get());
  ReconstructOptions options;
  options.boundaries = boundaries;
  options.tile = a.tile;
  const std::int64_t limit = a.memory.empty() ? available_memory() / node.ranks / 10 * 9 + resident_memory() : parse_size(a.memory);
  const std::int64_t beside = resident_memory() + kSlack;
  const bool together = ranks_step_together(ranks, *surrogate, input.shape, boundaries, limit > 0 ? std::max<std::int64_t>(limit - beside, 1) : 0, !a.masks.empty());
  RankInput part(ranks, *archive, boundaries.z, together ? spec.local.radius : reach(spec));
  const Shape own_shape = part.own().info().shape, shape = part.wide().info().shape;
  if (ranks.size() > 1 && !together) {
    options.boundaries.z = part.slab().boundary;
    options.planes = part.slab().inner();
  }
  const std::int64_t mask_bytes = a.masks.empty() ? 0 : shape.voxels();
  if (limit > 0) {
    require(limit > beside + mask_bytes, Errc::kMemory,
            "the run does not fit into " + size_text(double(limit)) + ": the program alone takes " +
                size_text(double(beside + mask_bytes)));
    options.memory = limit - beside;
  }
  options.mask = read_mask(part.wide(), a.masks);
  const std::vector<std::uint8_t> own_mask = part.inner(options.mask);
  if (nonlocal) {
    options.loads = loads;
    options.phase = read_model_phases(part.wide(), phases);
    options.padding = a.padding;
    const std::array<double, 3> spacing{input.size[0] / input.shape.nx, input.size[1] / input.shape.ny,
                                        input.size[2] / input.shape.nz};
    if (std::ranges::all_of(spacing, [](double s) { return std::isfinite(s) && s > 0; })) options.spacing = spacing;
  }
  // The curve has a row for every step, and the estimated error adds up over all; the file and the verdict have the chosen ones.
  const bool estimates = calibration(spec).has_value();
  options.wanted.assign(loads.size() + 1, a.curve.empty() && !estimates ? 0 : 1);
  for (const int k : steps) options.wanted[std::size_t(k)] = 1;
  options.fields = {.increment = true, .stress = true, .log_variance = estimates};
  RunVerdict verdict(spec, own_shape, loads, options.phase, own_mask, threads);
  const DomainJudgement before = verdict.before();
  require(!a.verdict || before.stated, Errc::kArgument, "--verdict: " + a.model + " does not state its domain of training");
  WriteOptions write;
  write.stress = !a.no_stress && (nonlocal ? spec.nonlocal.stress : spec.local.stress);
  write.verdict = a.verdict;
  write.compress = a.compress;
  write.packing = parse_packing(a.orientation);
  write.threads = threads;
  // Told apart by what changes a bit of the result, not by threads or memory.
  const nlohmann::json settings{{"program", version_string()},
                                {"model", {a.model, content_of(a.model)}},
                                {"input", stamp_of(a.input)},
                                {"input options", json_of(a.source)},
                                {"engine", engine_of(surrogate->description())},
                                {"from", from},
                                {"steps", options.wanted},
                                {"written", steps},
                                {"orientation", a.orientation},
                                {"compress", a.compress},
                                {"stress", write.stress},
                                {"verdict", a.verdict},
                                {"boundary", {int(options.boundaries.x), int(options.boundaries.y), int(options.boundaries.z)}},
                                {"mask", a.masks},
                                {"tile", a.tile}};
  std::string about_journal;
  std::unique_ptr<RunJournal> journal;
  require(!a.resume || ranks.size() == 1, Errc::kArgument, "--resume: a run of several ranks is not gone on with");
  if (!nonlocal && !a.dry_run && ranks.size() == 1) journal = open_journal(a.output, settings, a.resume, options, about_journal);
  ReconstructPlan plan;
  try {
    plan = together ? plan_coupled(*surrogate, part.slab(), input.shape, boundaries, !a.masks.empty())
                    : plan_reconstruction(shared, shape, options);
  } catch (const Error& e) {
    if (e.code() != Errc::kMemory) throw;
    throw Error(Errc::kMemory,
                std::string(e.what()) + " (beside " + size_text(double(beside)) + " for the program)");
  }

  ArchiveInfo info = result_info(input, loads, boundaries, steps);
  std::array<double, 9> unknown;
  unknown.fill(std::numeric_limits<double>::quiet_NaN());
  info.steps[0].mean_F = mean_deformation(input, from).value_or(unknown);
  write.tile = plan.tile;
  if (a.dry_run && !ranks.root()) return;
  if (a.dry_run)
    return print_plan(*surrogate, info, plan,
                      {.memory = plan.bytes + beside,
                       .limit = limit,
                       .output = a.output,
                       .stress = write.stress,
                       .packing = write.packing,
                       .compress = a.compress,
                       .devices = device_text(devices),
                       .count = int(devices.size()),
                       .loads = loads,
                       .domain = before.verdict == Verdict::kFine ? "" : text(before)});

  nlohmann::json provenance{{"program", "grainspin " + version_string()},
                            {"command", "predict"},
                            {"model", a.model},
                            {"input", a.input},
                            {"backend", a.backend},
                            {"masked", a.masks},
                            {"model_provenance", nlohmann::json::parse(spec.provenance)}};
  if (from > 0) {
    const std::string& name = input.steps[std::size_t(from)].name;
    provenance["from"] = name;
    write.remarks["started_from"] = name + ": a deformed state, taken as an initial one";
    note(ranks, "starts from " + name + ": the model sees its orientations, and nothing of the strain before");
  }
  if (nonlocal) {
    provenance["load"] = a.load.empty() ? "the model's own" : a.load;
    provenance["phases"] = phases.model;
    provenance["outside_domain"] = before.reasons;
    write.remarks["free_components"] = "predicted where `prescribed` is 0";
    const std::string padded = padded_axes(options.boundaries);
    if (!padded.empty())
      write.remarks["padding"] = fmt::format("{} mirrored layers beyond the faces along {}", a.padding, padded);
  }
  write.provenance = provenance.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  write.later = {"domain", "verdict"};
  ArchiveInfo own_info = result_info(part.own().info(), loads, boundaries, steps);
  own_info.steps[0].mean_F = info.steps[0].mean_F;
  info.has_grain = input.has_grain;
  if (plan.tiles == 1) journal.reset();  // whole or nothing
  if (journal && !about_journal.empty()) note(ranks, about_journal);
  RankOutput output(ranks, part.slab(), a.output, info, write, [&](const std::string& path, const WriteOptions& with) {
    return begin_result(path, own_info, with, part.own(), journal.get(), settings, plan, options);
  });
  InitialState source(part.wide(), options.mask, from, part.slab().first, input.shape.nz);
  const double left = 1 - double(std::ranges::count(options.done, 1)) / double(plan.tiles);
  const double work = double(input.shape.voxels()) * double(loads.size()) * left;
  ProgressLine line(work, "voxel-steps", a.quiet || !ranks.root());
  ResultSink::Choice choice{std::vector<int>(loads.size() + 1, -1), write.stress, write.verdict};
  for (std::size_t i = 0; i < steps.size(); ++i) choice.slot[std::size_t(steps[i])] = int(i);
  MacroCurve curve(own_shape, loads, own_mask);
  ResultSink sink(output.writer(), choice, curve, verdict, journal.get(), plan.tiles);
  OwnPlanes own_sink(sink, part.slab());
  options.progress = [&](double fraction, std::string_view what) {
    ranks.watch();
    return line.show(fraction, what);
  };
  ReconstructProfile profile;
  options.profile = &profile;
  try {
    if (together)
      reconstruct_coupled(*surrogate, ranks, part.slab(), source, sink, options);
    else
      reconstruct(shared, source, own_sink, options);
  } catch (const Error& e) {
    if (!journal || journal->tiles().empty()) throw;
    throw Error(e.code(), fmt::format("{}; {} of {} tiles are whole: --resume goes on with them", e.what(), journal->tiles().size(), plan.tiles));
  }
  sink.finish();
  curve.sum(ranks);
  verdict.sum(ranks);
  if (!a.curve.empty() && ranks.root()) curve.write(a.curve);
  const DomainJudgement domain = verdict.judgement();
  output.remark("domain", domain.stated ? text(domain) : "not stated by the model");
  if (domain.stated) output.remark("verdict", name(domain.verdict));
  const std::string error = verdict.error_text();
  if (!error.empty()) output.remark("estimated_error", error);
  const double finishing = line.seconds();
  output.finish();
  if (journal) journal->finish();
  const RunProfile stages{profile, sink.judge_seconds, sink.write_seconds, sink.bytes, line.seconds() - finishing, work};
  if (!a.profile_json.empty() && ranks.root()) write_profile(stages, a.output, a.profile_json);
  if (domain.verdict != Verdict::kFine) note(ranks, text(domain));
  if (a.quiet || !ranks.root()) return;
  const double seconds = line.seconds();
  fmt::print("{}: {} voxels, {} states, {:.1f} s, {:.2f} M voxel-steps/s ({})\n", a.output,
             input.shape.voxels(), steps.size(), seconds, work / seconds / 1e6,
             (ranks.size() > 1 ? fmt::format("{} ranks, each ", ranks.size()) : "") + device_text(devices));
  if (nonlocal) {
    fmt::print("load: {} steps, von Mises strain {:.4g}\n", loads.size(), strain_of(loads));
    const std::string padded = padded_axes(options.boundaries);
    if (!padded.empty()) fmt::print("padding: {} mirrored layers beyond the faces along {}\n", a.padding, padded);
  }
  if (domain.stated)
    fmt::print("verdict: {}{}{}\n", domain.verdict == Verdict::kOutside ? "" : std::string(name(domain.verdict)) + ", ", text(domain),
               verdict.voxel_text());
  if (!error.empty()) fmt::print("estimated error: {}\n", error);
  if (curve.last_von_mises() >= 0)
    fmt::print("stress: {:.4g} MPa von Mises of the mean at the last step\n", curve.last_von_mises() / 1e6);
  if (!a.curve.empty()) fmt::print("curve: {}\n", a.curve);
  if (a.profile) print_profile(stages, a.output);
}

}  // namespace

void add_predict(CLI::App& app) {
  auto a = std::make_shared<PredictArguments>();
  CLI::App* verb = app.add_subcommand("predict", "carry a microstructure through a model's strain path");
  add_predict_options(*verb, *a);
  verb->callback([a] { on_ranks(a->mpi, [&](Ranks& ranks) { run(*a, ranks); }); });
}

}  // namespace grainspin::cli

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
#include "src/cli/predict_plan.h"
#include "src/cli/predict_ranks.h"
#include "src/cli/progress.h"
#include "src/cli/source_options.h"
#include "src/cli/verbs.h"
#include "src/io/kinematics.h"
#include "src/ranks/coupled.h"

namespace grainspin::cli {
namespace {

struct Arguments {
  std::string model, input, output, device = "auto", backend = "engine", precision = "strict", memory, steps = "all", boundary;
  std::string load, curve;
  std::vector<std::string> masks, phases;
  SourceOptions source;
  std::int64_t from = -1;
  std::vector<int> gpus;
  int threads = 0, tile = 0, padding = 8;
  bool dry_run = false, compress = false, quiet = false, mpi = false, stress = false, no_stress = false, verdict = false;
};

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
std::vector<LoadStep> choose_loads(const Arguments& a, const ModelSpec& spec) {
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
void check_options(const Arguments& a, const ModelSpec& spec) {
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
    info.steps.push_back(step);
  }
  if (steps.size() == loads.size() + 1) info.loads = loads;  // a load belongs to one step of the model
  return info;
}

// With --mpi the rank's planes are its input: what is read, run, judged and written is a grid of these planes.
void run(const Arguments& a, Ranks& ranks) {
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
  WriteOptions write;
  write.stress = !a.no_stress && (nonlocal ? spec.nonlocal.stress : spec.local.stress);
  write.verdict = a.verdict;
  write.compress = a.compress;
  if (a.dry_run && !ranks.root()) return;
  if (a.dry_run)
    return print_plan(*surrogate, info, plan,
                      {.memory = plan.bytes + beside,
                       .limit = limit,
                       .output = a.output,
                       .stress = write.stress,
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
  ArchiveInfo own_info = result_info(part.own().info(), loads, boundaries, steps);
  own_info.steps[0].mean_F = info.steps[0].mean_F;
  info.has_grain = input.has_grain;
  RankOutput output(ranks, part.slab(), a.output, info, own_info, write);
  ArchiveWriter& writer = output.writer();
  InitialState source(part.wide(), options.mask, from, part.slab().first, input.shape.nz);
  const double work = double(input.shape.voxels()) * double(loads.size());
  ProgressLine line(work, "voxel-steps", a.quiet || !ranks.root());
  copy_grains_and_phases(part.own(), writer);
  ResultSink::Choice choice{std::vector<int>(loads.size() + 1, -1), write.stress, !info.loads.empty(), write.verdict};
  for (std::size_t i = 0; i < steps.size(); ++i) choice.slot[std::size_t(steps[i])] = int(i);
  MacroCurve curve(own_shape, loads, own_mask);
  ResultSink sink(writer, choice, &curve, &verdict);
  OwnPlanes own_sink(sink, part.slab());
  options.progress = [&](double fraction, std::string_view what) {
    ranks.watch();
    return line.show(fraction, what);
  };
  if (together)
    reconstruct_coupled(*surrogate, ranks, part.slab(), source, sink, options);
  else
    reconstruct(shared, source, own_sink, options);
  curve.sum(ranks);
  verdict.sum(ranks);
  if (!a.curve.empty() && ranks.root()) curve.write(a.curve);
  const DomainJudgement domain = verdict.judgement();
  output.remark("domain", domain.stated ? text(domain) : "not stated by the model");
  if (domain.stated) output.remark("verdict", name(domain.verdict));
  const std::string error = verdict.error_text();
  if (!error.empty()) output.remark("estimated_error", error);
  output.finish();
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
}

}  // namespace

void add_predict(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("predict", "carry a microstructure through a model's strain path");
  verb->add_option("model", a->model, "a model written by `grainspin train`")->required();
  verb->add_option("input", a->input,
                   "archive whose initial state is taken (nothing of its later steps is read)")
      ->required();
  verb->add_option("--from-increment", a->from,
                   "start from this increment of the archive in the place of its first state (increment_K, or the K-th state)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("-o,--output", a->output, "archive to write")->required();
  verb->add_option("--device", a->device, "auto, cpu, cuda; cpu:N: N engines on the CPU, sharing its threads and the tiles")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}) | CLI::Validator([](std::string& text) { return std::string(text.starts_with("cpu:") ? "" : "no such device"); }, "cpu:N"))
      ->capture_default_str();
  verb->add_option("--gpu", a->gpus, "number of the GPU, or several that share the tiles: 0,1 (default 0; with --mpi each rank takes one, by its number on its machine)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--backend", a->backend, "engine or libtorch")
      ->check(CLI::IsMember({"engine", "libtorch"}))
      ->capture_default_str();
  verb->add_option("--threads", a->threads, "threads of the CPU engine; 0: as many as the machine has")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  verb->add_option("--precision", a->precision, "strict: fp32; fast: local models in bf16 where the processor has it, the state of nonlocal ones in fp16 on a GPU")
      ->check(CLI::IsMember({"strict", "fast"}))
      ->capture_default_str();
  verb->add_option("--load", a->load,
                   std::string("nonlocal models: what the grid is carried through; DAMASK's load.yaml, a table, an "
                               "archive, or a name:axes[:strain[:step]] joined by + (") +
                       load_names() + "); default: the model's own");
  verb->add_option("--phase", a->phases, "nonlocal models: NAME=MODEL'S PHASE where the names differ; may be repeated")
      ->allow_extra_args(false);  // one each time
  verb->add_option("--padding", a->padding,
                   "nonlocal models: mirrored layers beyond the faces of axes that are not periodic")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  verb->add_option("--curve", a->curve, "write the mean stress and velocity gradient of every step here (CSV)");
  auto* stress = verb->add_flag("--stress", a->stress, "write stresses (the default where the model has them)");
  verb->add_flag("--no-stress", a->no_stress, "write no stresses")->excludes(stress);
  verb->add_flag("--verdict", a->verdict, "write each voxel's verdict at each step: 0 fine, 1 doubtful, 2 outside the domain of training");
  verb->add_option("--memory", a->memory, "most memory to take, such as 2GB (default: most of what is free)");
  verb->add_option("--steps", a->steps,
                   "steps to write: all, last, or a list such as 0,5,13 (0 is always written)")
      ->capture_default_str();
  verb->add_option("--tile", a->tile, "edge of a tile in voxels; 0: chosen from the memory")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  verb->add_option(
      "--boundary", a->boundary,
      "periodic or clamped, or one for each axis: periodic,periodic,clamped (default: the input's)");
  verb->add_option("--mask", a->masks, "leave voxels out: phase=NAME or grain=NUMBERS; may be repeated")
      ->allow_extra_args(false);  // one each time
  verb->add_flag("--dry-run", a->dry_run, "print what the run would take, compute nothing");
  verb->add_flag("--compress", a->compress, "compress the result");
  verb->add_flag("--quiet", a->quiet, "print nothing but errors");
  add_source_options(*verb, a->source);
  verb->add_flag("--mpi", a->mpi, "local models: share the grid among the ranks that mpirun or srun has started (docs/parallel.md)");
  verb->callback([a] { on_ranks(a->mpi, [&](Ranks& ranks) { run(*a, ranks); }); });
}

}  // namespace grainspin::cli

// grainspin predict: carries the initial state of an archive through a model's strain path.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include "grainspin/core.h"
#include "grainspin/reconstruct.h"
#include "src/cli/choose_devices.h"
#include "src/cli/memory.h"
#include "src/cli/predict_case.h"
#include "src/cli/predict_io.h"
#include "src/cli/predict_plan.h"
#include "src/cli/predict_profile.h"
#include "src/cli/predict_ranks.h"
#include "src/cli/predict_resume.h"
#include "src/cli/predict_summary.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"
#include "src/io/kinematics.h"
#include "src/io/result_extra.h"
#include "src/ranks/coupled.h"

namespace grainspin::cli {
namespace {

// File buffers and what the allocator keeps beside the run's own arrays.
constexpr std::int64_t kSlack = 48'000'000;

// With --mpi the rank's planes are its input: what is read, run, judged and written is a grid of these planes.
void run(const PredictArguments& a, Ranks& ranks) {
  const PredictCase c = open_case(a, ranks);
  const ModelSpec& spec = c.spec();
  const ArchiveInfo& input = c.input();
  const std::vector<LoadStep>& loads = c.loads;
  const Boundaries& boundaries = c.boundaries;
  const Ranks::Node node = ranks.node();
  const int threads = a.threads > 0 ? a.threads : node.threads;
  std::vector<int> gpus = a.gpus;
  if (ranks.size() > 1) gpus = {gpus.empty() ? gpu_of_rank(node.rank) : gpus[std::size_t(node.rank) % gpus.size()]};
  const auto devices = choose_devices(c.model, {.device = a.device, .backend = a.backend, .threads = threads, .precision = a.precision}, gpus);
  const auto& surrogate = devices[0];
  Devices shared;
  for (const auto& device : devices) shared.push_back(device.get());
  ReconstructOptions options;
  options.boundaries = boundaries;
  options.tile = a.tile;
  const std::int64_t limit = a.memory.empty() ? available_memory() / node.ranks / 10 * 9 + resident_memory() : parse_size(a.memory);
  const std::int64_t beside = resident_memory() + kSlack + RunVerdict::bytes(spec, input.shape);
  const bool together = ranks_step_together(ranks, *surrogate, input.shape, boundaries, limit > 0 ? std::max<std::int64_t>(limit - beside, 1) : 0, !a.masks.empty());
  RankInput part(ranks, *c.archive, boundaries.z, together ? spec.local.radius : reach(spec));
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
  if (c.nonlocal()) {
    options.loads = loads;
    options.phase = read_model_phases(part.wide(), c.phases);
    options.padding = a.padding;
    const std::array<double, 3> spacing{input.size[0] / input.shape.nx, input.size[1] / input.shape.ny,
                                        input.size[2] / input.shape.nz};
    if (std::ranges::all_of(spacing, [](double s) { return std::isfinite(s) && s > 0; })) options.spacing = spacing;
  }
  // The curve has a row for every step, and the estimated error adds up over all; the file and the verdict have the chosen ones.
  const bool estimates = calibration(spec).has_value();
  options.wanted.assign(loads.size() + 1, a.curve.empty() && !estimates ? 0 : 1);
  for (const int k : c.steps) options.wanted[std::size_t(k)] = 1;
  options.fields = {.increment = false, .stress = true, .log_variance = estimates};  // the judge alone reads increments
  RunVerdict verdict(spec, own_shape, boundaries, loads, options.phase, own_mask, threads);
  if (c.nonlocal()) verdict.crystals(input.phases, c.phases.model);
  const DomainJudgement before = verdict.before();
  require(!a.verdict || before.stated, Errc::kArgument, "--verdict: " + a.model + " does not state its domain of training");
  require(!a.uncertainty || estimates, Errc::kArgument, "--uncertainty: " + a.model + " makes no estimate of its error (grainspin calibrate gives it one)");
  WriteOptions write;
  write.stress = writes_stress(c, a);
  write.verdict = a.verdict;
  write.compress = a.compress;
  write.packing = options.packing = parse_packing(a.orientation);
  options.judge = &verdict.domain_judge();
  write.threads = threads;
  const nlohmann::json settings = settings_of(c, a, surrogate->description(), options.wanted);
  std::string about_journal;
  std::unique_ptr<RunJournal> journal;
  if (!c.nonlocal() && !a.dry_run && ranks.size() == 1) journal = open_journal(a.output, settings, a.resume, options, about_journal);
  if (c.nonlocal() && a.resume) note(ranks, a.output + ": a nonlocal model carries the grid in one piece, nothing of a stopped run is whole; it begins anew");
  ReconstructPlan plan;
  try {
    plan = together ? plan_coupled(*surrogate, part.slab(), input.shape, boundaries, !a.masks.empty())
                    : plan_reconstruction(shared, shape, options);
  } catch (const Error& e) {
    if (e.code() != Errc::kMemory) throw;
    throw Error(Errc::kMemory,
                std::string(e.what()) + " (beside " + size_text(double(beside)) + " for the program)");
  }

  ArchiveInfo info = result_info(c, input);
  std::array<double, 9> unknown;
  unknown.fill(std::numeric_limits<double>::quiet_NaN());
  info.steps[0].mean_F = mean_deformation(input, c.from).value_or(unknown);
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

  describe(c, a, before, write);
  if (c.from > 0)
    note(ranks, "starts from " + input.steps[std::size_t(c.from)].name + ": the model sees its orientations, and nothing of the strain before");
  ArchiveInfo own_info = result_info(c, part.own().info());
  own_info.steps[0].mean_F = info.steps[0].mean_F;
  info.has_grain = input.has_grain;
  if (plan.tiles == 1) journal.reset();  // whole or nothing
  if (journal && !about_journal.empty()) note(ranks, about_journal);
  RankOutput output(ranks, part.slab(), a.output, info, write, [&](const std::string& path, const WriteOptions& with) {
    if (a.uncertainty) {  // the nonlocal family: one rank, no journal
      auto writer = create_archive(path, own_info, with, {kEstimatedError});
      copy_grains_and_phases(part.own(), *writer);
      return writer;
    }
    return begin_result(path, own_info, with, part.own(), journal.get(), settings, plan, options);
  });
  InitialState source(part.wide(), options.mask, c.from, part.slab().first, input.shape.nz);
  const double left = 1 - double(std::ranges::count(options.done, 1)) / double(plan.tiles);
  const double work = double(input.shape.voxels()) * double(loads.size()) * left;
  ProgressLine line(work, "voxel-steps", a.quiet || !ranks.root());
  ResultSink::Choice choice{std::vector<int>(loads.size() + 1, -1), write.stress, write.verdict, a.uncertainty};
  for (std::size_t i = 0; i < c.steps.size(); ++i) choice.slot[std::size_t(c.steps[i])] = int(i);
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
  std::string error = verdict.error_text();
  if (!error.empty() && domain.verdict == Verdict::kOutside) error += "; not to be relied on outside the domain of training";
  if (!error.empty()) output.remark("estimated_error", error);
  const double finishing = line.seconds();
  output.finish();
  if (journal) journal->finish();
  const RunProfile stages{profile, sink.judge_seconds, sink.write_seconds, sink.bytes, line.seconds() - finishing, work};
  if (!a.profile_json.empty() && ranks.root()) write_profile(stages, a.output, a.profile_json);
  if (a.quiet && domain.verdict != Verdict::kFine) note(ranks, text(domain));  // else the summary has it
  if (a.quiet || !ranks.root()) return;
  print_summary(c, a, {.computed = (ranks.size() > 1 ? fmt::format("{} ranks, each ", ranks.size()) : "") + device_text(devices),
                       .seconds = line.seconds(),
                       .voxel_steps = work,
                       .domain = domain,
                       .voxels = verdict.voxel_text(domain.verdict),
                       .error = error,
                       .von_mises = curve.last_von_mises()});
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

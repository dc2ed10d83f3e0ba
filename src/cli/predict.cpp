// grainspin predict: carries the initial state of an archive through a model's strain path.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "grainspin/core.h"
#include "grainspin/model.h"
#include "grainspin/reconstruct.h"
#include "grainspin/version_info.h"
#include "src/cli/choose_surrogate.h"
#include "src/cli/memory.h"
#include "src/cli/predict_io.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {
namespace {

struct Arguments {
  std::string model, input, output, device = "auto", backend = "engine", memory, steps = "all", boundary;
  std::vector<std::string> masks;
  int threads = 0, gpu = 0, tile = 0;
  bool dry_run = false, compress = false, quiet = false;
};

// File buffers and what the allocator keeps beside the run's own arrays.
constexpr std::int64_t kSlack = 48'000'000;

// The crystal symmetry of every phase that is not masked away must be the model's.
void check_symmetry(const ArchiveInfo& info, const ModelSpec& spec, const std::vector<std::string>& masks) {
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
      std::fputs(fmt::format("grainspin: note: c/a of phase '{}' is {:.4f}, of the model's material {:.4f}\n",
                             p.name, p.c_over_a, spec.c_over_a)
                     .c_str(),
                 stderr);
  }
}

// The result's description: the input's grid and phases, the model's steps and loads.
ArchiveInfo result_info(const ArchiveInfo& input, const ModelSpec& spec, const Boundaries& boundaries,
                        const std::vector<int>& steps) {
  ArchiveInfo info;
  info.creator = "grainspin " + version_string() + " predict";
  info.shape = input.shape;
  info.size = input.size;
  info.origin = input.origin;
  info.boundaries = boundaries;
  info.phases = input.phases;
  double strain = 0;
  for (int k = 0; k <= spec.steps(); ++k) {
    if (k > 0) strain += spec.loads[std::size_t(k - 1)].von_mises();
    if (!std::ranges::binary_search(steps, k)) continue;
    StepInfo step;
    step.name = "increment_" + std::to_string(k);
    step.strain = strain;
    info.steps.push_back(step);
  }
  if (int(steps.size()) == spec.steps() + 1)
    info.loads = spec.loads;  // a load belongs to one step of the model
  return info;
}

// Voxel-steps a second, from a small block of random orientations: the second of two runs.
double measured_rate(const Surrogate& surrogate) {
  const Shape shape{32, 32, 8};
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> q(std::size_t(shape.voxels()) * 4);
  for (std::size_t i = 0; i < q.size(); i += 4) {
    float n = 0;
    for (std::size_t c = i; c < i + 4; ++c) q[c] = normal(random), n += q[c] * q[c];
    for (std::size_t c = i; c < i + 4; ++c) q[c] /= std::sqrt(n);
  }
  double seconds = 0;
  for (int run = 0; run < 2; ++run) {
    const auto start = std::chrono::steady_clock::now();
    surrogate.run(whole(shape, {}), q.data(), nullptr, nullptr, [](const StepOutput&) {});
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return double(shape.voxels()) * surrogate.spec().steps() / std::max(seconds, 1e-9);
}

void print_plan(const Arguments& a, const Surrogate& surrogate, const ArchiveInfo& info,
                const ReconstructPlan& plan, std::int64_t beside, std::int64_t limit) {
  const double rate = measured_rate(surrogate);
  const std::int64_t bytes =
      info.shape.voxels() * std::int64_t(info.steps.size()) * (surrogate.spec().local.stress ? 40 : 16);
  fmt::print("engine      {}\n", surrogate.description());
  fmt::print("grid        {} x {} x {} = {} voxels\n", info.shape.nx, info.shape.ny, info.shape.nz,
             info.shape.voxels());
  fmt::print("steps       {} computed, {} states written\n", surrogate.spec().steps(), info.steps.size());
  fmt::print("tiles       {} of {} x {} x {}, halo {}\n", plan.tiles, plan.tile.nx, plan.tile.ny,
             plan.tile.nz, plan.halo);
  fmt::print("memory      {} of {}\n", size_text(double(plan.bytes + beside)), size_text(double(limit)));
  fmt::print("time        {:.1f} s at {:.2f} M voxel-steps/s (measured)\n", plan.voxel_steps / rate,
             rate / 1e6);
  fmt::print("output      {}, {}{}\n", a.output, size_text(double(bytes)),
             a.compress ? " before compression" : "");
}

void run(const Arguments& a) {
  const Model model = read_model(a.model);
  const ModelSpec& spec = model.spec;
  const std::vector<int> steps = parse_steps(a.steps, spec.steps());
  const auto reader = open_archive(a.input, {.means = false});
  const ArchiveInfo& input = reader->info();
  std::error_code ignored;
  require(!std::filesystem::equivalent(a.input, a.output, ignored), Errc::kArgument,
          a.output + ": is the input; the result needs another name");
  require(input.has_orientation, Errc::kFormat, a.input + ": holds no orientations");
  check_symmetry(input, spec, a.masks);

  const auto surrogate =
      choose_surrogate(model, {.device = a.device, .backend = a.backend, .gpu = a.gpu, .threads = a.threads});
  ReconstructOptions options;
  options.boundaries = a.boundary.empty() ? input.boundaries : parse_boundaries(a.boundary);
  options.tile = a.tile;
  const std::int64_t limit =
      a.memory.empty() ? available_memory() / 10 * 9 + resident_memory() : parse_size(a.memory);
  const std::int64_t beside = resident_memory() + kSlack;
  const std::int64_t mask_bytes = a.masks.empty() ? 0 : input.shape.voxels();
  if (limit > 0) {
    require(limit > beside + mask_bytes, Errc::kMemory,
            "the run does not fit into " + size_text(double(limit)) + ": the program alone takes " +
                size_text(double(beside + mask_bytes)));
    options.memory = limit - beside;
  }
  options.mask = read_mask(*reader, a.masks);
  ReconstructPlan plan;
  try {
    plan = plan_reconstruction(*surrogate, input.shape, options);
  } catch (const Error& e) {
    if (e.code() != Errc::kMemory) throw;
    throw Error(Errc::kMemory,
                std::string(e.what()) + " (beside " + size_text(double(beside)) + " for the program)");
  }

  const ArchiveInfo info = result_info(input, spec, options.boundaries, steps);
  if (a.dry_run) return print_plan(a, *surrogate, info, plan, beside, limit);

  WriteOptions write;
  write.stress = spec.local.stress;
  write.compress = a.compress;
  write.provenance = nlohmann::json{{"program", "grainspin " + version_string()},
                                    {"command", "predict"},
                                    {"model", a.model},
                                    {"input", a.input},
                                    {"backend", a.backend},
                                    {"masked", a.masks},
                                    {"model_provenance", nlohmann::json::parse(spec.provenance)}}
                         .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto writer = create_archive(a.output, info, write);
  InitialState source(*reader, options.mask);
  const double work = double(input.shape.voxels()) * spec.steps();
  ProgressLine line(work, "voxel-steps", a.quiet);
  copy_initial_state(*reader, source, *writer);
  std::vector<int> slot(std::size_t(spec.steps()) + 1, -1);
  for (std::size_t i = 0; i < steps.size(); ++i) slot[std::size_t(steps[i])] = int(i);
  ResultSink sink(*writer, slot);
  options.progress = [&](double fraction, std::string_view what) { return line.show(fraction, what); };
  reconstruct(*surrogate, source, sink, options);
  writer->finish();
  if (a.quiet) return;
  const double seconds = line.seconds();
  fmt::print("{}: {} voxels, {} states, {:.1f} s, {:.2f} M voxel-steps/s ({})\n", a.output,
             input.shape.voxels(), steps.size(), seconds, work / seconds / 1e6, surrogate->description());
}

}  // namespace

void add_predict(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("predict", "carry a microstructure through a model's strain path");
  verb->add_option("model", a->model, "a model written by `grainspin train`")->required();
  verb->add_option("input", a->input,
                   "archive whose initial state is taken (nothing of its later steps is read)")
      ->required();
  verb->add_option("-o,--output", a->output, "archive to write")->required();
  verb->add_option("--device", a->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  verb->add_option("--gpu", a->gpu, "number of the GPU")->capture_default_str();
  verb->add_option("--backend", a->backend, "engine or libtorch")
      ->check(CLI::IsMember({"engine", "libtorch"}))
      ->capture_default_str();
  verb->add_option("--threads", a->threads, "threads of the CPU engine; 0: as many as the machine has")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
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
      ->expected(1);
  verb->add_flag("--dry-run", a->dry_run, "print what the run would take, compute nothing");
  verb->add_flag("--compress", a->compress, "compress the result");
  verb->add_flag("--quiet", a->quiet, "print nothing but errors");
  verb->callback([a] { run(*a); });
}

}  // namespace grainspin::cli

#include "src/cli/predict_options.h"

#include "grainspin/load_file.h"
#include "src/cli/ensemble.h"
#include "src/cli/source_options.h"

namespace grainspin::cli {

void add_predict_options(CLI::App& verb, PredictArguments& a) {
  verb.add_option("model", a.model, "a model written by `grainspin train`")->required();
  verb.add_option("input", a.input,
                   "archive whose initial state is taken (nothing of its later steps is read)")
      ->required();
  verb.add_option("--from-increment", a.from,
                   "start from this increment of the archive in the place of its first state (increment_K, or the K-th state)")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("-o,--output", a.output, "archive to write")->required();
  verb.add_option("--device", a.device, "auto, cpu, cuda; cpu:N: N engines on the CPU, sharing its threads and the tiles")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}) | CLI::Validator([](std::string& text) { return std::string(text.starts_with("cpu:") ? "" : "no such device"); }, "cpu:N"))
      ->capture_default_str();
  verb.add_option("--gpu", a.gpus, "number of the GPU, or several that share the tiles: 0,1 (default 0; with --mpi each rank takes one, by its number on its machine)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--backend", a.backend, "engine or libtorch")
      ->check(CLI::IsMember({"engine", "libtorch"}))
      ->capture_default_str();
  verb.add_option("--threads", a.threads, "threads of the CPU engine; 0: as many as the machine has")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  verb.add_option("--precision", a.precision, "strict: fp32; fast: local models in bf16 where the processor has it, the state of nonlocal ones in fp16 on a GPU")
      ->check(CLI::IsMember({"strict", "fast"}))
      ->capture_default_str();
  add_members_option(verb, a.members);
  verb.add_option("--load", a.load,
                   std::string("nonlocal models: what the grid is carried through; DAMASK's load.yaml, a table, an "
                               "archive, or a name:axes[:strain[:step]] joined by + (") +
                       load_names() + "); default: the model's own");
  verb.add_option("--phase", a.phases, "nonlocal models: NAME=MODEL'S PHASE where the names differ; may be repeated")
      ->allow_extra_args(false);  // one each time
  verb.add_option("--padding", a.padding,
                   "nonlocal models: mirrored layers beyond the faces of axes that are not periodic")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  verb.add_option("--curve", a.curve, "write the mean stress and velocity gradient of every step here (CSV)");
  auto* stress = verb.add_flag("--stress", a.stress, "write stresses (the default where the model has them)");
  verb.add_flag("--no-stress", a.no_stress, "write no stresses")->excludes(stress);
  verb.add_flag("--uncertainty", a.uncertainty, "write the model's own estimate of each voxel's error at each step, degrees");
  verb.add_flag("--verdict", a.verdict, "write each voxel's verdict at each step: 0 fine, 1 doubtful, 2 outside the domain of training");
  verb.add_option("--memory", a.memory, "most memory to take, such as 2GB (default: most of what is free)");
  verb.add_option("--steps", a.steps,
                   "steps to write: all, last, or a list such as 0,5,13 (0 is always written)")
      ->capture_default_str();
  verb.add_option("--tile", a.tile, "edge of a tile in voxels; 0: chosen from the memory")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  verb.add_option(
      "--boundary", a.boundary,
      "periodic or clamped, or one for each axis: periodic,periodic,clamped (default: the input's)");
  verb.add_option("--mask", a.masks, "leave voxels out: phase=NAME or grain=NUMBERS; may be repeated")
      ->allow_extra_args(false);  // one each time
  verb.add_flag("--dry-run", a.dry_run, "print what the run would take, compute nothing");
  verb.add_flag("--compress", a.compress, "compress the result");
  verb.add_option("--orientation", a.orientation,
                   "how orientations are stored: float32 (16 bytes), packed32, packed48 or packed64 (4, 6, 8 bytes; off by 0.28, 0.0086, "
                   "0.00027 degrees at most)")
      ->check(CLI::IsMember({"float32", "packed32", "packed48", "packed64"}))
      ->capture_default_str();
  verb.add_flag("--resume", a.resume, "go on with a run that was stopped: tiles that are whole are not computed again");
  verb.add_flag("--profile", a.profile, "print where the time went, by stage");
  verb.add_option("--profile-json", a.profile_json, "write that as JSON");
  verb.add_flag("--quiet", a.quiet, "print nothing but errors");
  add_source_options(verb, a.source);
  verb.add_flag("--mpi", a.mpi, "local models: share the grid among the ranks that mpirun or srun has started (docs/parallel.md)");
}

}  // namespace grainspin::cli

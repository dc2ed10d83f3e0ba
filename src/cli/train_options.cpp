#include "src/cli/train_options.h"

#include <functional>
#include <map>
#include <utility>

#include "src/cli/memory.h"

namespace grainspin::cli {

namespace {

constexpr const char *kLocal = "Network, local", *kNonlocal = "Network, nonlocal", *kBudget = "Budget",
                     *kOptimiser = "Optimiser", *kLocalRecipe = "Optimiser, local",
                     *kNonlocalRecipe = "Optimiser, nonlocal", *kRun = "Run";

void add_networks(CLI::App& sub, TrainArguments& a) {
  LocalSpec& l = a.train.local;
  const std::map<std::string, Cell> cells{{"lstm", Cell::kLstm}, {"gru", Cell::kGru}};
  const std::map<std::string, Feedback> feedbacks{
      {"initial", Feedback::kInitial}, {"own", Feedback::kOwn}, {"neighbours", Feedback::kNeighbours}};
  const auto local = [](CLI::Option* o) { return o->group(kLocal); };
  local(sub.add_option("--cell", l.cell, "recurrent cell: lstm, gru")
            ->transform(CLI::CheckedTransformer(cells, CLI::ignore_case)));
  local(sub.add_option("--layers", l.layers, "recurrent layers: 1, 2")->capture_default_str());
  local(sub.add_option("--hidden", l.hidden, "hidden units: 32 to 256")->capture_default_str());
  local(
      sub.add_option("--radius", l.radius, "radius of the cube of neighbours: 0 to 3")->capture_default_str());
  local(sub.add_option("--feedback", l.feedback, "what re-enters each step: initial, own, neighbours")
            ->transform(CLI::CheckedTransformer(feedbacks, CLI::ignore_case)));
  local(sub.add_flag("--variance", l.variance, "also predict the increment's variance"));

  NonlocalSpec& n = a.train.nonlocal;
  const std::map<std::string, Green> greens{{"incompressible", Green::kIncompressible},
                                            {"compressible", Green::kCompressible},
                                            {"learned", Green::kLearned}};
  const std::map<std::string, Frequencies> frequencies{{"continuous", Frequencies::kContinuous},
                                                       {"sine", Frequencies::kSine}};
  const auto nonlocal = [](CLI::Option* o) { return o->group(kNonlocal); };
  nonlocal(sub.add_option("--passes", n.passes, "sweeps of the Green operator a step: 0 to 32")
               ->capture_default_str());
  nonlocal(sub.add_option("--channels", n.channels, "state on every slip system: 1 to 64")
               ->capture_default_str());
  nonlocal(sub.add_option("--width", n.width, "inner channels of a map: 1 to 64; default as channels"));
  nonlocal(sub.add_option("--polarisations", n.polarisations, "fields convolved in a pass: 1 to 8")
               ->capture_default_str());
  nonlocal(
      sub.add_option("--memory", n.memory, "channels remembered over the steps: 0 to 16")->capture_default_str());
  nonlocal(sub.add_flag("--carried,!--no-carried", n.carried, "the state of a step enters the next; default"));
  nonlocal(sub.add_option("--warmup", n.warmup, "times that the first step is run beforehand: 0 to 8")
               ->capture_default_str());
  nonlocal(sub.add_flag("--ungated", a.ungated, "linear maps, for comparison"));
  nonlocal(sub.add_option("--green", n.green, "operator: incompressible, compressible, learned")
               ->transform(CLI::CheckedTransformer(greens, CLI::ignore_case)));
  nonlocal(sub.add_option("--beta", n.beta, "of the compressible operator: (lambda + mu) / (lambda + 2 mu)")
               ->capture_default_str());
  nonlocal(sub.add_option("--frequencies", n.frequencies, "of the operator: continuous, sine")
               ->transform(CLI::CheckedTransformer(frequencies, CLI::ignore_case)));
  nonlocal(sub.add_option("--slip", a.slip,
                          "slip systems in the place of the archive's law: fcc, bcc48, hcp18 .., or families; "
                          "PHASE=SYSTEMS for one phase"));
  sub.add_flag("--stress,!--no-stress", a.stress,
               "also predict the Cauchy stress; nonlocal: default where the archives have F and P")
      ->group("Network");
}

void add_budget(CLI::App& sub, TrainArguments& a) {
  TrainOptions& o = a.train;
  auto* budget = sub.add_option_group(kBudget, "one of them; default 60 epochs, nonlocal 10");
  budget->add_option("--epochs", o.epochs, "passes over the training voxels")->check(CLI::PositiveNumber);
  budget->add_option("--steps", o.steps, "optimiser steps")->check(CLI::PositiveNumber);
  budget->add_option("--minutes", o.minutes, "training time (not repeatable bit for bit)")
      ->check(CLI::PositiveNumber);
  budget->require_option(0, 1);
  sub.add_option("--patience", o.patience,
                 "epochs without a better held-out score until it stops; 0: use the whole budget")
      ->capture_default_str()
      ->group(kBudget);
  sub.add_option("--held-out", o.held_out,
                 "training runs set aside for early stopping; default about one in nine")
      ->group(kBudget);
}

void add_recipe(CLI::App& sub, TrainArguments& a) {
  TrainOptions& o = a.train;
  NonlocalRecipe& r = o.recipe;
  const auto both = [](CLI::Option* option) { return option->group(kOptimiser); };
  both(sub.add_option("--teacher", o.teacher,
                      "part of the budget with true orientations as input; default 0.8, nonlocal 1"));
  both(sub.add_option("--lr", o.lr, "largest learning rate; default 0.003, nonlocal 0.004"));
  both(sub.add_option("--weight-decay", o.weight_decay, "of AdamW; default 0.1, nonlocal 0"));
  both(sub.add_option("--beta2", o.beta2, "of AdamW; default 0.999, nonlocal 0.99"));
  both(sub.add_option("--clip", o.clip, "largest gradient norm")->capture_default_str());
  both(sub.add_option("--average", r.average, "decay of the weights' average that is kept, as 0.999; 0: none")
           ->capture_default_str());
  both(sub.add_flag("--no-augmentation", a.no_augmentation, "do not turn the runs"));
  both(sub.add_option("--precision", a.precision,
                      "of the matrix products: fp32, or bf16 with weights, sums and loss in fp32")
           ->capture_default_str());
  both(sub.add_option("--seed", o.seed, "everything random follows from it")->capture_default_str());

  const auto local = [](CLI::Option* option) { return option->group(kLocalRecipe); };
  local(sub.add_option("--batch", o.batch, "voxels of an optimiser step")->capture_default_str());
  local(sub.add_option("--parts", o.parts,
                       "parts that a batch of voxels is computed in, shared by the ranks of --mpi: with the same parts any "
                       "number of ranks gives the same bits; default one for each rank")
            ->check(CLI::PositiveNumber));
  local(sub.add_option("--path-weight", o.path_weight, "weight of the orientation error on the own path")
            ->capture_default_str());

  const auto nonlocal = [](CLI::Option* option) { return option->group(kNonlocalRecipe)->capture_default_str(); };
  nonlocal(sub.add_option("--pool", r.pool, "grids under way at a time"));
  nonlocal(sub.add_option("--grids", r.grids, "of them in an optimiser step"));
  nonlocal(sub.add_option("--chunk", r.chunk, "strain steps that the gradient goes through"));
  nonlocal(sub.add_option("--longest", r.longest, "the same at the end of the own path"));
  nonlocal(sub.add_option("--graph-memory", a.graph_memory,
                          "for the gradient's graph; chunks above it are computed twice instead"));
  nonlocal(sub.add_option("--lr-warmup", r.lr_warmup, "optimiser steps until the full learning rate"));
  nonlocal(sub.add_option("--lr-decay", r.lr_decay, "last part of the budget, in which it falls to 0"));
  nonlocal(sub.add_option("--stress-weight", r.stress_weight, "of the stress in the loss"));
  nonlocal(sub.add_option("--stress-ramp", r.stress_ramp, "part of the budget over which that weight grows from 0"));
  nonlocal(sub.add_option("--curve-weight", r.curve_weight, "of the mean stress, beside the local one"));
  nonlocal(sub.add_option("--free-weight", r.free_weight, "of the free components of the load in the loss"));
  nonlocal(sub.add_flag("--keep-load", a.keep_load, "turn only by operations that leave the run's load"));
  nonlocal(sub.add_option("--score-share", r.score_share, "part of the work that held-out scores may take"));
}

// Settings that the command line leaves open are those of the model that the training starts from.
void take_settings(TrainArguments& a, const std::function<bool(const char*)>& given) {
  TrainOptions& o = a.train;
  const ModelSpec parent = read_model(o.init).spec;
  if (!given("--family")) o.family = parent.family;
  if (parent.family != o.family) return;  // the training refuses it
  const auto take = [&](auto& own, const auto& theirs, auto... options) {
    const auto one = [&](const auto& option) {
      if (!given(option.first)) own.*option.second = theirs.*option.second;
    };
    (one(options), ...);
  };
  using N = NonlocalSpec;
  using L = LocalSpec;
  take(o.nonlocal, parent.nonlocal, std::pair{"--passes", &N::passes}, std::pair{"--channels", &N::channels},
         std::pair{"--width", &N::width}, std::pair{"--polarisations", &N::polarisations},
         std::pair{"--memory", &N::memory}, std::pair{"--carried", &N::carried}, std::pair{"--warmup", &N::warmup},
         std::pair{"--ungated", &N::gated}, std::pair{"--green", &N::green}, std::pair{"--beta", &N::beta},
         std::pair{"--frequencies", &N::frequencies});
  take(o.local, parent.local, std::pair{"--cell", &L::cell}, std::pair{"--layers", &L::layers},
         std::pair{"--hidden", &L::hidden}, std::pair{"--radius", &L::radius}, std::pair{"--feedback", &L::feedback},
         std::pair{"--variance", &L::variance});
}

}  // namespace

void add_train_options(CLI::App& sub, TrainArguments& a) {
  TrainOptions& o = a.train;
  const std::map<std::string, Family> families{{"local", Family::kLocal}, {"nonlocal", Family::kNonlocal}};
  sub.add_option("--config", a.config,
                 "TOML file of settings: the long options' names; the command line wins")
      ->check(CLI::ExistingFile);
  sub.add_option("archives", o.archives, "archives to train on")->required();
  sub.add_option("--validation", o.validation,
                 "archives scored once, at the end; never trained on, never watched");
  sub.add_option("-o,--output", a.output, "the model file (.safetensors); log and checkpoint lie beside it")
      ->required();
  sub.add_option("--family", o.family, "local (fast; the default) or nonlocal (accurate; any load)")
      ->transform(CLI::CheckedTransformer(families, CLI::ignore_case));
  sub.add_option("--init", o.init,
                 "start from this model's weights: family and settings are its own; runs of the same material or of another")
      ->check(CLI::ExistingFile);
  add_networks(sub, a);
  add_budget(sub, a);
  add_recipe(sub, a);
  const auto run = [](CLI::Option* option) { return option->group(kRun); };
  run(sub.add_option("--threads", o.threads, "CPU threads; default all"));
  run(sub.add_option("--device", a.device, "auto, cpu, cuda")->capture_default_str());
  run(sub.add_option("--gpu", o.gpu, "number of the CUDA device; with --mpi each rank takes one, by its number on its machine")->capture_default_str());
  run(sub.add_option("--data-memory", a.memory,
                     "for the runs' fields, as 8GB (of each rank): what does not fit is read again from the archives when it "
                     "is needed; default all"));
  run(sub.add_flag("--mpi", a.mpi,
                   "share every batch among the ranks that mpirun or srun has started (docs/parallel.md)"));
  run(sub.add_option("--checkpoint", o.checkpoint, "checkpoint file; default beside the model"));
  run(sub.add_option("--checkpoint-minutes", o.checkpoint_minutes, "time between checkpoints")
          ->capture_default_str());
  run(sub.add_flag("--resume", o.resume, "continue from the checkpoint; same settings and archives"));
  run(sub.add_option("--log", a.log, "base name of the log (.csv, .json, .svg); default beside the model"));
  run(sub.add_option("--summary", a.summary,
                     "file to which one JSON line with settings and scores is appended"));
  run(sub.add_flag("-q,--quiet", a.quiet, "no progress, no table"));
}

void settle(TrainArguments& a, const CLI::App& sub) {
  TrainOptions& o = a.train;
  const auto given = [&](const char* name) { return sub.get_option(name)->count() > 0; };
  if (!o.init.empty()) take_settings(a, given);
  const bool local = o.family == Family::kLocal;
  for (const CLI::Option* option : sub.get_options()) {
    const std::string& group = option->get_group();
    const bool foreign = local ? group == kNonlocal || group == kNonlocalRecipe
                               : group == kLocal || group == kLocalRecipe;
    require(!foreign || option->count() == 0, Errc::kArgument,
            option->get_name() + ": an option of --family " + (local ? "nonlocal" : "local"));
  }
  const TrainOptions defaults = train_defaults(o.family);
  if (!given("--teacher")) o.teacher = defaults.teacher;
  if (!given("--lr")) o.lr = defaults.lr;
  if (!given("--weight-decay")) o.weight_decay = defaults.weight_decay;
  if (!given("--beta2")) o.beta2 = defaults.beta2;
  if (o.epochs == 0 && o.minutes == 0 && o.steps == 0) o.epochs = local ? 60 : 10;
  o.augment = !a.no_augmentation;
  require(a.precision == "fp32" || a.precision == "bf16", Errc::kArgument,
          "precision: fp32 or bf16, not " + a.precision);
  o.bfloat16 = a.precision == "bf16";
  if (!a.memory.empty()) {
    o.memory = parse_size(a.memory);
    require(o.memory > 0, Errc::kArgument, "data memory: more than nothing");
  }
  require(!a.mpi || !given("--gpu"), Errc::kArgument,
          "--gpu: with --mpi each rank takes the GPU of its number on its machine");
  require(a.device == "cpu" || a.device == "cuda" || a.device == "auto", Errc::kArgument,
          "device: auto, cpu or cuda, not " + a.device);
  if (local) {
    o.local.stress = a.stress;
    return;
  }
  NonlocalRecipe& r = o.recipe;
  if (!given("--width") && o.init.empty()) o.nonlocal.width = o.nonlocal.channels;
  if (given("--ungated") || o.init.empty()) o.nonlocal.gated = !a.ungated;
  if (given("--stress")) r.stress = a.stress ? StressData::kWanted : StressData::kNone;
  r.slip = parse_slip(a.slip);
  r.graph_bytes = parse_size(a.graph_memory);
  r.all_operations = !a.keep_load;
}

}  // namespace grainspin::cli

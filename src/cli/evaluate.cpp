// grainspin evaluate: what a model, or any program's result, is worth against the true run.
#include "src/cli/evaluate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "src/cli/choose_surrogate.h"
#include "src/cli/ensemble.h"
#include "src/cli/training_curve.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> files;
  std::string predicted, json, page, pictures, log, load;
  DeviceChoice device;
  std::vector<std::string> training, against;
  int members = 0, every = 1;
  bool checks = false, no_checks = false, any_load = false, no_taylor = false, no_texture = false, no_equivariance = false;
};

// A line that rewrites itself on a terminal, nothing elsewhere.
Progress progress_line(const std::string& file) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  return [terminal, file](double fraction, std::string_view what) {
    if (terminal) {
      fmt::print(stderr, "\r\033[K{}: {} {:.0f} %", file, what, 100 * fraction);
      std::fflush(stderr);
    }
    return !stop_requested();
  };
}

void clear_line() {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K");
}

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  const bool device = fs::exists(path) && !fs::is_regular_file(path);
  const std::string target = device ? path : path + ".part";
  std::ofstream out(target, std::ios::binary);
  out << text;
  out.close();
  if (!out) {
    std::error_code ignored;
    if (!device) fs::remove(target, ignored);
    throw Error(Errc::kIo, path + ": cannot be written");
  }
  if (!device) fs::rename(target, path);
}

void run(const Options& o) {
  Judgement judgement;
  judgement.predicted = !o.predicted.empty();
  std::vector<std::string> archives = o.files;
  std::unique_ptr<Surrogate> surrogate;
  if (judgement.predicted) {
    require(archives.size() == 1, Errc::kArgument, "evaluate --predicted OUT TRUTH: wanted one true archive, found " + std::to_string(archives.size()));
    judgement.model = o.predicted;
  } else {
    require(archives.size() >= 2, Errc::kArgument, "evaluate MODEL ARCHIVE...: wanted a model and at least one archive");
    judgement.model = archives.front();
    archives.erase(archives.begin());
    judgement.spec = read_members(judgement.model, o.members);
    surrogate = choose_surrogate(judgement.spec, o.device);
    judgement.description = surrogate->description();
    fs::path log = o.log.empty() ? fs::path(judgement.model).replace_extension(".csv") : fs::path(o.log);
    require(o.log.empty() || fs::exists(log), Errc::kIo, o.log + ": no such log");
    if (fs::exists(log)) judgement.loss_csv = log.string();
  }

  // Runs inside the domain, for what their voxels measure.
  std::vector<Evaluation::Trust> inside;
  std::vector<const Evaluation::Trust*> compared;
  for (const std::string& file : o.against) {
    require(!judgement.predicted, Errc::kArgument, "--against: wants a model, which states its domain of training");
    const RunFields truth = read_run(file);
    require_match(judgement.model, judgement.spec.spec, truth, o.any_load);
    const auto trust = evaluate_trust(judgement.spec.spec, truth, predict(*surrogate, truth, progress_line(fs::path(file).filename().string()), false), o.device.threads);
    clear_line();
    require(trust.has_value(), Errc::kArgument, judgement.model + " --against " + file + ": no domain of training that voxels are measured by");
    inside.push_back(*trust);
  }
  for (const Evaluation::Trust& trust : inside) compared.push_back(&trust);
  judgement.inside = o.against;

  const std::vector<RunCurve> curves = read_curves(o.training);
  for (const std::string& file : archives) {
    Judged judged;
    judged.file = file;
    judged.truth = read_run(file);
    give_load(judged.truth, o.load, judgement.spec.spec);
    take_every(judged.truth, o.every);
    EvaluationOptions options;
    options.threads = o.device.threads;
    options.taylor = !o.no_taylor;
    options.texture = !o.no_texture;
    options.equivariance = !o.no_equivariance;
    options.checks = o.checks ? Checks::kAll : o.no_checks ? Checks::kNone : Checks::kAuto;
    options.training_curve = training_curve(curves, judgement.spec.spec, judged.truth.info);
    options.progress = progress_line(fs::path(file).filename().string());
    if (judgement.predicted) {
      judged.prediction = as_prediction(read_run(o.predicted), judged.truth);
    } else {
      require_match(judgement.model, judgement.spec.spec, judged.truth, o.any_load);
      judged.prediction = predict(*surrogate, judged.truth, options.progress);
    }
    judged.evaluation = evaluate(judged.truth, judged.prediction, surrogate.get(), options);
    clear_line();
    for (std::string& text : domain_notes(judged.evaluation)) judged.evaluation.notes.push_back(std::move(text));
    if (judged.evaluation.trust) compare(*judged.evaluation.trust, compared);
    // Only the ends are drawn; a long list of archives must not fill the memory.
    judged.prediction.increment.clear();
    judged.prediction.one_step_increment.clear();
    judgement.archives.push_back(std::move(judged));
  }

  if (o.json != "-") fmt::print("{}{}", evaluation_table(judgement), trust_table(judgement));
  if (!o.json.empty()) write_text(o.json, evaluation_json(judgement).dump(1) + "\n");
  if (!o.page.empty() || !o.pictures.empty()) write_page(judgement, o.page, o.pictures);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto* sub = app.add_subcommand("evaluate", "errors, skill and R2 of a model (or of any result) against true runs");
  auto o = std::make_shared<Options>();
  sub->add_option("files", o->files, "MODEL ARCHIVE..., or with --predicted the true archive")->required();
  sub->add_option("--predicted", o->predicted, "judge this result (any archive that inspect reads; same grid and steps) in place of a model");
  sub->add_option("--json", o->json, "write the scores here (- for standard output, then without the table)");
  sub->add_option("-o,--output", o->page, "write the self-contained HTML page here");
  sub->add_option("--pictures", o->pictures, "write the page's pictures into this folder");
  sub->add_option("--load", o->load, "load of archives that do not tell theirs: as for predict");
  sub->add_option("--log", o->log, "training log (.csv) for the loss curve; default the one beside the model");
  sub->add_option("--device", o->device.device, "where the model runs")->check(CLI::IsMember({"auto", "cpu", "cuda"}))->capture_default_str();
  sub->add_option("--backend", o->device.backend, "what runs it")->check(CLI::IsMember({"engine", "libtorch"}))->capture_default_str();
  sub->add_option("--threads", o->device.threads, "0: as many as the machine has")->check(CLI::NonNegativeNumber)->capture_default_str();
  sub->add_option("--precision", o->device.precision, "strict: fp32; fast: local models in bf16 where the processor has it, the state of nonlocal ones in fp16 on a GPU")->check(CLI::IsMember({"strict", "fast"}))->capture_default_str();
  add_members_option(*sub, o->members);
  sub->add_option("--training", o->training, "archives of the training runs, or a folder of them, for their mean stress curve; may be repeated")->allow_extra_args(false);
  sub->add_option("--against", o->against, "runs inside the model's domain of training that it never saw: the AUC with which its measure of the domain tells the judged runs from these; may be repeated")->allow_extra_args(true);
  sub->add_option("--every", o->every, "judge every so many states only, as of steps as many times larger")->check(CLI::PositiveNumber)->capture_default_str();
  sub->add_flag("--checks", o->checks, "all checks that run the model again, on a grid of any size: crystal symmetry, every operation of the cube, half the step");
  sub->add_flag("--no-checks", o->no_checks, "none of them")->excludes("--checks");
  sub->add_flag("--any-load", o->any_load, "judge also on another load than the model was trained on");
  sub->add_flag("--no-taylor", o->no_taylor, "leave out the Taylor baseline");
  sub->add_flag("--no-texture", o->no_texture, "leave out the ODF");
  sub->add_flag("--no-equivariance", o->no_equivariance, "leave out the equivariance error (one prediction per operation)");
  sub->callback([o] { run(*o); });
}

}  // namespace grainspin::cli

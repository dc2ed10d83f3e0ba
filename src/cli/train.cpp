// grainspin train: archives in, a model file out, with its log and checkpoint beside it.
#include <malloc.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <locale>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "networks/networks.h"
#include "networks/train.h"
#include "src/cli/verbs.h"
#include "src/render/pictures.h"

namespace grainspin::cli {

namespace {

struct Arguments {
  TrainOptions train;
  std::string output, config, log, summary, device = "auto";
  bool quiet = false, no_augmentation = false;
};

nlohmann::json number(double v) {
  return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json();
}

std::string cell(double v) {
  return std::isfinite(v) ? fmt::format("{:.6g}", v) : std::string();
}

std::string clock(double seconds) {
  const long s = std::lround(seconds);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

// On a terminal one line that is drawn again and again, elsewhere a plain line an epoch.
class Display {
 public:
  explicit Display(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0), start_(now()) {}

  void show(double fraction, double rate, const TrainRow* row) {
    if (first_ < 0) first_ = fraction;
    if (quiet_) return;
    if (row) {
      clear();
      std::fputs(fmt::format("epoch {:7.1f}  {:>9}  loss {:.4f}{}  {:.0f} voxels/s  {} left\n", row->epoch,
                             row->own_path ? "own path" : "true path", row->loss, held_out(*row), rate,
                             left(fraction))
                     .c_str(),
                 stderr);
    }
    if (!terminal_ || now() - drawn_ < 0.2) return;
    drawn_ = now();
    const int full = 30, done = int(fraction * full);
    std::fputs(fmt::format("\r[{:#<{}}{:.<{}}] {:3.0f} %  {:.0f} voxels/s  {} left ", "", done, "",
                           full - done, 100 * fraction, rate, left(fraction))
                   .c_str(),
               stderr);
    std::fflush(stderr);
  }
  void clear() const {
    if (terminal_ && !quiet_) std::fputs("\r\033[K", stderr);
  }

 private:
  static double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
  }
  static std::string held_out(const TrainRow& row) {
    return std::isfinite(row.held_out)
               ? fmt::format("  held out {:.3f} deg (skill {:.3f})", row.held_out_deg, 1 - row.held_out)
               : "";
  }
  std::string left(double fraction) const {
    return fraction - first_ > 1e-6 ? clock((now() - start_) / (fraction - first_) * (1 - fraction)) : "-:--";
  }
  bool quiet_, terminal_;
  double start_, drawn_ = 0, first_ = -1;
};

void write_text(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".partial";
  {
    std::ofstream out(temporary, std::ios::binary);
    out << text;
    out.flush();
    require(bool(out), Errc::kIo, path + ": cannot be written");
  }
  require(std::rename(temporary.c_str(), path.c_str()) == 0, Errc::kIo, path + ": cannot be written");
}

nlohmann::json json(const RunScore& s) {
  return {{"file", s.path},
          {"voxels", s.voxels},
          {"error_deg", s.error_deg},
          {"persistence_deg", s.persistence_deg},
          {"skill_persistence", s.skill()},
          {"r2_one_step", number(s.r2_one_step)},
          {"r2_rolled", number(s.r2_rolled)}};
}

// The log: <base>.csv holds the curve, <base>.svg its picture, <base>.json everything.
void write_log(const std::string& base, const TrainReport& r) {
  std::string csv = "epoch,train,held_out,held_out_deg,step,samples,own_path,lr,seconds\n";
  nlohmann::json curve = nlohmann::json::array();
  for (const TrainRow& row : r.rows) {
    csv += fmt::format("{:.4f},{:.6g},{},{},{},{:.0f},{},{:.6g},{:.2f}\n", row.epoch, row.loss,
                       cell(row.held_out), cell(row.held_out_deg), row.step, row.samples, int(row.own_path),
                       row.lr, row.seconds);
    curve.push_back({{"epoch", row.epoch},
                     {"train", row.loss},
                     {"held_out", number(row.held_out)},
                     {"held_out_deg", number(row.held_out_deg)},
                     {"step", row.step},
                     {"samples", row.samples},
                     {"own_path", row.own_path},
                     {"lr", row.lr},
                     {"seconds", row.seconds}});
  }
  nlohmann::json all{{"settings", nlohmann::json::parse(r.model.spec.provenance)["settings"]},
                     {"parameters", r.parameters},
                     {"operations", r.operations},
                     {"seconds", r.seconds},
                     {"samples_per_second", r.samples_per_second},
                     {"stopped_early", r.stopped_early},
                     {"bytes_per_sample", r.bytes_per_sample},
                     {"data_bytes", r.data_bytes},
                     {"peak_bytes", r.peak_bytes},
                     {"curve", curve}};
  for (std::size_t i = 0; i < r.training_runs.size(); ++i)
    all["runs"].push_back({{"file", r.training_runs[i]}, {"samples_per_epoch", r.samples_per_run[i]}});
  for (const RunScore& s : r.held_out) all["held_out"].push_back(json(s));
  for (const RunScore& s : r.validation) all["validation"].push_back(json(s));
  std::vector<render::LossPoint> points;
  for (const TrainRow& row : r.rows) {
    render::LossPoint point;
    point.epoch = row.epoch;
    point.train = row.loss;
    if (std::isfinite(row.held_out)) point.held_out = row.held_out;
    points.push_back(point);
  }
  const auto& theme = render::Theme::light();
  write_text(
      base + ".svg",
      render::chart_svg(render::loss_chart(points, "loss; error over persistence", theme),
                        theme, true));
  write_text(base + ".csv", csv);
  write_text(base + ".json", all.dump(1) + "\n");
}

// One line a training, appended: what a table of many trainings is made of.
void append_summary(const std::string& path, const std::string& model, const TrainReport& r) {
  nlohmann::json line{{"model", model},
                      {"settings", nlohmann::json::parse(r.model.spec.provenance)["settings"]},
                      {"parameters", r.parameters},
                      {"epochs", r.rows.empty() ? 0 : r.rows.back().epoch},
                      {"seconds", r.seconds},
                      {"samples_per_second", r.samples_per_second},
                      {"validation", nlohmann::json::array()}};
  for (const RunScore& s : r.validation) line["validation"].push_back(json(s));
  std::ofstream out(path, std::ios::app | std::ios::binary);
  out << line.dump() + "\n";
  out.flush();
  require(bool(out), Errc::kIo, path + ": cannot be written");
}

void print_scores(const char* title, const std::vector<RunScore>& scores) {
  if (scores.empty()) return;
  fmt::print("{}\n  {:>9} {:>12} {:>7} {:>12} {:>10}  file\n", title, "end error", "persistence", "skill",
             "R2 one step", "R2 rolled");
  for (const RunScore& s : scores)
    fmt::print("  {:>5.2f} deg {:>8.2f} deg {:>7.3f} {:>12} {:>10.3f}  {}\n", s.error_deg.back(),
               s.persistence_deg.back(), s.skill(),
               std::isfinite(s.r2_one_step) ? fmt::format("{:.3f}", s.r2_one_step) : "-", s.r2_rolled,
               s.path);
}

std::string without_suffix(const std::string& path) {
  const std::string suffix = ".safetensors";
  return path.size() > suffix.size() && path.ends_with(suffix) ? path.substr(0, path.size() - suffix.size())
                                                               : path;
}

// The command as it was given, for the provenance; arguments with blanks in quotes.
std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string text, word;
  while (std::getline(in, word, '\0')) {
    const bool quote = word.empty() || word.find_first_of(" \t'\"") != std::string::npos;
    text +=
        (text.empty() ? "" : " ") +
        (quote ? nlohmann::json(word).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : word);
  }
  return text;
}

// Settings of a TOML file for options that the command line does not give. CLI11 reads configuration files
// for the whole program only, not for a verb.
void read_config(const std::string& path, CLI::App& sub) {
  const auto given = [&](const std::string& name) {
    const CLI::Option* option = sub.get_option_no_throw("--" + name);
    return option && option->count() > 0;
  };
  const bool budget = given("epochs") || given("steps") || given("minutes");
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(path)) {
      CLI::Option* option = item.parents.empty() ? sub.get_option_no_throw("--" + item.name) : nullptr;
      require(option && item.name != "config", Errc::kArgument,
              path + ": no setting of this name: " + item.fullname());
      const bool of_budget = item.name == "epochs" || item.name == "steps" || item.name == "minutes";
      if (option->count() > 0 || (of_budget && budget)) continue;
      option->add_result(item.inputs);
      option->run_callback();
    }
  } catch (const CLI::Error& e) {
    throw Error(Errc::kArgument, path + ": " + e.what());
  }
}

void run(Arguments& a, CLI::App& sub) {
  if (!a.config.empty()) read_config(a.config, sub);
  TrainOptions& o = a.train;
  o.command = command_line();
  if (o.epochs == 0 && o.minutes == 0 && o.steps == 0) o.epochs = 60;
  o.augment = !a.no_augmentation;
  require(a.device == "cpu" || a.device == "cuda" || a.device == "auto", Errc::kArgument,
          "device: auto, cpu or cuda, not " + a.device);
  o.device = a.device == "cuda" || (a.device == "auto" && torch_has_cuda()) ? Device::kCuda : Device::kCpu;
  const std::string base = a.log.empty() ? without_suffix(a.output) : a.log;
  if (o.checkpoint.empty()) o.checkpoint = without_suffix(a.output) + ".checkpoint";
  // Steps allocate the same large blocks again and again: keep them instead of returning the pages.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);

  Display display(a.quiet);
  const TrainReport report = train(o, [&](double fraction, double rate, const TrainRow* row) {
    display.show(fraction, rate, row);
    return !stop_requested();
  });
  display.clear();
  write_model(a.output, report.model);
  write_log(base, report);
  if (!a.summary.empty()) append_summary(a.summary, a.output, report);
  std::remove(o.checkpoint.c_str());
  if (a.quiet) return;
  fmt::print("{} parameters, {} runs, {} operations, {:.0f} voxels/s, {} trained, peak memory {:.0f} MB\n",
             report.parameters, report.training_runs.size(), report.operations, report.samples_per_second,
             clock(report.seconds), double(report.peak_bytes) / 1e6);
  print_scores("set aside for early stopping:", report.held_out);
  print_scores("validation:", report.validation);
  fmt::print("{}\n", a.output);
}

}  // namespace

void add_train(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  TrainOptions& o = a->train;
  CLI::App* sub = app.add_subcommand("train", "train a surrogate from CP archives");
  sub->add_option("--config", a->config,
                  "TOML file of settings: the long options' names; the command line wins")
      ->check(CLI::ExistingFile);
  sub->add_option("archives", o.archives, "archives to train on")->required();
  sub->add_option("--validation", o.validation,
                  "archives scored once, at the end; never trained on, never watched");
  sub->add_option("-o,--output", a->output, "the model file (.safetensors); log and checkpoint lie beside it")
      ->required();

  const std::map<std::string, Cell> cells{{"lstm", Cell::kLstm}, {"gru", Cell::kGru}};
  const std::map<std::string, Feedback> feedbacks{
      {"initial", Feedback::kInitial}, {"own", Feedback::kOwn}, {"neighbours", Feedback::kNeighbours}};
  sub->add_option("--cell", o.local.cell, "recurrent cell: lstm, gru")
      ->transform(CLI::CheckedTransformer(cells, CLI::ignore_case))
      ->group("Network");
  sub->add_option("--layers", o.local.layers, "recurrent layers: 1, 2")
      ->capture_default_str()
      ->group("Network");
  sub->add_option("--hidden", o.local.hidden, "hidden units: 32 to 256")
      ->capture_default_str()
      ->group("Network");
  sub->add_option("--radius", o.local.radius, "radius of the cube of neighbours: 0 to 3")
      ->capture_default_str()
      ->group("Network");
  sub->add_option("--feedback", o.local.feedback, "what re-enters each step: initial, own, neighbours")
      ->transform(CLI::CheckedTransformer(feedbacks, CLI::ignore_case))
      ->group("Network");
  sub->add_flag("--stress", o.local.stress, "also predict the Cauchy stress")->group("Network");
  sub->add_flag("--variance", o.local.variance, "also predict the increment's variance")->group("Network");

  auto* budget = sub->add_option_group("Budget", "one of them; default 60 epochs");
  budget->add_option("--epochs", o.epochs, "passes over the training voxels")->check(CLI::PositiveNumber);
  budget->add_option("--steps", o.steps, "optimiser steps")->check(CLI::PositiveNumber);
  budget->add_option("--minutes", o.minutes, "training time (not repeatable bit for bit)")
      ->check(CLI::PositiveNumber);
  budget->require_option(0, 1);
  sub->add_option("--patience", o.patience,
                  "epochs without a better held-out score until it stops; 0: use the whole budget")
      ->capture_default_str()
      ->group("Budget");
  sub->add_option("--held-out", o.held_out,
                  "training runs set aside for early stopping; default about one in nine")
      ->group("Budget");

  sub->add_option("--teacher", o.teacher, "part of the budget with true orientations as input")
      ->capture_default_str()
      ->group("Optimiser");
  sub->add_option("--batch", o.batch, "voxels of an optimiser step")
      ->capture_default_str()
      ->group("Optimiser");
  sub->add_option("--lr", o.lr, "largest learning rate")->capture_default_str()->group("Optimiser");
  sub->add_option("--weight-decay", o.weight_decay, "of AdamW")->capture_default_str()->group("Optimiser");
  sub->add_option("--clip", o.clip, "largest gradient norm")->capture_default_str()->group("Optimiser");
  sub->add_option("--path-weight", o.path_weight, "weight of the orientation error on the own path")
      ->capture_default_str()
      ->group("Optimiser");
  sub->add_flag("--no-augmentation", a->no_augmentation, "do not use the load's symmetry")
      ->group("Optimiser");
  sub->add_flag("--bfloat16", o.bfloat16, "matrix products in bfloat16")->group("Optimiser");
  sub->add_option("--seed", o.seed, "everything random follows from it")
      ->capture_default_str()
      ->group("Optimiser");

  sub->add_option("--threads", o.threads, "CPU threads; default all")->group("Run");
  sub->add_option("--device", a->device, "auto, cpu, cuda")->capture_default_str()->group("Run");
  sub->add_option("--gpu", o.gpu, "number of the CUDA device")->capture_default_str()->group("Run");
  sub->add_option("--checkpoint", o.checkpoint, "checkpoint file; default beside the model")->group("Run");
  sub->add_option("--checkpoint-minutes", o.checkpoint_minutes, "time between checkpoints")
      ->capture_default_str()
      ->group("Run");
  sub->add_flag("--resume", o.resume, "continue from the checkpoint; same settings and archives")
      ->group("Run");
  sub->add_option("--log", a->log, "base name of the log (.csv, .json, .svg); default beside the model")
      ->group("Run");
  sub->add_option("--summary", a->summary, "file to which one JSON line with settings and scores is appended")
      ->group("Run");
  sub->add_flag("-q,--quiet", a->quiet, "no progress, no table")->group("Run");
  sub->callback([a, sub] { run(*a, *sub); });
}

}  // namespace grainspin::cli

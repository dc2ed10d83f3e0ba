#include "networks/training_loop.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "datasets/inherit.h"
#include "datasets/sha256.h"
#include "grainspin/version_info.h"
#include "networks/device.h"
#include "networks/networks.h"
#include "networks/precision.h"
#include "networks/shared_scores.h"

namespace grainspin {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kMostLeftOut = 10;  // steps in a row without a finite gradient

nlohmann::json number(double v) {
  return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json();
}

// The averaged weights stand in the parameters' places while it lives.
class Exchanged {
 public:
  Exchanged(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& average)
      : parameters_(parameters) {
    torch::NoGradGuard no_gradient;
    for (std::size_t i = 0; i < average.size(); ++i) {
      own_.push_back(parameters_[i].detach().clone());
      at::Tensor(parameters_[i]).copy_(average[i]);
    }
  }
  ~Exchanged() {
    torch::NoGradGuard no_gradient;
    for (std::size_t i = 0; i < own_.size(); ++i) at::Tensor(parameters_[i]).copy_(own_[i]);
  }
  Exchanged(const Exchanged&) = delete;
  Exchanged& operator=(const Exchanged&) = delete;

 private:
  std::vector<at::Tensor> parameters_, own_;
};

}  // namespace

TrainOptions train_defaults(Family family) {
  TrainOptions o;
  o.family = family;
  if (family == Family::kNonlocal) {
    o.lr = 4e-3;
    o.weight_decay = 0;
    o.beta2 = 0.99;
    o.teacher = 1;  // the own path gained 0.001 to 0.01 of skill, and only after a long training (docs/accuracy.md)
  }
  return o;
}

TrainReport train(const TrainOptions& options, Ranks& ranks, const TrainProgress& progress) {
  TrainReport report;
  guarded([&] {
    report = options.family == Family::kLocal ? train_local(options, ranks, progress)
                                              : train_nonlocal(options, ranks, progress);
  });
  return report;
}

TrainReport train(const TrainOptions& options, const TrainProgress& progress) {
  OneRank alone;
  return train(options, alone, progress);
}

TrainingLoop::TrainingLoop(const TrainOptions& options, Ranks& ranks)
    : options_(options),
      ranks_(ranks),
      device_(torch_device(options.device, options.gpu)),
      threads_(set_threads(options.threads)) {
  const TrainOptions& o = options_;
  require((o.epochs > 0) + (o.minutes > 0) + (o.steps > 0) == 1, Errc::kArgument,
          "give one budget: epochs, steps or minutes");
  require(o.teacher >= 0 && o.teacher <= 1, Errc::kArgument, "teacher: a part of the budget, 0 to 1");
  require(o.lr > 0 && o.clip > 0 && o.weight_decay >= 0, Errc::kArgument,
          "lr and clip are positive, weight decay not negative");
  require(o.beta2 > 0 && o.beta2 < 1, Errc::kArgument, "beta2: between 0 and 1");
  require(!o.resume || !o.checkpoint.empty(), Errc::kArgument, "resume: no checkpoint is named");
}

void TrainingLoop::begin(std::shared_ptr<torch::nn::Module> module, const ModelSpec& spec,
                         const std::vector<std::string>& hashes) {
  nlohmann::json fingerprint = settings();
  fingerprint["archives"] = hashes;
  fingerprint_ = fingerprint.dump();
  module_ = std::move(module);
  spec_ = spec;
  parameters_ = module_->parameters();
  require_same(ranks_, fingerprint_, parameters_);
  parts_.emplace(ranks_, parameters_);
  optimiser_ = make_optimiser(options_, parameters_);
}

double TrainingLoop::fraction() const {
  if (options_.minutes > 0) return state_.seconds / (60 * options_.minutes);
  if (options_.steps > 0) return double(state_.step) / double(options_.steps);
  return state_.samples / (options_.epochs * epoch_samples());
}

nlohmann::json TrainingLoop::common_settings(std::size_t held_out) const {
  const TrainOptions& o = options_;
  return {{"epochs", o.epochs},     {"minutes", o.minutes},           {"steps", o.steps},
          {"teacher", o.teacher},   {"lr", o.lr},                     {"weight_decay", o.weight_decay},
          {"beta2", o.beta2},       {"clip", o.clip},                 {"held_out", held_out},
          {"patience", o.patience}, {"augment", o.augment},           {"seed", o.seed},
          {"bfloat16", o.bfloat16}, {"average", o.recipe.average},
          {"init", inherited_.sha256}};
}

std::int64_t TrainingLoop::peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t(usage.ru_maxrss) * 1024;
}

TrainReport TrainingLoop::run(const TrainProgress& progress) {
  if (options_.resume) {
    read_checkpoint(options_.checkpoint, fingerprint_, state_, *module_, *optimiser_);
    unpack();
  }
  started_ = Clock::now();
  before_ = state_.seconds;
  const double samples_before = state_.samples;
  double saved = 0;
  bool stopped = out_of_patience();  // a checkpoint may be of the last step
  module_->train();
  while (fraction() < 1 && !stopped) {
    optimise();
    state_.seconds = root_seconds();
    const double rate = (state_.samples - samples_before) / std::max(elapsed(), 1e-9);
    const TrainRow* row = nullptr;
    const bool last = fraction() >= 1;
    if (last || state_.samples >= state_.next_epoch * epoch_samples()) {
      row = &end_row(last);
      stopped = out_of_patience();
    }
    struct Wish {
      bool stop, save;
    };
    const Wish mine{!progress(std::min(1.0, fraction()), rate, row),
                    !options_.checkpoint.empty() && elapsed() - saved > 60 * options_.checkpoint_minutes};
    const std::vector<Wish> wishes = ranks_.gather(mine);
    const bool stop = std::ranges::any_of(wishes, [](const Wish& w) { return w.stop; });
    if (stop || wishes[0].save) {
      saved = elapsed();
      save_checkpoint();
    }
    require(!stop, Errc::kInterrupted,
            options_.checkpoint.empty()
                ? "training stopped on request"
                : "training stopped on request; --resume continues from " + options_.checkpoint);
  }
  TrainReport report = finish();
  report.stopped_early = stopped;
  report.samples_per_second = (state_.samples - samples_before) / std::max(elapsed(), 1e-9);
  return report;
}

bool TrainingLoop::out_of_patience() const {
  if (options_.patience == 0 || state_.best_epoch == 0 || state_.rows.empty()) return false;
  const TrainRow& row = state_.rows.back();
  return row.own_path && row.epoch - state_.best_epoch >= options_.patience;
}

void TrainingLoop::optimise() {
  optimiser_->zero_grad();
  const double rate = learning_rate(), sum = state_.loss_sum, count = state_.loss_count;
  const double loss = gradients();
  // The sums are the same on every rank, so what follows from them is too.
  const double norm =
      std::isfinite(loss) ? torch::nn::utils::clip_grad_norm_(parameters_, options_.clip) : kNaN;
  if (std::isfinite(norm)) {
    optimiser_->step(rate);
    update_average();
    left_out_in_a_row_ = 0;
  } else {
    state_.skipped += 1;
    state_.loss_sum = sum, state_.loss_count = count;
    require(++left_out_in_a_row_ < kMostLeftOut, Errc::kConvergence,
            "training: " + std::to_string(kMostLeftOut) +
                " optimiser steps in a row without a finite gradient, the last is step " +
                std::to_string(state_.step + 1) + "; a smaller lr may help");
    left_out();
  }
  state_.step += 1;
}

double TrainingLoop::root_seconds() {
  return ranks_.gather(before_ + elapsed())[0];
}

double TrainingLoop::gradients() {
  const Parts parts = begin_step();
  {
    const MatmulPrecision precision(options_.bfloat16 && device_.is_cpu());  // scores are in float32
    for (int p = 0; p < parts.count; ++p)
      if (parts_->mine(p, parts.first)) parts_->add(part(p));
  }
  const std::vector<PartResult> results = parts_->combine(parts.count, parts.first);
  double loss = 0;
  for (int p = 0; p < parts.count; ++p) {
    const PartResult& r = results[std::size_t(p)];
    loss += r.loss;
    state_.loss_sum += r.shown;
    state_.loss_count += r.count;
    state_.samples += r.samples;
    end_part(p, r);
  }
  return loss;
}

std::vector<RunScore> TrainingLoop::score_all_held_out(bool full) {
  return score_shared(ranks_, held_out(), [&](int i) { return score_held_out(i, full); });
}

double TrainingLoop::average_decay() const {
  // Young averages forget faster: else they would hold the initial weights for long.
  return std::min(options_.recipe.average, (1.0 + double(state_.step)) / (10.0 + double(state_.step)));
}

void TrainingLoop::update_average() {
  if (options_.recipe.average <= 0) return;
  torch::NoGradGuard no_gradient;
  if (state_.average.empty())
    for (const at::Tensor& p : parameters_) state_.average.push_back(p.detach().clone());
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    state_.average[i].lerp_(parameters_[i], 1 - average_decay());
}

const TrainRow& TrainingLoop::end_row(bool last) {
  TrainRow row;
  row.step = state_.step;
  row.samples = state_.samples;
  row.epoch = state_.samples / epoch_samples();
  row.own_path = own_path();
  row.lr = learning_rate();
  row.loss = state_.loss_count > 0 ? state_.loss_sum / state_.loss_count : kNaN;
  row.held_out = row.held_out_deg = kNaN;
  row.skipped = double(state_.skipped);
  const Exchanged exchanged(parameters_, state_.average);
  double error = 0, persistence = 0, n = 0;
  for (const RunScore& s : last || score_due() ? score_all_held_out(false) : std::vector<RunScore>{}) {
    error += s.error_deg.back() * double(s.voxels);
    persistence += s.persistence_deg.back() * double(s.voxels);
    n += double(s.voxels);
  }
  if (n > 0) {
    row.held_out = error / persistence;
    row.held_out_deg = error / n;
    if (std::isfinite(row.held_out) && (state_.best_epoch == 0 || row.held_out < state_.best)) {
      state_.best = row.held_out;
      state_.best_epoch = row.epoch;
      state_.best_weights.clear();
      for (const at::Tensor& p : parameters_) state_.best_weights.push_back(p.detach().clone());
    }
  }
  row.seconds = before_ + elapsed();
  row.peak_bytes = double(peak_bytes());
  state_.loss_sum = state_.loss_count = 0;
  state_.next_epoch = next_row(row.epoch);
  state_.rows.push_back(row);
  return state_.rows.back();
}

void TrainingLoop::save_checkpoint() {
  if (options_.checkpoint.empty()) return;
  state_.seconds = root_seconds();
  require_same(ranks_, fingerprint_, parameters_);
  pack();
  if (ranks_.root()) write_checkpoint(options_.checkpoint, fingerprint_, state_, *module_, *optimiser_);
}

TrainReport TrainingLoop::finish() {
  module_->eval();
  {
    torch::NoGradGuard no_gradient;
    const auto& kept = state_.best_weights.empty() ? state_.average : state_.best_weights;
    for (std::size_t i = 0; i < kept.size(); ++i) parameters_[i].copy_(kept[i]);
  }
  for (const at::Tensor& p : parameters_)
    require(p.isfinite().all().item<bool>(), Errc::kConvergence,
            "training: the weights are not finite at its end; a smaller lr may help");
  TrainReport r;
  r.rows = state_.rows;
  r.seconds = state_.seconds;
  r.skipped = state_.skipped;
  for (const at::Tensor& p : parameters_) r.parameters += p.numel();
  r.held_out = score_all_held_out(true);
  r.validation = score_shared(ranks_, int(options_.validation.size()),
                              [&](int i) { return score_archive(options_.validation[std::size_t(i)]); });
  nlohmann::json provenance{{"version", build_info().version},
                            {"commit", build_info().commit},
                            {"torch", torch_version()},
                            {"command", options_.command},
                            {"settings", settings()},
                            {"steps", state_.step},
                            {"epochs", state_.samples / epoch_samples()},
                            {"seconds", state_.seconds},
                            {"threads", threads_},
                            {"ranks", ranks_.size()},
                            {"device", device_.is_cpu() ? "cpu" : "cuda"}};
  if (!inherited_.file.empty()) provenance["init"] = to_json(inherited_);
  r.init = inherited_;
  describe(r, provenance);
  nlohmann::json scores = nlohmann::json::object();
  for (const RunScore& s : r.validation) {
    scores["validation"].push_back({{"file", s.path},
                                    {"sha256", sha256_of_file(s.path)},
                                    {"end_error_deg", s.error_deg.back()},
                                    {"end_persistence_deg", s.persistence_deg.back()},
                                    {"skill_persistence", s.skill()},
                                    {"r2_rolled", s.r2_rolled},
                                    {"r2_one_step", number(s.r2_one_step)}});
    if (options_.family == Family::kNonlocal)
      scores["validation"].back().update({{"curve", number(s.curve)},
                                          {"local_stress", number(s.local_stress)},
                                          {"free_rms", number(s.free_rms)}});
  }
  spec_.provenance = provenance.dump();
  spec_.scores = scores.dump();
  save(r.model);
  r.model.spec = spec_;
  r.peak_bytes = peak_bytes();
  return r;
}

}  // namespace grainspin

// The training loop. Two stages: true orientations drive every step (single voxels, drawn from all runs);
// then the model's own path does (`neighbours`: whole grids, so that every voxel's prediction reaches its
// neighbours; the gradient goes through all steps).
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <span>

#include <nlohmann/json.hpp>

#include "datasets/batch.h"
#include "datasets/sha256.h"
#include "datasets/training_set.h"
#include "grainspin/version_info.h"
#include "networks/checkpoint.h"
#include "networks/device.h"
#include "networks/fields.h"
#include "networks/loss.h"
#include "networks/networks.h"
#include "networks/precision.h"
#include "networks/score.h"

namespace grainspin {

namespace {

using Clock = std::chrono::steady_clock;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class Trainer {
 public:
  explicit Trainer(const TrainOptions& options)
      : options_(options),
        device_(torch_device(options.device, options.gpu)),
        threads_(set_threads(options.threads)) {
    check_options();
    data_.emplace(options.archives, options.local.stress, options.held_out, options.seed);
    spec_ = data_->spec(options.local);
    nlohmann::json fingerprint = settings();
    fingerprint["archives"] = data_->hashes();
    fingerprint_ = fingerprint.dump();
    torch::manual_seed(std::uint64_t(options.seed));
    network_ = LocalNetwork(spec_);
    network_->to(device_);
    embedder_.emplace(embedding(PointGroup::named(spec_.point_group)), spec_.input_mean, spec_.input_scale,
                      device_, torch::kFloat);
    const auto runs = training();
    maker_.emplace(
        runs, spec_,
        options_.augment ? load_operations(spec_.loads) : std::vector<Operation>{cube_operations()[0]},
        threads_);
    if (!device_.is_cpu()) fields_.emplace(runs, spec_, maker_->operations(), device_);
    optimiser_ = std::make_unique<torch::optim::AdamW>(
        network_->parameters(), torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay));
    voxels_ = data_->voxels();
    loss_.emplace(spec_, runs, device_);
  }

  TrainReport run(const TrainProgress& progress) {
    if (options_.resume) read_checkpoint(options_.checkpoint, fingerprint_, state_, network_, *optimiser_);
    MatmulPrecision precision(options_.bfloat16 && device_.is_cpu());
    started_ = Clock::now();
    before_ = state_.seconds;
    const double samples_before = state_.samples;
    double saved = 0;
    bool stopped = false;
    network_->train();
    while (fraction() < 1 && !stopped) {
      optimise();
      state_.seconds = before_ + elapsed();
      const double rate = (state_.samples - samples_before) / std::max(elapsed(), 1e-9);
      const bool last = fraction() >= 1;
      const TrainRow* row = nullptr;
      if (last || state_.samples >= state_.next_epoch * double(voxels_)) {
        row = &end_epoch();
        stopped = options_.patience > 0 && state_.best_epoch > 0 && row->own_path &&
                  row->epoch - state_.best_epoch >= options_.patience;
      }
      if (!options_.checkpoint.empty() && elapsed() - saved > 60 * options_.checkpoint_minutes) {
        saved = elapsed();
        save_checkpoint();
      }
      if (!progress(std::min(1.0, fraction()), rate, row)) {
        save_checkpoint();
        throw Error(Errc::kInterrupted,
                    options_.checkpoint.empty()
                        ? "training stopped on request"
                        : "training stopped on request; --resume continues from " + options_.checkpoint);
      }
    }
    TrainReport report = finish();
    report.stopped_early = stopped;
    report.samples_per_second = (state_.samples - samples_before) / std::max(elapsed(), 1e-9);
    return report;
  }

 private:
  std::span<const Run> training() const { return data_->training(); }
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

  void check_options() const {
    const TrainOptions& o = options_;
    require((o.epochs > 0) + (o.minutes > 0) + (o.steps > 0) == 1, Errc::kArgument,
            "give one budget: epochs, steps or minutes");
    require(o.batch > 0, Errc::kArgument, "batch: at least 1 voxel, not " + std::to_string(o.batch));
    require(o.teacher >= 0 && o.teacher <= 1, Errc::kArgument, "teacher: a part of the budget, 0 to 1");
    require(o.lr > 0 && o.clip > 0 && o.weight_decay >= 0, Errc::kArgument,
            "lr and clip are positive, weight decay not negative");
    require(!o.resume || !o.checkpoint.empty(), Errc::kArgument, "resume: no checkpoint is named");
    const LocalSpec& l = o.local;
    require(l.layers >= 1 && l.layers <= 2, Errc::kArgument,
            "layers: 1 or 2, not " + std::to_string(l.layers));
    require(l.hidden >= 32 && l.hidden <= 256 && l.hidden % 16 == 0, Errc::kArgument,
            "hidden: 32 to 256, a multiple of 16, not " + std::to_string(l.hidden));
    require(l.radius >= 0 && l.radius <= 3, Errc::kArgument,
            "radius: 0 to 3, not " + std::to_string(l.radius));
  }

  nlohmann::json settings() const {
    const TrainOptions& o = options_;
    return {{"cell", name(o.local.cell)},
            {"layers", o.local.layers},
            {"hidden", o.local.hidden},
            {"radius", o.local.radius},
            {"feedback", name(o.local.feedback)},
            {"stress", o.local.stress},
            {"variance", o.local.variance},
            {"epochs", o.epochs},
            {"minutes", o.minutes},
            {"steps", o.steps},
            {"teacher", o.teacher},
            {"batch", o.batch},
            {"lr", o.lr},
            {"weight_decay", o.weight_decay},
            {"clip", o.clip},
            {"path_weight", o.path_weight},
            {"held_out", data_->held_out().size()},
            {"patience", o.patience},
            {"augment", o.augment},
            {"seed", o.seed},
            {"bfloat16", o.bfloat16}};
  }

  double fraction() const {
    if (options_.minutes > 0) return state_.seconds / (60 * options_.minutes);
    if (options_.steps > 0) return double(state_.step) / double(options_.steps);
    return state_.samples / (options_.epochs * double(voxels_));
  }

  bool own_path() const {
    return options_.local.feedback == Feedback::kInitial || fraction() >= options_.teacher;
  }

  double learning_rate() const {
    constexpr double kWarm = 0.02, kFloor = 0.01;
    const double p = std::min(1.0, fraction());
    if (p < kWarm) return options_.lr * std::max(0.02, p / kWarm);
    return options_.lr *
           (kFloor + (1 - kFloor) * 0.5 * (1 + std::cos(std::numbers::pi * (p - kWarm) / (1 - kWarm))));
  }

  // Heads' loss in the mean goes to the log: it means the same in both stages.
  at::Tensor total_loss(const std::vector<Heads>& heads, const at::Tensor& path, const Sample& s,
                        double share) {
    const at::Tensor residual = loss_->heads(heads, s.w, s.stress);
    state_.loss_sum += share * residual.item<double>();
    return path.defined() ? share * (residual + options_.path_weight * path) : share * residual;
  }

  double voxel_step(bool own_path) {
    draws_.clear();
    for (int i = 0; i < options_.batch; ++i)
      draws_.push_back(draw(training(), int(maker_->operations().size()), options_.seed, state_.draws++));
    state_.samples += double(options_.batch);
    Sample s;
    if (fields_) {
      s = fields_->voxels(draws_);
    } else {
      maker_->fill(draws_, batch_);
      s = to_tensors(batch_, spec_.local, embedder_->size(), device_);
    }
    at::Tensor loss;
    {
      Autocast autocast(options_.bfloat16 && !device_.is_cpu());
      if (own_path) {
        const auto path = network_->roll(s.x, s.q.select(0, 0), nullptr, *embedder_);
        loss = total_loss(path.heads, loss_->path(path.q, s.q), s, 1);
      } else {
        loss = total_loss(network_->forced(s.x, s.own), {}, s, 1);
      }
    }
    loss.backward();
    return loss.item<double>();
  }

  // Gradients of whole grids, one after another until `batch` voxels are seen.
  double grid_step() {
    std::vector<Draw> chosen;
    double voxels = 0, sum = 0;
    do {
      chosen.push_back(draw(training(), int(maker_->operations().size()), options_.seed, state_.draws++));
      voxels += double(training()[std::size_t(chosen.back().run)].voxels());
    } while (voxels < options_.batch);
    for (const Draw& d : chosen) {
      const Run& run = training()[std::size_t(d.run)];
      const Operation& op = maker_->operations()[std::size_t(d.operation)];
      TurnedRun grid;  // holds what the tensors see
      Sample s;
      if (fields_) {
        s = fields_->grid(d);
      } else {
        grid = turn(run, op);
        s = to_tensors(grid, run.steps(), device_);
      }
      at::Tensor loss;
      {
        Autocast autocast(options_.bfloat16 && !device_.is_cpu());
        const auto path = network_->roll(
            {}, s.q.select(0, 0), &table_of(turned(op, run.shape), turned(op, run.boundaries)), *embedder_);
        loss = total_loss(path.heads, loss_->path(path.q, s.q), s, double(run.voxels()) / voxels);
      }
      loss.backward();
      sum += loss.item<double>();
    }
    state_.samples += voxels;
    return sum;
  }

  const TapTable& table_of(Shape shape, Boundaries b) {
    const std::array<int, 6> key{shape.nx, shape.ny, shape.nz, int(b.x), int(b.y), int(b.z)};
    auto found = tables_.find(key);
    if (found == tables_.end())
      found =
          tables_.emplace(key, tap_table(whole_box(shape, b), spec_.local.radius, nullptr, device_)).first;
    return found->second;
  }

  void optimise() {
    static_cast<torch::optim::AdamWOptions&>(optimiser_->param_groups()[0].options()).lr(learning_rate());
    optimiser_->zero_grad();
    const bool grids = own_path() && options_.local.feedback == Feedback::kNeighbours;
    const double loss = grids ? grid_step() : voxel_step(own_path());
    require(std::isfinite(loss), Errc::kConvergence,
            "training: the loss is not finite at step " + std::to_string(state_.step + 1) +
                "; a smaller lr may help");
    torch::nn::utils::clip_grad_norm_(network_->parameters(), options_.clip);
    optimiser_->step();
    state_.step += 1;
    state_.loss_count += 1;
  }

  const TrainRow& end_epoch() {
    TrainRow row;
    row.step = state_.step;
    row.samples = state_.samples;
    row.epoch = state_.samples / double(voxels_);
    row.own_path = own_path();
    row.lr = learning_rate();
    row.loss = state_.loss_sum / state_.loss_count;
    row.held_out = row.held_out_deg = kNaN;
    if (!data_->held_out().empty()) {
      double error = 0, persistence = 0, n = 0;
      for (const Run& run : data_->held_out()) {
        const RunScore s = score(network_, *embedder_, run, false);
        error += s.error_deg.back() * double(s.voxels);
        persistence += s.persistence_deg.back() * double(s.voxels);
        n += double(s.voxels);
      }
      row.held_out = error / persistence;
      row.held_out_deg = error / n;
      if (state_.best_epoch == 0 || row.held_out < state_.best) {
        state_.best = row.held_out;
        state_.best_epoch = row.epoch;
        state_.best_weights.clear();
        for (const at::Tensor& p : network_->parameters()) state_.best_weights.push_back(p.detach().clone());
      }
    }
    row.seconds = before_ + elapsed();
    state_.loss_sum = state_.loss_count = 0;
    while (state_.next_epoch * double(voxels_) <= state_.samples) state_.next_epoch += 1;
    state_.rows.push_back(row);
    return state_.rows.back();
  }

  void save_checkpoint() {
    if (options_.checkpoint.empty()) return;
    state_.seconds = before_ + elapsed();
    write_checkpoint(options_.checkpoint, fingerprint_, state_, network_, *optimiser_);
  }

  TrainReport finish() {
    network_->eval();
    if (!state_.best_weights.empty()) {
      torch::NoGradGuard no_gradient;
      const auto parameters = network_->parameters();
      for (std::size_t i = 0; i < parameters.size(); ++i)
        at::Tensor(parameters[i]).copy_(state_.best_weights[i]);
    }
    TrainReport r;
    r.rows = state_.rows;
    r.seconds = state_.seconds;
    r.operations = int(maker_->operations().size());
    for (const at::Tensor& p : network_->parameters()) r.parameters += p.numel();
    for (const Run& run : training()) {
      r.training_runs.push_back(run.path);
      r.samples_per_run.push_back(run.voxels());
    }
    const int C = embedder_->size();
    const bool all_steps = options_.local.feedback == Feedback::kNeighbours;
    r.bytes_per_sample = 4LL * ((all_steps ? spec_.steps() : 1) * taps(options_.local.radius) * C +
                                (options_.local.feedback == Feedback::kOwn ? spec_.steps() * C : 0) +
                                (spec_.steps() + 1) * 4 + spec_.steps() * (options_.local.stress ? 9 : 3));
    r.data_bytes = data_->bytes();
    for (const Run& run : data_->held_out()) r.held_out.push_back(score(network_, *embedder_, run, true));
    nlohmann::json provenance{{"version", build_info().version},
                              {"commit", build_info().commit},
                              {"torch", torch_version()},
                              {"command", options_.command},
                              {"settings", settings()},
                              {"steps", state_.step},
                              {"epochs", state_.samples / double(voxels_)},
                              {"seconds", state_.seconds},
                              {"threads", threads_},
                              {"device", device_.is_cpu() ? "cpu" : "cuda"}};
    std::size_t file = 0;
    for (const Run& run : training())
      provenance["training"].push_back({{"file", run.path}, {"sha256", data_->hashes()[file++]}});
    for (const Run& run : data_->held_out())
      provenance["held_out"].push_back({{"file", run.path}, {"sha256", data_->hashes()[file++]}});
    nlohmann::json scores = nlohmann::json::object();
    for (const std::string& path : options_.validation) {
      const Run run = data_->load_alike(path);
      const RunScore s = score(network_, *embedder_, run, true);
      scores["validation"].push_back(
          {{"file", path},
           {"sha256", sha256_of_file(path)},
           {"end_error_deg", s.error_deg.back()},
           {"end_persistence_deg", s.persistence_deg.back()},
           {"skill_persistence", s.skill()},
           {"r2_rolled", s.r2_rolled},
           {"r2_one_step", std::isnan(s.r2_one_step) ? nlohmann::json() : nlohmann::json(s.r2_one_step)}});
      r.validation.push_back(s);
    }
    spec_.provenance = provenance.dump();
    spec_.scores = scores.dump();
    network_->save(r.model);
    r.model.spec = spec_;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    r.peak_bytes = std::int64_t(usage.ru_maxrss) * 1024;
    return r;
  }

  TrainOptions options_;
  torch::Device device_;
  int threads_;
  std::optional<TrainingSet> data_;
  std::optional<Loss> loss_;
  ModelSpec spec_;
  std::string fingerprint_;
  LocalNetwork network_{nullptr};
  std::optional<Embedder> embedder_;
  std::optional<BatchMaker> maker_;
  std::optional<DeviceFields> fields_;  // where there is GPU memory
  std::unique_ptr<torch::optim::AdamW> optimiser_;
  std::int64_t voxels_ = 0;
  std::map<std::array<int, 6>, TapTable> tables_;
  std::vector<Draw> draws_;
  Batch batch_;
  TrainState state_;
  Clock::time_point started_;
  double before_ = 0;
};

}  // namespace

TrainReport train(const TrainOptions& options, const TrainProgress& progress) {
  TrainReport report;
  guarded([&] {
    Trainer trainer(options);
    report = trainer.run(progress);
  });
  return report;
}

}  // namespace grainspin

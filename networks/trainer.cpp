// The training loop. Two stages: true orientations drive every step (single voxels, drawn from all runs);
// then the model's own path does (`neighbours`: whole grids, so that every voxel's prediction reaches its
// neighbours; the gradient goes through all steps).
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <optional>
#include <span>

#include <nlohmann/json.hpp>

#include "datasets/batch.h"
#include "datasets/normaliser.h"
#include "datasets/sha256.h"
#include "grainspin/version_info.h"
#include "networks/checkpoint.h"
#include "networks/device.h"
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
      : options_(options), device_(torch_device(options.device, options.gpu)), threads_(set_threads(options.threads)) {
    check_options();
    load_runs();
    make_spec();
    torch::manual_seed(std::uint64_t(options.seed));
    network_ = LocalNetwork(spec_);
    network_->to(device_);
    embedder_.emplace(embedding(PointGroup::named(spec_.point_group)), spec_.input_mean, spec_.input_scale, device_, torch::kFloat);
    const auto runs = training();
    maker_.emplace(runs, spec_, options_.augment ? load_operations(spec_.loads) : std::vector<Operation>{cube_operations()[0]}, threads_);
    optimiser_ = std::make_unique<torch::optim::AdamW>(
        network_->parameters(), torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay));
    for (const Run& run : runs) voxels_ += run.voxels();
    set_reference_angles(runs);
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
        throw Error(Errc::kInterrupted, options_.checkpoint.empty() ? "training stopped on request"
                                                                    : "training stopped on request; --resume continues from " + options_.checkpoint);
      }
    }
    TrainReport report = finish();
    report.stopped_early = stopped;
    report.samples_per_second = (state_.samples - samples_before) / std::max(elapsed(), 1e-9);
    return report;
  }

 private:
  std::span<const Run> training() const { return std::span(runs_).first(runs_.size() - std::size_t(held_out_)); }
  std::span<const Run> watched() const { return std::span(runs_).last(std::size_t(held_out_)); }
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

  void check_options() const {
    const TrainOptions& o = options_;
    require(!o.archives.empty(), Errc::kArgument, "no archive to train on");
    require((o.epochs > 0) + (o.minutes > 0) + (o.steps > 0) == 1, Errc::kArgument, "give one budget: epochs, steps or minutes");
    require(o.batch > 0, Errc::kArgument, "batch: at least 1 voxel, not " + std::to_string(o.batch));
    require(o.teacher >= 0 && o.teacher <= 1, Errc::kArgument, "teacher: a part of the budget, 0 to 1");
    require(o.lr > 0 && o.clip > 0 && o.weight_decay >= 0, Errc::kArgument, "lr and clip are positive, weight decay not negative");
    require(!o.resume || !o.checkpoint.empty(), Errc::kArgument, "resume: no checkpoint is named");
    const LocalSpec& l = o.local;
    require(l.layers >= 1 && l.layers <= 2, Errc::kArgument, "layers: 1 or 2, not " + std::to_string(l.layers));
    require(l.hidden >= 32 && l.hidden <= 256 && l.hidden % 16 == 0, Errc::kArgument,
            "hidden: 32 to 256, a multiple of 16, not " + std::to_string(l.hidden));
    require(l.radius >= 0 && l.radius <= 3, Errc::kArgument, "radius: 0 to 3, not " + std::to_string(l.radius));
  }

  // Training runs first, those set aside last: chosen by the seed, never all.
  void load_runs() {
    for (const std::string& path : options_.archives) runs_.push_back(load_run(path, options_.local.stress));
    require_alike(runs_);
    const int n = int(runs_.size());
    held_out_ = options_.held_out >= 0 ? options_.held_out : n < 3 ? 0 : std::max(1, (n + 4) / 9);
    require(held_out_ < n, Errc::kArgument,
            "held out: " + std::to_string(held_out_) + " of " + std::to_string(n) + " runs leaves none to train on");
    std::vector<int> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    for (int i = n - 1; i > 0; --i) std::swap(order[std::size_t(i)], order[mix(options_.seed ^ 0x5eed, std::uint64_t(i)) % std::uint64_t(i + 1)]);
    std::sort(order.begin(), order.end() - held_out_);
    std::vector<Run> sorted;
    for (const int i : order) sorted.push_back(std::move(runs_[std::size_t(i)]));
    runs_ = std::move(sorted);
    for (const Run& run : runs_) files_.push_back({{"file", run.path}, {"sha256", hash(run.path)}});
  }

  static std::string hash(const std::string& path) { return std::filesystem::is_regular_file(path) ? sha256_of_file(path) : ""; }

  void make_spec() {
    const Run& first = runs_[0];
    spec_.local = options_.local;
    spec_.point_group = first.point_group;
    spec_.c_over_a = first.c_over_a;
    spec_.loads = first.loads;
    for (LoadStep& load : spec_.loads)
      for (std::size_t i = 0; i < 9; ++i)
        if (!load.prescribed[i]) load.L[i] = 0;
    set_scales(training(), spec_);
    spec_.domain = training_domain(training());
    nlohmann::json f = settings();
    for (const auto& file : files_) f["archives"].push_back(file["sha256"]);
    fingerprint_ = f.dump();
  }

  nlohmann::json settings() const {
    const TrainOptions& o = options_;
    return {{"cell", name(o.local.cell)}, {"layers", o.local.layers}, {"hidden", o.local.hidden}, {"radius", o.local.radius},
            {"feedback", name(o.local.feedback)}, {"stress", o.local.stress}, {"variance", o.local.variance},
            {"epochs", o.epochs}, {"minutes", o.minutes}, {"steps", o.steps}, {"teacher", o.teacher}, {"batch", o.batch},
            {"lr", o.lr}, {"weight_decay", o.weight_decay}, {"clip", o.clip}, {"path_weight", o.path_weight},
            {"held_out", held_out_}, {"patience", o.patience}, {"augment", o.augment}, {"seed", o.seed},
            {"bfloat16", o.bfloat16}};
  }

  // Mean square angle (rad^2) from the initial orientation at each step: the scale of path errors.
  void set_reference_angles(std::span<const Run> runs) {
    const int T = spec_.steps();
    std::vector<float> inverse;
    for (int t = 1; t <= T; ++t) {
      double sum = 0;
      for (const Run& run : runs) {
        const std::size_t n = std::size_t(run.voxels()) * 4, offset = std::size_t(t) * n;
        for (std::size_t i = 0; i < n; ++i) sum += 4 * std::pow(double(run.q[offset + i]) - run.q[i], 2);
      }
      inverse.push_back(float(double(voxels_) / std::max(sum, 1e-12)));
    }
    path_scale_ = torch::tensor(inverse).to(device_);
  }

  double fraction() const {
    if (options_.minutes > 0) return state_.seconds / (60 * options_.minutes);
    if (options_.steps > 0) return double(state_.step) / double(options_.steps);
    return state_.samples / (options_.epochs * double(voxels_));
  }

  bool own_path() const { return options_.local.feedback == Feedback::kInitial || fraction() >= options_.teacher; }

  double learning_rate() const {
    constexpr double kWarm = 0.02, kFloor = 0.01;
    const double p = std::min(1.0, fraction());
    if (p < kWarm) return options_.lr * std::max(0.02, p / kWarm);
    return options_.lr * (kFloor + (1 - kFloor) * 0.5 * (1 + std::cos(std::numbers::pi * (p - kWarm) / (1 - kWarm))));
  }

  at::Tensor device_copy(std::vector<float>& v, at::IntArrayRef shape) const { return torch::from_blob(v.data(), shape).to(device_); }

  // Loss of the heads against the true increments [T, B, 3] and stresses, per component in the
  // network's units. The variance head learns from residuals that it cannot change.
  at::Tensor head_loss(const std::vector<Heads>& heads, const at::Tensor& w, const at::Tensor& stress) const {
    std::vector<at::Tensor> increments, variances, stresses;
    for (const Heads& h : heads) {
      increments.push_back(h.increment);
      if (h.log_variance.defined()) variances.push_back(h.log_variance);
      if (h.stress.defined()) stresses.push_back(h.stress);
    }
    const at::Tensor residual = torch::stack(increments).to(torch::kFloat) - w / spec_.increment_scale[0];
    at::Tensor loss = residual.square().mean();
    if (!variances.empty()) {
      const at::Tensor v = torch::stack(variances).to(torch::kFloat).clamp(-20, 20);
      loss = loss + 0.1 * (residual.detach().square() * torch::exp(-v) + v).mean();
    }
    if (!stresses.empty()) {
      const auto as_tensor = [&](const std::array<float, 6>& a) { return torch::tensor(std::vector<float>(a.begin(), a.end())).to(device_); };
      const at::Tensor truth = (stress - as_tensor(spec_.stress_mean)) / as_tensor(spec_.stress_scale);
      loss = loss + 0.3 * (torch::stack(stresses).to(torch::kFloat) - truth).square().mean();
    }
    return loss;
  }

  // Mean over steps of the squared angle to the true path [T + 1, B, 4] over that of persistence.
  at::Tensor path_loss(const std::vector<at::Tensor>& q, const at::Tensor& truth) const {
    const at::Tensor angles = squared_angle(torch::stack(q), truth.narrow(0, 1, truth.size(0) - 1));  // [T, B]
    return (angles.mean(1) * path_scale_).mean();
  }

  at::Tensor voxel_loss(bool own_path) {
    draws_.clear();
    for (int i = 0; i < options_.batch; ++i)
      draws_.push_back(draw(training(), int(maker_->operations().size()), options_.seed, state_.draws++));
    maker_->fill(draws_, batch_);
    const std::int64_t B = batch_.samples, T = batch_.steps, C = embedder_->size();
    const at::Tensor x = device_copy(batch_.x, {batch_.patches, B, std::int64_t(batch_.x.size()) / (batch_.patches * B)});
    const at::Tensor q = device_copy(batch_.q, {T + 1, B, 4}), w = device_copy(batch_.w, {T, B, 3});
    const at::Tensor stress = batch_.stress.empty() ? at::Tensor() : device_copy(batch_.stress, {T, B, 6});
    state_.samples += double(B);
    Autocast autocast(options_.bfloat16 && !device_.is_cpu());
    if (!own_path) {
      const at::Tensor own = batch_.own.empty() ? at::Tensor() : device_copy(batch_.own, {T, B, C});
      return head_loss(network_->forced(x, own), w, stress);
    }
    const auto path = network_->roll(x, q.select(0, 0), nullptr, *embedder_);
    return head_loss(path.heads, w, stress) + options_.path_weight * path_loss(path.q, q);
  }

  // Gradients of whole grids, one after another until `batch` voxels are seen. Returns the mean loss.
  double grid_step() {
    std::vector<Draw> chosen;
    double voxels = 0, loss = 0;
    do {
      chosen.push_back(draw(training(), int(maker_->operations().size()), options_.seed, state_.draws++));
      voxels += double(training()[std::size_t(chosen.back().run)].voxels());
    } while (voxels < options_.batch);
    for (const Draw& d : chosen) {
      const Run& run = training()[std::size_t(d.run)];
      TurnedRun grid = turn(run, maker_->operations()[std::size_t(d.operation)]);
      const std::int64_t N = run.voxels(), T = run.steps();
      const at::Tensor q = device_copy(grid.q, {T + 1, N, 4}), w = device_copy(grid.w, {T, N, 3});
      const at::Tensor stress = grid.stress.empty() ? at::Tensor() : device_copy(grid.stress, {T, N, 6});
      const TapTable& table = table_of(grid);
      Autocast autocast(options_.bfloat16 && !device_.is_cpu());
      const auto path = network_->roll({}, q.select(0, 0), &table, *embedder_);
      const double share = double(N) / voxels;
      const at::Tensor l = (head_loss(path.heads, w, stress) + options_.path_weight * path_loss(path.q, q)) * share;
      l.backward();
      loss += l.item<double>();
    }
    state_.samples += voxels;
    return loss;
  }

  const TapTable& table_of(const TurnedRun& grid) {
    const std::array<int, 6> key{grid.shape.nx, grid.shape.ny, grid.shape.nz, int(grid.boundaries.x), int(grid.boundaries.y), int(grid.boundaries.z)};
    auto found = tables_.find(key);
    if (found == tables_.end())
      found = tables_.emplace(key, tap_table(whole_box(grid.shape, grid.boundaries), spec_.local.radius, nullptr, device_)).first;
    return found->second;
  }

  void optimise() {
    static_cast<torch::optim::AdamWOptions&>(optimiser_->param_groups()[0].options()).lr(learning_rate());
    optimiser_->zero_grad();
    double loss = 0;
    if (own_path() && options_.local.feedback == Feedback::kNeighbours) {
      loss = grid_step();
    } else {
      const at::Tensor l = voxel_loss(own_path());
      l.backward();
      loss = l.item<double>();
    }
    require(std::isfinite(loss), Errc::kConvergence, "training: the loss is not finite at step " + std::to_string(state_.step + 1) + "; a smaller lr may help");
    torch::nn::utils::clip_grad_norm_(network_->parameters(), options_.clip);
    optimiser_->step();
    state_.step += 1;
    state_.loss_sum += loss;
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
    if (held_out_ > 0) {
      double error = 0, persistence = 0, n = 0;
      for (const Run& run : watched()) {
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
      for (std::size_t i = 0; i < parameters.size(); ++i) at::Tensor(parameters[i]).copy_(state_.best_weights[i]);
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
    for (const Run& run : runs_) r.data_bytes += run.bytes();
    for (const Run& run : watched()) r.held_out.push_back(score(network_, *embedder_, run, true));
    nlohmann::json provenance{{"version", build_info().version}, {"commit", build_info().commit}, {"torch", torch_version()},
                              {"command", options_.command}, {"settings", settings()}, {"steps", state_.step},
                              {"epochs", state_.samples / double(voxels_)}, {"seconds", state_.seconds},
                              {"threads", threads_}, {"device", device_.is_cpu() ? "cpu" : "cuda"}};
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const bool training_run = i + std::size_t(held_out_) < files_.size();
      provenance[training_run ? "training" : "held_out"].push_back({{"file", files_[i]["file"]}, {"sha256", files_[i]["sha256"]}});
    }
    nlohmann::json scores = nlohmann::json::object();
    for (const std::string& path : options_.validation) {
      std::vector<Run> pair;
      pair.push_back(load_run(path, options_.local.stress));
      const Run& run = pair[0];
      require_alike_pair(run);
      const RunScore s = score(network_, *embedder_, run, true);
      scores["validation"].push_back({{"file", path}, {"sha256", hash(path)},
                                      {"end_error_deg", s.error_deg.back()}, {"end_persistence_deg", s.persistence_deg.back()},
                                      {"skill_persistence", s.skill()}, {"r2_rolled", s.r2_rolled},
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

  void require_alike_pair(const Run& run) const {
    std::vector<Run> pair(2);
    for (std::size_t i = 0; i < 2; ++i) {
      const Run& from = i == 0 ? runs_[0] : run;
      pair[i].path = from.path;
      pair[i].point_group = from.point_group;
      pair[i].c_over_a = from.c_over_a;
      pair[i].loads = from.loads;
    }
    require_alike(pair);
  }

  TrainOptions options_;
  torch::Device device_;
  int threads_;
  std::vector<Run> runs_;
  int held_out_ = 0;
  std::vector<nlohmann::json> files_;
  ModelSpec spec_;
  std::string fingerprint_;
  LocalNetwork network_{nullptr};
  std::optional<Embedder> embedder_;
  std::optional<BatchMaker> maker_;
  std::unique_ptr<torch::optim::AdamW> optimiser_;
  std::int64_t voxels_ = 0;
  at::Tensor path_scale_;  // [T] 1 / rad^2
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

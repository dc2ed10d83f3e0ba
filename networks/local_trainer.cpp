// The training of the local family. Two stages: true orientations drive every step (single voxels, drawn from all
// runs); then the model's own path does (`neighbours`: whole grids, so that every voxel's prediction reaches its
// neighbours; the gradient goes through all steps).
#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>
#include <optional>
#include <span>

#include <nlohmann/json.hpp>

#include "datasets/batch.h"
#include "datasets/batch_queue.h"
#include "datasets/inherit.h"
#include "datasets/training_set.h"
#include "networks/device.h"
#include "networks/fields.h"
#include "networks/local.h"
#include "networks/loss.h"
#include "networks/precision.h"
#include "networks/score.h"
#include "networks/training_loop.h"

namespace grainspin {

namespace {

class LocalTrainer : public TrainingLoop {
 public:
  LocalTrainer(const TrainOptions& options, Ranks& ranks) : TrainingLoop(options, ranks) {
    if (options_.parts == 0) options_.parts = ranks.size();
    check_options();
    data_.emplace(options.archives, options.local.stress, options.held_out, options.seed, options.memory);
    spec_ = data_->spec(options.local);
    {
      static std::mutex drawing;  // the generator is the process's, trainings may be several
      const std::lock_guard lock(drawing);
      torch::manual_seed(std::uint64_t(options.seed));
      network_ = LocalNetwork(spec_);
    }
    if (!options.init.empty()) {
      Model child;
      network_->save(child);
      inherited_ = inherit(read_parent(options.init, Family::kLocal), options.init, child);
      spec_ = child.spec;
      network_ = LocalNetwork(spec_);
      network_->load(child);
    }
    network_->to(device_);
    embedder_.emplace(embedding(PointGroup::named(spec_.point_group)), spec_.input_mean, spec_.input_scale,
                      device_, torch::kFloat);
    maker_.emplace(
        spec_, options.local.stress,
        options_.augment ? load_operations(spec_.loads) : std::vector<Operation>{cube_operations()[0]},
        threads_);
    voxels_ = data_->voxels();
    check_parts();
    loss_.emplace(spec_, data_->turned(), device_);
    place_runs();
    begin(network_.ptr(), spec_, data_->hashes());
  }

 private:
  std::span<const Run> training() const { return data_->training(); }
  double epoch_samples() const override { return double(voxels_); }
  double next_row(double epoch) const override { return std::floor(epoch) + 1; }

  void check_options() const {
    const TrainOptions& o = options_;
    require(o.batch > 0, Errc::kArgument, "batch: at least 1 voxel, not " + std::to_string(o.batch));
    const LocalSpec& l = o.local;
    require(l.layers >= 1 && l.layers <= 2, Errc::kArgument,
            "layers: 1 or 2, not " + std::to_string(l.layers));
    require(l.hidden >= 32 && l.hidden <= 256 && l.hidden % 16 == 0, Errc::kArgument,
            "hidden: 32 to 256, a multiple of 16, not " + std::to_string(l.hidden));
    require(l.radius >= 0 && l.radius <= 3, Errc::kArgument,
            "radius: 0 to 3, not " + std::to_string(l.radius));
  }

  nlohmann::json settings() const override {
    const TrainOptions& o = options_;
    nlohmann::json json = common_settings(data_->held_out().size());
    json.update({{"family", name(o.family)},
                 {"cell", name(o.local.cell)},
                 {"layers", o.local.layers},
                 {"hidden", o.local.hidden},
                 {"radius", o.local.radius},
                 {"feedback", name(o.local.feedback)},
                 {"stress", o.local.stress},
                 {"variance", o.local.variance},
                 {"batch", o.batch},
                 {"parts", o.parts},
                 {"path_weight", o.path_weight}});
    return json;
  }

  bool own_path() const override {
    return options_.local.feedback == Feedback::kInitial || fraction() >= options_.teacher;
  }

  double learning_rate() const override {
    constexpr double kWarm = 0.02, kFloor = 0.01;
    const double p = std::min(1.0, fraction());
    if (p < kWarm) return options_.lr * std::max(0.02, p / kWarm);
    return options_.lr *
           (kFloor + (1 - kFloor) * 0.5 * (1 + std::cos(std::numbers::pi * (p - kWarm) / (1 - kWarm))));
  }

  // Heads' loss in the mean goes to the log: it means the same in both stages.
  at::Tensor total_loss(const std::vector<Heads>& heads, const at::Tensor& path, const Sample& s, double share,
                        PartResult& r) {
    const at::Tensor residual = loss_->heads(heads, s.w, s.stress);
    r.shown = share * residual.item<double>();
    return path.defined() ? share * (residual + options_.path_weight * path) : share * residual;
  }

  // Every rank has its part of every batch.
  void check_parts() const {
    const TrainOptions& o = options_;
    const int R = ranks_.size();
    const auto text = [](std::int64_t n) { return std::to_string(n); };
    require(o.parts >= R, Errc::kArgument, "parts: " + text(o.parts) + " are too few for " + text(R) + " ranks");
    require(o.batch >= o.parts, Errc::kArgument,
            "batch: " + text(o.batch) + " voxels are too few for " + text(o.parts) + " parts, one for each rank at least");
    if (R == 1 || o.local.feedback != Feedback::kNeighbours || o.teacher >= 1) return;
    std::int64_t largest = 0;
    for (const Run& run : training()) largest = std::max(largest, run.voxels());
    require(o.batch > (R - 1) * largest, Errc::kArgument,
            "batch: on the own path with feedback neighbours a batch is of whole grids, and " + text(o.batch) +
                " voxels may be fewer grids than the " + text(R) + " ranks; at least " + text((R - 1) * largest + 1) +
                " give each rank one");
  }

  std::int64_t part_begin(int part) const { return std::int64_t(options_.batch) * part / options_.parts; }
  // Of the batch's part in the sequence of draws, once its draws have been taken.
  std::int64_t part_place(int part) const { return state_.draws - options_.batch + part_begin(part); }

  // Where the fields lie: on the GPU, in memory, or in the archives.
  void place_runs() {
    if (data_->store().whole()) {
      for (std::size_t r = 0; r < training().size(); ++r) runs_.push_back(data_->fields(r));
      if (!device_.is_cpu()) fields_.emplace(runs_, spec_, maker_->operations(), device_);
      return;
    }
    // Batches gathered ahead take half of the memory: the more, the fewer times a run is read.
    const std::int64_t mine = (options_.parts + ranks_.size() - 1) / ranks_.size();  // parts of a batch
    const std::int64_t part = bytes_per_sample() * (options_.batch / options_.parts + 1);
    const std::int64_t least = data_->largest() + mine * part;
    require(options_.memory >= least, Errc::kMemory,
            "data memory: " + std::to_string(options_.memory) + " bytes do not hold one run and one batch, which take " +
                std::to_string(least));
    const std::int64_t room = std::min(options_.memory - data_->largest(), std::max(options_.memory / 2, mine * part));
    const int ahead = int(std::min<std::int64_t>(room / part, 4096));
    data_->store().limit(options_.memory - ahead * part);
    const auto share = [this](std::int64_t place) {  // of a batch; parts begin where their draws do
      const std::int64_t B = options_.batch, at = place % B;
      int p = 0;
      while (part_begin(p + 1) <= at) ++p;
      return p;
    };
    queue_.emplace(
        data_->store(), *maker_,
        [this, share](std::int64_t place) {
          const int p = share(place);
          std::vector<Draw> draws;
          for (std::int64_t i = 0; i < part_begin(p + 1) - part_begin(p); ++i)
            draws.push_back(draw(training(), int(maker_->operations().size()), options_.seed, place + i));
          return draws;
        },
        [this, share](std::int64_t place) {  // the rank's next part, of this batch or the next
          const std::int64_t batch = place / options_.batch;
          const int next = share(place) + ranks_.size();
          return next < options_.parts ? batch * options_.batch + part_begin(next)
                                       : (batch + 1) * options_.batch + part_begin(ranks_.rank());
        },
        ahead);
  }

  Parts begin_step() override {
    draws_.clear();
    grids_ = own_path() && options_.local.feedback == Feedback::kNeighbours;
    voxels_in_batch_ = 0;
    while (grids_ ? voxels_in_batch_ < options_.batch : int(draws_.size()) < options_.batch) {
      draws_.push_back(draw(training(), int(maker_->operations().size()), options_.seed, state_.draws++));
      voxels_in_batch_ += grids_ ? double(training()[std::size_t(draws_.back().run)].voxels()) : 1;
    }
    return {grids_ ? int(draws_.size()) : options_.parts, 0};
  }

  PartResult part(int index) override {
    PartResult r;
    r.count = index == 0 ? 1 : 0;
    const at::Tensor loss = grids_ ? grid_loss(index, r) : voxel_loss(index, r);
    loss.backward();
    r.loss = loss.item<double>();
    return r;
  }

  // Of a part of a batch of single voxels.
  at::Tensor voxel_loss(int index, PartResult& r) {
    const std::int64_t B = options_.batch, P = options_.parts;
    const auto begin = std::size_t(B * index / P), end = std::size_t(B * (index + 1) / P);
    const std::span<const Draw> draws = std::span(draws_).subspan(begin, end - begin);
    r.samples = double(draws.size());
    const double share = r.samples / double(B);
    Sample s;
    if (fields_) {
      s = fields_->voxels({draws.begin(), draws.end()});
    } else {
      if (!queue_) maker_->fill([&](int r) -> const Run& { return *runs_[std::size_t(r)]; }, draws, batch_);
      s = to_tensors(queue_ ? queue_->at(part_place(index)) : batch_, spec_.local, embedder_->size(), device_);
    }
    Autocast autocast(options_.bfloat16 && !device_.is_cpu());
    if (own_path()) {
      const auto path = network_->roll(s.x, s.q.select(0, 0), nullptr, *embedder_);
      return total_loss(path.heads, loss_->path(path.q, s.q), s, share, r);
    }
    return total_loss(network_->forced(s.x, s.own), {}, s, share, r);
  }

  // Of one of the batch's whole grids.
  at::Tensor grid_loss(int index, PartResult& r) {
    const Draw& d = draws_[std::size_t(index)];
    const RunStore<Run>::Fields held = fields_ ? nullptr : data_->fields(std::size_t(d.run));
    const Run& run = held ? *held : training()[std::size_t(d.run)];
    const Operation& op = maker_->operations()[std::size_t(d.operation)];
    r.samples = double(run.voxels());
    if (!fields_) turned_ = turn(run, op);  // holds what the tensors see
    const Sample s = fields_ ? fields_->grid(d) : to_tensors(turned_, run.steps(), device_);
    Autocast autocast(options_.bfloat16 && !device_.is_cpu());
    const auto path = network_->roll({}, s.q.select(0, 0),
                                     &table_of(turned(op, run.shape), turned(op, run.boundaries)), *embedder_);
    return total_loss(path.heads, loss_->path(path.q, s.q), s, r.samples / voxels_in_batch_, r);
  }

  const TapTable& table_of(Shape shape, Boundaries b) {
    const std::array<int, 6> key{shape.nx, shape.ny, shape.nz, int(b.x), int(b.y), int(b.z)};
    auto found = tables_.find(key);
    if (found == tables_.end())
      found =
          tables_.emplace(key, tap_table(whole_box(shape, b), spec_.local.radius, nullptr, device_)).first;
    return found->second;
  }

  int held_out() const override { return int(data_->held_out().size()); }
  RunScore score_held_out(int run, bool full) override {
    return score(network_, *embedder_, *data_->fields(training().size() + std::size_t(run)), full);
  }

  RunScore score_archive(const std::string& path) override {
    return score(network_, *embedder_, data_->load_alike(path), true);
  }

  void save(Model& model) const override { network_->save(model); }

  std::int64_t bytes_per_sample() const {
    const std::int64_t C = embedder_->size(), T = spec_.steps();
    const Feedback feedback = options_.local.feedback;
    return 4 * ((feedback == Feedback::kNeighbours ? T : 1) * taps(options_.local.radius) * C +
                (feedback == Feedback::kOwn ? T * C : 0) + (T + 1) * 4 + T * (options_.local.stress ? 9 : 3));
  }

  void describe(TrainReport& r, nlohmann::json& provenance) const override {
    r.operations = int(maker_->operations().size());
    r.bytes_per_sample = bytes_per_sample();
    r.data_bytes = data_->bytes();
    std::size_t file = 0;
    for (const Run& run : training()) {
      r.training_runs.push_back(run.path);
      r.samples_per_run.push_back(run.voxels());
      provenance["training"].push_back({{"file", run.path}, {"sha256", data_->hashes()[file++]}});
    }
    for (const Run& run : data_->held_out())
      provenance["held_out"].push_back({{"file", run.path}, {"sha256", data_->hashes()[file++]}});
  }

  std::optional<TrainingSet> data_;
  std::optional<Loss> loss_;
  ModelSpec spec_;
  LocalNetwork network_{nullptr};
  std::optional<Embedder> embedder_;
  std::optional<BatchMaker> maker_;
  std::vector<RunStore<Run>::Fields> runs_;  // where they are all in memory
  std::optional<DeviceFields> fields_;       // where they are in GPU memory
  std::optional<BatchQueue> queue_;          // where they are in neither
  std::int64_t voxels_ = 0;
  std::map<std::array<int, 6>, TapTable> tables_;
  std::vector<Draw> draws_;  // the batch: voxels, or whole grids
  bool grids_ = false;
  double voxels_in_batch_ = 0;
  Batch batch_;
  TurnedRun turned_;
};

}  // namespace

TrainReport train_local(const TrainOptions& options, Ranks& ranks, const TrainProgress& progress) {
  return LocalTrainer(options, ranks).run(progress);
}

}  // namespace grainspin

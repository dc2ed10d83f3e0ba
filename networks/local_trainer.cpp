// The training of the local family. Two stages: true orientations drive every step (single voxels, drawn from all
// runs); then the model's own path does (`neighbours`: whole grids, so that every voxel's prediction reaches its
// neighbours; the gradient goes through all steps).
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <span>

#include <nlohmann/json.hpp>

#include "datasets/batch.h"
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
  explicit LocalTrainer(const TrainOptions& options) : TrainingLoop(options) {
    check_options();
    data_.emplace(options.archives, options.local.stress, options.held_out, options.seed);
    spec_ = data_->spec(options.local);
    torch::manual_seed(std::uint64_t(options.seed));
    network_ = LocalNetwork(spec_);
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
    const auto runs = training();
    maker_.emplace(
        runs, spec_,
        options_.augment ? load_operations(spec_.loads) : std::vector<Operation>{cube_operations()[0]},
        threads_);
    if (!device_.is_cpu()) fields_.emplace(runs, spec_, maker_->operations(), device_);
    voxels_ = data_->voxels();
    loss_.emplace(spec_, runs, device_);
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

  double gradients() override {
    state_.loss_count += 1;
    const bool grids = own_path() && options_.local.feedback == Feedback::kNeighbours;
    return grids ? grid_step() : voxel_step(own_path());
  }

  std::vector<RunScore> score_held_out(bool full) override {
    std::vector<RunScore> scores;
    for (const Run& run : data_->held_out()) scores.push_back(score(network_, *embedder_, run, full));
    return scores;
  }

  RunScore score_archive(const std::string& path) override {
    return score(network_, *embedder_, data_->load_alike(path), true);
  }

  void save(Model& model) const override { network_->save(model); }

  void describe(TrainReport& r, nlohmann::json& provenance) const override {
    r.operations = int(maker_->operations().size());
    const int C = embedder_->size();
    const bool all_steps = options_.local.feedback == Feedback::kNeighbours;
    r.bytes_per_sample = 4LL * ((all_steps ? spec_.steps() : 1) * taps(options_.local.radius) * C +
                                (options_.local.feedback == Feedback::kOwn ? spec_.steps() * C : 0) +
                                (spec_.steps() + 1) * 4 + spec_.steps() * (options_.local.stress ? 9 : 3));
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
  std::optional<DeviceFields> fields_;  // where there is GPU memory
  std::int64_t voxels_ = 0;
  std::map<std::array<int, 6>, TapTable> tables_;
  std::vector<Draw> draws_;
  Batch batch_;
};

}  // namespace

TrainReport train_local(const TrainOptions& options, const TrainProgress& progress) {
  return LocalTrainer(options).run(progress);
}

}  // namespace grainspin
